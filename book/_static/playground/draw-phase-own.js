/** The phase diagram of the reader's own rule, from the numbers that it makes. */

import { drawAxes } from "./canvas.js";
import { alongAxis, coefficientsOf } from "./linear.js";
import { INK, PHASES } from "./look.js";

const MOTIONS = Object.keys(PHASES);
const WORTH = 0.02; // a phase with a smaller part of the picture has no room for its name
/** The side of a square of the picture in pixels, by the number of states: more of them take longer. */
const SIDES = [2, 2, 4, 6, 6];
const COARSE = 12;

/**
 * Fill a frame with what an axis does at every ηλ and every value of one more hyperparameter.
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./canvas.js").Frame} box
 * @param {import("./model.js").OwnRule} own a linear rule
 * @param {Record<string, number>} numbers its hyperparameters
 */
export function drawOwnPhases(pen, box, own, numbers) {
  const side = SIDES[own.algorithm.state.length] ?? COARSE;
  const [columns, rows] = [box.right - box.left, box.bottom - box.top].map((length) =>
    Math.ceil(length / side),
  );
  const found = MOTIONS.map(() => /** @type {[number, number][]} */ ([]));
  for (let j = 0; j < rows; j += 1) {
    const up = 1 - (j + 0.5) / rows;
    const here = own.upward ? { ...numbers, [own.upward]: Math.min(up, 0.9999) } : numbers;
    const along = alongAxis(coefficientsOf(own.algorithm, here));
    const kinds = Array.from({ length: columns }, (_, i) => {
      const across = (box.xRange[1] * (i + 0.5)) / columns;
      return MOTIONS.indexOf(along(across / numbers[own.rate]).motion);
    });
    fillRow(pen, box, kinds, box.top + j * side, side);
    kinds.forEach((kind, i) => found[kind].push([i, j]));
  }
  drawAxes(pen, box, { x: `${own.rate}·λ`, y: own.upward ?? "" }, false);
  pen.fillStyle = INK;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  found.forEach((cells, kind) => {
    if (cells.length > WORTH * columns * rows) {
      const [x, y] = middleOf(cells).map((place) => (place + 0.5) * side);
      const inside = Math.max(box.left + 32, Math.min(box.right - 32, box.left + x));
      pen.fillText(MOTIONS[kind], inside, box.top + y);
    }
  });
}

/** Fill one row of squares: neighbours of one kind together. */
function fillRow(pen, box, kinds, top, side) {
  const height = Math.min(side, box.bottom - top);
  for (let from = 0, i = 1; i <= kinds.length; i += 1) {
    if (kinds[i] !== kinds[from]) {
      const left = box.left + from * side;
      pen.fillStyle = PHASES[MOTIONS[kinds[from]]];
      pen.fillRect(left, top, Math.min((i - from) * side, box.right - left), height);
      from = i;
    }
  }
}

/** The square of a phase that is nearest to the mean of them all, so that it lies in the phase. */
function middleOf(cells) {
  const mean = [0, 1].map((k) => cells.reduce((sum, cell) => sum + cell[k], 0) / cells.length);
  const far = ([x, y]) => (x - mean[0]) ** 2 + (y - mean[1]) ** 2;
  return cells.reduce((best, cell) => (far(cell) < far(best) ? cell : best));
}
