/**
 * Update rules that the reader writes, `m = beta*m + g` and so on, as algorithms that walk.
 *
 * `theta`, its gradient `g` and the number `t` of the step are given. Of the other names one that is
 * never assigned is a hyperparameter, one that is read before it is assigned is state, which starts
 * at 0, and one that is assigned first is a plain value. Lines run from top to bottom, and a name has
 * the value that was assigned to it last: so has the state that the next step begins with.
 */

import { readLines } from "./rule-parser.js";
import { programOf } from "./rule-program.js";
import { LIMITS_OF_RULE, RuleError } from "./rule-tokens.js";
import { namesReadBy, operationsIn } from "./rule-trees.js";
import { nearest } from "./rule-words.js";

/**
 * @typedef {object} Rule
 * @property {import("./rule-parser.js").Assignment[]} lines those that assign
 * @property {string[]} states names, in the order of their assignments
 * @property {string[]} hyperparameters names, in the order of their first reading
 * @property {Record<string, number>} defaults the value of each hyperparameter to begin with
 * @property {{line: number, message: string}[]} hints names that may be misspelled
 */

/** The six algorithms of the book, in its symbols. */
export const LINES = {
  GD: "theta = theta - eta*g",
  Momentum: "m = beta*m + g\ntheta = theta - eta*m",
  Nesterov: "m = beta*m + g\ntheta = theta - eta*(beta*m + g)",
  AdaGrad: "G = G + g^2\ntheta = theta - eta*g/sqrt(G + epsilon)",
  RMSprop: "G = rho*G + (1 - rho)*g^2\ntheta = theta - eta*g/sqrt(G + epsilon)",
  Adam: [
    "m = beta_1*m + (1 - beta_1)*g",
    "v = beta_2*v + (1 - beta_2)*g^2",
    "m_hat = m/(1 - beta_1^t)",
    "v_hat = v/(1 - beta_2^t)",
    "theta = theta - eta*m_hat/(sqrt(v_hat) + epsilon)",
  ].join("\n"),
};

/** What hyperparameters begin with, by name. */
const DEFAULTS = new Map([
  ["eta", 0.01],
  ["beta", 0.9],
  ["beta_1", 0.9],
  ["beta_2", 0.999],
  ["beta_3", 0.9],
  ["gamma", 0.9],
  ["rho", 0.9],
  ["mu", 0.9],
  ["epsilon", 1e-8],
  ["lambda", 0.01],
]);
const OTHERWISE = 0.5; // of a name that says nothing

/**
 * Read a rule.
 * @param {string} text one assignment a line
 * @returns {Rule}
 * @throws {RuleError} with the line, and a sentence that says what is wrong there and what to do
 */
export function parseRule(text) {
  const lines = readLines(text);
  checkTheta(lines, text);
  checkLength(lines);
  const { states, hyperparameters } = rolesOf(lines);
  const initial = (name) => DEFAULTS.get(name) ?? OTHERWISE;
  return {
    lines,
    states: lines
      .map(({ name }) => name)
      .filter((name, i, all) => states.has(name) && all.indexOf(name) === i),
    hyperparameters: [...hyperparameters.keys()],
    defaults: Object.fromEntries([...hyperparameters.keys()].map((name) => [name, initial(name)])),
    hints: [
      ...hintsFor(hyperparameters, new Set(lines.map(({ name }) => name))),
      ...unusedIn(lines),
    ],
  };
}

function checkTheta(lines, text) {
  for (const { line, name } of lines) {
    if (name === "g" || name === "t") {
      const what = name === "g" ? "the gradient" : "the number of the step";
      throw new RuleError(line, `\`${name}\` is ${what} and is given; assign to another name.`);
    }
  }
  const thetas = lines.filter(({ name }) => name === "theta");
  if (thetas.length > 1) {
    throw new RuleError(thetas[1].line, "`theta` is assigned a second time; assign it once.");
  }
  if (thetas.length === 0) {
    const last = text.split(/\r\n|\r|\n/).length;
    throw new RuleError(last, "no line assigns `theta`; add one such as `theta = theta - eta*g`.");
  }
}

function checkLength(lines) {
  const most = LIMITS_OF_RULE.operations;
  let count = 0;
  for (const { line, value } of lines) {
    count += operationsIn(value);
    if (count > most) {
      throw new RuleError(line, `a rule has at most ${most} operations; shorten it.`);
    }
  }
}

/** Find the states and the hyperparameters, each with the line of its first reading. */
function rolesOf(lines) {
  const [states, hyperparameters] = [new Map(), new Map()];
  const assigned = new Set(lines.map(({ name }) => name));
  const known = new Set(["theta", "g", "t"]);
  for (const { line, name, value } of lines) {
    for (const read of namesReadBy(value)) {
      if (!known.has(read)) {
        const [role, what] = assigned.has(read)
          ? [states, "states"]
          : [hyperparameters, "hyperparameters"];
        role.set(read, line);
        known.add(read);
        if (role.size > LIMITS_OF_RULE[what]) {
          const most = LIMITS_OF_RULE[what];
          throw new RuleError(
            line,
            `\`${read}\` is one too many: a rule has at most ${most} ${what}.`,
          );
        }
      }
    }
    known.add(name);
  }
  return { states, hyperparameters };
}

/** What others call what is given here. */
const GIVEN = new Map(
  Object.entries({
    g: ["G", "grad", "gradient", "g_t", "dw", "dx"],
    theta: ["w", "x", "theta_t"],
  }).flatMap(([given, names]) =>
    names.map((name) => /** @type {[string, string]} */ ([name, given])),
  ),
);

/** Lines that `theta` does not depend on, not even in a later step. */
function unusedIn(lines) {
  const needed = new Set(["theta"]);
  for (let before = 0; before < needed.size; ) {
    before = needed.size;
    for (const { name, value } of lines) {
      if (needed.has(name)) {
        namesReadBy(value).forEach((read) => needed.add(read));
      }
    }
  }
  return lines
    .filter(({ name }) => !needed.has(name))
    .map(({ line, name }) => ({
      line,
      message: `Line ${line}: \`theta\` does not depend on \`${name}\`, so this line changes nothing.`,
    }));
}

/** A name that is never assigned and almost another: `bta_1` beside `beta_1`, or `grad` for `g`. */
function hintsFor(hyperparameters, assigned) {
  const known = [...DEFAULTS.keys(), "theta", ...assigned];
  return [...hyperparameters].flatMap(([name, line]) => {
    const like = name.length > 2 && !DEFAULTS.has(name) ? nearest(name, known) : null;
    const near = GIVEN.get(name) ?? like;
    if (!near) {
      return [];
    }
    const sentence = `\`${name}\` is a new hyperparameter; if you mean \`${near}\`, write that.`;
    return [{ line, message: `Line ${line}: ${sentence}` }];
  });
}

/**
 * Make of a rule what `walk` can walk.
 * @param {Rule} rule
 * @returns {import("./walk.js").Algorithm}
 */
export function ruleAlgorithm(rule) {
  const { step, operations } = programOf(rule);
  const defaults = { ...rule.defaults };
  return { state: rule.states, defaults, updateBoth: step, operations };
}
