/** The playground: finds its places on the page, and joins settings, walks, drawings and controls. */

import { best } from "./best.js";
import { BATCHES, classDefaults, fromText, toText, toToken } from "./state.js";
import { button, choice, element, slider, swatch, unique } from "./controls.js";
import { drawCurves, drawMap, drawPhase, drawState, mapFrame, phaseFrame, shortly } from "./draw.js";
import { quantities } from "./inside.js";
import { ALGORITHMS } from "./optimizers.js";
import { WITH_REGIME } from "./regime.js";
import { SURFACES } from "./surfaces.js";
import { walk } from "./walk.js";
import { showWidgets } from "./widgets.js";
import { regimeInWords, summary } from "./words.js";

const SECONDS = 6; // a whole walk plays in about so long
const CALM = 4; // steps per second where the reader has asked for reduced motion
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

/**
 * Make a playground of an element.
 *
 * With `data-size="small"` it has the map, one more drawing (`data-panel`: loss, state or phase), the
 * sliders of one algorithm and those that `data-controls` names (kappa, angle). `data-settings` holds
 * settings as the address of the page does, and `data-link` is the address of the whole playground.
 * @param {HTMLElement} root
 */
export function mount(root) {
  const small = root.dataset.size === "small";
  const panels = small ? [root.dataset.panel ?? "loss"] : ["loss", "updates", "state", "phase"];
  const given = small ? root.dataset.settings : location.hash.slice(1);
  let settings = fromText(given ?? "");
  /** @type {import("./draw.js").View} */
  const view = { t: settings.steps, walks: new Map(), version: 0 };
  let playing = false;
  let note = ""; // what a button did, said before the summary

  // What follows from the settings

  const follow = (changed = Object.keys(ALGORITHMS)) => {
    const ground = JSON.stringify([settings.surface, settings.kappa, settings.angle]);
    view.surface = SURFACES[settings.surface].make(settings);
    view.ground = ground;
    view.start = settings.start ?? view.surface.start;
    view.hyperparameters = settings.hyperparameters;
    view.inside = settings.inside;
    view.steps = settings.steps;
    view.t = Math.min(view.t, view.steps);
    view.version += 1;
    const old = view.walks;
    view.walks = new Map(
      settings.shown.map((name) => [
        name,
        (!changed.includes(name) && old.get(name)) || walked(name),
      ]),
    );
  };
  const walked = (name) =>
    walk(view.surface, ALGORITHMS[name], settings.hyperparameters[name], view.start, settings.steps);

  /** Something was set: walk again, draw, keep it in the address, say what happened. */
  const set = (change, algorithms) => {
    const before = settings.steps;
    Object.assign(settings, change);
    const ended = view.t >= before;
    follow(algorithms);
    if (ended) {
      view.t = settings.steps;
    }
    show();
    later(remember);
  };
  const setNumber = (name) => (value) => {
    settings.hyperparameters[settings.inside][name] = value;
    set({}, [settings.inside]);
  };

  let timer = 0;
  const later = (task) => {
    clearTimeout(timer);
    timer = setTimeout(task, 300);
  };
  const remember = () => {
    if (small) {
      pointLink();
    } else {
      history.replaceState(null, "", `${location.pathname}#${toText(settings)}`);
    }
    say();
  };
  const say = () => {
    happened.textContent = [note, summary(view)].filter(Boolean).join(" ");
    note = "";
    map.setAttribute("aria-label", mapLabel());
    for (const { canvas, label } of drawings) {
      canvas.setAttribute("aria-label", `${label}. ${summary(view)}`);
    }
  };
  const mapLabel = () =>
    `${SURFACES[settings.surface].title} from above, with the paths. ` +
    `The start is at ${view.start.map(shortly).join(", ")}. Arrow keys move it, Shift makes long ` +
    "moves, Enter plays and stops.";

  // Drawings

  const map = element("canvas", { class: "map", tabindex: 0, role: "application" });
  const drawings = [];
  const drawing = (label, paint) => {
    const canvas = element("canvas", { role: "img" });
    drawings.push({ canvas, label, paint });
    return canvas;
  };
  const updates = (k) => (one) => one.points.slice(1).map((p, i) => Math.abs(p[k] - one.points[i][k]));
  const curves = () => {
    const log = view.surface.minima.length > 0;
    return [view, "loss E", (one) => one.losses, 0, log];
  };
  const panelMakers = {
    loss: () => [drawing("The loss against the step", (canvas) => drawCurves(canvas, ...curves()))],
    updates: () =>
      [0, 1].map((k) =>
        drawing(`The size of the update of theta ${k + 1} against the step`, (canvas) =>
          drawCurves(canvas, view, `size of the update |Δθ${"₁₂"[k]}|`, updates(k), 1, true),
        ),
      ),
    state: () =>
      [0, 1].map((k) =>
        drawing(`The state of the chosen algorithm for theta ${k + 1}`, (canvas) =>
          drawState(canvas, view, k),
        ),
      ),
    phase: () => {
      const label = "Phase diagram over eta times lambda and beta, with a dot for each axis";
      const canvas = drawing(label, (it) => hasPhase() && drawPhase(it, view));
      canvas.addEventListener("click", (event) => {
        const box = phaseFrame(canvas.clientWidth, canvas.clientHeight);
        const [x, y] = placeOf(event, canvas, box, [[0, 4.2], [0, 1]]);
        const numbers = settings.hyperparameters[settings.inside];
        numbers.eta = Number(Math.max(1e-5, x / view.surface.curvatures[1]).toPrecision(3));
        if ("beta" in numbers) {
          numbers.beta = Number(Math.max(0, Math.min(0.99, y)).toPrecision(2));
        }
        set({}, [settings.inside]);
      });
      return [canvas];
    },
  };
  const hasPhase = () => Boolean(view.surface.curvatures) && WITH_REGIME.includes(settings.inside);

  const draw = () => {
    for (const { canvas, paint } of [{ canvas: map, paint: (it) => drawMap(it, view) }, ...drawings]) {
      if (canvas.clientWidth > 0) {
        paint(canvas);
      }
    }
    clock.value = Math.floor(view.t);
    clockText.textContent = `${Math.floor(view.t)} of ${view.steps}`;
    showTable();
    for (const [name, cell] of lossCells) {
      const one = view.walks.get(name);
      const t = Math.floor(view.t);
      const gone = one?.divergedAt !== null && t >= one?.divergedAt;
      const away = view.surface.minima.length ? "diverged" : "far away";
      const text = one ? (gone ? away : shortly(one.losses[t])) : "";
      if (cell.textContent !== text) {
        cell.textContent = text;
      }
    }
  };

  // Play

  let before = 0;
  const tick = (now) => {
    if (!playing) {
      return;
    }
    const seconds = Math.max(0, now - before) / 1000; // a frame may have begun before the click
    if (calm.matches) {
      if (seconds >= 1 / CALM) {
        before = now;
        view.t = Math.min(Math.floor(view.t) + 1, view.steps);
        draw();
      }
    } else {
      before = now;
      view.t = Math.min(view.t + seconds * Math.max(4, view.steps / SECONDS), view.steps);
      draw();
    }
    if (view.t >= view.steps) {
      stop();
    } else {
      requestAnimationFrame(tick);
    }
  };
  const stop = () => {
    playing = false;
    playButton.textContent = "Play";
    view.t = Math.floor(view.t);
    view.version += 1; // all is drawn once more, in the same order as without playing
    draw();
    say();
  };
  const play = () => {
    if (playing) {
      stop();
      return;
    }
    view.t = view.t >= view.steps ? 0 : view.t;
    playing = true;
    playButton.textContent = "Pause";
    before = performance.now();
    requestAnimationFrame(tick);
  };
  const goTo = (t) => {
    playing = false;
    playButton.textContent = "Play";
    view.t = Math.max(0, Math.min(t, view.steps));
    draw();
    say();
  };
  const playButton = button("Play", play, { class: "primary" });
  const clockId = unique("clock");
  const clock = element("input", {
    type: "range", id: clockId, min: 0, step: 1, oninput: () => goTo(Number(clock.value)),
  });
  const clockText = element("span", { class: "clock" });
  const transport = element(
    "div",
    { class: "transport", role: "group", "aria-label": "Walk" },
    playButton,
    button("Step", () => goTo(Math.floor(view.t) + 1)),
    button("Reset", () => goTo(0)),
    element("div", { class: "time" }, element("label", { for: clockId }, "Step"), clock, clockText),
  );
  const happened = element("p", { class: "happened", "aria-live": "polite" });

  // The start

  const moveStart = (point) => set({ start: point.map((value) => Number(value.toPrecision(4))) });
  const placeOf = (event, canvas, box, [[left, right], [low, high]]) => {
    const area = canvas.getBoundingClientRect();
    const across = (event.clientX - area.left - box.left) / (box.right - box.left);
    const up = (box.bottom - (event.clientY - area.top)) / (box.bottom - box.top);
    const part = (value) => Math.max(0, Math.min(1, value));
    return [left + part(across) * (right - left), low + part(up) * (high - low)];
  };
  const pointed = (event) => {
    const box = mapFrame(map.clientWidth, map.clientHeight, view.surface);
    moveStart(placeOf(event, map, box, view.surface.window));
  };
  map.addEventListener("click", pointed);
  map.addEventListener("pointermove", (event) => {
    // a finger scrolls the page, a mouse drags the start
    if (event.pointerType === "mouse" && event.buttons === 1) {
      pointed(event);
    }
  });
  map.addEventListener("keydown", (event) => {
    const direction = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
    }[event.key];
    if (direction) {
      const far = event.shiftKey ? 10 : 1;
      moveStart(
        view.start.map((value, k) => {
          const [low, high] = view.surface.window[k];
          const moved = value + (direction[k] * far * (high - low)) / 100;
          return Math.max(low, Math.min(high, moved));
        }),
      );
    } else if (event.key === "Enter" || event.key === " ") {
      play();
    } else {
      return;
    }
    event.preventDefault();
  });

  // The form

  const shows = []; // functions that bring a control up to date
  const numberSlider = (name, changed) => {
    const made = slider(name, changed);
    shows.push(() => made.show(settings[name]));
    return made.node;
  };
  const surfaceFields = () => {
    const titles = Object.entries(SURFACES).map(([key, { title }]) => [key, title]);
    const surface = choice("Surface", titles, (key) => {
      settings.start = null;
      settings.surface = key;
      follow();
      searchAll(true, Object.keys(ALGORITHMS));
      note = `${SURFACES[key].title}: every algorithm has its best learning rate of the grid.`;
      set({});
    });
    const batch = choice("Minibatch size", BATCHES.map((b) => [`${b}`, `${b}`]), (value) =>
      set({ batch: Number(value) }),
    );
    const options = {
      kappa: numberSlider("kappa", (kappa) => set({ kappa })),
      angle: numberSlider("angle", (angle) => set({ angle })),
      batch: batch.node,
      seed: numberSlider("seed", (seed) => set({ seed })),
    };
    const start = [0, 1].map((k) => {
      const field = element("input", {
        type: "number", step: "any", "aria-label": `Start, theta ${k + 1}`,
        onchange: () => {
          const value = Number(field.value);
          moveStart(view.start.map((old, i) => (i === k && field.value !== "" ? value : old)));
        },
      });
      shows.push(() => { field.value = Number(view.start[k].toPrecision(4)); });
      return field;
    });
    shows.push(() => {
      surface.show(settings.surface);
      batch.show(String(settings.batch));
      for (const [name, node] of Object.entries(options)) {
        node.hidden = !SURFACES[settings.surface].options.includes(name);
      }
      formula.textContent = `E = ${view.surface.formula}`;
    });
    const formula = element("p", { class: "formula" });
    return element(
      "fieldset",
      {},
      element("legend", {}, "Surface"),
      surface.node,
      formula,
      ...Object.values(options),
      element("div", { class: "start" }, element("span", {}, "Start θ₁, θ₂"), ...start,
        button("Usual start", () => set({ start: null }))),
      numberSlider("steps", (steps) => set({ steps })),
    );
  };

  const lossCells = new Map();
  const algorithmFields = () => {
    const group = unique("inside");
    const rows = Object.keys(ALGORITHMS).map((name) => {
      const [checkId, radioId] = [unique("shown"), unique("look")];
      const check = element("input", {
        type: "checkbox", id: checkId,
        onchange: () => toggle(name, check.checked),
      });
      const radio = element("input", {
        type: "radio", name: group, id: radioId, "aria-label": `Look inside ${name}`,
        onchange: () => lookInside(name),
      });
      const loss = element("td", { class: "loss" });
      lossCells.set(name, loss);
      shows.push(() => {
        check.checked = settings.shown.includes(name);
        radio.checked = settings.inside === name;
      });
      return element("tr", {},
        element("td", {}, check),
        element("th", { scope: "row" }, element("label", { for: checkId }, swatch(name), ` ${name}`)),
        loss,
        element("td", {}, radio));
    });
    const titles = ["Walk", "Algorithm", "Loss", "Look inside"];
    const head = titles.map((text) => element("th", { scope: "col" }, text));
    return element(
      "fieldset",
      {},
      element("legend", {}, "Algorithms"),
      element("table", {}, element("thead", {}, element("tr", {}, ...head)),
        element("tbody", {}, ...rows)),
    );
  };
  const toggle = (name, on) => {
    const shown = Object.keys(ALGORITHMS).filter((other) =>
      other === name ? on : settings.shown.includes(other),
    );
    if (shown.length === 0) {
      show(); // at least one walks
      return;
    }
    set({ shown, inside: shown.includes(settings.inside) ? settings.inside : shown[0] }, [name]);
  };
  const lookInside = (name) => {
    const shown = Object.keys(ALGORITHMS).filter((a) => a === name || settings.shown.includes(a));
    set({ inside: name, shown }, []);
  };

  const insideFields = () => {
    const legend = element("legend");
    const made = ["eta", "beta", "rho", "beta1", "beta2", "epsilon"].map((name) => ({
      name,
      ...slider(name, setNumber(name)),
    }));
    shows.push(() => {
      legend.textContent = `Settings of ${settings.inside}`;
      const numbers = settings.hyperparameters[settings.inside];
      for (const { name, node, show } of made) {
        node.hidden = !(name in numbers);
        if (name in numbers) {
          show(numbers[name]);
        }
      }
    });
    return element("fieldset", {}, legend, ...made.map(({ node }) => node));
  };

  const searchAll = (ratesOnly, names) => {
    let tried = 0;
    for (const name of names) {
      const present = settings.hyperparameters[name];
      const found = best(view.surface, ALGORITHMS[name], present, view.start, settings.steps, ratesOnly);
      settings.hyperparameters[name] = found.hyperparameters;
      tried += found.tried;
    }
    return tried;
  };
  const bestButton = button("Best settings", () => {
    const tried = searchAll(false, settings.shown);
    note = `The best of ${tried} settings for ${settings.steps} steps.`;
    set({});
  });
  const defaultsButton = button("Defaults", () => {
    settings.hyperparameters = classDefaults();
    note = "The defaults of the classes.";
    set({});
  });
  const linkButton = button("Copy link", async () => {
    clearTimeout(timer); // or what was set just before is said on top of the note
    const address = `${location.origin}${location.pathname}#${toText(settings)}`;
    history.replaceState(null, "", address);
    try {
      await navigator.clipboard.writeText(address);
      note = "The link to this state is copied.";
    } catch {
      note = "The address of this page is now the link to this state.";
    }
    say();
  });
  const link = element("a", { class: "whole" }, "Open this in the whole playground");
  const pointLink = () => {
    link.href = `${root.dataset.link ?? ""}#${toToken(settings)}`;
  };

  // The state in numbers, and the regime

  const table = element("table", { class: "numbers" });
  const showTable = () => {
    if (small) {
      return;
    }
    const one = view.walks.get(settings.inside);
    const t = Math.min(Math.floor(view.t), one.gradients.length);
    caption.textContent = `Inside ${settings.inside}, ${t ? `step ${t}` : "before the first step"}`;
    const rows = t ? quantities(settings.inside, settings.hyperparameters[settings.inside], one, t) : [];
    const texts = rows.map(({ symbol, words, values }) =>
      [`${symbol}, ${words}`, ...values.map(shortly)]);
    // cells are kept while the walk plays: making them anew is slow
    while (body.rows.length > texts.length) {
      body.deleteRow(-1);
    }
    while (body.rows.length < texts.length) {
      body.append(element("tr", {}, element("th", { scope: "row" }), element("td"), element("td")));
    }
    texts.forEach((row, i) => row.forEach((text, j) => {
      const cell = body.rows[i].cells[j];
      if (cell.textContent !== text) {
        cell.textContent = text;
      }
    }));
  };
  const caption = element("caption");
  const body = element("tbody");
  table.append(caption, element("thead", {}, element("tr", {},
    ...["Quantity", "θ₁", "θ₂"].map((text) => element("th", { scope: "col" }, text)))), body);

  const regimeName = element("strong");
  const regimeReason = element("span");
  const regimeText = element("p", { class: "regime" }, regimeName, " ", regimeReason);
  shows.push(() => {
    const found = regimeInWords(view);
    regimeText.hidden = !found;
    regimeName.textContent = found ? `${settings.inside}: ${found.name}.` : "";
    regimeReason.textContent = found?.reason ?? "";
    const phase = root.querySelector(".phase");
    if (phase) {
      phase.hidden = !hasPhase();
    }
  });

  const show = () => {
    clock.max = settings.steps;
    shows.forEach((bring) => bring());
    draw();
  };

  // Put together

  const panel = (name, ...more) =>
    element("div", { class: `panel ${name}` }, ...panelMakers[name](), ...more);
  const stage = element("div", { class: "stage" }, map, transport, happened, regimeText);
  const board = element("div", { class: "board" });
  root.replaceChildren(board);
  if (small) {
    const legend = settings.shown.map((name) => element("li", {}, swatch(name), ` ${name}`));
    stage.insertBefore(element("ul", { class: "legend" }, ...legend), happened);
    const names = (root.dataset.controls ?? "").split(" ").filter(Boolean);
    const more = names.map((name) => numberSlider(name, (value) => set({ [name]: value })));
    board.append(stage, element("form", { class: "side", onsubmit: (event) => event.preventDefault() },
      panel(panels[0]), insideFields(), ...more, link));
  } else {
    const buttons = element("div", { class: "buttons" }, bestButton, defaultsButton, linkButton);
    const form = element("form", { class: "settings", onsubmit: (event) => event.preventDefault() },
      insideFields(), buttons, algorithmFields(), surfaceFields());
    board.append(stage, form, panel("loss"),
      element("div", { class: "wide" }, panel("updates"), panel("state"), table, panel("phase")));
    window.addEventListener("hashchange", () => {
      settings = fromText(location.hash.slice(1));
      view.t = settings.steps;
      set({});
    });
  }
  follow();
  show();
  pointLink();
  say();
  new ResizeObserver(() => draw()).observe(root);
}

document.querySelectorAll(".playground:not([data-widget])").forEach(mount);
showWidgets();
