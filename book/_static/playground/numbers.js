/** The numbers that can be set: what they are called, their limits, and how their sliders move. */

/**
 * @typedef {object} Spec
 * @property {string} label
 * @property {"plain" | "size" | "decay" | "wide"} scale how a slider's place becomes a number
 * @property {number} step of the slider
 * @property {number} digits that a slider sets
 * @property {[number, number]} limits lowest and highest value
 * @property {boolean} [whole] whether it is a whole number
 */

/** @type {Record<string, Spec>} */
export const NUMBERS = {
  kappa: { label: "Condition number κ", scale: "size", step: 0.02, digits: 3, limits: [1, 1000] },
  angle: {
    label: "Angle of the floor, degrees",
    scale: "plain",
    step: 1,
    digits: 3,
    limits: [-90, 90],
  },
  batch: { label: "Minibatch size", scale: "plain", step: 1, digits: 2, limits: [1, 64] },
  seed: {
    label: "Order of the minibatches (seed)",
    scale: "plain",
    step: 1,
    digits: 2,
    limits: [0, 99],
    whole: true,
  },
  steps: { label: "Steps", scale: "size", step: 0.02, digits: 2, limits: [10, 1000], whole: true },
  start: { label: "Start", scale: "plain", step: 1, digits: 4, limits: [-100, 100] },
  eta: { label: "Learning rate η", scale: "size", step: 0.02, digits: 3, limits: [1e-5, 10] },
  beta: { label: "Momentum factor β", scale: "plain", step: 0.01, digits: 3, limits: [0, 0.999] },
  rho: { label: "Decay γ (rho)", scale: "decay", step: 0.05, digits: 4, limits: [0, 0.9999] },
  beta1: { label: "Decay β₁ of m", scale: "decay", step: 0.05, digits: 4, limits: [0, 0.999] },
  beta2: { label: "Decay β₂ of v", scale: "decay", step: 0.05, digits: 4, limits: [0, 0.9999] },
  epsilon: {
    label: "Small constant ε",
    scale: "size",
    step: 0.1,
    digits: 2,
    limits: [1e-10, 10],
  },
};

const ALIKE = new Map([
  ["alpha", "eta"],
  ["lr", "eta"],
  ["mu", "beta"],
  ["gamma", "rho"],
  ["eps", "epsilon"],
]);

/** The name by which the page knows a name of a rule: `beta1` for `beta_1`. */
export function knownAs(name) {
  const plain = name.replaceAll("_", "");
  return ALIKE.get(plain) ?? plain;
}

/**
 * A hyperparameter of a rule that the reader has written: by its name as in the book's algorithms,
 * or between 0 and 10, finer where it is small.
 * @param {string} name as the rule writes it, which is also the label
 * @returns {Spec}
 */
export function numberOfRule(name) {
  const known = knownAs(name);
  if (["eta", "beta", "rho", "epsilon"].includes(known)) {
    return { ...NUMBERS[known], label: name };
  }
  if (/^(beta|rho)\d+$/.test(known)) {
    return { ...NUMBERS.beta2, label: name };
  }
  return { label: name, scale: "wide", step: 0.01, digits: 2, limits: [0, 10] };
}

/**
 * @param {Spec} spec
 * @param {string | number | undefined} value
 * @param {number} otherwise what it is where `value` is no number
 * @returns {number} the value, moved into its limits
 */
export function within({ limits: [low, high] }, value, otherwise) {
  const number = value === undefined || value === "" ? NaN : Number(value);
  return Number.isFinite(number) ? Math.max(low, Math.min(high, number)) : otherwise;
}
