/** Canvases that are sharp on every screen, and axes to draw into. */

import { GRID, INK, PAPER } from "./look.js";

const FONT = "12px system-ui, sans-serif";

/**
 * Give a canvas as many pixels as the screen shows of it.
 * @param {HTMLCanvasElement} canvas
 * @returns {{pen: CanvasRenderingContext2D, width: number, height: number, changed: boolean}} sizes
 *   in CSS pixels, and whether they have changed
 */
export function fitted(canvas) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const width = Math.round(canvas.clientWidth);
  const height = Math.round(canvas.clientHeight);
  const changed = canvas.width !== width * ratio || canvas.height !== height * ratio;
  if (changed) {
    canvas.width = width * ratio;
    canvas.height = height * ratio;
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.font = FONT;
  return { pen, width, height, changed };
}

/**
 * A frame with axes, and where a point of the data lies in it.
 * @typedef {object} Frame
 * @property {number} left
 * @property {number} top
 * @property {number} right
 * @property {number} bottom in CSS pixels
 * @property {[number, number]} xRange
 * @property {[number, number]} yRange the numbers at the ends of the axes
 * @property {boolean} log whether the vertical axis is logarithmic
 * @property {boolean} logX whether the horizontal one is
 * @property {boolean} [named] whether what is drawn has names in place of numbers below it
 * @property {(x: number) => number} x pixels of a number on the horizontal axis
 * @property {(y: number) => number} y pixels of a number on the vertical axis
 */

/**
 * @param {number} width of the canvas
 * @param {number} height of the canvas
 * @param {[number, number]} xRange
 * @param {[number, number]} yRange
 * @param {{log?: boolean, logX?: boolean, margins?: number[]}} options whether the vertical and the
 *   horizontal axis are logarithmic, and the margins (left, top, right, bottom)
 * @returns {Frame}
 */
export function frame(width, height, xRange, yRange, options = {}) {
  const [left, top, right, bottom] = options.margins ?? [52, 24, 10, 34];
  const scale = options.log ? Math.log10 : (value) => value;
  const [low, high] = yRange.map(scale);
  const across = options.logX ? Math.log10 : (value) => value;
  const [first, last] = xRange.map(across);
  const box = { left, top, right: width - right, bottom: height - bottom };
  return {
    ...box,
    xRange,
    yRange,
    log: Boolean(options.log),
    logX: Boolean(options.logX),
    x: (x) => left + ((across(x) - first) / (last - first)) * (box.right - left),
    y: (y) => box.bottom - ((scale(y) - low) / (high - low)) * (box.bottom - top),
  };
}

/**
 * Draw paper, grid, ticks and labels.
 * @param {CanvasRenderingContext2D} pen
 * @param {Frame} box
 * @param {{x: string, y: string}} labels the one of y stands above the axis
 * @param {boolean} grid
 */
export function drawAxes(pen, box, labels, grid = true) {
  pen.fillStyle = INK;
  pen.lineWidth = 1;
  pen.textBaseline = "top";
  pen.textAlign = "center";
  for (const value of box.named ? [] : across(box)) {
    const x = box.x(value);
    if (grid) {
      rule(pen, x, box.top, x, box.bottom, GRID);
    }
    rule(pen, x, box.bottom, x, box.bottom + 4, INK);
    pen.fillText(plain(value), x, box.bottom + 6);
  }
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  const marks = box.log ? powers(...box.yRange) : ticks(...box.yRange, (box.bottom - box.top) / 28);
  for (const value of marks) {
    const y = box.y(value);
    if (grid) {
      rule(pen, box.left, y, box.right, y, GRID);
    }
    rule(pen, box.left - 4, y, box.left, y, INK);
    pen.fillText(plain(value), box.left - 7, y);
  }
  rule(pen, box.left, box.top, box.left, box.bottom, INK);
  rule(pen, box.left, box.bottom, box.right, box.bottom, INK);
  pen.textAlign = "right";
  pen.textBaseline = "bottom";
  pen.fillText(labels.x, box.right, box.bottom + 33);
  pen.textAlign = "left";
  pen.fillText(labels.y, 6, box.top - 6);
}

/** Fill a canvas with paper. */
export function clear(pen, width, height) {
  pen.fillStyle = PAPER;
  pen.fillRect(0, 0, width, height);
}

/** Draw one straight line. */
export function rule(pen, x0, y0, x1, y1, colour) {
  pen.strokeStyle = colour;
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

/** A number as a person would write it. */
export function plain(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) {
    return value.toExponential(0).replace("e+", "e").replace("-", "−").replace("e-", "e−");
  }
  return String(Number(value.toPrecision(3))).replace("-", "−");
}

function across({ logX, xRange, left, right }) {
  return logX ? powers(...xRange) : ticks(...xRange, (right - left) / 70);
}

/** A loss for the eye: two digits. */
export function shortly(value) {
  return Number.isFinite(value) ? plain(Number(value.toPrecision(2))) : "not a number";
}

function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(3, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const found = [];
  for (
    let value = Math.ceil(low / step - 1e-9) * step;
    value <= high + 1e-9 * step;
    value += step
  ) {
    found.push(Math.abs(value) < 1e-9 * step ? 0 : value);
  }
  return found;
}

function powers(low, high) {
  const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
  const every = Math.max(1, Math.ceil((last - first) / 5));
  const found = [];
  for (let power = last; power >= first; power -= every) {
    found.push(10 ** power);
  }
  return found;
}
