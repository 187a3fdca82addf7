/** By how much Adam's steps are wrong without bias correction: what is set, drawn and said. */

import { plain } from "./canvas.js";
import { spaced } from "./chart.js";
import { INK, LOOKS } from "./look.js";

/**
 * The length of step t without correction, over that with it, eq. (5.12).
 * @param {number} t 1, 2, ...
 * @param {number} beta1 decay of m
 * @param {number} beta2 decay of v
 * @returns {number}
 */
export function stepFactor(t, beta1, beta2) {
  return (1 - beta1 ** t) / Math.sqrt(1 - beta2 ** t);
}

/** A step that is longer than this, in units of the right one, counts as too long. */
export const TOO_LONG = 1.05;

/**
 * What a reader wants to know of the factor.
 * @param {number} beta1 decay of m
 * @param {number} beta2 decay of v
 * @param {number} steps how many steps to look at
 * @returns {{first: number, peak: number, at: number, from: number}} the factor of the first step;
 *   the largest and its step; the step from which none is too long any more
 */
export function extremes(beta1, beta2, steps) {
  const found = { first: stepFactor(1, beta1, beta2), peak: 0, at: 0, from: 1 };
  for (let t = 1; t <= steps; t += 1) {
    const factor = stepFactor(t, beta1, beta2);
    if (factor > found.peak) {
      [found.peak, found.at] = [factor, t];
    }
    if (factor >= TOO_LONG) {
      found.from = t + 1;
    }
  }
  return found;
}

const HORIZON = 50000;

/** @returns {import("./widget.js").Widget} */
export function biasCorrection() {
  const found = ({ beta1, beta2 }) => extremes(beta1, beta2, HORIZON);
  const chart = (values) => {
    const { beta1, beta2 } = values;
    const { peak, at, from } = found(values);
    const ts = spaced(1, HORIZON);
    const notes = [
      { at: [at, peak], text: `${plain(peak)} η at step ${at}` },
      { at: [from, stepFactor(from, beta1, beta2)], text: `step ${from}` },
    ];
    return {
      x: { label: "step t", range: [1, HORIZON], log: true },
      y: { label: "length of a step, in units of η", range: [0.1, 150], log: true },
      lines: [
        {
          name: "without correction",
          colour: INK,
          dash: [4, 2],
          points: ts.map((t) => [t, stepFactor(t, beta1, beta2)]),
        },
        { name: "with correction", ...LOOKS.Adam, points: ts.map((t) => [t, 1]) },
      ],
      notes: peak >= TOO_LONG ? notes : [],
    };
  };
  const words = (values) => {
    const { first, peak, at, from } = found(values);
    const long = `The longest is ${plain(peak)} η, at step ${at}; from step ${from} on none is more`;
    const end = peak < TOO_LONG ? "No later one is more" : long;
    return `Without correction the first step is ${plain(first)} η long. ${end} than 5 % too long.`;
  };
  return {
    controls: [
      {
        name: "beta1",
        label: "Decay β₁ of m",
        scale: "decay",
        low: 0,
        high: 0.99,
        step: 0.05,
        digits: 3,
        value: 0.9,
      },
      {
        name: "beta2",
        label: "Decay β₂ of v",
        scale: "decay",
        low: 0.9,
        high: 0.9999,
        step: 0.05,
        digits: 5,
        value: 0.999,
      },
    ],
    charts: [{ label: "The length of Adam's steps under a constant gradient", make: chart }],
    words,
  };
}
