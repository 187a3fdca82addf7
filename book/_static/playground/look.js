/** How the book draws: the colours, markers and dashes of `ravine.figures`. */

/** @typedef {{colour: string, marker: string, dash: number[]}} Look */

/** The dashes are in units of the line's width. @type {Record<string, Look>} */
export const LOOKS = {
  GD: { colour: "#6b6b6b", marker: "o", dash: [10, 3] },
  Momentum: { colour: "#0072b2", marker: "s", dash: [3, 1, 1, 1] },
  Nesterov: { colour: "#3595c9", marker: "D", dash: [1, 1] },
  AdaGrad: { colour: "#bf8300", marker: "P", dash: [6, 1, 1, 1, 1, 1] },
  RMSprop: { colour: "#00875f", marker: "^", dash: [2, 1] },
  Adam: { colour: "#d55e00", marker: "*", dash: [] },
  Own: { colour: "#8a1c7c", marker: "v", dash: [8, 2, 2, 2] },
};
/** Drawings are light cards on light and on dark pages, as the figures of the book. */
export const INK = "#22303c";
export const PAPER = "#fcfcfa";
export const GRID = "#dde3e6";
export const CONTOUR = "#8fa6b3";
/** From the lowest to the highest. */
export const TERRAIN = [
  [163, 193, 211],
  [223, 233, 238],
  [248, 250, 249],
];
export const PHASES = {
  monotone: "#f8faf9",
  swinging: "#c3d9e6",
  alternating: "#8fb4cc",
  divergent: "#e9c9b8",
};

/**
 * Draw the marker of an algorithm.
 * @param {CanvasRenderingContext2D} pen its fillStyle is the colour
 * @param {string} marker o, s, D, P, ^, v or *
 * @param {number} x centre, in pixels
 * @param {number} y centre, in pixels
 * @param {number} r about half its size
 */
export function drawMarker(pen, marker, x, y, r) {
  pen.beginPath();
  if (marker === "o") {
    pen.arc(x, y, r, 0, 2 * Math.PI);
  } else if (marker === "s") {
    pen.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r);
  } else if (marker === "P") {
    const [a, b] = [0.4 * r, 1.15 * r];
    corners(pen, x, y, [
      [-a, -b],
      [a, -b],
      [a, -a],
      [b, -a],
      [b, a],
      [a, a],
      [a, b],
      [-a, b],
      [-a, a],
      [-b, a],
      [-b, -a],
      [-a, -a],
    ]);
  } else {
    const shape = {
      D: star(4, 1.2, 1.2 * Math.SQRT1_2),
      "^": star(3, 1.3, 0.65),
      v: star(3, -1.3, -0.65),
      "*": star(5, 1.6, 0.65),
    };
    corners(
      pen,
      x,
      y,
      shape[marker].map(([dx, dy]) => [r * dx, r * dy]),
    );
  }
  pen.fill();
}

function star(points, outer, inner) {
  return Array.from({ length: 2 * points }, (_, i) => {
    const r = i % 2 ? inner : outer;
    const turn = (Math.PI * i) / points;
    return [r * Math.sin(turn), -r * Math.cos(turn)];
  });
}

function corners(pen, x, y, shape) {
  for (const [dx, dy] of shape) {
    pen.lineTo(x + dx, y + dy);
  }
  pen.closePath();
}
