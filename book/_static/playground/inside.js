/** What an algorithm remembers and makes of it, step by step. */

import { OWN } from "./own.js";

/** The names of the state in one of a walk's states. */
function statesOf(parameters) {
  return Object.keys(parameters[0]).filter((name) => name !== "theta");
}

/**
 * The quantities behind step t of both parameters, in the order of the equations.
 * @param {string} name of the algorithm
 * @param {Record<string, number>} hyperparameters
 * @param {import("./walk.js").Walk} walk
 * @param {number} t 1 ... T
 * @returns {{symbol: string, words: string, values: number[]}[]}
 */
export function quantities(name, hyperparameters, walk, t) {
  const state = walk.states[t];
  const rows = [row("g", "gradient", walk.gradients[t - 1])];
  const add = (symbol, words, of) => rows.push(row(symbol, words, state.map(of)));
  const { eta, beta1, beta2, epsilon } = hyperparameters;
  if (name === OWN) {
    for (const each of statesOf(state)) {
      add(each, "state", (parameter) => parameter[each]);
    }
  }
  if (name === "Momentum" || name === "Nesterov") {
    add("m", "sum of gradients", ({ m }) => m);
  } else if (name === "AdaGrad" || name === "RMSprop") {
    const kind = name === "AdaGrad" ? "sum" : "mean";
    add("G", `${kind} of squared gradients`, ({ G }) => G);
    add("η/√(G+ε)", "rate of this parameter", ({ G }) => eta / Math.sqrt(G + epsilon));
  } else if (name === "Adam") {
    const vHat = (v) => v / (1 - beta2 ** t);
    add("m", "mean of gradients", ({ m }) => m);
    add("v", "mean of squared gradients", ({ v }) => v);
    add("m̂", "m, corrected", ({ m }) => m / (1 - beta1 ** t));
    add("v̂", "v, corrected", ({ v }) => vHat(v));
    add("η/(√v̂+ε)", "rate of this parameter", ({ v }) => eta / (Math.sqrt(vHat(v)) + epsilon));
  }
  const [before, after] = [walk.points[t - 1], walk.points[t]];
  rows.push(
    row(
      "Δθ",
      "step",
      [0, 1].map((k) => after[k] - before[k]),
    ),
  );
  return rows;
}

function row(symbol, words, values) {
  return { symbol, words, values };
}

/**
 * What the drawing of the state shows of one parameter: the gradient, what the algorithm steps
 * along, and by what it divides.
 * @param {string} name of the algorithm
 * @param {Record<string, number>} hyperparameters
 * @param {import("./walk.js").Walk} walk
 * @param {number} k 0 or 1, the parameter
 * @param {number} t 1 ... T
 * @returns {{g: number, m?: number, root?: number, own?: Record<string, number>}} `own` holds the
 *   whole state of the reader's rule
 */
export function drawn(name, { beta1, beta2 }, walk, k, t) {
  const g = walk.gradients[t - 1][k];
  if (name === OWN) {
    const names = statesOf(walk.states[t]);
    return { g, own: Object.fromEntries(names.map((each) => [each, walk.states[t][k][each]])) };
  }
  const { m, v, G } = walk.states[t][k];
  if (name === "Adam") {
    return { g, m: m / (1 - beta1 ** t), root: Math.sqrt(v / (1 - beta2 ** t)) };
  }
  return { g, m, root: G === undefined ? undefined : Math.sqrt(G) };
}

/** What the two are called in the drawing. */
export const SYMBOLS = {
  GD: {},
  Momentum: { m: "m" },
  Nesterov: { m: "m" },
  AdaGrad: { root: "±√G" },
  RMSprop: { root: "±√G" },
  Adam: { m: "m̂", root: "±√v̂" },
};
