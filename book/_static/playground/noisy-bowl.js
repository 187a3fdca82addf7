/**
 * The noisy quadratic model of the pages on minibatches and on schedules, without simulation: a bowl
 * with a hundred directions of curvature h = 1/i, whose gradient has noise of variance c/B, c = 1/i,
 * and a start with E[θ²] = 1 in each direction.
 */

const CURVATURES = Float64Array.from({ length: 100 }, (_, i) => 1 / (i + 1));
const VARIANCES = CURVATURES; // c

/** How much a step costs, in steps of a rule of usual length: two recursions in each direction. */
export const COST = CURVATURES.length / 10;

/** The expected error at the start. */
export const FIRST = CURVATURES.reduce((sum, h) => sum + h / 2, 0);

/**
 * The expected error of SGD at a rate that changes, with B = 1, eq. (14.1).
 * @param {number[]} rates η_1 ... η_T
 * @returns {number[]} the errors after 0 ... T steps
 */
export function expectedErrors(rates) {
  const V = CURVATURES.map(() => 1);
  const found = [FIRST];
  for (const eta of rates) {
    let error = 0;
    CURVATURES.forEach((h, i) => {
      V[i] = (1 - eta * h) ** 2 * V[i] + eta ** 2 * VARIANCES[i];
      error += (h * V[i]) / 2;
    });
    found.push(error);
  }
  return found;
}

/**
 * The expected error of momentum in two parts: after t steps it is start[t] + noise[t] c / B, where
 * c is in units of the page's. So one recursion serves every minibatch size and every noise.
 * @typedef {object} Parts
 * @property {Float64Array} start what is left of the first error
 * @property {Float64Array} noise what the noise adds, at B = 1
 */

const DIVERGED = 1e3; // times the first error
const FORGOTTEN = 1e-5; // a part of the first error that decides no target any more

/**
 * The recursion (8.2) and its like for momentum, in the docstring of `expected_losses`.
 * @param {number} eta learning rate η
 * @param {number} beta momentum factor β, 0 for SGD
 * @param {number} steps T; fewer are taken where the start is forgotten or the walk diverges
 * @returns {Parts}
 */
export function parts(eta, beta, steps) {
  const start = new Float64Array(steps + 1);
  const noise = new Float64Array(steps + 1);
  const fromStart = moments(1);
  const fromNoise = moments(0);
  start[0] = FIRST;
  for (let t = 1; t <= steps; t += 1) {
    start[t] = stepped(fromStart, eta, beta, 0);
    noise[t] = stepped(fromNoise, eta, beta, 1);
    if (start[t] < FORGOTTEN * FIRST || !(start[t] < DIVERGED * FIRST)) {
      return { start: start.slice(0, t + 1), noise: noise.slice(0, t + 1) };
    }
  }
  return { start, noise };
}

/** E[θ²], E[θm] and E[m²] of each direction at the start. */
function moments(square) {
  return {
    theta2: CURVATURES.map(() => square),
    thetaM: CURVATURES.map(() => 0),
    m2: CURVATURES.map(() => 0),
  };
}

/** Take one step of all directions, and return the expected error after it. */
function stepped({ theta2, thetaM, m2 }, eta, beta, noise) {
  let error = 0;
  for (let i = 0; i < theta2.length; i += 1) {
    const h = CURVATURES[i];
    const next = beta * thetaM[i] + h * theta2[i];
    const square =
      beta * beta * m2[i] + 2 * beta * h * thetaM[i] + h * h * theta2[i] + noise * VARIANCES[i];
    theta2[i] += eta * (eta * square - 2 * next);
    thetaM[i] = next - eta * square;
    m2[i] = square;
    error += (h * theta2[i]) / 2;
  }
  return error;
}

/** The most steps that are counted. */
export const LIMIT = 2000;

/**
 * The parts of an algorithm at every learning rate of the page's grid that can come first, a factor
 * of 2^(1/4) apart, the largest first.
 * @param {number} beta momentum factor β
 * @returns {Generator<Parts>}
 */
export function* allParts(beta) {
  const lowest = 2 ** -7 * (1 - beta); // slower ones need more steps than are counted
  const etas = Array.from({ length: 48 }, (_, k) => 2 ** (1.75 - k / 4));
  for (const eta of etas.filter((eta) => eta >= lowest)) {
    yield parts(eta, beta, LIMIT);
  }
}

/**
 * The fewest steps to a target, at the best rate of the grid.
 * @param {Parts[]} grid
 * @param {number} noise c / B, c in units of the page's
 * @param {number} target a part of the first error
 * @returns {number} infinite where no rate reaches it
 */
export function fewestSteps(grid, noise, target) {
  let fewest = Infinity;
  for (const { start, noise: added } of grid) {
    const last = Math.min(start.length, fewest);
    let t = 0;
    while (t < last && start[t] + noise * added[t] > target * FIRST) {
      t += 1;
    }
    if (t < last) {
      fewest = t;
    }
  }
  return fewest;
}
