/**
 * What gradient descent and momentum do along one axis of a bowl, from the eigenvalues z that the
 * momentum chapter derives. An axis has curvature λ, and only ηλ and β matter.
 */

/**
 * The two eigenvalues of one step along an axis.
 * @param {string} name "GD", "Momentum" or "Nesterov"
 * @param {number} step ηλ
 * @param {number} beta β, unread for GD
 * @returns {{real: number, imaginary: number}[]}
 */
export function eigenvalues(name, step, beta = 0) {
  // z² - s z + p = 0
  const [s, p] = {
    GD: [1 - step, 0],
    Momentum: [1 + beta - step, beta],
    Nesterov: [(1 + beta) * (1 - step), beta * (1 - step)],
  }[name];
  const square = (s * s) / 4 - p;
  const root = Math.sqrt(Math.abs(square));
  if (square < 0) {
    return [
      { real: s / 2, imaginary: root },
      { real: s / 2, imaginary: -root },
    ];
  }
  return [
    { real: s / 2 + root, imaginary: 0 },
    { real: s / 2 - root, imaginary: 0 },
  ];
}

/** By how much one step shortens the distance in the end: the larger size of the eigenvalues. */
export function rate(name, step, beta = 0) {
  return Math.max(...eigenvalues(name, step, beta).map((z) => Math.hypot(z.real, z.imaginary)));
}

/**
 * What one axis does.
 * @returns {"monotone" | "swinging" | "alternating" | "divergent"}
 */
export function motion(name, step, beta = 0) {
  const z = eigenvalues(name, step, beta);
  // on the very limit the walk neither leaves nor arrives
  if (rate(name, step, beta) >= 1 - 1e-12) {
    return "divergent";
  }
  if (z[0].imaginary !== 0) {
    return "swinging";
  }
  // of two real eigenvalues the larger one rules in the end
  return z[0].real + z[1].real >= 0 ? "monotone" : "alternating";
}

/** The algorithms that have a regime. */
export const WITH_REGIME = ["GD", "Momentum", "Nesterov"];

/**
 * The regime of a walk on a bowl with two curvatures.
 * @param {string} name "GD", "Momentum" or "Nesterov"
 * @param {Record<string, number>} hyperparameters eta, and with momentum beta
 * @param {[number, number]} curvatures μ and L
 * @returns {{regime: "monotone" | "oscillating" | "divergent", motions: string[], rate: number}}
 *   the motions of the flat and the steep axis, and the slower axis's rate
 */
export function regime(name, { eta, beta = 0 }, curvatures) {
  const motions = curvatures.map((curvature) => motion(name, eta * curvature, beta));
  const slower = Math.max(...curvatures.map((curvature) => rate(name, eta * curvature, beta)));
  return { regime: regimeOf(motions), motions, rate: slower };
}

/**
 * The regime of a whole walk, from the motions along its axes.
 * @param {string[]} motions
 * @returns {"monotone" | "oscillating" | "divergent"}
 */
export function regimeOf(motions) {
  if (motions.includes("divergent")) {
    return "divergent";
  }
  return motions.every((one) => one === "monotone") ? "monotone" : "oscillating";
}

/**
 * The setting with the best rate on a bowl, eqs. (2.5) and (3.7).
 * @returns {{eta: number, beta: number} | null} none is known here for Nesterov
 */
export function fastest(name, [mu, L]) {
  if (mu <= 0 || name === "Nesterov") {
    return null;
  }
  if (name === "GD") {
    return { eta: 2 / (L + mu), beta: 0 };
  }
  const [low, high] = [Math.sqrt(mu), Math.sqrt(L)];
  return { eta: (2 / (high + low)) ** 2, beta: ((high - low) / (high + low)) ** 2 };
}
