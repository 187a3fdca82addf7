/** The form: the surface, the algorithms, and the settings of the one that is looked into. */

import { button, choice, element, slider, swatch, unique } from "./controls.js";
import { NUMBERS, numberOfRule } from "./numbers.js";
import { NAMES, OWN, titleOf } from "./own.js";
import { BATCHES } from "./state.js";
import { SURFACES } from "./surfaces.js";

/**
 * A part of the form, and what brings it up to date with the settings.
 * @typedef {{node: HTMLElement, show: () => void}} Part
 * @typedef {import("./model.js").Model} Model
 */

/** @returns {Part} the slider of a setting that is no hyperparameter; of the batch, its few sizes */
export function settingSlider(model, name) {
  const change = (value) => model.set({ [name]: value });
  const made = name === "batch" ? batchChoice(change) : slider(NUMBERS[name], change);
  return { node: made.node, show: () => made.show(model.settings[name]) };
}

function batchChoice(changed) {
  /** @type {[string, string][]} */
  const sizes = BATCHES.map((size) => [String(size), String(size)]);
  const made = choice("Minibatch size", sizes, (value) => changed(Number(value)));
  return { node: made.node, show: (value) => made.show(String(value)) };
}

/**
 * The surface, its options and the start.
 * @param {Model} model
 * @returns {Part}
 */
export function surfaceFields(model) {
  /** @type {[string, string][]} */
  const titles = Object.entries(SURFACES).map(([key, { title }]) => [key, title]);
  const surface = choice("Surface", titles, (key) => model.chooseSurface(key));
  const options = {
    kappa: settingSlider(model, "kappa"),
    angle: settingSlider(model, "angle"),
    batch: settingSlider(model, "batch"),
    seed: settingSlider(model, "seed"),
  };
  const steps = settingSlider(model, "steps");
  const start = startFields(model);
  const formula = element("p", { class: "formula" });
  const node = element(
    "fieldset",
    {},
    element("legend", {}, "Surface"),
    surface.node,
    formula,
    ...Object.values(options).map((option) => option.node),
    start.node,
    steps.node,
  );
  const show = () => {
    surface.show(model.settings.surface);
    formula.textContent = `E = ${model.view.surface.formula}`;
    for (const [name, option] of Object.entries(options)) {
      option.show();
      option.node.hidden = !SURFACES[model.settings.surface].options.includes(name);
    }
    start.show();
    steps.show();
  };
  return { node, show };
}

function startFields(model) {
  const fields = [0, 1].map((k) => {
    const field = element("input", {
      type: "number",
      step: "any",
      "aria-label": `Start, theta ${k + 1}`,
      onchange: () => {
        const value = Number(field.value);
        const moved = (old, i) => (i === k && field.value !== "" ? value : old);
        model.moveStart(model.view.start.map(moved));
      },
    });
    return field;
  });
  const node = element(
    "div",
    { class: "start" },
    element("span", {}, "Start θ₁, θ₂"),
    ...fields,
    button("Usual start", () => model.set({ start: null })),
  );
  const show = () => {
    fields.forEach((field, k) => {
      field.value = String(Number(model.view.start[k].toPrecision(4)));
    });
  };
  return { node, show };
}

/**
 * The table of the algorithms: which walk, what their losses are, which one is looked into.
 * @param {Model} model
 * @returns {Part & {losses: Map<string, HTMLElement>}} with the cells of the losses
 */
export function algorithmFields(model) {
  const group = unique("inside");
  const losses = new Map();
  const shows = [];
  const rows = NAMES.map((name) => {
    const [checkId, radioId] = [unique("shown"), unique("look")];
    const check = element("input", {
      type: "checkbox",
      id: checkId,
      onchange: () => model.toggle(name, check.checked),
    });
    const radio = element("input", {
      type: "radio",
      name: group,
      id: radioId,
      "aria-label": `Look inside ${titleOf(name)}`,
      onchange: () => model.lookInside(name),
    });
    const loss = element("td", { class: "loss" });
    losses.set(name, loss);
    shows.push(() => {
      check.checked = model.settings.shown.includes(name);
      radio.checked = model.settings.inside === name;
    });
    const label = element("label", { for: checkId }, swatch(name), ` ${titleOf(name)}`);
    return element(
      "tr",
      {},
      element("td", {}, check),
      element("th", { scope: "row" }, label),
      loss,
      element("td", {}, radio),
    );
  });
  const titles = ["Walk", "Algorithm", "Loss", "Look inside"];
  const head = titles.map((text) => element("th", { scope: "col" }, text));
  const node = element(
    "fieldset",
    {},
    element("legend", {}, "Algorithms"),
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...rows),
    ),
  );
  return { node, losses, show: () => shows.forEach((bring) => bring()) };
}

/**
 * The sliders of the algorithm that is looked into.
 * @param {Model} model
 * @returns {Part}
 */
export function insideFields(model) {
  const legend = element("legend");
  const node = element("fieldset", {}, legend);
  let sliders = new Map();
  let made = "";
  const show = () => {
    const { hyperparameters, inside } = model.settings;
    const numbers = hyperparameters[inside];
    const wanted = [inside, ...Object.keys(numbers)].join();
    if (made !== wanted) {
      made = wanted;
      const spec = (name) => (inside === OWN ? numberOfRule(name) : NUMBERS[name]);
      const one = (name) => slider(spec(name), (value) => model.setNumber(name, value));
      sliders = new Map(Object.keys(numbers).map((name) => [name, one(name)]));
      node.replaceChildren(legend, ...[...sliders.values()].map((each) => each.node));
    }
    legend.textContent = `Settings of ${titleOf(inside)}`;
    for (const [name, each] of sliders) {
      each.show(numbers[name]);
    }
  };
  return { node, show };
}
