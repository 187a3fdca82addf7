/** What a playground knows: its settings, and the walks that follow from them. */

import { searching } from "./best.js";
import { inPieces } from "./chunks.js";
import { isLinear } from "./linear.js";
import { knownAs, numberOfRule } from "./numbers.js";
import { ALGORITHMS } from "./optimizers.js";
import { asInLines, NAMES, numbersFor, OWN, readRule } from "./own.js";
import { WITH_REGIME } from "./regime.js";
import { LINES, parseRule, ruleAlgorithm } from "./rule.js";
import { classDefaults, fromText } from "./state.js";
import { SURFACES } from "./surfaces.js";
import { walk } from "./walk.js";

/**
 * What is to be drawn.
 * @typedef {object} View
 * @property {import("./surfaces.js").Surface} surface
 * @property {string} ground changes when the surface does
 * @property {[number, number]} start θ_0
 * @property {Map<string, import("./walk.js").Walk>} walks by algorithm
 * @property {Record<string, Record<string, number>>} hyperparameters by algorithm
 * @property {string} inside the algorithm whose state is drawn
 * @property {OwnRule} own the rule that the reader writes
 * @property {number} t how far the walks have come; between two whole numbers while they play
 * @property {number} steps T
 * @property {number} version changes when any of the walks does
 * @property {number} plays how often playing has ended
 *
 * @typedef {object} OwnRule
 * @property {string} text
 * @property {import("./walk.js").Algorithm} algorithm
 * @property {boolean} linear whether it is, at its present hyperparameters
 * @property {string} [rate] its learning rate
 * @property {string} [upward] the first of its hyperparameters that end at 1
 */

/** The settings of one playground, and what is to be drawn of them. */
export class Model {
  /**
   * @param {string} text settings, as the address of the page keeps them
   * @param {() => void} changed is called after every change
   */
  constructor(text, changed) {
    this.settings = fromText(text);
    this.changed = changed;
    this.note = ""; // what a button did, said before the summary
    this.changes = 0; // so far: a search for the settings of before one is given up
    this.view = /** @type {View} */ ({
      t: this.settings.steps,
      walks: new Map(),
      version: 0,
      plays: 0,
    });
    this.follow();
  }

  /** Read other settings, and show how their walks end. */
  read(text) {
    this.settings = fromText(text);
    this.view.t = this.settings.steps;
    this.set({});
  }

  /**
   * Something was set: walk again, and tell those who draw and say it.
   * @param {Partial<import("./state.js").Settings>} change
   * @param {string[]} [algorithms] those that walk otherwise now, or all
   */
  set(change, algorithms) {
    const ended = this.view.t >= this.settings.steps;
    this.changes += 1;
    Object.assign(this.settings, change);
    this.follow(algorithms);
    if (ended) {
      this.view.t = this.settings.steps;
    }
    this.changed();
  }

  /** Bring the view up to date with the settings. */
  follow(changed = NAMES) {
    const { settings, view } = this;
    if (settings.rule !== this.text) {
      this.text = settings.rule;
      this.rule = parseRule(settings.rule);
      this.own = ruleAlgorithm(this.rule);
    }
    view.ground = JSON.stringify([settings.surface, settings.kappa, settings.angle]);
    view.surface = SURFACES[settings.surface].make(settings);
    view.start = settings.start ?? view.surface.start;
    view.hyperparameters = settings.hyperparameters;
    view.inside = settings.inside;
    view.steps = settings.steps;
    view.t = Math.min(view.t, view.steps);
    view.own = this.ownRule();
    view.version += 1;
    const old = view.walks;
    const kept = (name) => (changed.includes(name) ? undefined : old.get(name));
    view.walks = new Map(settings.shown.map((name) => [name, kept(name) ?? this.walked(name)]));
  }

  /** @returns {OwnRule} */
  ownRule() {
    const numbers = this.settings.hyperparameters[OWN];
    const names = Object.keys(numbers);
    return {
      text: this.text,
      algorithm: this.own,
      linear: isLinear(this.own, numbers),
      rate: names.find((name) => knownAs(name) === "eta"),
      upward: names.find((name) => numberOfRule(name).limits[1] <= 1),
    };
  }

  /** Names in the own rule that may be misspelled, in a sentence each. */
  get hints() {
    return this.rule.hints.map(({ message }) => message);
  }

  /** @returns {import("./walk.js").Algorithm} */
  algorithm(name) {
    return name === OWN ? this.own : ALGORITHMS[name];
  }

  walked(name) {
    const { hyperparameters, steps } = this.settings;
    const { surface, start } = this.view;
    return walk(surface, this.algorithm(name), hyperparameters[name], start, steps);
  }

  /** Set a hyperparameter of the algorithm that is looked into. */
  setNumber(name, value) {
    const { hyperparameters, inside } = this.settings;
    hyperparameters[inside][name] = value;
    this.set({}, [inside]);
  }

  /** Move the start, to four digits. */
  moveStart(point) {
    const [x, y] = point.map((value) => Number(value.toPrecision(4)));
    this.set({ start: [x, y] });
  }

  /** Let an algorithm walk, or walk no more; at least one does. */
  toggle(name, on) {
    const { settings } = this;
    const shown = NAMES.filter((other) => (other === name ? on : settings.shown.includes(other)));
    if (shown.length === 0) {
      this.changed();
      return;
    }
    const inside = shown.includes(settings.inside) ? settings.inside : shown[0];
    this.set({ shown, inside }, [name]);
  }

  /** Look into an algorithm, which then walks as well. */
  lookInside(name) {
    const { shown } = this.settings;
    const all = NAMES.filter((a) => a === name || shown.includes(a));
    this.set({ inside: name, shown: all }, []);
  }

  /** Another surface, with its usual start and the best learning rate of every algorithm. */
  chooseSurface(key) {
    const title = SURFACES[key].title;
    const note = () => `${title}: every algorithm has its best learning rate of the grid.`;
    this.set({ start: null, surface: key });
    this.search(NAMES, true, note);
  }

  /**
   * Take over the lines that the reader has written: they walk, and are looked into. Lines that cannot
   * be read are kept beside the last ones that could.
   * @param {string} text
   * @param {Record<string, number>} [numbers] values of hyperparameters, or those of before
   */
  writeRule(text, numbers = this.settings.hyperparameters[OWN]) {
    const { settings } = this;
    const { rule, error } = readRule(text);
    if (error) {
      settings.trouble = { text, line: error.line, message: error.message };
      this.changed();
      return;
    }
    settings.hyperparameters[OWN] = numbersFor(rule, numbers);
    const shown = NAMES.filter((name) => name === OWN || settings.shown.includes(name));
    this.set({ rule: text, trouble: null, inside: OWN, shown }, [OWN]);
  }

  /** Begin the own rule with the lines and the settings of an algorithm of the book. */
  startFrom(name) {
    this.note = `Own rule has the lines of ${name} now: change one.`;
    this.writeRule(LINES[name], asInLines(this.settings.hyperparameters[name]));
  }

  /** Give every algorithm the defaults of its class. */
  setDefaults() {
    const own = this.own.defaults;
    this.note = "The defaults of the classes.";
    this.set({ hyperparameters: { ...classDefaults(), [OWN]: { ...own } } });
  }

  /**
   * Give algorithms their best settings of the grid, unless something else is set meanwhile.
   * @param {string[]} names
   * @param {boolean} ratesOnly search the learning rates alone
   * @param {(tried: number) => string} note says what was done, of how many settings
   */
  async search(names, ratesOnly, note) {
    this.changes += 1;
    const changes = this.changes;
    const goesOn = () => this.changes === changes;
    const found = await inPieces(this.searched(names, ratesOnly), goesOn, () => {
      this.note = "Trying other settings …";
      this.changed();
    });
    if (found && goesOn()) {
      const { hyperparameters } = this.settings;
      this.note = note(found.tried);
      this.set({ hyperparameters: { ...hyperparameters, ...found.hyperparameters } });
    }
  }

  /** @returns {Generator<number, {hyperparameters: Record<string, Record<string, number>>, tried: number}>} */
  *searched(names, ratesOnly) {
    const { hyperparameters, steps } = this.settings;
    const { surface, start } = this.view;
    const found = {};
    let tried = 0;
    for (const name of names) {
      const present = hyperparameters[name];
      const one = yield* searching(surface, this.algorithm(name), present, start, steps, ratesOnly);
      found[name] = one.hyperparameters;
      tried += one.tried;
    }
    return { hyperparameters: found, tried };
  }

  /** Whether there is a phase diagram of what is looked into. */
  get hasPhase() {
    const { own, surface } = this.view;
    const { inside } = this.settings;
    const known = inside === OWN ? own.linear && own.rate : WITH_REGIME.includes(inside);
    return Boolean(surface.curvatures && known);
  }
}
