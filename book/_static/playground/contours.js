/** The picture of a surface: filled level lines, drawn once and then only copied. */

import { CONTOUR, INK, TERRAIN } from "./look.js";

const LEVELS = 14;

/**
 * Draw a surface over its window, with a cross at each minimum.
 * @param {CanvasRenderingContext2D} pen
 * @param {import("./canvas.js").Frame} box
 * @param {import("./surfaces.js").Surface} surface
 */
export function drawContours(pen, box, surface) {
  const width = Math.round(box.right - box.left);
  const height = Math.round(box.bottom - box.top);
  const field = sampled(surface, Math.ceil(width / 2), Math.ceil(height / 2));
  const heights = levels(field.lowest, field.highest);
  pen.save();
  pen.beginPath();
  pen.rect(box.left, box.top, width, height);
  pen.clip();
  pen.imageSmoothingEnabled = true;
  pen.drawImage(terrain(field, heights), box.left, box.top, width, height);
  drawLines(pen, box, field, heights);
  pen.lineWidth = 2;
  pen.strokeStyle = INK;
  for (const [x, y] of surface.minima) {
    cross(pen, box.x(x), box.y(y), 6);
  }
  pen.restore();
}

function cross(pen, x, y, r) {
  pen.beginPath();
  pen.moveTo(x - r, y);
  pen.lineTo(x + r, y);
  pen.moveTo(x, y - r);
  pen.lineTo(x, y + r);
  pen.stroke();
}

/** E on a grid over the window; row 0 is the upper edge. */
function sampled(surface, columns, rows) {
  const [[left, right], [bottom, top]] = surface.window;
  const e = new Float64Array(columns * rows);
  let lowest = Infinity;
  let highest = -Infinity;
  for (let j = 0; j < rows; j += 1) {
    const y = top - ((top - bottom) * (j + 0.5)) / rows;
    for (let i = 0; i < columns; i += 1) {
      const value = surface.value(left + ((right - left) * (i + 0.5)) / columns, y);
      e[j * columns + i] = value;
      lowest = Math.min(lowest, value);
      highest = Math.max(highest, value);
    }
  }
  return { e, columns, rows, lowest, highest };
}

/** Levels crowd towards the bottom, where the walks end. */
function levels(lowest, highest) {
  return Array.from({ length: LEVELS }, (_, i) => lowest + (highest - lowest) * (i / LEVELS) ** 2);
}

function terrain({ e, columns, rows }, heights) {
  const image = new ImageData(columns, rows);
  const colours = heights.map((_, i) => shade(i / (LEVELS - 1)));
  for (let k = 0; k < e.length; k += 1) {
    let level = 0;
    while (level + 1 < LEVELS && e[k] >= heights[level + 1]) {
      level += 1;
    }
    image.data.set(colours[level], 4 * k);
  }
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function shade(part) {
  const at = part * (TERRAIN.length - 1);
  const i = Math.min(Math.floor(at), TERRAIN.length - 2);
  const mixed = TERRAIN[i].map((from, k) => from + (at - i) * (TERRAIN[i + 1][k] - from));
  return [...mixed, 255];
}

/** Level lines, square by square: straight pieces between the points where an edge has the level. */
function drawLines(pen, box, { e, columns, rows }, heights) {
  const width = (box.right - box.left) / columns;
  const height = (box.bottom - box.top) / rows;
  const every = 2; // a square of 2 by 2 samples
  pen.strokeStyle = CONTOUR;
  pen.lineWidth = 0.7;
  pen.beginPath();
  for (let j = 0; j + every < rows; j += every) {
    for (let i = 0; i + every < columns; i += every) {
      const at = j * columns + i;
      const square = [e[at], e[at + every], e[at + every * (columns + 1)], e[at + every * columns]];
      const [low, high] = [Math.min(...square), Math.max(...square)];
      const place = ([dx, dy]) => [
        box.left + (i + 0.5 + every * dx) * width,
        box.top + (j + 0.5 + every * dy) * height,
      ];
      for (const level of heights.filter((value) => low < value && value <= high)) {
        const ends = crossings(square, level);
        for (let k = 0; k + 1 < ends.length; k += 2) {
          pen.moveTo(...place(ends[k]));
          pen.lineTo(...place(ends[k + 1]));
        }
      }
    }
  }
  pen.stroke();
}

const CORNERS = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];

function crossings(square, level) {
  const above = square.map((value) => value >= level);
  const ends = [];
  for (let k = 0; k < 4; k += 1) {
    const next = (k + 1) % 4;
    if (above[k] !== above[next]) {
      const part = (level - square[k]) / (square[next] - square[k]);
      ends.push([0, 1].map((c) => CORNERS[k][c] + part * (CORNERS[next][c] - CORNERS[k][c])));
    }
  }
  return ends;
}
