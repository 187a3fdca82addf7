/** A small widget: drawings, sliders, and a sentence that says what the drawings show. */

import { drawBars, drawChart, lineSwatch } from "./chart.js";
import { inPieces } from "./chunks.js";
import { button, element, numberAt, SCALES, unique } from "./controls.js";

/**
 * @typedef {object} Control
 * @property {string} name key of its value
 * @property {string} label
 * @property {string} scale plain, size or decay: how its place becomes a number
 * @property {number} low
 * @property {number} high
 * @property {number} step of its place
 * @property {number} digits that its number is rounded to
 * @property {number} value at first
 * @property {boolean} [whole] whether its number is whole
 * @property {(value: number) => string} [say] its number in words
 */

/**
 * @typedef {object} Widget
 * @property {Control[]} controls
 * @property {string} [clock] the control that Play moves, one step after the other
 * @property {{label: string, make: (values: Record<string, number>) => any}[]} charts each makes a
 *   Chart, or bars
 * @property {(values: Record<string, number>) => string} words what the drawings show, in words
 * @property {() => Generator<number, void>} [prepare] computes what takes long, in pieces; until then the
 *   drawings show what there is
 */

const PAUSE = 200; // ms without a change, after which it is said
const PACE = { lively: 10, calm: 4 }; // steps per second, and where a reader wants little motion
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

/**
 * Make a widget of an element.
 * @param {HTMLElement} root
 * @param {Widget} widget
 */
export function show(root, { controls, clock, charts, words, prepare }) {
  const values = {};
  let ready = !prepare;
  const canvases = charts.map(
    () => /** @type {HTMLCanvasElement} */ (element("canvas", { role: "img" })),
  );
  const happened = element("p", { class: "happened", "aria-live": "polite" });

  const draw = () => {
    const made = charts.map(({ make }) => make(values));
    made.forEach((chart, i) => {
      if (canvases[i].clientWidth > 0) {
        (chart.bars ? drawBars : drawChart)(canvases[i], chart);
      }
    });
    return made;
  };
  const say = () => {
    const found = ready ? words(values) : "Computing …";
    const text = found.replace(/ = /g, "\u00a0=\u00a0").replace(/ %/g, "\u00a0%");
    happened.textContent = text;
    canvases.forEach((canvas, i) => {
      canvas.setAttribute("aria-label", `${charts[i].label}. ${text}`);
    });
  };
  let timer = 0;
  const changed = () => {
    player?.stop();
    draw();
    clearTimeout(timer);
    timer = setTimeout(say, PAUSE);
  };
  const sliders = controls.map((control) => slider(control, values, changed));
  const reset = () => {
    sliders.forEach((one, i) => one.show(controls[i].value));
    changed();
  };
  const moved = sliders[controls.findIndex(({ name }) => name === clock)];
  const player = moved && transport(moved, () => values[clock], { draw, say });
  const form = element(
    "form",
    { class: "side", onsubmit: (event) => event.preventDefault() },
    ...sliders.map(({ node }) => node),
    element("div", { class: "transport" }, ...(player?.nodes ?? []), button("As at first", reset)),
  );
  const stage = element("div", { class: "stage" }, ...canvases, happened);
  root.replaceChildren(element("div", { class: "board" }, stage, form));
  happened.before(...legend(draw()));
  say();
  new ResizeObserver(() => draw()).observe(root);
  if (prepare) {
    canvases.forEach((canvas) => canvas.setAttribute("aria-busy", "true"));
    setTimeout(async () => {
      await inPieces(prepare(), () => true);
      ready = true;
      draw();
      say();
      canvases.forEach((canvas) => canvas.removeAttribute("aria-busy"));
    });
  }
}

/** The lines of all charts, each name once; none where there are bars. */
function legend(charts) {
  const lines = new Map(charts.flatMap(({ lines = [] }) => lines).map((line) => [line.name, line]));
  const entries = [...lines.values()].map((line) =>
    element("li", {}, lineSwatch(line), ` ${line.name}`),
  );
  return entries.length ? [element("ul", { class: "legend" }, ...entries)] : [];
}

/**
 * A slider with its number beside its label.
 * @param {Control} control
 * @param {Record<string, number>} values where its number is kept
 * @param {() => void} moved is told of every new number
 */
function slider(control, values, moved) {
  const { name, label, scale, low, high, step, value, say } = control;
  const { to } = SCALES[scale];
  const id = unique(name);
  const number = element("output", { for: id });
  const place = (number) => Number(to(number).toFixed(9)); // 4, not 3.9999999999999996
  const range = /** @type {HTMLInputElement} */ (
    element("input", {
      type: "range",
      id,
      min: place(low),
      max: place(high),
      step,
      oninput: () => {
        keep(numberAt(control, range));
        moved();
      },
    })
  );
  /** The place stays where a key has put it: that of the rounded number may be the one before. */
  const keep = (next) => {
    values[name] = Math.max(low, Math.min(high, next));
    const text = say ? say(values[name]) : String(values[name]);
    number.textContent = text;
    range.setAttribute("aria-valuetext", text);
  };
  const show = (next) => {
    keep(next);
    range.value = String(place(values[name]));
  };
  show(value);
  const node = element(
    "div",
    { class: "slider wide" },
    element("label", { for: id }, label),
    number,
    range,
  );
  return { node, show, last: high };
}

/** Play and Step, which move one slider. */
function transport({ show, last }, now, { draw, say }) {
  let before = 0;
  let playing = false;
  const step = () => {
    show(now() + 1);
    draw();
  };
  const tick = (time) => {
    if (playing && time - before >= 1000 / (calm.matches ? PACE.calm : PACE.lively)) {
      before = time;
      step();
    }
    if (playing && now() >= last) {
      stop();
      say();
    } else if (playing) {
      requestAnimationFrame(tick);
    }
  };
  const stop = () => {
    playing = false;
    play.textContent = "Play";
  };
  const play = button(
    "Play",
    () => {
      if (playing) {
        stop();
        say();
        return;
      }
      if (now() >= last) {
        show(0);
        draw();
      }
      playing = true;
      play.textContent = "Pause";
      before = performance.now();
      requestAnimationFrame(tick);
    },
    { class: "primary" },
  );
  const once = () => {
    stop();
    step();
    say();
  };
  return { nodes: [play, button("Step", once)], stop };
}
