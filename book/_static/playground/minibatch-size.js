/** Steps to a target against the minibatch size: what is set, drawn and said. */

import { INK, LOOKS } from "./look.js";
import { allParts, COST, fewestSteps, LIMIT } from "./noisy-bowl.js";

export const SGD = { colour: "#b0609a", dash: [5, 1.5] };
const SIZES = Array.from({ length: 13 }, (_, k) => 2 ** k);
const [SMALLEST, LARGEST] = [SIZES[0], SIZES[SIZES.length - 1]];

/** @returns {import("./widget.js").Widget} */
export function minibatchSize() {
  /** @type {Record<string, import("./noisy-bowl.js").Parts[]>} */
  const grids = { SGD: [], Momentum: [] };
  function* prepare() {
    for (const [name, beta] of Object.entries({ SGD: 0, Momentum: 0.9 })) {
      for (const part of allParts(beta)) {
        grids[name].push(part);
        yield part.start.length * COST;
      }
    }
  }
  const counted = ({ noise, target }) =>
    Object.fromEntries(
      Object.entries(grids).map(([name, grid]) => [
        name,
        SIZES.map((size) => fewestSteps(grid, noise / size, target / 100)),
      ]),
    );
  const chart = (values) => {
    const { SGD: sgd, Momentum: momentum } = counted(values);
    const line = (found) => SIZES.map((size, i) => [size, found[i]]);
    const first = sgd.findIndex(Number.isFinite);
    const work = first < 0 ? NaN : sgd[first] * SIZES[first];
    return {
      x: { label: "size of the minibatch B", range: [SMALLEST, LARGEST], log: true },
      y: { label: "steps to the target", range: [1, LIMIT], log: true },
      lines: [
        { name: "SGD", ...SGD, dots: true, points: line(sgd) },
        { name: "Momentum, β = 0.9", ...LOOKS.Momentum, dots: true, points: line(momentum) },
        {
          name: "twice the size, half the steps",
          colour: INK,
          dash: [1, 2],
          points: SIZES.map((size) => [size, work / size]),
        },
      ],
    };
  };
  const words = (values) => {
    const { SGD: sgd, Momentum: momentum } = counted(values);
    const needs = (found, i) => (Number.isFinite(found[i]) ? `${found[i]}` : `more than ${LIMIT}`);
    const last = SIZES.length - 1;
    const enough = SIZES[sgd.findIndex((count) => count <= 2 * sgd[last])];
    return (
      `With B = ${SMALLEST} SGD needs ${needs(sgd, 0)} steps and Momentum ${needs(momentum, 0)}, ` +
      `with B = ${LARGEST} they need ${needs(sgd, last)} and ${needs(momentum, last)}. ` +
      `From B = ${enough} on SGD needs at most twice the steps of the largest size.`
    );
  };
  return {
    controls: [
      {
        name: "noise",
        label: "Noise of an example",
        scale: "size",
        low: 0.1,
        high: 10,
        step: 0.1,
        digits: 2,
        value: 1,
        say: (value) => (value === 1 ? "as on the page" : `${value} times the page's`),
      },
      {
        name: "target",
        label: "Target",
        scale: "size",
        low: 2,
        high: 50,
        step: 0.05,
        digits: 2,
        value: 5,
        say: (value) => `${value} % of the first error`,
      },
    ],
    charts: [{ label: "Steps to the target against the size of the minibatch", make: chart }],
    words,
    prepare,
  };
}
