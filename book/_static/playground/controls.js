/** The form: every control is a real one, with a label, and can be used from the keyboard. */

import { drawMarker, LOOKS, PAPER } from "./look.js";
import { LIMITS, within } from "./state.js";

let made = 0;

/**
 * Make an element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} attributes one that starts with "on" is a listener
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      node.addEventListener(name.slice(2), value);
    } else if (value === true) {
      node.setAttribute(name, "");
    } else if (value !== false && value !== undefined) {
      node.setAttribute(name, value);
    }
  }
  node.append(...children);
  return node;
}

/** A name for an element that nothing else on the page has. */
export function unique(word) {
  made += 1;
  return `playground-${word}-${made}`;
}

/** @returns {HTMLButtonElement} a button with a listener */
export function button(text, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, text);
}

/** How a slider's place becomes a number: a learning rate by its size, a decay by its memory. */
const SCALES = {
  plain: { to: (value) => value, from: (place) => place },
  size: { to: Math.log10, from: (place) => 10 ** place },
  decay: { to: (value) => -Math.log10(1 - value), from: (place) => 1 - 10 ** -place },
};

/** The numbers that can be set: what they are called and how their sliders move. */
export const NUMBERS = {
  kappa: { label: "Condition number κ", scale: "size", step: 0.02, digits: 3 },
  angle: { label: "Angle of the floor, degrees", scale: "plain", step: 1, digits: 3 },
  seed: { label: "Order of the minibatches (seed)", scale: "plain", step: 1, digits: 2 },
  steps: { label: "Steps", scale: "size", step: 0.02, digits: 2 },
  eta: { label: "Learning rate η", scale: "size", step: 0.02, digits: 3 },
  beta: { label: "Momentum factor β", scale: "plain", step: 0.01, digits: 3 },
  rho: { label: "Decay γ (rho)", scale: "decay", step: 0.05, digits: 4 },
  beta1: { label: "Decay β₁ of m", scale: "decay", step: 0.05, digits: 4 },
  beta2: { label: "Decay β₂ of v", scale: "decay", step: 0.05, digits: 4 },
  epsilon: { label: "Small constant ε", scale: "size", step: 0.1, digits: 2 },
};

/**
 * A slider with a field for the exact number.
 * @param {string} name a key of NUMBERS
 * @param {(value: number) => void} changed is told of every new number
 * @returns {{node: HTMLElement, show: (value: number) => void}}
 */
export function slider(name, changed) {
  const { label, scale, step, digits } = NUMBERS[name];
  const { to, from } = SCALES[scale];
  const [low, high] = LIMITS[name];
  const whole = name === "steps" || name === "seed";
  const id = unique(name);
  const range = element("input", {
    type: "range",
    id,
    min: to(low),
    max: to(high),
    step,
    oninput: () => {
      const place = Number(range.value);
      const exact = Number(from(place).toPrecision(digits));
      change(within(name, whole ? Math.round(exact) : exact, current));
    },
  });
  const field = element("input", {
    type: "number",
    min: low,
    max: high,
    step: whole ? 1 : "any",
    "aria-label": `${label}, exact`,
    onchange: () => {
      const value = within(name, field.value, current);
      change(whole ? Math.round(value) : value);
      field.value = String(current);
    },
  });
  let current = low;
  const change = (value) => {
    show(value);
    changed(value);
  };
  const show = (value) => {
    current = value;
    range.value = String(to(value));
    range.setAttribute("aria-valuetext", String(value));
    if (document.activeElement !== field) {
      field.value = String(value);
    }
  };
  const node = element(
    "div",
    { class: "slider" },
    element("label", { for: id }, label),
    range,
    field,
  );
  return { node, show };
}

/**
 * A drop-down list.
 * @param {string} label
 * @param {[string, string][]} options value and text
 * @param {(value: string) => void} changed
 * @returns {{node: HTMLElement, show: (value: string) => void}}
 */
export function choice(label, options, changed) {
  const id = unique("choice");
  const list = element("select", { id, onchange: () => changed(list.value) });
  list.append(...options.map(([value, text]) => element("option", { value }, text)));
  const node = element("div", { class: "choice" }, element("label", { for: id }, label), list);
  return {
    node,
    show: (value) => {
      list.value = value;
    },
  };
}

/** @returns {HTMLElement} the line and the marker of an algorithm, as the drawings have them */
export function swatch(name) {
  const canvas = element("canvas", {
    width: 88,
    height: 40,
    class: "swatch",
    "aria-hidden": "true",
  });
  const pen = canvas.getContext("2d");
  const { colour, marker, dash } = LOOKS[name];
  pen.scale(2, 2);
  pen.fillStyle = PAPER;
  pen.fillRect(0, 0, 44, 20);
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = 2;
  pen.setLineDash(dash.map((part) => 2 * part));
  pen.beginPath();
  pen.moveTo(3, 10);
  pen.lineTo(41, 10);
  pen.stroke();
  drawMarker(pen, marker, 22, 10, 5);
  return canvas;
}
