/** Play, step and go back: where in the walks the page is. */

import { button, element, unique } from "./controls.js";

const SECONDS = 6; // a whole walk plays in about so long
const CALM = 4; // steps per second where the reader has asked for reduced motion
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

/**
 * The buttons below the map, and the clock.
 * @param {import("./model.js").View} view
 * @param {{draw: () => void, update: () => void, say: () => void}} tell is told of every step while
 *   it plays, of every other step, and of every stop
 * @returns {{node: HTMLElement, play: () => void, show: () => void}} `play` plays and stops
 */
export function player(view, { draw, update, say }) {
  let playing = false;
  let before = 0;
  const tick = (now) => {
    if (!playing) {
      return;
    }
    const seconds = Math.max(0, now - before) / 1000; // a frame may have begun before the click
    if (calm.matches) {
      if (seconds >= 1 / CALM) {
        before = now;
        view.t = Math.min(Math.floor(view.t) + 1, view.steps);
        draw();
      }
    } else {
      before = now;
      view.t = Math.min(view.t + seconds * Math.max(4, view.steps / SECONDS), view.steps);
      draw();
    }
    if (view.t >= view.steps) {
      stop();
    } else {
      requestAnimationFrame(tick);
    }
  };
  const setPlaying = (on) => {
    playing = on;
    playButton.textContent = on ? "Pause" : "Play";
  };
  const stop = () => {
    setPlaying(false);
    view.t = Math.floor(view.t);
    view.plays += 1; // all is drawn once more, in the same order as without playing
    update();
    say();
  };
  const play = () => {
    if (playing) {
      stop();
      return;
    }
    view.t = view.t >= view.steps ? 0 : view.t;
    setPlaying(true);
    before = performance.now();
    requestAnimationFrame(tick);
  };
  const goTo = (t) => {
    setPlaying(false);
    view.t = Math.max(0, Math.min(t, view.steps));
    update();
    say();
  };
  const playButton = button("Play", play, { class: "primary" });
  const clockId = unique("clock");
  const clock = element("input", {
    type: "range",
    id: clockId,
    min: 0,
    step: 1,
    oninput: () => goTo(Number(clock.value)),
  });
  const text = element("span", { class: "clock" });
  const node = element(
    "div",
    { class: "transport", role: "group", "aria-label": "Walk" },
    playButton,
    button("Step", () => goTo(Math.floor(view.t) + 1)),
    button("Reset", () => goTo(0)),
    element("div", { class: "time" }, element("label", { for: clockId }, "Step"), clock, text),
  );
  const show = () => {
    const t = Math.floor(view.t);
    clock.max = String(view.steps);
    clock.value = String(t);
    text.textContent = `${t} of ${view.steps}`;
  };
  return { node, play, show };
}
