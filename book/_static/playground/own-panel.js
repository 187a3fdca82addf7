/** The panel of the reader's own rule: its lines, and what is wrong with them. */

import { choice, element, unique } from "./controls.js";
import { glance } from "./glance.js";
import { NAMES, OWN, sameAs } from "./own.js";

const PAUSE = 600; // ms without a key, after which it is said what is wrong: a half-written line is not
const YOURS = "yours"; // the choice where the lines are those of no algorithm of the book

/**
 * @param {import("./model.js").Model} model
 * @param {HTMLElement} more what stands below the lines
 * @param {HTMLCanvasElement} map
 * @returns {import("./form.js").Part & {draw: () => void}}
 */
export function ownPanel(model, more, map) {
  const small = glance(model, map);
  const [areaId, errorId, helpId] = ["lines", "error", "help"].map(unique);
  const area = element("textarea", {
    id: areaId,
    spellcheck: "false",
    autocomplete: "off",
    autocapitalize: "off",
    wrap: "off",
    "aria-describedby": `${helpId} ${errorId}`,
    oninput: () => model.writeRule(area.value),
  });
  const numbers = element("ol", { "aria-hidden": "true" });
  const error = element("p", { id: errorId, class: "error", "aria-live": "polite" });
  const hint = element("p", { class: "hint", "aria-live": "polite" });
  /** @type {[string, string][]} */
  const options = NAMES.filter((name) => name !== OWN).map((name) => [name, name]);
  let mine = ""; // the reader's own lines, which come back: a key that is pressed too often loses none
  const start = choice("Start from", [...options, [YOURS, "my own lines"]], (name) => {
    mine = sameAs(area.value) ? mine : area.value;
    if (name !== YOURS) {
      model.startFrom(name);
    } else if (mine) {
      model.writeRule(mine);
    }
  });
  const node = element(
    "fieldset",
    { class: "own" },
    element("legend", {}, "Own rule"),
    element(
      "p",
      { id: helpId },
      "Change a line and see the path change. Write one assignment a line; ",
      ...[
        "g",
        " is the gradient, ",
        "t",
        " the step, any other name gets a slider or is state.",
      ].map((text, i) => (i % 2 ? text : element("code", {}, text))),
    ),
    start.node,
    small.node,
    element("label", { for: areaId }, "Lines of the rule"),
    element("div", { class: "lines" }, numbers, area),
    error,
    hint,
    more,
  );

  let timer = 0;
  const showWords = () => {
    const { shown, trouble } = model.settings;
    area.setAttribute("aria-invalid", String(Boolean(trouble)));
    [...numbers.children].forEach((number, i) => {
      number.classList.toggle("wrong", trouble?.line === i + 1);
    });
    const goesOn = shown.includes(OWN) ? " The last rule without an error walks on." : "";
    write(error, trouble ? `${trouble.message}${goesOn}` : "");
    write(hint, trouble ? "" : model.hints.join(" "));
  };
  const show = () => {
    const { rule, trouble } = model.settings;
    const text = trouble?.text ?? rule;
    if (area.value !== text) {
      area.value = text;
    }
    const count = text.split("\n").length;
    area.rows = Math.max(2, count);
    while (numbers.children.length > area.rows) {
      numbers.lastChild.remove();
    }
    while (numbers.children.length < area.rows) {
      numbers.append(element("li"));
    }
    start.show(sameAs(text) ?? YOURS);
    clearTimeout(timer);
    if ((trouble || model.hints.length) && document.activeElement === area) {
      timer = setTimeout(showWords, PAUSE);
    } else {
      showWords();
    }
  };
  return { node, show, draw: small.draw };
}

/** Write a sentence where it is another one; what stands between backticks is code. */
function write(node, text) {
  if (node.textContent !== text.replaceAll("`", "")) {
    const parts = text.split("`").map((part, i) => (i % 2 ? element("code", {}, part) : part));
    node.replaceChildren(...parts);
  }
}
