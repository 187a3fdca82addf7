/**
 * The settings of the playground, and the line of text that keeps them in the page's address.
 *
 * @typedef {object} Settings
 * @property {string} surface a key of SURFACES
 * @property {number} kappa condition number of the ravine
 * @property {number} angle degrees
 * @property {number} batch minibatch size
 * @property {number} seed of the minibatches
 * @property {[number, number] | null} start θ_0, or null for the surface's own
 * @property {number} steps T
 * @property {string} inside the algorithm whose sliders and state are shown
 * @property {string[]} shown the algorithms that walk, in the order of ALGORITHMS
 * @property {Record<string, Record<string, number>>} hyperparameters by algorithm
 */

import { ALGORITHMS } from "./optimizers.js";
import { SURFACES } from "./surfaces.js";

/** Lowest and highest value of every number that can be set. */
export const LIMITS = {
  kappa: [1, 1000],
  angle: [-90, 90],
  batch: [1, 64],
  seed: [0, 99],
  steps: [10, 1000],
  start: [-100, 100],
  eta: [1e-5, 10],
  beta: [0, 0.999],
  rho: [0, 0.9999],
  beta1: [0, 0.999],
  beta2: [0, 0.9999],
  epsilon: [1e-10, 10],
};

/** Minibatch sizes, divisors of the number of data points. */
export const BATCHES = [1, 2, 4, 8, 16, 32, 64];

/**
 * The race that the page opens with: the decays are those of the book's cover, and each learning
 * rate is the best of the grid of `best.js` for these twenty steps.
 * @returns {Settings}
 */
export function firstSettings() {
  return {
    surface: "ravine",
    kappa: 34,
    angle: 0,
    batch: 8,
    seed: 0,
    start: null,
    steps: 20,
    inside: "Momentum",
    shown: ["GD", "Momentum", "RMSprop", "Adam"],
    hyperparameters: {
      GD: { eta: 0.0501 },
      Momentum: { eta: 0.0501, beta: 0.7 },
      Nesterov: { eta: 0.0316, beta: 0.8 },
      AdaGrad: { eta: 0.708, epsilon: 1e-8 },
      RMSprop: { eta: 0.178, rho: 0.9, epsilon: 1e-8 },
      Adam: { eta: 0.562, beta1: 0.7, beta2: 0.9, epsilon: 1e-8 },
    },
  };
}

/** @returns {Record<string, Record<string, number>>} what the classes of `ravine` start with */
export function classDefaults() {
  const entries = Object.entries(ALGORITHMS);
  return Object.fromEntries(entries.map(([name, { defaults }]) => [name, { ...defaults }]));
}

/**
 * @param {Settings} settings
 * @returns {string} the settings as the fragment of an address, without "#"
 */
export function toText(settings) {
  const { options } = SURFACES[settings.surface];
  /** @type {[string, any][]} */
  const parts = [["surface", settings.surface]];
  for (const name of options) {
    parts.push([name, settings[name]]);
  }
  if (settings.start) {
    parts.push(["start", settings.start.join(",")]);
  }
  parts.push(["steps", settings.steps], ["inside", settings.inside]);
  for (const name of settings.shown) {
    const numbers = Object.entries(settings.hyperparameters[name]);
    parts.push([name, numbers.map(([key, value]) => `${key}:${value}`).join(",")]);
  }
  return parts.map(([key, value]) => `${key}=${value}`).join("&");
}

const MARK = "state-";

/**
 * The same in letters, digits, "-" and "_" alone, for links: the theme looks for an element by
 * whatever stands after "#" in a link, and an element's name may hold nothing else.
 * @param {Settings} settings
 * @returns {string}
 */
export function toToken(settings) {
  const text = btoa(toText(settings));
  return MARK + text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decoded(text) {
  if (!text.startsWith(MARK)) {
    return text;
  }
  try {
    return atob(text.slice(MARK.length).replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}

/**
 * Read settings; whatever is missing or makes no sense is as on the first visit.
 * @param {string} text as `toText` or `toToken` writes it
 * @returns {Settings}
 */
export function fromText(text) {
  const settings = firstSettings();
  const given = new Map(
    [...new URLSearchParams(decoded(text))].filter(([key]) => key in settings || key in ALGORITHMS),
  );
  if (Object.hasOwn(SURFACES, given.get("surface"))) {
    settings.surface = given.get("surface");
  }
  for (const name of ["kappa", "angle", "batch", "seed", "steps"]) {
    settings[name] = within(name, given.get(name), settings[name]);
  }
  settings.batch = BATCHES.findLast((size) => size <= settings.batch);
  settings.seed = Math.round(settings.seed);
  settings.steps = Math.round(settings.steps);
  const start = (given.get("start") ?? "").split(",");
  if (
    start.length === 2 &&
    start.every((value) => value !== "" && Number.isFinite(Number(value)))
  ) {
    const [x, y] = start.map((value) => within("start", value, 0));
    settings.start = [x, y];
  }
  const shown = Object.keys(ALGORITHMS).filter((name) => given.has(name));
  for (const name of shown) {
    readNumbers(settings.hyperparameters[name], given.get(name));
  }
  settings.shown = shown.length ? shown : settings.shown;
  const inside = given.get("inside") ?? settings.inside;
  settings.inside = settings.shown.includes(inside) ? inside : settings.shown.at(-1);
  return settings;
}

function readNumbers(numbers, text) {
  for (const part of text.split(",")) {
    const [key, value] = part.split(":");
    if (key in numbers) {
      numbers[key] = within(key, value, numbers[key]);
    }
  }
}

/**
 * @param {string} name of a number in LIMITS
 * @param {string | number | undefined} value
 * @param {number} otherwise what it is where `value` is no number
 * @returns {number} the value, moved into its limits
 */
export function within(name, value, otherwise) {
  const number = value === undefined || value === "" ? NaN : Number(value);
  const [low, high] = LIMITS[name];
  return Number.isFinite(number) ? Math.max(low, Math.min(high, number)) : otherwise;
}
