/** What happened, in words: for a screen reader, and for everybody else. */

import { shortly } from "./canvas.js";
import { alongAxis, coefficientsOf } from "./linear.js";
import { OWN, titleOf } from "./own.js";
import { regime, regimeOf, WITH_REGIME } from "./regime.js";
import { SURFACES } from "./surfaces.js";

/**
 * One sentence on one walk.
 * @param {string} name of the algorithm
 * @param {import("./walk.js").Walk} walk
 * @param {number} t
 * @param {import("./surfaces.js").Surface} surface
 * @returns {string} such as "Adam: loss 0.003 after 40 steps"
 */
export function outcome(name, walk, t, surface) {
  const endless = surface.minima.length === 0; // it falls for ever: to leave it is no failure
  if (walk.divergedAt !== null && t >= walk.divergedAt) {
    const { divergedAt: last, points } = walk;
    const isNumber = points[last].every((value) => !Number.isNaN(value));
    const fate = isNumber ? "θ is beyond a million" : "θ is no number any more";
    const what = endless && isNumber ? "far away at" : `diverged: ${fate} at`;
    return `${name}: ${what} step ${last}`;
  }
  const steps = t === 1 ? "1 step" : `${t} steps`;
  const out = walk.points[t].some(
    (value, k) => !(value >= surface.window[k][0] && value <= surface.window[k][1]),
  );
  return `${name}: loss ${shortly(walk.losses[t])} after ${steps}${out ? ", outside the map" : ""}`;
}

/**
 * All walks, the lowest loss first.
 * @param {import("./model.js").View} view
 * @returns {string}
 */
export function summary(view) {
  const t = Math.floor(view.t);
  if (t === 0) {
    const place = view.start.map(shortly).join(", ");
    return `At the start (${place}), loss ${shortly(view.surface.value(...view.start))}.`;
  }
  const at = (walk) =>
    t < walk.losses.length && walk.divergedAt !== t ? walk.losses[t] : Infinity;
  const order = [...view.walks].sort(([, a], [, b]) => at(a) - at(b));
  return `${order.map(([name, walk]) => outcome(titleOf(name), walk, t, view.surface)).join(". ")}.`;
}

/**
 * What the map shows, and how it is used.
 * @param {import("./model.js").View} view
 * @param {string} surface a key of SURFACES
 * @returns {string}
 */
export function mapWords(view, surface) {
  const start = view.start.map(shortly).join(", ");
  return (
    `${SURFACES[surface].title} from above, with the paths. The start is at ${start}. ` +
    "Arrow keys move it, Shift makes long moves, Enter plays and stops."
  );
}

/** The same as `regime` says of the book's algorithms, of a linear rule. */
function ownRegime(algorithm, numbers, curvatures) {
  const axes = curvatures.map(alongAxis(coefficientsOf(algorithm, numbers)));
  const motions = axes.map(({ motion }) => motion);
  return { regime: regimeOf(motions), motions, rate: Math.max(...axes.map(({ rate }) => rate)) };
}

/**
 * The regime of the chosen algorithm, with the reason.
 * @param {import("./model.js").View} view
 * @returns {{name: string, reason: string} | null} null where theory has no word for it
 */
export function regimeInWords(view) {
  const { curvatures } = view.surface;
  const numbers = view.hyperparameters[view.inside];
  if (!curvatures || ![OWN, ...WITH_REGIME].includes(view.inside)) {
    return null;
  }
  if (view.inside === OWN && !view.own.linear) {
    const reason = "Its step is no sum of theta, g and state with fixed factors: it has no phases.";
    return { name: "not linear", reason };
  }
  const found =
    view.inside === OWN
      ? ownRegime(view.own.algorithm, numbers, curvatures)
      : regime(view.inside, numbers, curvatures);
  const { regime: name, motions, rate } = found;
  if (curvatures[0] < 0) {
    return { name, reason: "A saddle falls for ever along y: every walk leaves." };
  }
  const [flat, steep] = motions;
  const noisy = Boolean(view.surface.data); // it never settles, and only its mean has a regime
  const axes = `${noisy ? "On average along" : "Along"} the floor ${flat}, across it ${steep}`;
  const pace =
    noisy || name === "divergent"
      ? ""
      : ` In the end each step leaves ${shortly(rate)} of the distance.`;
  return { name, reason: `${axes}.${pace}` };
}
