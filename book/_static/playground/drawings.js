/** The drawings of a page: which there are, and how each is kept up to date. */

import { element } from "./controls.js";
import { drawCurves } from "./draw-curves.js";
import { drawMap } from "./draw-map.js";
import { drawPhase } from "./draw-phase.js";
import { drawState } from "./draw-state.js";
import { pointAtPhase } from "./pointing.js";

/** The size of every update of one parameter. */
const updates = (k) => (walk) =>
  walk.points.slice(1).map((point, i) => Math.abs(point[k] - walk.points[i][k]));

const BOTH = [0, 1]; // the parameters

/**
 * What a panel draws, by its name: the words for each drawing, and how it is painted.
 * @type {Record<string, (model: import("./model.js").Model) =>
 *   [string, (canvas: HTMLCanvasElement) => void][]>}
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
      "Phase diagram over eta times lambda and beta, with a dot for each axis",
      (canvas) => model.hasPhase && drawPhase(canvas, model.view),
    ],
  ],
};

/** The drawings of one playground. */
export class Drawings {
  /** @param {import("./model.js").Model} model */
  constructor(model) {
    this.model = model;
    this.map = element("canvas", { class: "map", tabindex: 0, role: "application" });
    this.all = [];
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

  /** Draw what can be seen. */
  draw() {
    if (this.map.clientWidth > 0) {
      drawMap(this.map, this.model.view);
    }
    for (const { canvas, paint } of this.all) {
      if (canvas.clientWidth > 0) {
        paint(canvas);
      }
    }
  }

  /** Say in words what the map and the drawings show. */
  describe(mapWords, summary) {
    this.map.setAttribute("aria-label", mapWords);
    for (const { canvas, label } of this.all) {
      canvas.setAttribute("aria-label", `${label}. ${summary}`);
    }
  }
}
