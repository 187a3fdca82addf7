/** The reader's own rule as a class of Python, to train a network with. */

import { button, element, unique } from "./controls.js";
import { OWN } from "./own.js";
import { asClass } from "./rule-class.js";

/**
 * A button, and the box that it opens.
 * @param {import("./model.js").Model} model
 * @param {string | undefined} notebook the address of a notebook that trains with the class
 * @param {() => void} say says the note of the model
 * @returns {import("./form.js").Part}
 */
export function ownClass(model, notebook, say) {
  const id = unique("class");
  const code = element("code");
  const open = button("As a class", () => toggle(box.hidden), {
    "aria-expanded": "false",
    "aria-controls": id,
  });
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      model.note = "The class is copied.";
    } catch {
      getSelection().selectAllChildren(code);
      model.note = "The class is selected: copy it with the keyboard.";
    }
    say();
  });
  const links = notebook ? [element("a", { href: notebook }, "Open in Colab")] : [];
  const box = element(
    "div",
    { id, class: "class", role: "region", "aria-label": "The rule as a class", hidden: true },
    element("pre", { tabindex: 0 }, code),
    element("div", { class: "buttons" }, copy, ...links),
    element("p", {}, "Paste it into the notebook, which trains a network with it."),
  );
  const toggle = (shown) => {
    box.hidden = !shown;
    open.setAttribute("aria-expanded", String(shown));
    show();
  };
  const show = () => {
    if (!box.hidden) {
      code.textContent = asClass(model.rule, "MyRule", model.settings.hyperparameters[OWN]);
    }
  };
  return { node: element("div", {}, open, box), show };
}
