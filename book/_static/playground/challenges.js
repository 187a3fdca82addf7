/**
 * Five tasks for a rule of one's own, each with a judge.
 *
 * A judge tunes the rule on practice cases and then measures it on others. Starts, seeds and angles of
 * both are drawn anew at each judgement, so that no rule can be made for one picture. Rivals get the
 * same number of trials. A judge is a generator, which yields after each trial: the page can do other
 * things in between.
 */

import { plain } from "./canvas.js";
import { PIECE } from "./chunks.js";
import { uniforms } from "./random.js";
import { LINES, parseRule, ruleAlgorithm } from "./rule.js";
import { noisyRavine, ravine, rosenbrock, saddle } from "./surfaces.js";
import { walk } from "./walk.js";

const TRIALS = 80; // settings that are tried for every rule
const PRACTICE = 3; // cases that they are tried on
const CASES = 7; // cases that decide

/**
 * @typedef {{surface: import("./surfaces.js").Surface, start: [number, number], steps: number}} Case
 * @typedef {(one: import("./walk.js").Walk, where: Case) => number} Measure lower is better
 * @typedef {(algorithm: import("./walk.js").Algorithm, measure: (numbers: Record<string, number>) =>
 *   number, draw: () => number) => Generator<number, Record<string, number>>} Tune finds hyperparameters
 * @typedef {{passed: boolean, sentence: string, numbers: Record<string, number>}} Verdict
 * @typedef {Generator<number, Verdict>} Judging returns the verdict at its end
 * @typedef {object} Challenge
 * @property {string} title
 * @property {string} text what to reach
 * @property {(rule: import("./rule.js").Rule, tune?: Tune, seed?: number) => Judging} judge
 */

/** @type {Tune} tries as many settings as everyone may, at random, and returns the best. */
export function* tuned(algorithm, measure, draw) {
  let [best, least] = [algorithm.defaults, measure(algorithm.defaults)];
  for (let trial = 1; trial < TRIALS; trial += 1) {
    const names = Object.keys(algorithm.defaults);
    const numbers = Object.fromEntries(names.map((name) => [name, drawn(name, draw)]));
    const found = measure(numbers);
    if (found < least || (Number.isNaN(least) && !Number.isNaN(found))) {
      [best, least] = [numbers, found];
    }
    yield PIECE; // several walks of hundreds of steps
  }
  return best;
}

/** Decays near 1, rates and small numbers over many sizes, and others around 1. */
function drawn(name, draw) {
  if (/^(beta|rho|gamma|mu|decay)/.test(name)) {
    return 1 - 10 ** between(draw, -2.5, 0);
  }
  const [low, high] = name === "eta" ? [-4, 0.5] : name === "epsilon" ? [-8, -2] : [-2, 1];
  return 10 ** between(draw, low, high);
}

function between(draw, low, high) {
  return low + (high - low) * draw();
}

/** The measure of a rule on cases that its hyperparameters were not tuned on, and how many walks diverged. */
function* measured(rule, makeCase, measure, draw, tune) {
  const algorithm = ruleAlgorithm(rule);
  const walksOf = (all, numbers) =>
    all.map((one) => walk(one.surface, algorithm, numbers, one.start, one.steps));
  const mean = (walks, all) =>
    walks.reduce((sum, walked, i) => sum + measure(walked, all[i]), 0) / walks.length;
  const practice = Array.from({ length: PRACTICE }, () => makeCase(draw));
  const cases = Array.from({ length: CASES }, () => makeCase(draw));
  const onPractice = (tried) => mean(walksOf(practice, tried), practice);
  const numbers = yield* tune(algorithm, onPractice, draw);
  const walks = walksOf(cases, numbers);
  const lost = walks.filter(({ divergedAt }) => divergedAt !== null).length;
  return { value: mean(walks, cases), numbers, algorithm, lost };
}

const LOST = 10; // what a walk counts that has diverged: worse than any other

/** log₁₀ of the loss at the end, in units of the one at the start. */
function ending(one) {
  const last = one.losses.slice(-5).reduce((sum, loss) => sum + loss, 0) / 5;
  return one.divergedAt === null ? Math.log10(Math.max(last / one.losses[0], 1e-16)) : LOST;
}

/** What became of the loss, in words: `value` as `ending` counts it. */
function fate(value, lost) {
  if (lost > 0) {
    return `At its best setting the walk still flies apart in ${lost} of ${CASES} cases`;
  }
  return `The loss ${value > 0 ? "grows" : "falls"} to ${factor(value)} of its start`;
}

/** A power of ten, as a person would write it. */
function factor(value) {
  return plain(Number((10 ** value).toPrecision(2)));
}

function turnedRavine(kappa, steps) {
  return (draw) => {
    const surface = ravine(kappa, between(draw, -80, 80));
    const [x, y] = surface.start;
    /** @type {[number, number]} */
    const start = [x * between(draw, 0.6, 1.2), y * between(draw, 0.6, 1.2)];
    return { surface, start, steps };
  };
}

/** How far a walk goes across the floor, in units of its first distance from it. */
function wandered({ points }, { surface }) {
  const [x, y] = surface.gradient(1, 0); // H = 1 + (κ − 1)ssᵀ: its first row tells the steep direction s
  const turn = Math.atan2(y, x - 1);
  const across = points.map(([a, b]) => Math.cos(turn) * a + Math.sin(turn) * b);
  const moves = across.slice(1).map((value, i) => Math.abs(value - across[i]));
  return moves.reduce((sum, move) => sum + move, 0) / Math.abs(across[0]);
}

function* rival(name, makeCase, measure, seed, tune) {
  const { value } = yield* measured(
    parseRule(LINES[name]),
    makeCase,
    measure,
    uniforms(seed),
    tune,
  );
  return value;
}

function freshSeed() {
  return Math.floor(Math.random() * 2 ** 32);
}

function digits(value) {
  return Number(value.toFixed(2));
}

/** @returns {(rule: import("./rule.js").Rule, tune?: Tune, seed?: number) => Judging} */
function against(name, times, makeCase, measure) {
  return function* (rule, tune = tuned, seed = freshSeed()) {
    const found = yield* measured(rule, makeCase, measure, uniforms(seed), tune);
    const { value: own, lost } = found;
    const other = yield* rival(name, makeCase, measure, seed, tune);
    const passed = own < other - Math.log10(times);
    const sentence =
      `${fate(own, lost)}, the loss of ${name} falls to ${factor(other)}; ` +
      (passed ? "that is enough." : `it should be ${times} times as low.`);
    return { passed, sentence, numbers: { own, other } };
  };
}

function* judgeZigzag(rule, tune = tuned, seed = freshSeed()) {
  const makeCase = turnedRavine(100, 60);
  const draw = uniforms(seed);
  const found = yield* measured(rule, makeCase, ending, draw, tune);
  const { value, numbers, algorithm, lost } = found;
  const walks = Array.from({ length: CASES }, () => makeCase(draw)).map((one) =>
    wandered(walk(one.surface, algorithm, numbers, one.start, one.steps), one),
  );
  const way = walks.reduce((sum, one) => sum + one, 0) / CASES;
  const passed = value <= -3 && way <= 4;
  const sentence =
    lost > 0
      ? `${fate(value, lost)}; it should reach the floor in all of them.`
      : `${fate(value, lost)}, and the walk goes ${digits(way)} times its first height across; ` +
        (passed ? "that is enough." : "it should be at most 0.001, and at most 4.");
  return { passed, sentence, numbers: { loss: value, way } };
}

function* judgeSaddle(rule, tune = tuned, seed = freshSeed()) {
  const makeCase = (draw) => {
    const start = [between(draw, -1.4, -0.8), 10 ** between(draw, -6, -4)];
    return { surface: saddle(), start, steps: 25 };
  };
  const late = (one, { surface, steps }) => {
    const step = one.losses.findIndex((loss) => loss < surface.escaped);
    return step < 0 ? steps + 1 : step;
  };
  const { value } = yield* measured(rule, makeCase, late, uniforms(seed), tune);
  const passed = value <= 25;
  const sentence = passed
    ? `The walk leaves the saddle after ${digits(value)} steps; that is soon enough.`
    : "The walk has not left the saddle after 25 steps; it should have from every start.";
  return { passed, sentence, numbers: { steps: value } };
}

function* judgeRotation(rule, tune = tuned, seed = freshSeed()) {
  const makeCase = turnedRavine(50, 60);
  const draw = uniforms(seed);
  const found = yield* measured(rule, makeCase, ending, draw, tune);
  const { value, numbers, algorithm, lost } = found;
  const other = yield* rival("GD", makeCase, ending, seed, tune);
  const endings = [0, between(draw, 10, 35), between(draw, 40, 80)].map((angle) => {
    const surface = ravine(50, angle);
    return ending(walk(surface, algorithm, numbers, surface.start, 60));
  });
  const spread = Math.max(...endings) - Math.min(...endings);
  const passed = spread <= 0.01 && value <= other - 1;
  const sentence =
    `${fate(value, lost)}, the loss of GD falls to ${factor(other)}, and turning the ravine changes it ` +
    `by a factor of ${factor(spread)}; ` +
    (passed ? "that is enough." : "it should be 10 times as low, and the same at every angle.");
  return { passed, sentence, numbers: { spread, own: value, other } };
}

const noisy = (draw) => {
  const seed = Math.floor(between(draw, 0, 1e6));
  const surface = noisyRavine(34, between(draw, -80, 80), 4, seed, 400);
  return { surface, start: surface.start, steps: 400 };
};
const settled = (one) => {
  const last = one.losses.slice(-100);
  const mean = last.reduce((sum, loss) => sum + loss, 0) / last.length;
  return one.divergedAt === null ? Math.log10(mean / one.losses[0]) : LOST;
};
const bent = (draw) => {
  const start = [between(draw, -1.6, -0.6), between(draw, 0, 1.5)];
  return { surface: rosenbrock(), start, steps: 200 };
};

/** @type {Challenge[]} */
export const CHALLENGES = [
  {
    title: "Damp the zig-zag",
    text: "Reach the floor of a turned ravine and walk along it: take momentum and add a line.",
    judge: judgeZigzag,
  },
  {
    title: "Leave the saddle",
    text: "Start so close to the ridge that gradient descent waits, and be away after 25 steps.",
    judge: judgeSaddle,
  },
  {
    title: "Survive the noise",
    text: "With the gradients of small minibatches, settle at half of the loss of gradient descent.",
    judge: against("GD", 2, noisy, settled),
  },
  {
    title: "Be blind to rotation",
    text: "Walk a turned ravine as you walk the straight one, and ten times as low as gradient descent.",
    judge: judgeRotation,
  },
  {
    title: "Beat Adam",
    text: "In the bent ravine of Rosenbrock, end ten times as low as Adam, which gets as many trials.",
    judge: against("Adam", 10, bent, ending),
  },
];
