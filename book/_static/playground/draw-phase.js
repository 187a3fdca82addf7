/** The phase diagram: what one axis of the ravine does at every setting. */

import { drawAxes, fitted, frame, rule } from "./canvas.js";
import { drawOwnPhases } from "./draw-phase-own.js";
import { ground } from "./layers.js";
import { INK, LOOKS, PAPER, PHASES } from "./look.js";
import { OWN } from "./own.js";
import { fastest, motion } from "./regime.js";

const WIDEST = 4.2; // ηλ beyond which everything diverges

/** The part of the canvas that shows the phase diagram. */
export function phaseFrame(width, height) {
  return frame(width, height, [0, WIDEST], [0, 1], { margins: [44, 24, 14, 34] });
}

/** The names of the two hyperparameters that the axes of the diagram show, the second if there is one. */
export function phaseNumbers(view) {
  if (view.inside === OWN) {
    return view.own;
  }
  return { rate: "eta", upward: view.inside === "GD" ? undefined : "beta" };
}

/**
 * What one axis of the ravine does at every ηλ and β, and where the two axes are now.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./model.js").View} view its `inside` is GD, Momentum, Nesterov or a linear own rule
 */
export function drawPhase(canvas, view) {
  const { pen, width, height } = fitted(canvas);
  const box = phaseFrame(width, height);
  const numbers = view.hyperparameters[view.inside];
  const { rate, upward } = phaseNumbers(view);
  if (view.inside === OWN) {
    const others = Object.entries(numbers).filter(([key]) => key !== upward);
    ground(canvas, JSON.stringify([view.own.text, others]), pen, width, height, (copy) =>
      drawOwnPhases(copy, box, view.own, numbers),
    );
  } else {
    const name = view.inside === "Nesterov" ? "Nesterov" : "Momentum";
    ground(canvas, name, pen, width, height, (copy) => drawPhases(copy, box, name));
  }
  const best = view.inside !== OWN && fastest(view.inside, view.surface.curvatures);
  if (best) {
    const [x, y] = [box.x(best.eta * view.surface.curvatures[1]), box.y(best.beta)];
    pen.strokeStyle = INK;
    pen.lineWidth = 1.5;
    pen.strokeRect(x - 5, y - 5, 10, 10);
  }
  ["flat", "steep"].forEach((axis, i) => {
    const place = numbers[rate] * view.surface.curvatures[i];
    const beyond = place > WIDEST || place < 0;
    const x = box.x(Math.max(0, Math.min(WIDEST, place)));
    const y = box.y(upward ? numbers[upward] : view.inside === OWN ? 0.5 : 0);
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
