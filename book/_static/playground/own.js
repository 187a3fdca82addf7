/** The rule that the reader writes: a seventh algorithm beside those of the book. */

import { knownAs } from "./numbers.js";
import { ALGORITHMS } from "./optimizers.js";
import { LINES, parseRule } from "./rule.js";
import { RuleError } from "./rule-tokens.js";

export const OWN = "Own"; // its name in settings and addresses
/** The algorithms in the order of the page. */
export const NAMES = [...Object.keys(ALGORITHMS), OWN];

/** What the page calls an algorithm. */
export function titleOf(name) {
  return name === OWN ? "Own rule" : name;
}

/** The book's algorithm with just these lines, if there is one. */
export function sameAs(text) {
  const plain = (lines) => lines.replace(/[ \t\r]/g, "").trim();
  return Object.keys(LINES).find((name) => plain(LINES[name]) === plain(text));
}

/**
 * Read a rule.
 * @param {string} text
 * @returns {{rule?: import("./rule.js").Rule, error?: RuleError}} one of both
 */
export function readRule(text) {
  try {
    return { rule: parseRule(text) };
  } catch (error) {
    if (error instanceof RuleError) {
      return { error };
    }
    throw error;
  }
}

/**
 * The hyperparameters of a rule, its learning rate first: those that it had keep their values, others begin with their own.
 * @param {import("./rule.js").Rule} rule
 * @param {Record<string, number>} present
 * @returns {Record<string, number>}
 */
export function numbersFor(rule, present) {
  const value = (name) => (Object.hasOwn(present, name) ? present[name] : rule.defaults[name]);
  const isRate = (name) => knownAs(name) === "eta";
  const names = rule.hyperparameters.toSorted((a, b) => Number(isRate(b)) - Number(isRate(a)));
  return Object.fromEntries(names.map((name) => [name, value(name)]));
}

/**
 * The values of an algorithm of the book under the names of its lines, `beta_1` for `beta1`.
 * @param {Record<string, number>} numbers
 * @returns {Record<string, number>}
 */
export function asInLines(numbers) {
  const entries = Object.entries(numbers);
  return Object.fromEntries(entries.map(([name, value]) => [name.replace(/(\d)/, "_$1"), value]));
}
