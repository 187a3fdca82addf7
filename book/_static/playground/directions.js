/** The error of a walk in a bowl, direction by direction: none of them sees the others. */

import { plain } from "./canvas.js";
import { rate } from "./regime.js";

/**
 * What is left of the error in each direction, as a part of what it was at the start.
 *
 * Momentum's recursion, eqs. (3.1) and (3.2), along an eigenvector: the gradient is λθ. Without
 * momentum it gives (1 - ηλ)^(2t), eq. (A.3).
 * @param {number[]} curvatures λ, one for each direction
 * @param {number} eta learning rate η
 * @param {number} beta momentum factor β, 0 for gradient descent
 * @param {number} steps T
 * @returns {number[][]} for t = 0 ... T the parts, one for each direction
 */
export function errorsLeft(curvatures, eta, beta, steps) {
  const theta = curvatures.map(() => 1);
  const m = curvatures.map(() => 0);
  const found = [theta.map(() => 1)];
  for (let t = 1; t <= steps; t += 1) {
    curvatures.forEach((curvature, i) => {
      m[i] = beta * m[i] + curvature * theta[i];
      theta[i] -= eta * m[i];
    });
    found.push(theta.map((distance) => distance * distance));
  }
  return found;
}

const STEPS = 60;
const [FELL, GREW] = ["#5b8fb0", "#d55e00"];

/**
 * @param {DOMStringMap} data `curvatures` with spaces between them, `eta`, and `beta` where there is
 *   a slider for it
 * @returns {import("./widget.js").Widget}
 */
export function directions(data) {
  const curvatures = data.curvatures.split(" ").map(Number);
  const largest = curvatures[curvatures.length - 1];
  const left = ({ eta, beta = 0, t }) => {
    const errors = errorsLeft(curvatures, eta, beta, t)[t];
    const total = errors.reduce((sum, error) => sum + error, 0);
    return { errors, shares: errors.map((error) => error / total), total: total / errors.length };
  };
  const chart = (values) => {
    const { errors, shares } = left(values);
    return {
      x: "curvature λ",
      y: { label: "error left (start: 1); on each bar its share", range: [1e-8, 100] },
      level: 1,
      bars: curvatures.map((curvature, i) => ({
        name: plain(curvature),
        value: errors[i],
        text: percent(shares[i]),
        colour: errors[i] > 1 ? GREW : FELL,
      })),
    };
  };
  const words = (values) => {
    const { shares, total } = left(values);
    const order = curvatures.map((_, i) => i).sort((i, j) => shares[j] - shares[i]);
    const most = order
      .slice(0, 2)
      .map((i) => `${percent(shares[i])} of it along λ = ${curvatures[i]}`);
    const grows = curvatures.filter((c) => rate("Momentum", values.eta * c, values.beta ?? 0) > 1);
    const warning = grows.length ? ` It grows without end along λ = ${grows.join(", ")}.` : "";
    const when = values.t === 1 ? "1 step" : `${values.t} steps`;
    return values.t === 0
      ? `At the start each direction has the same share of the error.${warning}`
      : `After ${when} the error is ${plain(total)} of the first: ${most.join(", ")}.${warning}`;
  };
  const controls = [
    {
      name: "eta",
      label: "Learning rate η",
      digits: 3,
      scale: "plain",
      low: 0.02 / largest,
      high: 4.2 / largest,
      step: 0.02 / largest,
      value: Number(data.eta),
    },
    {
      name: "beta",
      label: "Momentum factor β",
      scale: "plain",
      low: 0,
      high: 0.98,
      step: 0.01,
      digits: 2,
      value: Number(data.beta),
    },
    {
      name: "t",
      label: "Step t",
      scale: "plain",
      low: 0,
      high: STEPS,
      step: 1,
      digits: 2,
      value: 10,
      whole: true,
    },
  ];
  return {
    controls: controls.filter(({ name }) => name !== "beta" || data.beta !== undefined),
    clock: "t",
    charts: [{ label: "The error left in each direction of a bowl", make: chart }],
    words,
  };
}

function percent(share) {
  return share > 0 && share < 0.01 ? "<1 %" : `${Math.round(100 * share)} %`;
}
