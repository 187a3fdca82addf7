/**
 * The update rules of the book, one function per algorithm, in the symbols of the chapters.
 *
 * Each takes one step of one parameter: theta is its value, g its gradient, t the number of the
 * step (1, 2, ...), and m, v, G its state, which starts at 0. It returns the new theta and state.
 */

/** Gradient descent: step against the gradient. */
export function gradientDescent({ theta, g }, { eta }) {
  return { theta: theta - eta * g }; // eq. (2.1)
}

/** Momentum (heavy ball): step along a decaying sum of all gradients so far. */
export function momentum({ theta, g, m }, { eta, beta }) {
  m = beta * m + g; // eq. (3.1)
  return { theta: theta - eta * m, m }; // eq. (3.2)
}

/** Nesterov momentum: look one momentum step ahead, then correct. */
export function nesterov({ theta, g, m }, { eta, beta }) {
  m = beta * m + g; // eq. (3.1)
  return { theta: theta - eta * (beta * m + g), m }; // eq. (3.8)
}

/** AdaGrad: divide each step by the root of all squared gradients so far. */
export function adaGrad({ theta, g, G }, { eta, epsilon }) {
  G = G + g * g; // eq. (4.1)
  return { theta: theta - (eta * g) / Math.sqrt(G + epsilon), G }; // eq. (4.2)
}

/** RMSprop: divide each step by the root of the mean of recent squared gradients. */
export function rmsProp({ theta, g, G }, { eta, rho, epsilon }) {
  G = rho * G + (1 - rho) * (g * g); // eq. (4.3)
  return { theta: theta - (eta * g) / Math.sqrt(G + epsilon), G }; // eq. (4.4)
}

/** Adam: a running mean of the gradient over the root of a running mean of its square. */
export function adam({ theta, g, m, v, t }, { eta, beta1, beta2, epsilon }) {
  m = beta1 * m + (1 - beta1) * g; // eq. (5.1)
  v = beta2 * v + (1 - beta2) * (g * g); // eq. (5.2)
  const mHat = m / (1 - beta1 ** t); // eq. (5.3)
  const vHat = v / (1 - beta2 ** t); // eq. (5.4)
  return { theta: theta - (eta * mHat) / (Math.sqrt(vHat) + epsilon), m, v }; // eq. (5.5)
}

/**
 * What the page knows of an algorithm.
 * @typedef {object} Algorithm
 * @property {Function} update one of the functions above
 * @property {string[]} state names of its state
 * @property {Record<string, number>} defaults its hyperparameters, as the class in
 *   `ravine.optimizers` has them
 */

/** @type {Record<string, Algorithm>} */
export const ALGORITHMS = {
  GD: { update: gradientDescent, state: [], defaults: { eta: 0.01 } },
  Momentum: { update: momentum, state: ["m"], defaults: { eta: 0.01, beta: 0.9 } },
  Nesterov: { update: nesterov, state: ["m"], defaults: { eta: 0.01, beta: 0.9 } },
  AdaGrad: { update: adaGrad, state: ["G"], defaults: { eta: 0.01, epsilon: 1e-8 } },
  RMSprop: { update: rmsProp, state: ["G"], defaults: { eta: 0.001, rho: 0.9, epsilon: 1e-8 } },
  Adam: {
    update: adam,
    state: ["m", "v"],
    defaults: { eta: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  },
};
