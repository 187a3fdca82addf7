/** The phase diagram of the reader's own rule, from the numbers that it makes. */

import { drawAxes } from "./canvas.js";
import { coefficientsOf, motionOf } from "./linear.js";
import { INK, PHASES } from "./look.js";

const WORTH = 0.02; // a phase with a smaller part of the picture has no room for its name

/**
 * Fill a frame with what an axis does at every ηλ and every value of one more hyperparameter.
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./canvas.js").Frame} box
 * @param {import("./model.js").OwnRule} own a linear rule
 * @param {Record<string, number>} numbers its hyperparameters
 */
export function drawOwnPhases(pen, box, own, numbers) {
  const size = own.algorithm.state.length < 2 ? 2 : 6; // pixels: more states take longer
  const [columns, rows] = [box.right - box.left, box.bottom - box.top].map((length) =>
    Math.ceil(length / size),
  );
  const places = new Map(Object.keys(PHASES).map((motion) => [motion, []]));
  for (let j = 0; j < rows; j += 1) {
    const up = 1 - (j + 0.5) / rows;
    const here = own.upward ? { ...numbers, [own.upward]: Math.min(up, 0.9999) } : numbers;
    const found = coefficientsOf(own.algorithm, here);
    for (let i = 0; i < columns; i += 1) {
      const x = box.left + i * size;
      const y = box.top + j * size;
      const across = (box.xRange[1] * (i + 0.5)) / columns;
      const { motion } = motionOf(found, across / numbers[own.rate]);
      places.get(motion).push([x + size / 2, y + size / 2]);
      pen.fillStyle = PHASES[motion];
      pen.fillRect(x, y, Math.min(size, box.right - x), Math.min(size, box.bottom - y));
    }
  }
  drawAxes(pen, box, { x: `${own.rate}·λ`, y: own.upward ?? "" }, false);
  pen.fillStyle = INK;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const [motion, cells] of places) {
    if (cells.length > WORTH * columns * rows) {
      const [x, y] = middleOf(cells);
      pen.fillText(motion, Math.max(box.left + 32, Math.min(box.right - 32, x)), y);
    }
  }
}

/** The place of a phase that is nearest to the mean of them all, so that it lies in the phase. */
function middleOf(cells) {
  const mean = [0, 1].map((k) => cells.reduce((sum, cell) => sum + cell[k], 0) / cells.length);
  const far = ([x, y]) => (x - mean[0]) ** 2 + (y - mean[1]) ** 2;
  return cells.reduce((best, cell) => (far(cell) < far(best) ? cell : best));
}
