/** Tasks for the reader's own rule, each with a button that judges it. */

import { CHALLENGES } from "./challenges.js";
import { inPieces } from "./chunks.js";
import { button, element, unique } from "./controls.js";

/**
 * @param {import("./model.js").Model} model
 * @returns {import("./form.js").Part}
 */
export function challengesPanel(model) {
  const tasks = CHALLENGES.map((challenge) => task(model, challenge));
  const node = element(
    "fieldset",
    { class: "challenges" },
    element("legend", {}, "Challenges"),
    element(
      "p",
      {},
      "A judge tunes your rule with 80 settings, whatever its sliders say, and then measures it on " +
        "other starts. Each judgement draws them anew.",
    ),
    element("ol", {}, ...tasks.map((one) => one.node)),
  );
  return { node, show: () => tasks.forEach((one) => one.show()) };
}

/** One task: a verdict stands only as long as the lines that it is about. */
function task(model, { title, text, judge }) {
  const [titleId, buttonId] = ["challenge", "judge"].map(unique);
  const verdict = element("p", { class: "verdict", "aria-live": "polite" });
  let judged = ""; // the lines that the verdict is about
  let asked = 0; // how often there was another question: an older one is not answered
  const show = () => {
    if (verdict.textContent && judged !== linesOf(model)) {
      clear();
    }
  };
  const clear = () => {
    asked += 1;
    verdict.replaceChildren();
    ask.removeAttribute("aria-disabled");
  };
  const judgeNow = async () => {
    if (ask.hasAttribute("aria-disabled")) {
      return;
    }
    clear();
    judged = linesOf(model);
    const { trouble } = model.settings;
    if (trouble) {
      verdict.textContent = `Line ${trouble.line} has an error: correct it, then ask again.`;
      return;
    }
    const question = asked;
    ask.setAttribute("aria-disabled", "true");
    verdict.textContent = "judging …";
    const found = await inPieces(judge(model.rule), () => asked === question);
    if (found) {
      const word = element("strong", {}, found.passed ? "Passed." : "Not yet.");
      verdict.replaceChildren(word, ` ${found.sentence}`);
      ask.removeAttribute("aria-disabled");
    }
  };
  const ask = button("Judge my rule", judgeNow, {
    id: buttonId,
    "aria-labelledby": `${buttonId} ${titleId}`,
  });
  const node = element(
    "li",
    {},
    element("strong", { id: titleId }, title),
    element("p", {}, text),
    ask,
    verdict,
  );
  return { node, show };
}

/** What stands in the lines, whether it can be read or not. */
function linesOf({ settings }) {
  return settings.trouble?.text ?? settings.rule;
}
