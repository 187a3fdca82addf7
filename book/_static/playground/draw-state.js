/** The state: what one algorithm remembers of one parameter. */

import { clear, drawAxes, fitted, frame, rule } from "./canvas.js";
import { drawn, SYMBOLS } from "./inside.js";
import { drawMarker, INK, LOOKS, PAPER } from "./look.js";

const SEEN = 30; // the drawing of the state shows so many steps

/**
 * The state of one algorithm for one parameter, over the last steps.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./model.js").View} view
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
  const sizes = shown
    .flatMap(({ g, m = 0, root = 0, own = {} }) => [g, m, root, ...Object.values(own)])
    .map(Math.abs);
  const names = Object.keys(shown[0]?.own ?? {});
  const top = roundUp(Math.max(...sizes.filter(Number.isFinite), 1e-300));
  const box = frame(width, height, [first - 1, first + SEEN - 1], [-top, top]);
  drawAxes(pen, box, { x: "step", y: `${["θ₁", "θ₂"][k]}: ${legend(view.inside, names)}` });
  rule(pen, box.left, box.y(0), box.right, box.y(0), INK);
  const { colour, marker } = LOOKS[view.inside];
  drawBand(
    pen,
    box,
    shown.filter(({ root }) => Number.isFinite(root)),
    colour,
  );
  pen.lineWidth = 1.6;
  for (const { t, g } of shown) {
    rule(pen, box.x(t), box.y(0), box.x(t), box.y(g), LOOKS.GD.colour);
    pen.fillStyle = LOOKS.GD.colour;
    drawMarker(pen, "o", box.x(t), box.y(g), 2.5);
  }
  pen.strokeStyle = pen.fillStyle = colour;
  drawLine(
    pen,
    box,
    shown.map(({ t, m }) => [t, m]),
    marker,
  );
  names.forEach((name, i) => {
    pen.setLineDash(DASHES[i % DASHES.length]);
    const end = drawLine(
      pen,
      box,
      shown.map(({ t, own }) => [t, own[name]]),
      marker,
    );
    pen.setLineDash([]);
    if (end && names.length > 1) {
      label(pen, box, name, end);
    }
  });
}

/** The first state of an own rule is drawn as a line, the others as dashes. */
const DASHES = [[], [6, 3], [2, 2], [8, 2, 2, 2]];

/** Draw a line with markers through what is a number; returns its last point, in pixels. */
function drawLine(pen, box, values, marker) {
  const places = values
    .filter(([, value]) => Number.isFinite(value))
    .map(([t, value]) => [box.x(t), box.y(value)]);
  pen.lineWidth = 2;
  pen.beginPath();
  places.forEach(([x, y]) => pen.lineTo(x, y));
  pen.stroke();
  places.forEach(([x, y]) => drawMarker(pen, marker, x, y, 3));
  return places.at(-1);
}

/** Write the name of a state at the end of its line. */
function label(pen, box, text, [x, y]) {
  pen.textAlign = x > box.right - 60 ? "right" : "left";
  pen.textBaseline = "bottom";
  pen.lineWidth = 3;
  const before = pen.strokeStyle;
  pen.strokeStyle = PAPER;
  const place = /** @type {[number, number]} */ ([x, Math.max(box.top + 14, y - 5)]);
  pen.strokeText(text, ...place);
  pen.fillText(text, ...place);
  pen.strokeStyle = before;
}

function legend(name, names) {
  const { m, root } = SYMBOLS[name] ?? { m: names.join(", ") };
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
