/** The search behind the button "Best settings": try every setting of a grid. */

import { knownAs } from "./numbers.js";
import { losses } from "./walk.js";

const USUAL = 40; // operations of a rule as long as Adam's

/** Learning rates from 1e-4 to 10, twenty in a decade, to three digits. */
export const RATES = Array.from({ length: 101 }, (_, i) => rounded(10 ** (-4 + i / 20)));

/** Values of the other hyperparameters; those that are missing stay as they are. */
export const GRID = {
  beta: [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99],
  rho: [0.5, 0.9, 0.99],
  beta1: [0, 0.5, 0.7, 0.9],
  beta2: [0.9, 0.99, 0.999],
};

/** Round to three significant digits. */
export function rounded(value) {
  return Number(value.toPrecision(3));
}

/**
 * How bad a walk was: its mean error over all steps, which a lucky last step cannot make small. On a
 * saddle nothing counts after the walk has escaped.
 * @param {import("./surfaces.js").Surface} surface
 * @param {number[]} errors E(θ_0) ... E(θ_T), shorter where the walk diverged
 * @param {number} steps T
 * @returns {number} infinite where it diverged
 */
export function score(surface, errors, steps) {
  const walked = errors.slice(1);
  const left = walked.findIndex((error) => error < surface.escaped);
  if (left >= 0) {
    walked.fill(surface.escaped, left);
    walked.push(...Array(steps - walked.length).fill(surface.escaped));
  }
  if (walked.length < steps) {
    return Infinity;
  }
  return walked.reduce((sum, error) => sum + error, 0) / steps;
}

const MOST = 2500; // settings; more decays than fit keep their values

/**
 * Find the best setting of one algorithm; its present one takes part. It yields after each setting,
 * with what that cost.
 * @param {import("./surfaces.js").Surface} surface
 * @param {import("./walk.js").Algorithm} algorithm
 * @param {Record<string, number>} present its hyperparameters
 * @param {[number, number]} start θ_0
 * @param {number} steps T
 * @param {boolean} ratesOnly search the learning rate alone
 * @returns {Generator<number, {hyperparameters: Record<string, number>, score: number, tried: number}>}
 */
export function* searching(surface, algorithm, present, start, steps, ratesOnly = false) {
  const judged = (hyperparameters) =>
    score(surface, losses(surface, algorithm, hyperparameters, start, steps), steps);
  let winner = { hyperparameters: { ...present }, score: judged(present) };
  const settings = candidates(present, ratesOnly);
  for (const hyperparameters of settings) {
    const found = judged(hyperparameters);
    if (found < winner.score) {
      winner = { hyperparameters, score: found };
    }
    yield steps * Math.max(1, (algorithm.operations ?? 0) / USUAL);
  }
  return { ...winner, tried: settings.length + 1 };
}

function candidates(present, ratesOnly) {
  const names = Object.keys(present);
  const rate = names.find((name) => knownAs(name) === "eta");
  let settings = rate ? RATES.map((eta) => ({ ...present, [rate]: eta })) : [];
  for (const name of ratesOnly ? [] : names) {
    const values = GRID[knownAs(name)];
    if (values && settings.length * values.length <= MOST) {
      settings = settings.flatMap((setting) =>
        values.map((value) => ({ ...setting, [name]: value })),
      );
    }
  }
  return settings;
}
