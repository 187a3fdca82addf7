/** The map once more, small and beside the lines: on a phone it is far above them. */

import { fitted } from "./canvas.js";
import { element } from "./controls.js";
import { mapFrame } from "./draw-map.js";
import { OWN, titleOf } from "./own.js";
import { outcome } from "./words.js";

/**
 * What the lines do, at a glance. A screen reader has the same from the map and the sentence below it.
 * @param {import("./model.js").Model} model
 * @param {HTMLCanvasElement} map
 * @returns {{node: HTMLElement, draw: () => void}} the style sheet shows the node where there is no room
 *   for the map beside the lines
 */
export function glance(model, map) {
  const picture = element("canvas");
  const sentence = element("p");
  const node = element("div", { class: "glance", "aria-hidden": "true" }, picture, sentence);
  const draw = () => {
    const { view } = model;
    const walk = view.walks.get(OWN);
    node.hidden = !walk;
    if (!walk || picture.clientWidth === 0) {
      return;
    }
    const text = `${outcome(titleOf(OWN), walk, Math.floor(view.t), view.surface)}.`;
    if (sentence.textContent !== text) {
      sentence.textContent = text;
    }
    const { pen, width, height } = fitted(picture);
    const { left, top, right, bottom } = mapFrame(map.clientWidth, map.clientHeight, view.surface);
    const [x, y] = [map.width / map.clientWidth, map.height / map.clientHeight];
    const [across, up] = [(right - left) * x, (bottom - top) * y];
    pen.drawImage(map, left * x, top * y, across, up, 0, 0, width, height);
  };
  return { node, draw };
}
