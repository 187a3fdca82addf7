/** Setting by pointing into a drawing: the start on the map, a setting on the phase diagram. */

import { mapFrame } from "./draw-map.js";
import { phaseFrame, phaseNumbers } from "./draw-phase.js";

const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Where in the data an event has happened; beside the frame, the nearest place on its edge. */
function placeOf(event, canvas, box, [[left, right], [low, high]]) {
  const area = canvas.getBoundingClientRect();
  const across = (event.clientX - area.left - box.left) / (box.right - box.left);
  const up = (box.bottom - (event.clientY - area.top)) / (box.bottom - box.top);
  const part = (value) => Math.max(0, Math.min(1, value));
  return [left + part(across) * (right - left), low + part(up) * (high - low)];
}

/**
 * Let the map set the start, by mouse, finger and arrow keys, and play.
 * @param {HTMLCanvasElement} map
 * @param {import("./model.js").Model} model
 * @param {() => void} play
 */
export function pointAtStart(map, model, play) {
  const pointed = (event) => {
    const { surface } = model.view;
    const box = mapFrame(map.clientWidth, map.clientHeight, surface);
    model.moveStart(placeOf(event, map, box, surface.window));
  };
  map.addEventListener("click", pointed);
  map.addEventListener("pointermove", (event) => {
    // a finger scrolls the page, a mouse drags the start
    if (event.pointerType === "mouse" && event.buttons === 1) {
      pointed(event);
    }
  });
  map.addEventListener("keydown", (event) => {
    if (Object.hasOwn(ARROWS, event.key)) {
      const direction = ARROWS[event.key];
      const far = event.shiftKey ? 10 : 1;
      model.moveStart(
        model.view.start.map((value, k) => {
          const [low, high] = model.view.surface.window[k];
          const moved = value + (direction[k] * far * (high - low)) / 100;
          return Math.max(low, Math.min(high, moved));
        }),
      );
    } else if (event.key === "Enter" || event.key === " ") {
      play();
    } else {
      return;
    }
    event.preventDefault();
  });
}

/**
 * Let the phase diagram set the two hyperparameters of its axes.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./model.js").Model} model
 */
export function pointAtPhase(canvas, model) {
  canvas.addEventListener("click", (event) => {
    const box = phaseFrame(canvas.clientWidth, canvas.clientHeight);
    const [x, y] = placeOf(event, canvas, box, [box.xRange, box.yRange]);
    const { hyperparameters, inside } = model.settings;
    const numbers = hyperparameters[inside];
    const { rate, upward } = phaseNumbers(model.view);
    numbers[rate] = Number(Math.max(1e-5, x / model.view.surface.curvatures[1]).toPrecision(3));
    if (upward) {
      numbers[upward] = Number(Math.max(0, Math.min(0.99, y)).toPrecision(2));
    }
    model.set({}, [inside]);
  });
}
