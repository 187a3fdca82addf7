/** The form: every control is a real one, with a label, and can be used from the keyboard. */

import { drawMarker, LOOKS, PAPER } from "./look.js";
import { within } from "./numbers.js";

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
export const SCALES = {
  plain: { to: (value) => value, from: (place) => place },
  size: { to: Math.log10, from: (place) => 10 ** place },
  decay: { to: (value) => -Math.log10(1 - value), from: (place) => 1 - 10 ** -place },
  wide: { to: Math.cbrt, from: (place) => place ** 3 },
};

/**
 * @param {{scale: string, digits: number, whole?: boolean}} spec of a slider
 * @param {HTMLInputElement} range
 * @returns {number} the number that the slider's place stands for
 */
export function numberAt({ scale, digits, whole }, range) {
  const exact = Number(SCALES[scale].from(Number(range.value)).toPrecision(digits));
  return whole ? Math.round(exact) : exact;
}

/**
 * A slider with a field for the exact number.
 * @param {import("./numbers.js").Spec} spec
 * @param {(value: number) => void} changed is told of every new number
 * @returns {{node: HTMLElement, show: (value: number) => void}}
 */
export function slider(spec, changed) {
  const { label, scale, step, whole } = spec;
  const { to } = SCALES[scale];
  const [low, high] = spec.limits;
  const id = unique("number");
  const range = element("input", {
    type: "range",
    id,
    min: to(low),
    max: to(high),
    step,
    oninput: () => change(numberHere()),
  });
  const numberHere = () => within(spec, numberAt(spec, range), current);
  const field = element("input", {
    type: "number",
    min: low,
    max: high,
    step: whole ? 1 : "any",
    "aria-label": `${label}, exact`,
    onchange: () => {
      const value = within(spec, field.value, current);
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
    // The place stays where it stands for the number, or rounding would hold an arrow key back.
    if (numberHere() !== value) {
      range.value = String(to(value));
    }
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
