/** Walk an algorithm down a surface and keep all that can be drawn of the walk. */

/** A walk that is this far from the origin has diverged, as in `surfaces.descend`. */
export const BEYOND = 1e6;

/**
 * What walks: `update` steps one parameter (see `optimizers.js`), or `updateBoth` steps both at
 * once, as a rule that knows the norm of the gradient does.
 * @typedef {object} Algorithm
 * @property {string[]} state names of its state
 * @property {Record<string, number>} defaults its hyperparameters
 * @property {Function} [update]
 * @property {Function} [updateBoth] takes the parameters before the step, θ, g, t and the
 *   hyperparameters, and returns the two parameters after it: objects with theta and the state
 * @property {number} [operations] how many `updateBoth` does
 */

/**
 * @typedef {object} Walk
 * @property {[number, number][]} points θ_0 ... θ_T
 * @property {number[]} losses E(θ_t)
 * @property {[number, number][]} gradients g_1 ... g_T: gradients[t - 1] made step t
 * @property {Record<string, number>[][]} states the state of both parameters after t = 0 ... T steps
 * @property {number | null} divergedAt the step that went beyond 1e6, the last one walked
 */

/**
 * @param {import("./surfaces.js").Surface} surface
 * @param {Algorithm} algorithm
 * @param {Record<string, number>} hyperparameters
 * @param {[number, number]} start θ_0
 * @param {number} steps T
 * @returns {Walk}
 */
export function walk(surface, algorithm, hyperparameters, start, steps) {
  /** @type {Walk} */
  const result = {
    points: [[...start]],
    losses: [surface.value(...start)],
    gradients: [],
    states: [[firstState(algorithm), firstState(algorithm)]],
    divergedAt: null,
  };
  for (let t = 1; t <= steps && result.divergedAt === null; t += 1) {
    const theta = result.points[t - 1];
    const g = surface.gradient(theta[0], theta[1], t);
    const next = stepOf(algorithm, result.states[t - 1], theta, g, t, hyperparameters);
    /** @type {[number, number]} */
    const point = [next[0].theta, next[1].theta];
    result.points.push(point);
    result.losses.push(surface.value(...point));
    result.gradients.push(g);
    result.states.push(next);
    if (hasDiverged(point)) {
      result.divergedAt = t;
    }
  }
  return result;
}

function stepOf(algorithm, before, theta, g, t, hyperparameters) {
  if (algorithm.updateBoth) {
    return algorithm.updateBoth(before, theta, g, t, hyperparameters);
  }
  return [0, 1].map((k) =>
    algorithm.update({ ...before[k], theta: theta[k], g: g[k], t }, hyperparameters),
  );
}

/**
 * The same walk when only its losses matter: several times as fast.
 * @returns {number[]} E(θ_0) ... E(θ_T), shorter where the walk diverges
 */
export function losses(surface, algorithm, hyperparameters, start, steps) {
  const found = [surface.value(...start)];
  let one = { ...firstState(algorithm), theta: start[0], g: 0, t: 0 };
  let two = { ...firstState(algorithm), theta: start[1], g: 0, t: 0 };
  for (let t = 1; t <= steps; t += 1) {
    const g = surface.gradient(one.theta, two.theta, t);
    if (algorithm.updateBoth) {
      const theta = [one.theta, two.theta];
      [one, two] = algorithm.updateBoth([one, two], theta, g, t, hyperparameters);
    } else {
      one.g = g[0];
      two.g = g[1];
      one.t = two.t = t;
      one = algorithm.update(one, hyperparameters);
      two = algorithm.update(two, hyperparameters);
    }
    if (hasDiverged([one.theta, two.theta])) {
      break;
    }
    found.push(surface.value(one.theta, two.theta));
  }
  return found;
}

function firstState(algorithm) {
  return Object.fromEntries(algorithm.state.map((name) => [name, 0]));
}

function hasDiverged(point) {
  return !point.every((value) => Math.abs(value) < BEYOND); // also where it is no number
}
