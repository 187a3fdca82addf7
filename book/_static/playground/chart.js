/** The drawings of the small widgets: lines, and bars. */

import { clear, drawAxes, fitted, frame, rule } from "./canvas.js";
import { element } from "./controls.js";
import { INK, PAPER } from "./look.js";

const MARGINS = [52, 24, 20, 34]; // a number at the end of the axis has room

/**
 * @typedef {object} Axis
 * @property {string} label
 * @property {[number, number]} range
 * @property {boolean} [log]
 */

/**
 * @typedef {object} Line
 * @property {string} name what the legend says
 * @property {string} colour
 * @property {number[]} dash in units of the line's width
 * @property {[number, number][]} points what lies outside the axes is cut
 * @property {boolean} [dots] whether each point has a dot
 */

/**
 * @typedef {object} Chart
 * @property {Axis} x
 * @property {Axis} y
 * @property {Line[]} lines
 * @property {{at: [number, number], text: string}[]} [notes] ringed points and what to say of them
 */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Chart} chart
 */
export function drawChart(canvas, { x, y, lines, notes = [] }) {
  const { pen, width, height } = fitted(canvas);
  const scales = { log: y.log, logX: x.log, margins: MARGINS };
  const box = frame(width, height, x.range, y.range, scales);
  clear(pen, width, height);
  drawAxes(pen, box, { x: x.label, y: y.label });
  pen.save();
  pen.beginPath();
  pen.rect(box.left, box.top - 3, box.right - box.left + 3, box.bottom - box.top + 6);
  pen.clip();
  for (const line of lines) {
    drawLine(pen, box, line);
  }
  pen.restore();
  for (const note of notes) {
    drawNote(pen, box, note);
  }
}

const THICK = 2;

function drawLine(pen, box, { colour, dash, points, dots = false }) {
  const places = points.filter(([, y]) => Number.isFinite(y) && (!box.log || y > 0));
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = THICK;
  pen.lineJoin = "bevel";
  pen.setLineDash(dash.map((part) => THICK * part));
  pen.beginPath();
  for (const [x, y] of places) {
    pen.lineTo(box.x(x), held(box, y));
  }
  pen.stroke();
  pen.setLineDash([]);
  for (const [x, y] of dots ? places : []) {
    pen.beginPath();
    pen.arc(box.x(x), held(box, y), 3.5, 0, 2 * Math.PI);
    pen.fill();
  }
}

/** The height of a value; far outside, a height that a canvas can draw. */
function held(box, value) {
  return within(box.y(value), box.top - 500, box.bottom + 500);
}

function drawNote(pen, box, { at, text }) {
  const [x, y] = [box.x(at[0]), box.y(at[1])];
  pen.strokeStyle = pen.fillStyle = INK;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.arc(x, y, 5, 0, 2 * Math.PI);
  pen.stroke();
  const left = x + 10 + pen.measureText(text).width > box.right;
  pen.textAlign = left ? "right" : "left";
  pen.textBaseline = "bottom";
  pen.fillText(text, left ? x - 8 : x + 8, Math.max(y - 4, box.top + 12));
}

/**
 * @typedef {object} Bar
 * @property {string} name what stands below it
 * @property {number} value
 * @property {string} text what stands on it
 * @property {string} colour
 */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{x: string, y: Axis, bars: Bar[], level: number}} chart bars from the bottom of a
 *   logarithmic axis, and a line at a level to compare with
 */
export function drawBars(canvas, { x, y, bars, level }) {
  const { pen, width, height } = fitted(canvas);
  const scales = { log: true, margins: MARGINS };
  const box = frame(width, height, [0, bars.length], y.range, scales);
  clear(pen, width, height);
  drawAxes(pen, { ...box, named: true }, { x, y: y.label });
  const heights = bars.map(({ value }) => box.y(within(value, ...y.range)));
  bars.forEach(({ colour }, i) => {
    pen.fillStyle = colour;
    const [left, right] = [box.x(i + 0.15), box.x(i + 0.85)];
    pen.fillRect(left, heights[i], right - left, Math.max(1, box.bottom - heights[i]));
  });
  pen.lineWidth = 1.5;
  pen.setLineDash([5, 4]);
  rule(pen, box.left, box.y(level), box.right, box.y(level), INK);
  pen.setLineDash([]);
  pen.textAlign = "center";
  pen.lineJoin = "round";
  pen.lineWidth = 4;
  pen.strokeStyle = PAPER; // around the letters, where the line passes behind them
  pen.fillStyle = INK;
  bars.forEach(({ name, text }, i) => {
    const middle = box.x(i + 0.5);
    pen.textBaseline = "top";
    pen.fillText(name, middle, box.bottom + 6);
    pen.textBaseline = "bottom";
    const top = Math.max(heights[i] - 4, box.top + 12);
    pen.strokeText(text, middle, top);
    pen.fillText(text, middle, top);
  });
}

function within(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

/** @returns {HTMLCanvasElement} a piece of a line, for a legend */
export function lineSwatch({ colour, dash, dots = false }) {
  const attributes = { width: 88, height: 40, class: "swatch", "aria-hidden": "true" };
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", attributes));
  const pen = canvas.getContext("2d");
  pen.scale(2, 2);
  clear(pen, 44, 20);
  const box = { x: (x) => x, y: (y) => y, top: 0, bottom: 20, log: false };
  drawLine(pen, box, {
    colour,
    dash,
    dots: false,
    points: [
      [3, 10],
      [41, 10],
    ],
  });
  if (dots) {
    drawLine(pen, box, { colour, dash, dots, points: [[22, 10]] });
  }
  return canvas;
}

/** Whole numbers from `low` to `high`, evenly on a logarithmic scale: enough for a smooth line. */
export function spaced(low, high) {
  const places = Array.from({ length: 241 }, (_, i) => low * (high / low) ** (i / 240));
  return [...new Set(places.map(Math.round))];
}
