/** The playground: finds its places on the page, and joins settings, drawings and controls. */

import { challengesPanel } from "./challenges-panel.js";
import { button, element, swatch } from "./controls.js";
import { Drawings } from "./drawings.js";
import { algorithmFields, insideFields, settingSlider, surfaceFields } from "./form.js";
import { Model } from "./model.js";
import { titleOf } from "./own.js";
import { ownClass } from "./own-class.js";
import { ownPanel } from "./own-panel.js";
import { player } from "./player.js";
import { pointAtStart } from "./pointing.js";
import { toText, toToken } from "./state.js";
import { showLosses, stateTable } from "./table.js";
import { showWidgets } from "./widgets.js";
import { mapWords, regimeInWords, summary } from "./words.js";

const PAUSE = 300; // ms without a change, after which it is kept and said

/**
 * Make a playground of an element.
 *
 * With `data-size="small"` it has the map, one more drawing (`data-panel`: loss, state or phase), the
 * sliders of one algorithm and those that `data-controls` names (kappa, angle). `data-settings` holds
 * settings as the address of the page does, and `data-link` is the address of the whole playground.
 * The whole playground has `data-colab`, the address of the notebook that trains with an own rule.
 * @param {HTMLElement} root
 */
export function mount(root) {
  const small = root.dataset.size === "small";
  const model = new Model((small ? root.dataset.settings : location.hash.slice(1)) ?? "", () => {
    show();
    wait();
  });
  const drawings = new Drawings(model);
  const happened = element("p", { class: "happened", "aria-live": "polite" });

  const drawParts = () => {
    for (const part of parts) {
      part.draw?.();
    }
  };
  const draw = () => {
    drawings.draw();
    drawParts();
  };
  const update = () => {
    drawings.update();
    drawParts();
  };
  const show = () => {
    for (const part of parts) {
      part.show?.();
    }
    update();
  };
  const say = () => {
    const found = summary(model.view);
    happened.textContent = [model.note, found].filter(Boolean).join(" ");
    model.note = "";
    drawings.describe(mapWords(model.view, model.settings.surface), found);
  };
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      parts.forEach((part) => part.remember?.());
      say();
    }, PAUSE);
  };
  const sayNow = () => {
    clearTimeout(timer); // or what was set just before is said on top of the note
    say();
  };

  const play = player(model.view, { draw, update, say });
  pointAtStart(drawings.map, model, play.play);
  const regime = regimeText(model, root);
  const stage = element("div", { class: "stage" }, drawings.map, play.node, happened, regime.node);
  const more = small
    ? smallSide(root, model, drawings)
    : wholePage(model, drawings, sayNow, root.dataset.colab);
  if (small) {
    stage.insertBefore(legend(model.settings.shown), happened);
  }
  /** @type {{show?: () => void, draw?: () => void, remember?: () => void}[]} */
  const parts = [{ draw: play.show }, regime, ...more.parts];
  root.replaceChildren(element("div", { class: "board" }, stage, ...more.nodes));
  if (!small) {
    // the event's own address: what was set just before may have been kept in the page's since
    window.addEventListener("hashchange", ({ newURL }) =>
      model.read(new URL(newURL).hash.slice(1)),
    );
  }
  show();
  say();
  new ResizeObserver(() => update()).observe(root);
}

/** A form that sends nothing. */
function quietForm(name, ...children) {
  return element("form", { class: name, onsubmit: (event) => event.preventDefault() }, ...children);
}

function legend(names) {
  const entries = names.map((name) => element("li", {}, swatch(name), ` ${titleOf(name)}`));
  return element("ul", { class: "legend" }, ...entries);
}

/** What stands beside the map of a small playground, and its link to the whole one. */
function smallSide(root, model, drawings) {
  const link = element("a", { class: "whole" }, "Open this in the whole playground");
  const pointLink = () => {
    link.href = `${root.dataset.link ?? ""}#${toToken(model.settings)}`;
  };
  pointLink();
  const inside = insideFields(model);
  const names = (root.dataset.controls ?? "").split(" ").filter(Boolean);
  const more = names.map((name) => settingSlider(model, name));
  const panel = drawings.panel(root.dataset.panel ?? "loss");
  const side = quietForm("side", panel, inside.node, ...more.map(({ node }) => node), link);
  return { nodes: [side], parts: [inside, ...more, { remember: pointLink }] };
}

/** What stands around the map of the whole playground. */
function wholePage(model, drawings, say, notebook) {
  const inside = insideFields(model);
  const algorithms = algorithmFields(model);
  const surface = surfaceFields(model);
  const python = ownClass(model, notebook, say);
  const own = ownPanel(model, python.node, drawings.map);
  const challenges = challengesPanel(model);
  const keep = () => {
    history.replaceState(null, "", `${location.pathname}#${toText(model.settings)}`);
  };
  const table = stateTable(model.view);
  const losses = () => showLosses(model.view, algorithms.losses);
  const settings = quietForm(
    "settings",
    inside.node,
    buttons(model, keep, say),
    own.node,
    algorithms.node,
    surface.node,
  );
  const wide = element(
    "div",
    { class: "wide" },
    drawings.panel("updates"),
    drawings.panel("state"),
    table.node,
    drawings.panel("phase"),
  );
  return {
    nodes: [settings, drawings.panel("loss"), quietForm("tasks", challenges.node), wide],
    parts: [
      inside,
      own,
      challenges,
      python,
      algorithms,
      surface,
      { draw: table.show },
      { draw: losses },
      { remember: keep },
    ],
  };
}

function buttons(model, keep, say) {
  const search = () => {
    const { shown, steps } = model.settings;
    model.search(shown, false, (tried) => `The best of ${tried} settings for ${steps} steps.`);
  };
  const copy = async () => {
    keep();
    try {
      await navigator.clipboard.writeText(location.href);
      model.note = "The link to this state is copied.";
    } catch {
      model.note = "The address of this page is now the link to this state.";
    }
    say();
  };
  return element(
    "div",
    { class: "buttons" },
    button("Best settings", search),
    button("Defaults", () => model.setDefaults()),
    button("Copy link", copy),
  );
}

/** The regime in words; where there is none, nor a phase diagram, neither is shown. */
function regimeText(model, root) {
  const name = element("strong");
  const reason = element("span");
  const node = element("p", { class: "regime" }, name, " ", reason);
  const show = () => {
    const found = regimeInWords(model.view);
    node.hidden = !found;
    name.textContent = found ? `${titleOf(model.settings.inside)}: ${found.name}.` : "";
    reason.textContent = found?.reason ?? "";
    const phase = /** @type {HTMLElement | null} */ (root.querySelector(".phase"));
    if (phase) {
      phase.hidden = !model.hasPhase;
    }
  };
  return { node, show };
}

for (const root of document.querySelectorAll(".playground:not([data-widget])")) {
  mount(/** @type {HTMLElement} */ (root));
}
showWidgets();
