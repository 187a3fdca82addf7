/** The map: the surface from above, with the paths. */

import { drawAxes, fitted, frame, rule } from "./canvas.js";
import { drawContours } from "./contours.js";
import { clip, ground, trail } from "./layers.js";
import { drawMarker, INK, LOOKS, PAPER } from "./look.js";

/** The part of the canvas that shows the window of the surface. */
export function mapFrame(width, height, surface) {
  const [across, up] = surface.window;
  return frame(width, height, across, up, { margins: [44, 24, 10, 34] });
}

/**
 * The surface from above, with the paths.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./model.js").View} view
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
  trail(canvas, view, view.ground, pen, width, height, (copy, some, from) => {
    clip(copy, box.left, box.top, box.right, box.bottom);
    some.forEach(([name, walk]) => drawPath(copy, box, name, walk, view, from));
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

/**
 * A point of the map; far outside, a point in the same direction that a canvas can draw.
 * @returns {[number, number]}
 */
function held(box, [x, y]) {
  const within = (value) => Math.max(-1e5, Math.min(1e5, value));
  return [within(box.x(x)), within(box.y(y))];
}

/** @returns {[number, number]} */
function between(points, t) {
  const last = Math.min(Math.floor(t), points.length - 1);
  const next = points[Math.min(last + 1, points.length - 1)];
  const part = last + 1 < points.length ? t - last : 0;
  const at = (k) => points[last][k] + part * (next[k] - points[last][k]);
  return [at(0), at(1)];
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
  const down = [-g[0] * (box.x(1) - box.x(0)), -g[1] * (box.y(1) - box.y(0))];
  drawArrow(pen, head, down, 34, INK, "−g");
  drawArrow(pen, head, step, 50, LOOKS[view.inside].colour, "step");
}

function drawArrow(pen, [x, y], direction, length, colour, label) {
  const size = Math.hypot(...direction);
  if (!(size > 0) || !Number.isFinite(size)) {
    return;
  }
  const [dx, dy] = direction.map((value) => value / size);
  /** @type {[number, number]} */
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
  /** @type {[number, number]} */
  const place = [tip[0] + 20 * dx, tip[1] + 16 * dy];
  pen.strokeStyle = PAPER;
  pen.lineWidth = 3;
  pen.strokeText(label, ...place);
  pen.fillText(label, ...place);
}
