/** What a drawing keeps from one frame to the next, so that a frame draws only what is new. */

import { clear } from "./canvas.js";

/** Pictures that stay as they are while the walks go on, by canvas. */
const grounds = new WeakMap();

/** Draw what does not change into a picture of its own once, and copy it from then on. */
export function ground(canvas, key, pen, width, height, paint) {
  const sized = `${key} ${width} ${height} ${canvas.width}`;
  if (grounds.get(canvas)?.key !== sized) {
    const { picture, copy } = sheet(canvas, pen);
    clear(copy, width, height);
    paint(copy);
    grounds.set(canvas, { key: sized, picture });
  }
  pen.drawImage(grounds.get(canvas).picture, 0, 0, width, height);
}

/** What the walks have left behind so far, by canvas: a longer walk only adds to it. */
const trails = new WeakMap();

/**
 * Draw the walks up to step t, on top of what was drawn of them before. The walk that is looked into
 * lies above the others in a picture of its own: where it alone changes, nothing else is drawn again.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./model.js").View} view
 * @param {string} key changes when everything has to be drawn again
 * @param {CanvasRenderingContext2D} pen
 * @param {number} width
 * @param {number} height
 * @param {(pen: CanvasRenderingContext2D, walks: [string, import("./walk.js").Walk][], from: number,
 *   offsets: Map<string, number>) => void} paint draws walks from one step on; the map keeps the place
 *   in the dashes from call to call
 */
export function trail(canvas, view, key, pen, width, height, paint) {
  const sized = `${key} ${view.plays} ${width} ${height} ${canvas.width}`;
  const t = Math.floor(view.t);
  const old = trails.get(canvas) ?? [];
  const layers = [false, true].map((above) =>
    [...view.walks].filter(([name]) => (name === view.inside) === above),
  );
  const drawn = layers.map((walks, i) => {
    let layer = old[i];
    if (layer?.key !== sized || layer.t > t || !sameWalks(layer.walks, walks)) {
      layer = { key: sized, walks, t: 0, offsets: new Map(), ...sheet(canvas, pen) };
      paint(layer.copy, walks, 0, layer.offsets);
    } else if (layer.t < t) {
      paint(layer.copy, walks, layer.t, layer.offsets);
    }
    layer.t = t;
    pen.drawImage(layer.picture, 0, 0, width, height);
    return layer;
  });
  trails.set(canvas, drawn);
}

function sameWalks(some, others) {
  return (
    some.length === others.length &&
    some.every(([name, walk], i) => others[i][0] === name && others[i][1] === walk)
  );
}

/** A transparent picture as large as a canvas. */
function sheet(canvas, pen) {
  const picture = document.createElement("canvas");
  picture.width = canvas.width;
  picture.height = canvas.height;
  const copy = picture.getContext("2d");
  copy.setTransform(pen.getTransform());
  copy.font = pen.font;
  return { picture, copy };
}

/** Draw nothing outside a rectangle until `restore`. */
export function clip(pen, left, top, right, bottom) {
  pen.save();
  pen.beginPath();
  pen.rect(left, top, right - left, bottom - top);
  pen.clip();
}

/** What was made for a canvas, until the walks change. */
const makings = new WeakMap();

export function kept(canvas, version, make) {
  if (makings.get(canvas)?.version !== version) {
    makings.set(canvas, { version, ...make() });
  }
  return makings.get(canvas);
}
