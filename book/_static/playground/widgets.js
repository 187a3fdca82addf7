/** The small widgets of the chapters, by the name that a page gives in `data-widget`. */

import { biasCorrection } from "./bias-correction.js";
import { directions } from "./directions.js";
import { minibatchSize } from "./minibatch-size.js";
import { schedules } from "./schedules.js";
import { show } from "./widget.js";

const WIDGETS = {
  "bias-correction": biasCorrection,
  directions,
  "minibatch-size": minibatchSize,
  schedules,
};

/** Make the widgets of the page. */
export function showWidgets() {
  const places = document.querySelectorAll(".playground[data-widget]");
  for (const root of /** @type {NodeListOf<HTMLElement>} */ (places)) {
    show(root, WIDGETS[root.dataset.widget](root.dataset));
  }
}
