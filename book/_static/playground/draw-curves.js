/** The curves: one number of every walk against the step. */

import { drawAxes, fitted, frame } from "./canvas.js";
import { clip, ground, kept, trail } from "./layers.js";
import { drawMarker, LOOKS } from "./look.js";

/**
 * One curve per algorithm against the step.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./model.js").View} view
 * @param {string} label of the vertical axis
 * @param {(walk: import("./walk.js").Walk) => number[]} values from step 0 or 1 on
 * @param {number} first the step of the first value
 * @param {boolean} log whether all values are above 0 and the axis is logarithmic
 */
export function drawCurves(canvas, view, label, values, first, log) {
  const { pen, width, height } = fitted(canvas);
  const { curves, range } = kept(canvas, view.version, () => {
    const curves = new Map([...view.walks].map(([name, walk]) => [name, values(walk)]));
    return { curves, range: log ? logRange(curves) : linearRange(curves, view.surface) };
  });
  const box = frame(width, height, [0, view.steps], range, { log });
  ground(canvas, [view.steps, ...range].join(), pen, width, height, (copy) =>
    drawAxes(copy, box, { x: "step", y: label }),
  );
  trail(canvas, view, range.join(), pen, width, height, (copy, some, from, offsets) => {
    clip(copy, box.left, box.top - 2, box.right + 2, box.bottom + 2);
    for (const [name] of some) {
      const places = curves
        .get(name)
        .slice(Math.max(0, from - first), Math.max(0, Math.floor(view.t) - first + 1))
        .map((value, i) => [box.x(i + Math.max(from, first)), lowered(box, value)]);
      drawCurve(copy, name, places, offsets);
    }
    copy.restore();
  });
  for (const [name, numbers] of curves) {
    const end = Math.min(Math.floor(view.t) - first, numbers.length - 1);
    if (end >= 0) {
      pen.fillStyle = LOOKS[name].colour;
      drawMarker(pen, LOOKS[name].marker, box.x(end + first), lowered(box, numbers[end]), 5);
    }
  }
}

function drawCurve(pen, name, places, offsets) {
  const { colour, dash } = LOOKS[name];
  const width = 1.8;
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.lineJoin = "bevel";
  pen.setLineDash(dash.map((part) => width * part));
  pen.lineDashOffset = offsets.get(name) ?? 0;
  let length = pen.lineDashOffset;
  pen.beginPath();
  places.forEach(([x, y], i) => {
    pen.lineTo(x, y);
    length += i ? Math.hypot(x - places[i - 1][0], y - places[i - 1][1]) : 0;
  });
  pen.stroke();
  offsets.set(name, length);
}

/** The height of a value; what is too small or too large for the axis lies on its edge. */
function lowered(box, value) {
  const y = box.y(box.log ? Math.max(value, box.yRange[0]) : value);
  return Math.max(box.top - 50, Math.min(box.bottom + 50, Number.isFinite(y) ? y : box.top - 50));
}

const SPAN = 1e14; // decades below the largest value say nothing new

function logRange(curves) {
  let low = Infinity;
  let high = 0;
  for (const numbers of curves.values()) {
    for (const value of numbers) {
      low = value > 0 ? Math.min(low, value) : low;
      high = Number.isFinite(value) ? Math.max(high, value) : high;
    }
  }
  if (high === 0) {
    return [0.1, 1];
  }
  // a walk that flies apart would push all others to the bottom
  const first = Math.max(...[...curves.values()].map((numbers) => numbers[0] || 0));
  const largest = Math.min(high, 1e3 * first);
  const top = 10 ** Math.ceil(Math.log10(largest || high));
  const bottom = 10 ** Math.floor(Math.log10(Math.max(low, largest / SPAN)));
  return [Math.min(bottom, top / 10), top];
}

function linearRange(curves, surface) {
  const [[left, right], [low, top]] = surface.window;
  const values = [surface.value(0, top), surface.value(left, 0), surface.value(right, low)];
  return [
    Math.min(surface.escaped, ...values),
    Math.max(...[...curves.values()].map((numbers) => numbers[0]), 1),
  ];
}
