/** The numbers of the page: the state of one algorithm, and the losses of all. */

import { shortly } from "./canvas.js";
import { element } from "./controls.js";
import { quantities } from "./inside.js";
import { titleOf } from "./own.js";

/** Write a text where it is another one: cells are kept while the walk plays, or it would be slow. */
function write(cell, text) {
  if (cell.textContent !== text) {
    cell.textContent = text;
  }
}

/**
 * The state of the algorithm that is looked into, in numbers.
 * @param {import("./model.js").View} view
 * @returns {{node: HTMLElement, show: () => void}}
 */
export function stateTable(view) {
  const caption = element("caption");
  const body = element("tbody");
  const titles = ["Quantity", "θ₁", "θ₂"].map((text) => element("th", { scope: "col" }, text));
  const head = element("thead", {}, element("tr", {}, ...titles));
  const node = element("table", { class: "numbers" }, caption, head, body);
  const show = () => {
    const { inside } = view;
    const one = view.walks.get(inside);
    const t = Math.min(Math.floor(view.t), one.gradients.length);
    caption.textContent = `Inside ${titleOf(inside)}, ${t ? `step ${t}` : "before the first step"}`;
    const rows = t ? quantities(inside, view.hyperparameters[inside], one, t) : [];
    while (body.rows.length > rows.length) {
      body.deleteRow(-1);
    }
    while (body.rows.length < rows.length) {
      body.append(element("tr", {}, element("th", { scope: "row" }), element("td"), element("td")));
    }
    rows.forEach(({ symbol, words, values }, i) => {
      const texts = [`${symbol}, ${words}`, ...values.map(shortly)];
      texts.forEach((text, j) => write(body.rows[i].cells[j], text));
    });
  };
  return { node, show };
}

/**
 * Write the present losses.
 * @param {import("./model.js").View} view
 * @param {Map<string, HTMLElement>} cells by algorithm
 */
export function showLosses(view, cells) {
  const t = Math.floor(view.t);
  const away = view.surface.minima.length ? "diverged" : "far away";
  for (const [name, cell] of cells) {
    const one = view.walks.get(name);
    const gone = one && one.divergedAt !== null && t >= one.divergedAt;
    write(cell, one ? (gone ? away : shortly(one.losses[t])) : "");
  }
}
