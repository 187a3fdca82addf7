/**
 * A rule as a program: a list of operations on numbers that lie side by side.
 *
 * Each operation reads two cells and writes one. That is faster than functions that call functions,
 * never recurses while it walks, and `norm` costs no more however deep it stands.
 *
 * A value is a pair, with a cell for each parameter, if it depends on theta, g or a state, and else a
 * number. A number beside a pair counts for both parameters.
 */

const OPERATORS = ["+", "-", "*", "/", "^", "<", ">", "<=", ">="];
const CALLS = ["sqrt", "abs", "sign", "exp", "log", "max", "min", "norm"];
const CODES = new Map(
  [...OPERATORS, ...CALLS, "copy", "negative"].map((name, code) => [name, code]),
);

/**
 * @typedef {{cell: number, pair: boolean}} Value
 * @typedef {Record<string, number>} Parameter θ and state of one parameter, by name
 */

/**
 * Compile a rule.
 * @param {import("./rule.js").Rule} rule
 * @returns {{step: (before: [Parameter, Parameter], theta: number[], g: number[], t: number,
 *   hyperparameters: Record<string, number>) => [Parameter, Parameter], operations: number}} one step
 *   of both parameters, and how many operations it takes
 */
export function programOf(rule) {
  const compiler = new Compiler();
  const given = { theta: compiler.pair(), g: compiler.pair(), t: compiler.number() };
  const names = new Map(Object.entries(given));
  /** @type {(name: string, value: Value) => [string, Value]} */
  const named = (name, value) => [name, value];
  const states = rule.states.map((name) => named(name, compiler.pair()));
  const numbers = rule.hyperparameters.map((name) => named(name, compiler.number()));
  for (const [name, value] of [...states, ...numbers]) {
    names.set(name, value);
  }
  for (const { name, value } of rule.lines) {
    const found = compiler.add(value, names);
    names.set(
      name,
      name === "theta" || rule.states.includes(name) ? compiler.asPair(found) : found,
    );
  }
  const memory = compiler.memory();
  const run = runnerOf(Int32Array.from(compiler.code), memory);
  const results = ["theta", ...rule.states].map((name) => named(name, names.get(name)));

  const step = (before, theta, g, t, hyperparameters) => {
    memory[given.theta.cell] = theta[0];
    memory[given.theta.cell + 1] = theta[1];
    memory[given.g.cell] = g[0];
    memory[given.g.cell + 1] = g[1];
    memory[given.t.cell] = t;
    for (const [name, { cell }] of states) {
      memory[cell] = before[0][name];
      memory[cell + 1] = before[1][name];
    }
    for (const [name, { cell }] of numbers) {
      memory[cell] = hyperparameters[name];
    }
    run();
    /** @type {[Parameter, Parameter]} */
    const after = [{}, {}];
    for (const [name, { cell }] of results) {
      after[0][name] = memory[cell];
      after[1][name] = memory[cell + 1];
    }
    return after;
  };
  return { step, operations: compiler.code.length / 4 };
}

/** Writes operations, and keeps account of the cells that they use. */
class Compiler {
  constructor() {
    /** @type {number[]} code, cell of the result, and two cells to read, one after the other */
    this.code = [];
    this.cells = 0;
    /** @type {Map<number, number>} */
    this.constants = new Map();
  }

  number() {
    this.cells += 1;
    return { cell: this.cells - 1, pair: false };
  }

  pair() {
    this.cells += 2;
    return { cell: this.cells - 2, pair: true };
  }

  memory() {
    const memory = new Float64Array(this.cells);
    for (const [cell, value] of this.constants) {
      memory[cell] = value;
    }
    return memory;
  }

  /**
   * Add the operations that compute a tree.
   * @param {import("./rule-parser.js").Tree} tree
   * @param {Map<string, Value>} names
   * @returns {Value}
   */
  add(tree, names) {
    if (tree.kind === "name") {
      return names.get(tree.name);
    }
    if (tree.kind === "number") {
      const constant = this.number();
      this.constants.set(constant.cell, tree.value);
      return constant;
    }
    if (tree.kind === "negative") {
      const of = this.add(tree.of, names);
      return this.operation("negative", of, of);
    }
    if (tree.kind === "call") {
      const [one, two = one] = tree.of.map((argument) => this.add(argument, names));
      return tree.name === "norm" ? this.norm(one) : this.operation(tree.name, one, two);
    }
    const left = this.add(tree.left, names);
    if (tree.operator === "^" && tree.right.kind === "number" && tree.right.value === 2) {
      return this.operation("*", left, left); // as the algorithms of the book square
    }
    return this.operation(tree.operator, left, this.add(tree.right, names));
  }

  operation(name, one, two) {
    const result = one.pair || two.pair ? this.pair() : this.number();
    for (let k = 0; k <= Number(result.pair); k += 1) {
      const [a, b] = [one, two].map(({ cell, pair }) => cell + (pair ? k : 0));
      this.code.push(CODES.get(name), result.cell + k, a, b);
    }
    return result;
  }

  norm(of) {
    if (!of.pair) {
      return this.operation("abs", of, of);
    }
    const result = this.number();
    this.code.push(CODES.get("norm"), result.cell, of.cell, of.cell + 1);
    return result;
  }

  asPair(value) {
    if (value.pair) {
      return value;
    }
    const result = this.pair();
    for (const k of [0, 1]) {
      this.code.push(CODES.get("copy"), result.cell + k, value.cell, value.cell);
    }
    return result;
  }
}

/**
 * @param {Int32Array} code
 * @param {Float64Array} memory
 * @returns {() => void} runs all operations once
 */
function runnerOf(code, memory) {
  return () => {
    for (let i = 0; i < code.length; i += 4) {
      memory[code[i + 1]] = resultOf(code[i], memory[code[i + 2]], memory[code[i + 3]]);
    }
  };
}

/** The numbers are places in OPERATORS and CALLS. */
function resultOf(code, a, b) {
  switch (code) {
    case 0:
      return a + b;
    case 1:
      return a - b;
    case 2:
      return a * b;
    case 3:
      return a / b;
    case 4:
      return a ** b;
    case 5:
      return a < b ? 1 : 0;
    case 6:
      return a > b ? 1 : 0;
    case 7:
      return a <= b ? 1 : 0;
    case 8:
      return a >= b ? 1 : 0;
    case 9:
      return Math.sqrt(a);
    case 10:
      return Math.abs(a);
    case 11:
      return Math.sign(a);
    case 12:
      return Math.exp(a);
    case 13:
      return Math.log(a);
    case 14:
      return Math.max(a, b);
    case 15:
      return Math.min(a, b);
    case 16:
      return Math.sqrt(a * a + b * b);
    case 17:
      return a;
    default:
      return -a;
  }
}
