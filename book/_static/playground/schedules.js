/** Four schedules and the expected error under each: what is set, drawn and said. */

import { plain } from "./canvas.js";
import { spaced } from "./chart.js";
import { INK } from "./look.js";
import { expectedErrors, FIRST } from "./noisy-bowl.js";

/** The rate of step t of T, over the one that the schedule is given. */
export const SHAPES = {
  constant: () => 1,
  "1/√t": (t) => 1 / Math.sqrt(t),
  "linear to zero": (t, T) => 1 - (t - 1) / T,
  cosine: (t, T) => (1 + Math.cos((Math.PI * (t - 1)) / T)) / 2,
};

const DRAWN = {
  constant: { colour: INK, dash: [] },
  "1/√t": { colour: "#bf8300", dash: [6, 1, 1, 1] },
  "linear to zero": { colour: "#d55e00", dash: [] },
  cosine: { colour: "#0072b2", dash: [3, 1, 1, 1] },
};

/** @returns {import("./widget.js").Widget} */
export function schedules() {
  const rates = (name, { eta, T }) =>
    Array.from({ length: T }, (_, i) => eta * SHAPES[name](i + 1, T));
  const lines = (T, of) =>
    Object.entries(DRAWN).map(([name, look]) => {
      const found = of(name);
      return { name, ...look, points: spaced(1, T).map((t) => [t, found(t)]) };
    });
  const shapes = (values) => ({
    x: { label: "step t", range: [1, values.T] },
    y: { label: "learning rate", range: [0, values.eta] },
    lines: lines(values.T, (name) => (t) => values.eta * SHAPES[name](t, values.T)),
  });
  const errors = (values) => ({
    x: { label: "step t", range: [1, values.T], log: true },
    y: { label: "expected error", range: [0.02, 10], log: true },
    lines: lines(values.T, (name) => {
      const found = expectedErrors(rates(name, values));
      return (t) => found[t];
    }),
  });
  const words = (values) => {
    const ends = Object.keys(DRAWN).map((name) => ({
      name,
      error: expectedErrors(rates(name, values)).at(-1),
    }));
    ends.sort((a, b) => a.error - b.error);
    const list = ends.map(({ name, error }) => `${name} ${plain(error)}`).join(", ");
    const start = `At the start it was ${plain(FIRST)}.`;
    return `Expected error after step ${values.T}, lowest first: ${list}. ${start}`;
  };
  return {
    controls: [
      {
        name: "eta",
        label: "First rate η",
        scale: "size",
        low: 0.01,
        high: 1.8,
        step: 0.02,
        digits: 2,
        value: 0.25,
      },
      {
        name: "T",
        label: "Last step T",
        scale: "size",
        low: 30,
        high: 3000,
        step: 0.02,
        digits: 2,
        value: 1000,
        whole: true,
      },
    ],
    charts: [
      { label: "The learning rate of four schedules against the step", make: shapes },
      { label: "The expected error under each of them against the step", make: errors },
    ],
    words,
  };
}
