/** The state: what one algorithm remembers of one parameter. */

import { clear, drawAxes, fitted, frame, rule } from "./canvas.js";
import { drawn, SYMBOLS } from "./inside.js";
import { drawMarker, INK, LOOKS } from "./look.js";

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
  const sizes = shown.flatMap(({ g, m = 0, root = 0 }) => [g, m, root]).map(Math.abs);
  const top = roundUp(Math.max(...sizes.filter(Number.isFinite), 1e-300));
  const box = frame(width, height, [first - 1, first + SEEN - 1], [-top, top]);
  drawAxes(pen, box, { x: "step", y: `${["θ₁", "θ₂"][k]}: ${legend(view.inside)}` });
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
