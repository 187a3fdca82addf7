/** The drawings of a page: which there are, and how each is kept up to date. */

import { element } from "./controls.js";
import { drawCurves } from "./draw-curves.js";
import { drawMap } from "./draw-map.js";
import { drawPhase, phaseNumbers } from "./draw-phase.js";
import { drawState } from "./draw-state.js";
import { pointAtPhase } from "./pointing.js";

/** The size of every update of one parameter. */
const updates = (k) => (walk) =>
  walk.points.slice(1).map((point, i) => Math.abs(point[k] - walk.points[i][k]));

const BOTH = [0, 1]; // the parameters

/**
 * What a panel draws, by its name: the words for each drawing, and how it is painted.
 * @typedef {(canvas: HTMLCanvasElement) => void} Paint
 * @type {Record<string, (model: import("./model.js").Model) => [string | (() => string), Paint][]>}
 */
const PANELS = {
  loss: ({ view }) => [
    [
      "The loss against the step",
      (canvas) => {
        const log = view.surface.minima.length > 0;
        drawCurves(canvas, view, "loss E", (walk) => walk.losses, 0, log);
      },
    ],
  ],
  updates: ({ view }) =>
    BOTH.map((k) => [
      `The size of the update of theta ${k + 1} against the step`,
      (canvas) =>
        drawCurves(canvas, view, `size of the update |Δθ${"₁₂"[k]}|`, updates(k), 1, true),
    ]),
  state: ({ view }) =>
    BOTH.map((k) => [
      `The state of the chosen algorithm for theta ${k + 1}`,
      (canvas) => drawState(canvas, view, k),
    ]),
  phase: (model) => [
    [
      () => {
        const { rate, upward } = phaseNumbers(model.view);
        const over = `${rate} times lambda${upward ? ` and ${upward}` : ""}`;
        return `Phase diagram over ${over}, with a dot for each axis`;
      },
      (canvas) => model.hasPhase && drawPhase(canvas, model.view),
    ],
  ],
};

function paintSized({ canvas, paint }) {
  if (canvas.clientWidth > 0) {
    paint(canvas);
  }
}

/** Whether any of it is on the screen. */
function isSeen(canvas) {
  const { top, bottom } = canvas.getBoundingClientRect();
  return bottom > 0 && top < window.innerHeight;
}

/** The drawings of one playground. */
export class Drawings {
  /** @param {import("./model.js").Model} model */
  constructor(model) {
    this.model = model;
    this.map = element("canvas", { class: "map", tabindex: 0, role: "application" });
    /** @typedef {{canvas: HTMLCanvasElement, label: string | (() => string), paint: Paint}} Drawing */
    /** @type {Drawing[]} */
    this.all = [];
    /** @type {Drawing[]} those that do not show yet what they should */
    this.waiting = [];
    this.frame = 0; // of the browser, in which the next of them is drawn
  }

  /**
   * Make the drawings of a panel.
   * @param {string} name loss, updates, state or phase
   * @returns {HTMLElement}
   */
  panel(name) {
    const canvases = PANELS[name](this.model).map(([label, paint]) => {
      const canvas = element("canvas", { role: "img" });
      this.all.push({ canvas, label, paint });
      if (name === "phase") {
        pointAtPhase(canvas, this.model);
      }
      return canvas;
    });
    return element("div", { class: `panel ${name}` }, ...canvases);
  }

  /** Draw all that has a size, at once: while the walks play, each frame adds a little to each. */
  draw() {
    this.waiting.forEach(({ canvas }) => canvas.removeAttribute("aria-busy"));
    this.waiting = [];
    this.drawMap();
    this.all.forEach(paintSized);
  }

  /**
   * Something else has changed: draw the map, and the others in the frames that follow, one in each.
   * A change in between begins anew, so that no frame takes longer than one drawing does.
   */
  update() {
    this.drawMap();
    this.waiting = [...this.all];
    this.waiting.forEach(({ canvas }) => canvas.setAttribute("aria-busy", "true"));
    this.frame ||= requestAnimationFrame(() => this.drawNext());
  }

  drawNext() {
    const next = this.waiting.find(({ canvas }) => isSeen(canvas)) ?? this.waiting[0];
    if (next) {
      this.waiting = this.waiting.filter((one) => one !== next);
      paintSized(next);
      next.canvas.removeAttribute("aria-busy");
    }
    this.frame = this.waiting.length ? requestAnimationFrame(() => this.drawNext()) : 0;
  }

  drawMap() {
    if (this.map.clientWidth > 0) {
      drawMap(this.map, this.model.view);
    }
  }

  /** Say in words what the map and the drawings show. */
  describe(mapWords, summary) {
    this.map.setAttribute("aria-label", mapWords);
    for (const { canvas, label } of this.all) {
      const words = typeof label === "string" ? label : label();
      canvas.setAttribute("aria-label", `${words}. ${summary}`);
    }
  }
}
