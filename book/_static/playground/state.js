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
 * @property {string} rule the lines of the reader's own rule, which can be read
 * @property {Trouble | null} trouble lines that cannot, and that nothing follows from
 *
 * @typedef {{text: string, line: number, message: string}} Trouble
 */

import { NUMBERS, numberOfRule, within } from "./numbers.js";
import { ALGORITHMS } from "./optimizers.js";
import { NAMES, numbersFor, OWN, readRule } from "./own.js";
import { LINES } from "./rule.js";
import { LIMITS_OF_RULE } from "./rule-tokens.js";
import { SURFACES } from "./surfaces.js";

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
      [OWN]: { eta: 0.0501, beta: 0.7 },
    },
    rule: LINES.Momentum,
    trouble: null,
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
  if (settings.shown.includes(OWN)) {
    parts.push(["rule", encodeURIComponent(settings.rule)]);
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
    [...new URLSearchParams(decoded(text))].filter(
      ([key]) => Object.hasOwn(settings, key) || NAMES.includes(key),
    ),
  );
  if (Object.hasOwn(SURFACES, given.get("surface"))) {
    settings.surface = given.get("surface");
  }
  for (const name of ["kappa", "angle", "batch", "seed", "steps"]) {
    settings[name] = within(NUMBERS[name], given.get(name), settings[name]);
  }
  settings.batch = BATCHES.findLast((size) => size <= settings.batch);
  settings.seed = Math.round(settings.seed);
  settings.steps = Math.round(settings.steps);
  const start = (given.get("start") ?? "").split(",");
  if (
    start.length === 2 &&
    start.every((value) => value !== "" && Number.isFinite(Number(value)))
  ) {
    const [x, y] = start.map((value) => within(NUMBERS.start, value, 0));
    settings.start = [x, y];
  }
  if (given.has("rule")) {
    readOwn(settings, given.get("rule"));
  }
  const shown = NAMES.filter((name) => given.has(name) && !(name === OWN && settings.trouble));
  for (const name of shown) {
    const spec = name === OWN ? numberOfRule : (key) => NUMBERS[key];
    readNumbers(settings.hyperparameters[name], given.get(name), spec);
  }
  settings.shown = shown.length ? shown : settings.shown;
  const inside = given.get("inside") ?? settings.inside;
  settings.inside = settings.shown.includes(inside) ? inside : settings.shown.at(-1);
  return settings;
}

/** Take over the rule of an address, or say why not: nothing else follows from one with an error. */
function readOwn(settings, text) {
  const { rule, error } = readRule(text);
  if (error) {
    // too long a text is not even shown
    const shown = text.length > LIMITS_OF_RULE.characters ? settings.rule : text;
    settings.trouble = { text: shown, line: error.line, message: error.message };
    return;
  }
  settings.rule = text;
  settings.hyperparameters[OWN] = numbersFor(rule, {});
}

function readNumbers(numbers, text, spec) {
  for (const part of text.split(",")) {
    const [key, value] = part.split(":");
    if (Object.hasOwn(numbers, key)) {
      numbers[key] = within(spec(key), value, numbers[key]);
    }
  }
}
