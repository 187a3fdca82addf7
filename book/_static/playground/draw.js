/** The drawings: the map with the paths, the curves, the state and the phase diagram. */

import { clear, drawAxes, fitted, frame, plain, rule } from "./canvas.js";
import { drawContours } from "./contours.js";
import { SYMBOLS, drawn } from "./inside.js";
import { INK, LOOKS, PAPER, PHASES, drawMarker } from "./look.js";
import { fastest, motion } from "./regime.js";

/**
 * What is to be drawn.
 * @typedef {object} View
 * @property {import("./surfaces.js").Surface} surface
 * @property {string} ground changes when the surface does
 * @property {[number, number]} start θ_0
 * @property {Map<string, import("./walk.js").Walk>} walks by algorithm
 * @property {Record<string, Record<string, number>>} hyperparameters by algorithm
 * @property {string} inside the algorithm whose state is drawn
 * @property {number} t how far the walks have come; between two whole numbers while they play
 * @property {number} steps T
 * @property {number} version changes when any of the walks does
 */

/** Pictures that stay as they are while the walks go on, by canvas. */
const grounds = new WeakMap();

/** Draw what does not change into a picture of its own once, and copy it from then on. */
function ground(canvas, key, pen, width, height, paint) {
  const sized = `${key} ${width} ${height} ${canvas.width}`;
  if (grounds.get(canvas)?.key !== sized) {
    const { picture, copy } = sheet(canvas, pen);
    clear(copy, width, height);
    paint(copy);
    grounds.set(canvas, { key: sized, picture });
  }
  pen.drawImage(grounds.get(canvas).picture, 0, 0, width, height);
}

/** What the walks have left behind so far, by canvas: a longer walk only adds to it. */
const trails = new WeakMap();

/**
 * Draw the walks up to step t, on top of what was drawn of them before.
 * @param {(pen: CanvasRenderingContext2D, from: number, offsets: Map<string, number>) => void} paint
 *   draws from one step on; the map keeps the place in the dashes from call to call
 */
function trail(canvas, view, key, pen, width, height, paint) {
  const sized = `${key} ${view.version} ${view.inside} ${width} ${height} ${canvas.width}`;
  const t = Math.floor(view.t);
  let old = trails.get(canvas);
  if (old?.key !== sized || old.t > t) {
    old = { key: sized, t: 0, offsets: new Map(), ...sheet(canvas, pen) };
    trails.set(canvas, old);
    paint(old.copy, 0, old.offsets);
  } else if (old.t < t) {
    paint(old.copy, old.t, old.offsets);
  }
  old.t = t;
  pen.drawImage(old.picture, 0, 0, width, height);
}

/** A transparent picture as large as a canvas. */
function sheet(canvas, pen) {
  const picture = document.createElement("canvas");
  picture.width = canvas.width;
  picture.height = canvas.height;
  const copy = picture.getContext("2d");
  copy.setTransform(pen.getTransform());
  copy.font = pen.font;
  return { picture, copy };
}

/** Draw nothing outside a rectangle until `restore`. */
function clip(pen, left, top, right, bottom) {
  pen.save();
  pen.beginPath();
  pen.rect(left, top, right - left, bottom - top);
  pen.clip();
}

/** The part of the canvas that shows the window of the surface. */
export function mapFrame(width, height, surface) {
  return frame(width, height, ...surface.window, { margins: [44, 24, 10, 34] });
}

/**
 * The surface from above, with the paths.
 * @param {HTMLCanvasElement} canvas
 * @param {View} view
 */
export function drawMap(canvas, view) {
  const { pen, width, height } = fitted(canvas);
  const box = mapFrame(width, height, view.surface);
  ground(canvas, view.ground, pen, width, height, (copy) => {
    drawContours(copy, box, view.surface);
    drawAxes(copy, box, { x: "θ₁", y: "θ₂" }, false);
  });
  const others = [...view.walks].filter(([name]) => name !== view.inside);
  const walks = [...others, [view.inside, view.walks.get(view.inside)]];
  trail(canvas, view, view.ground, pen, width, height, (copy, from) => {
    clip(copy, box.left, box.top, box.right, box.bottom);
    walks.forEach(([name, walk]) => drawPath(copy, box, name, walk, view, from));
    copy.restore();
  });
  clip(pen, box.left, box.top, box.right, box.bottom);
  walks.forEach(([name, walk]) => drawHead(pen, box, name, walk, view.t));
  drawStart(pen, box, view.start);
  drawArrows(pen, box, view);
  pen.restore();
}

function drawPath(pen, box, name, walk, { t, steps }, from) {
  const last = Math.min(Math.floor(t), walk.points.length - 1);
  const { colour, marker } = LOOKS[name];
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = 1.6;
  pen.lineJoin = "bevel";
  pen.beginPath();
  for (let i = from; i <= last; i += 1) {
    pen.lineTo(...held(box, walk.points[i]));
  }
  pen.stroke();
  const every = Math.ceil(steps / 60);
  for (let i = from + 1; i <= last; i += 1) {
    const [x, y] = held(box, walk.points[i]);
    const seen = x > box.left - 9 && x < box.right + 9 && y > box.top - 9 && y < box.bottom + 9;
    if (seen && i % every === 0) {
      drawMarker(pen, marker, x, y, 3);
    }
  }
}

/** Where a walk is now, between two steps while it plays. */
function drawHead(pen, box, name, walk, t) {
  const { colour, marker } = LOOKS[name];
  const last = walk.points[Math.min(Math.floor(t), walk.points.length - 1)];
  const [x, y] = held(box, between(walk.points, t));
  pen.lineWidth = 1.6;
  rule(pen, ...held(box, last), x, y, colour);
  pen.fillStyle = PAPER;
  drawMarker(pen, marker, x, y, 8);
  pen.fillStyle = colour;
  drawMarker(pen, marker, x, y, 6);
}

/** A point of the map; far outside, a point in the same direction that a canvas can draw. */
function held(box, [x, y]) {
  const within = (value) => Math.max(-1e5, Math.min(1e5, value));
  return [within(box.x(x)), within(box.y(y))];
}

function between(points, t) {
  const last = Math.min(Math.floor(t), points.length - 1);
  const next = points[Math.min(last + 1, points.length - 1)];
  const part = last + 1 < points.length ? t - last : 0;
  return [0, 1].map((k) => points[last][k] + part * (next[k] - points[last][k]));
}

function drawStart(pen, box, start) {
  const [x, y] = held(box, start);
  pen.beginPath();
  pen.arc(x, y, 6, 0, 2 * Math.PI);
  pen.fillStyle = PAPER;
  pen.fill();
  pen.lineWidth = 2;
  pen.strokeStyle = INK;
  pen.stroke();
}

/** At the head of one walk: where the gradient points down, and where the algorithm goes. */
function drawArrows(pen, box, view) {
  const walk = view.walks.get(view.inside);
  const t = Math.floor(view.t);
  if (t > walk.points.length - 2) {
    return; // the walk has ended
  }
  const from = held(box, walk.points[t]);
  const head = held(box, between(walk.points, view.t));
  const step = held(box, walk.points[t + 1]).map((value, k) => value - from[k]);
  const g = walk.gradients[t];
  const down = [
    -g[0] * (box.x(1) - box.x(0)),
    -g[1] * (box.y(1) - box.y(0)),
  ];
  drawArrow(pen, head, down, 34, INK, "−g");
  drawArrow(pen, head, step, 50, LOOKS[view.inside].colour, "step");
}

function drawArrow(pen, [x, y], direction, length, colour, label) {
  const size = Math.hypot(...direction);
  if (!(size > 0) || !Number.isFinite(size)) {
    return;
  }
  const [dx, dy] = direction.map((value) => value / size);
  const tip = [x + length * dx, y + length * dy];
  pen.lineWidth = 2;
  rule(pen, x, y, ...tip, colour);
  pen.fillStyle = colour;
  pen.beginPath();
  pen.moveTo(tip[0] + 7 * dx, tip[1] + 7 * dy);
  pen.lineTo(tip[0] - 5 * dy, tip[1] + 5 * dx);
  pen.lineTo(tip[0] + 5 * dy, tip[1] - 5 * dx);
  pen.fill();
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const place = [tip[0] + 20 * dx, tip[1] + 16 * dy];
  pen.strokeStyle = PAPER;
  pen.lineWidth = 3;
  pen.strokeText(label, ...place);
  pen.fillText(label, ...place);
}

/**
 * One curve per algorithm against the step.
 * @param {HTMLCanvasElement} canvas
 * @param {View} view
 * @param {string} label of the vertical axis
 * @param {(walk: import("./walk.js").Walk) => number[]} values from step 0 or 1 on
 * @param {number} first the step of the first value
 * @param {boolean} log whether all values are above 0 and the axis is logarithmic
 */
export function drawCurves(canvas, view, label, values, first, log) {
  const { pen, width, height } = fitted(canvas);
  const { curves, range } = kept(canvas, view.version, () => {
    const curves = [...view.walks].map(([name, walk]) => [name, values(walk)]);
    return { curves, range: log ? logRange(curves) : linearRange(curves, view.surface) };
  });
  const box = frame(width, height, [0, view.steps], range, { log });
  ground(canvas, [view.steps, ...range].join(), pen, width, height, (copy) =>
    drawAxes(copy, box, { x: "step", y: label }),
  );
  trail(canvas, view, range.join(), pen, width, height, (copy, from, offsets) => {
    clip(copy, box.left, box.top - 2, box.right + 2, box.bottom + 2);
    for (const [name, numbers] of curves) {
      const places = numbers
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

/** What was made for a canvas, until the walks change. */
const makings = new WeakMap();

function kept(canvas, version, make) {
  if (makings.get(canvas)?.version !== version) {
    makings.set(canvas, { version, ...make() });
  }
  return makings.get(canvas);
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
  for (const [, numbers] of curves) {
    for (const value of numbers) {
      low = value > 0 ? Math.min(low, value) : low;
      high = Number.isFinite(value) ? Math.max(high, value) : high;
    }
  }
  if (high === 0) {
    return [0.1, 1];
  }
  // a walk that flies apart would push all others to the bottom
  const largest = Math.min(high, 1e3 * Math.max(...curves.map(([, numbers]) => numbers[0] || 0)));
  const top = 10 ** Math.ceil(Math.log10(largest || high));
  const bottom = 10 ** Math.floor(Math.log10(Math.max(low, largest / SPAN)));
  return [Math.min(bottom, top / 10), top];
}

function linearRange(curves, surface) {
  const [[left, right], [low, top]] = surface.window;
  const values = [surface.value(0, top), surface.value(left, 0), surface.value(right, low)];
  return [Math.min(surface.escaped, ...values), Math.max(...curves.map(([, numbers]) => numbers[0]), 1)];
}

const SEEN = 30; // the drawing of the state shows so many steps

/**
 * The state of one algorithm for one parameter, over the last steps.
 * @param {HTMLCanvasElement} canvas
 * @param {View} view
 * @param {number} k 0 or 1, the parameter
 */
export function drawState(canvas, view, k) {
  const { pen, width, height } = fitted(canvas);
  clear(pen, width, height);
  const walk = view.walks.get(view.inside);
  if (!walk) {
    return;
  }
  const last = Math.min(Math.floor(view.t), walk.gradients.length);
  const first = Math.max(1, last - SEEN + 1);
  const shown = [];
  for (let t = first; t <= last; t += 1) {
    shown.push({ t, ...drawn(view.inside, view.hyperparameters[view.inside], walk, k, t) });
  }
  const sizes = shown.flatMap(({ g, m = 0, root = 0 }) => [g, m, root]).map(Math.abs);
  const top = roundUp(Math.max(...sizes.filter(Number.isFinite), 1e-300));
  const box = frame(width, height, [first - 1, first + SEEN - 1], [-top, top]);
  drawAxes(pen, box, { x: "step", y: `${["θ₁", "θ₂"][k]}: ${legend(view.inside)}` });
  rule(pen, box.left, box.y(0), box.right, box.y(0), INK);
  const { colour, marker } = LOOKS[view.inside];
  drawBand(pen, box, shown.filter(({ root }) => Number.isFinite(root)), colour);
  pen.lineWidth = 1.6;
  for (const { t, g } of shown) {
    rule(pen, box.x(t), box.y(0), box.x(t), box.y(g), LOOKS.GD.colour);
    pen.fillStyle = LOOKS.GD.colour;
    drawMarker(pen, "o", box.x(t), box.y(g), 2.5);
  }
  const means = shown.filter(({ m }) => Number.isFinite(m));
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  means.forEach(({ t, m }) => pen.lineTo(box.x(t), box.y(m)));
  pen.stroke();
  means.forEach(({ t, m }) => drawMarker(pen, marker, box.x(t), box.y(m), 3));
}

function legend(name) {
  const { m, root } = SYMBOLS[name];
  return ["● gradient g", m && `line ${m}`, root && `band ${root}`].filter(Boolean).join(", ");
}

function drawBand(pen, box, shown, colour) {
  if (!shown.length) {
    return;
  }
  pen.beginPath();
  shown.forEach(({ t, root }) => pen.lineTo(box.x(t), box.y(root)));
  [...shown].reverse().forEach(({ t, root }) => pen.lineTo(box.x(t), box.y(-root)));
  pen.closePath();
  pen.globalAlpha = 0.2;
  pen.fillStyle = colour;
  pen.fill();
  pen.globalAlpha = 1;
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.stroke();
}

function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 5, 7, 10].find((factor) => factor * power >= value) * power;
}

const WIDEST = 4.2; // ηλ beyond which everything diverges

/** The part of the canvas that shows the phase diagram. */
export function phaseFrame(width, height) {
  return frame(width, height, [0, WIDEST], [0, 1], { margins: [44, 24, 14, 34] });
}

/**
 * What one axis of the ravine does at every ηλ and β, and where the two axes are now.
 * @param {HTMLCanvasElement} canvas
 * @param {View} view its `inside` is GD, Momentum or Nesterov
 */
export function drawPhase(canvas, view) {
  const { pen, width, height } = fitted(canvas);
  const box = phaseFrame(width, height);
  const name = view.inside === "Nesterov" ? "Nesterov" : "Momentum";
  ground(canvas, name, pen, width, height, (copy) =>
    drawPhases(copy, box, name),
  );
  const { eta, beta = 0 } = view.hyperparameters[view.inside];
  const best = fastest(view.inside, view.surface.curvatures);
  if (best) {
    const [x, y] = [box.x(best.eta * view.surface.curvatures[1]), box.y(best.beta)];
    pen.strokeStyle = INK;
    pen.lineWidth = 1.5;
    pen.strokeRect(x - 5, y - 5, 10, 10);
  }
  ["flat", "steep"].forEach((axis, i) => {
    const place = eta * view.surface.curvatures[i];
    const beyond = place > WIDEST || place < 0;
    const x = box.x(Math.max(0, Math.min(WIDEST, place)));
    const y = box.y(beta);
    pen.fillStyle = i ? LOOKS[view.inside].colour : PAPER;
    pen.strokeStyle = i ? PAPER : LOOKS[view.inside].colour;
    pen.lineWidth = 2.5;
    pen.beginPath();
    pen.arc(x, y, 7, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
    pen.fillStyle = INK;
    pen.textAlign = x > box.right - 60 ? "right" : "left";
    pen.textBaseline = "middle";
    const arrow = beyond ? (place < 0 ? "← " : " →") : "";
    const lift = y < box.top + 16 ? 16 : -16;
    pen.fillText(place < 0 ? arrow + axis : axis + arrow, x - 4, y + lift);
  });
}

function drawPhases(pen, box, name) {
  const columns = Math.round(box.right - box.left);
  const rows = Math.round(box.bottom - box.top);
  for (let j = 0; j < rows; j += 1) {
    const beta = 1 - (j + 0.5) / rows;
    let from = 0;
    let kind = motion(name, (WIDEST * 0.5) / columns, beta);
    for (let i = 1; i <= columns; i += 1) {
      const next = i < columns ? motion(name, (WIDEST * (i + 0.5)) / columns, beta) : null;
      if (next !== kind) {
        pen.fillStyle = PHASES[kind];
        pen.fillRect(box.left + from, box.top + j, i - from, 1);
        [from, kind] = [i, next];
      }
    }
  }
  drawAxes(pen, box, { x: "ηλ", y: "β" }, false);
  // the stability limit, eq. (3.6) and its like for Nesterov
  pen.strokeStyle = INK;
  pen.lineWidth = 2;
  pen.beginPath();
  for (let i = 0; i <= 50; i += 1) {
    const beta = i / 50;
    const limit = (2 * (1 + beta)) / (name === "Nesterov" ? 1 + 2 * beta : 1);
    pen.lineTo(box.x(limit), box.y(beta));
  }
  pen.stroke();
  for (const { text, at, to } of LABELS[name]) {
    const place = [box.x(at[0]), box.y(at[1])];
    pen.lineWidth = 1;
    if (to) {
      rule(pen, place[0] - 3, place[1], box.x(to[0]), box.y(to[1]), INK);
    }
    pen.fillStyle = INK;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.fillText(text, ...place);
  }
}

/** Where the names of the phases stand, and what the narrow ones point to: (ηλ, β). */
const LABELS = {
  Momentum: [
    { text: "swinging", at: [1.2, 0.62] },
    { text: "divergent", at: [2.8, 0.22] },
    { text: "monotone", at: [0.75, 0.3], to: [0.15, 0.15] },
    { text: "alternating", at: [2.4, 0.07], to: [1.75, 0.03] },
  ],
  Nesterov: [
    { text: "swinging", at: [0.12, 0.7] },
    { text: "divergent", at: [2.5, 0.5] },
    { text: "monotone", at: [0.25, 0.07] },
    { text: "alternating", at: [2.2, 0.8], to: [1.2, 0.6] },
  ],
};

/** A loss for the eye: two digits. */
export function shortly(value) {
  return Number.isFinite(value) ? plain(Number(value.toPrecision(2))) : "not a number";
}
