/**
 * The error surfaces, with the formulas, windows and starts of `ravine.surfaces`.
 *
 * @typedef {object} Surface
 * @property {string} name what the page calls it
 * @property {string} formula E in plain text
 * @property {(x: number, y: number) => number} value the error E
 * @property {(x: number, y: number, t?: number) => [number, number]} gradient dE/dx and dE/dy; of
 *   step t's minibatch where the surface has minibatches
 * @property {[number, number][]} minima the minima in the window, the lowest first
 * @property {[[number, number], [number, number]]} window the part worth drawing
 * @property {[number, number]} start a start that shows what is special about the surface
 * @property {[number, number]} [curvatures] μ and L, where they are the same everywhere
 * @property {{x: number[][], y: number[], batches: number[][]}} [data] of one with minibatches
 * @property {number} [escaped] on a surface without a minimum: a walk below this has escaped
 */

import { minibatches, normals } from "./random.js";

/**
 * The narrow ravine: curvature 1 along the floor, κ across it.
 * @param {number} kappa condition number κ ≥ 1
 * @param {number} angle degrees by which the floor is turned away from the x axis
 * @returns {Surface}
 */
export function ravine(kappa = 34, angle = 0) {
  const { flat, steep } = axes(angle);
  const [hxx, hxy, hyy] = hessian(kappa, flat, steep);
  const up = 2.5 / Math.sqrt(kappa);
  const aligned = angle % 180 === 0;
  const halfWidth = aligned ? Math.max(6 / Math.sqrt(kappa), 0.25) : 3;
  return {
    name: "ravine",
    formula: "½ θᵀHθ",
    value: (x, y) => 0.5 * (hxx * x * x + 2 * hxy * x * y + hyy * y * y),
    gradient: (x, y) => [hxx * x + hxy * y, hxy * x + hyy * y],
    minima: [[0, 0]],
    window: [aligned ? [-3, 1] : [-3, 3], [-halfWidth, halfWidth]],
    start: [-2.5 * flat[0] + up * steep[0], -2.5 * flat[1] + up * steep[1]],
    curvatures: [1, kappa],
  };
}

function axes(angle) {
  const turn = (angle * Math.PI) / 180;
  return { flat: [Math.cos(turn), Math.sin(turn)], steep: [-Math.sin(turn), Math.cos(turn)] };
}

function hessian(kappa, flat, steep) {
  const entry = (i, j) => flat[i] * flat[j] + kappa * (steep[i] * steep[j]);
  // exact zeros for an aligned ravine: cos 90° is 6e-17 in floating point
  return [entry(0, 0), entry(0, 1), entry(1, 1)].map((h) => (Math.abs(h) < 1e-12 * kappa ? 0 : h));
}

/** Number of data points of the noisy ravine. */
export const ROWS = 64;

/**
 * The ravine as a regression of 64 data points, walked with the gradients of minibatches.
 *
 * The inputs are made so that the error over all points is exactly that of `ravine`, above its
 * lowest value: a minibatch of 64 walks the ravine itself.
 * @param {number} kappa condition number κ ≥ 1
 * @param {number} angle degrees
 * @param {number} batch minibatch size b, a divisor of 64
 * @param {number} seed of the data's order
 * @param {number} steps for how many steps to draw minibatches
 * @returns {Surface}
 */
export function noisyRavine(kappa = 34, angle = 0, batch = 8, seed = 0, steps = 1000) {
  const { x, y } = regression(kappa, angle);
  const batches = minibatches(ROWS, batch, seed, steps);
  return {
    ...ravine(kappa, angle),
    name: "noisy ravine",
    formula: "½ θᵀHθ, gradients of minibatches",
    gradient: (theta1, theta2, t = 1) => {
      let g1 = 0;
      let g2 = 0;
      for (const i of batches[(t - 1) % batches.length]) {
        const error = x[i][0] * theta1 + x[i][1] * theta2 - y[i];
        g1 += x[i][0] * error;
        g2 += x[i][1] * error;
      }
      return [(2 * g1) / batch, (2 * g2) / batch];
    },
    data: { x, y, batches },
  };
}

const NOISE = 1; // standard deviation of what the inputs cannot explain

function regression(kappa, angle) {
  const draw = normals(7);
  const columns = [0, 1, 2].map(() => Array.from({ length: ROWS }, draw));
  const [a, b, noise] = uncorrelated(columns);
  const { flat, steep } = axes(angle);
  // E = mean of (x·θ - y)², so its Hessian is 2 mean(x xᵀ)
  const s = Math.sqrt(1 / 2);
  const l = Math.sqrt(kappa / 2);
  const x = a.map((_, i) => [0, 1].map((k) => s * a[i] * flat[k] + l * b[i] * steep[k]));
  return { x, y: noise.map((value) => NOISE * value) };
}

/** Make columns of mean square 1 that are orthogonal to each other (Gram and Schmidt). */
function uncorrelated(columns) {
  const done = [];
  for (const column of columns) {
    let rest = column;
    for (const other of done) {
      const share = dot(rest, other) / ROWS;
      rest = rest.map((value, i) => value - share * other[i]);
    }
    const size = Math.sqrt(dot(rest, rest) / ROWS);
    done.push(rest.map((value) => value / size));
  }
  return done;
}

function dot(a, b) {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

/** @returns {Surface} 5x² − y²: a minimum along x, a maximum along y. */
export function saddle() {
  return {
    name: "saddle",
    formula: "5x² − y²",
    value: (x, y) => 5 * x * x - y * y,
    gradient: (x, y) => [10 * x, -2 * y],
    minima: [],
    window: [
      [-1.5, 1.5],
      [-2, 2],
    ],
    start: [-1.2, 0.01],
    curvatures: [-2, 10],
    escaped: -4,
  };
}

/** @returns {Surface} x³ − 3xy²: three valleys meet at the origin. */
export function monkeySaddle() {
  return {
    name: "monkey saddle",
    formula: "x³ − 3xy²",
    value: (x, y) => x * x * x - 3 * x * y * y,
    gradient: (x, y) => [3 * x * x - 3 * y * y, -6 * x * y],
    minima: [],
    window: [
      [-1.5, 1.5],
      [-1.5, 1.5],
    ],
    start: [1, 0.01],
    escaped: -3,
  };
}

/** @returns {Surface} a pit of width 1 in a plain that is almost flat. */
export function plateau() {
  const pit = (x, y) => Math.exp(-0.5 * (x * x + y * y));
  return {
    name: "plateau",
    formula: "1 − exp(−(x² + y²)/2)",
    value: (x, y) => 1 - pit(x, y),
    gradient: (x, y) => [x * pit(x, y), y * pit(x, y)],
    minima: [[0, 0]],
    window: [
      [-4, 4],
      [-4, 4],
    ],
    start: [-3.2, 1.6],
  };
}

/** @returns {Surface} a wide bowl covered with dimples one unit apart. */
export function manyMinima() {
  const depth = 0.5;
  const k = 2 * Math.PI;
  const side = [-2, -1, 0, 1, 2].map((x) => {
    for (let i = 0; i < 20; i += 1) {
      // Newton's method, from each dimple's centre
      const slope = 0.5 * x + depth * k * Math.sin(k * x);
      x -= slope / (0.5 + depth * k * k * Math.cos(k * x));
    }
    return x;
  });
  /** @type {[number, number][]} */
  const minima = side.flatMap((x) => side.map((y) => /** @type {[number, number]} */ ([x, y])));
  return {
    name: "many minima",
    formula: "¼(x² + y²) + ½(2 − cos 2πx − cos 2πy)",
    value: (x, y) => 0.25 * (x * x + y * y) + depth * (2 - Math.cos(k * x) - Math.cos(k * y)),
    gradient: (x, y) => [
      0.5 * x + depth * k * Math.sin(k * x),
      0.5 * y + depth * k * Math.sin(k * y),
    ],
    minima: minima.sort((a, b) => Math.hypot(...a) - Math.hypot(...b)),
    window: [
      [-2.5, 2.5],
      [-2.5, 2.5],
    ],
    start: [-2.2, 1.7],
  };
}

/** @returns {Surface} (1 − x)² + 100(y − x²)²: a ravine that bends. */
export function rosenbrock() {
  return {
    name: "Rosenbrock",
    formula: "(1 − x)² + 100(y − x²)²",
    value: (x, y) => (1 - x) * (1 - x) + 100 * (y - x * x) * (y - x * x),
    gradient: (x, y) => [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)],
    minima: [[1, 1]],
    window: [
      [-2, 2],
      [-1, 3],
    ],
    start: [-1.2, 1],
  };
}

/** @returns {Surface} (x² + y − 11)² + (x + y² − 7)²: four minima of equal depth. */
export function himmelblau() {
  return {
    name: "Himmelblau",
    formula: "(x² + y − 11)² + (x + y² − 7)²",
    value: (x, y) => {
      const a = x * x + y - 11;
      const b = x + y * y - 7;
      return a * a + b * b;
    },
    gradient: (x, y) => {
      const a = x * x + y - 11;
      const b = x + y * y - 7;
      return [4 * x * a + 2 * b, 2 * a + 4 * y * b];
    },
    minima: [
      [3, 2],
      [-2.805118086953, 3.13131251825],
      [-3.779310253378, -3.283185991286],
      [3.58442834033, -1.848126526964],
    ],
    window: [
      [-5, 5],
      [-5, 5],
    ],
    start: [-0.3, -0.9],
  };
}

/**
 * The surfaces by the name that the address of the page uses. Those with options are functions of
 * them; the others leave them unread.
 * @type {Record<string, {title: string, options: string[], make: (options: any) => Surface}>}
 */
export const SURFACES = {
  ravine: {
    title: "Narrow ravine",
    options: ["kappa", "angle"],
    make: ({ kappa, angle }) => ravine(kappa, angle),
  },
  noisy: {
    title: "Ravine with minibatches",
    options: ["kappa", "angle", "batch", "seed"],
    make: ({ kappa, angle, batch, seed, steps }) => noisyRavine(kappa, angle, batch, seed, steps),
  },
  saddle: { title: "Saddle", options: [], make: saddle },
  monkey: { title: "Monkey saddle", options: [], make: monkeySaddle },
  plateau: { title: "Plateau", options: [], make: plateau },
  rosenbrock: { title: "Bent ravine (Rosenbrock)", options: [], make: rosenbrock },
  himmelblau: { title: "Four minima (Himmelblau)", options: [], make: himmelblau },
  many: { title: "Many minima", options: [], make: manyMinima },
};
