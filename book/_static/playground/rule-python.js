/**
 * The lines of a rule as lines of Python, for the update of one variable by a Keras optimizer.
 *
 * Three kinds of value behave differently in Python: a plain `float`, as hyperparameters and numbers
 * are; a `scalar`, a tensor without axes, as t and η; and a `tensor` of the variable's shape.
 */

import { isConstant, namesReadBy, partsOf, withParts } from "./rule-trees.js";

/** How wide a line of code may be. */
export const WIDTH = 100;

const INDENT = " ".repeat(8);
const MOST = 72; // letters of an expression that is part of a longer one
const [SUM, PRODUCT, UNARY, POWER, ATOM] = [1, 2, 3, 4, 5];
const CALLS = { max: "ops.maximum", min: "ops.minimum" }; // the others have the names that Keras gives

/**
 * @typedef {"float" | "scalar" | "tensor"} Kind
 * @typedef {{text: string, kind: Kind, level: number, simple?: boolean}} Code an expression, how
 *   tightly its outermost operator binds, and whether it is a name or a number alone
 * @typedef {{text: string, kind: Kind}} Known what stands for a name
 */

/**
 * @param {import("./rule.js").Rule} rule
 * @param {Map<string, string>} pythonNames a name that Python allows, for every name of the rule
 * @returns {string[]} the lines of the body that compute, indented
 */
export function statementsOf(rule, pythonNames) {
  /** @type {Map<string, Known>} */
  const names = new Map([
    ["theta", { text: "variable", kind: "tensor" }],
    ["g", { text: "g", kind: "tensor" }],
    ["t", { text: "t", kind: "scalar" }],
  ]);
  for (const name of rule.hyperparameters) {
    const text = name === "eta" ? "eta" : `self.${pythonNames.get(name)}`;
    names.set(name, { text, kind: name === "eta" ? "scalar" : "float" });
  }
  for (const name of rule.states) {
    names.set(name, { text: pythonNames.get(name), kind: "tensor" });
  }
  const kept = ["theta", ...rule.states];
  const writer = new Writer(names, pythonNames, kept);
  const needed = neededLines(rule, kept);
  rule.lines.filter((one) => needed.has(one)).forEach((one) => writer.assign(one));
  return writer.lines;
}

/** The lines that θ or a state depends on: the others would be variables that nothing reads. */
function neededLines(rule, kept) {
  const needed = new Set();
  const read = new Set(kept);
  for (const assignment of [...rule.lines].reverse()) {
    if (read.has(assignment.name)) {
      needed.add(assignment);
      if (!kept.includes(assignment.name)) {
        read.delete(assignment.name); // what was assigned before is not what is read here
      }
      namesReadBy(assignment.value).forEach((name) => read.add(name));
    }
  }
  return needed;
}

/** Writes statements, and remembers what kind of value stands behind each name. */
class Writer {
  /**
   * @param {Map<string, Known>} names
   * @param {Map<string, string>} pythonNames
   * @param {string[]} kept θ and the states, which live on
   */
  constructor(names, pythonNames, kept) {
    this.names = names;
    this.pythonNames = pythonNames;
    this.kept = kept;
    this.lines = [];
    this.parts = 0;
    this.codes = new Map(); // of trees, as long as the names stand for the same
  }

  /** @param {import("./rule-parser.js").Assignment} assignment */
  assign({ line, name, value }) {
    const kept = this.kept.includes(name);
    const write = kept
      ? (tree) => this.keeping(name, tree)
      : (tree) => `${this.pythonNames.get(name)} = ${this.valueOf(tree)}`;
    const statement = INDENT + write(this.shortened(value, write));
    const comment = `  # line ${line}`;
    const fits = statement.length + comment.length <= WIDTH;
    this.lines.push(fits ? statement + comment : statement);
    if (!kept) {
      const { kind } = this.code(value);
      this.names.set(name, { text: this.pythonNames.get(name), kind });
      this.codes.clear();
    }
  }

  keeping(name, tree) {
    const { text } = this.names.get(name);
    const isItself = (one) => one.kind === "name" && one.name === name;
    const moves = tree.kind === "binary" && "+-".includes(tree.operator) && isItself(tree.left);
    const { text: value, kind } = this.code(moves ? tree.right : tree);
    const assign = moves ? { "+": "assign_add", "-": "assign_sub" }[tree.operator] : "assign";
    const spread = kind === "tensor" ? "" : " + ops.zeros_like(g)";
    return `self.${assign}(${text}, ${value}${spread})`;
  }

  /** A state is a variable: another name for it would change with it. */
  valueOf(tree) {
    const { text } = this.code(tree);
    return tree.kind === "name" && this.kept.includes(tree.name) ? `ops.copy(${text})` : text;
  }

  /** Give parts of a tree names of their own, if its statement does not fit on a line. */
  shortened(tree, write) {
    const fits = (one) => INDENT.length + write(one).length <= WIDTH;
    if (fits(tree)) {
      return tree;
    }
    const short = this.compact(tree);
    return fits(short) ? short : this.named(short);
  }

  compact(tree) {
    const parts = partsOf(tree).map((part) => this.compact(part));
    let short = withParts(tree, parts);
    while (this.code(short).text.length > MOST && parts.some(isCompound)) {
      const lengths = parts.map((part) => (isCompound(part) ? this.code(part).text.length : 0));
      const longest = lengths.indexOf(Math.max(...lengths));
      parts[longest] = this.named(parts[longest]);
      short = withParts(tree, [...parts]);
    }
    return short;
  }

  /** @returns {import("./rule-parser.js").Tree} */
  named(tree) {
    const name = this.nameOfPart();
    const { text, kind } = this.code(tree);
    this.lines.push(`${INDENT}${name} = ${text}`);
    this.names.set(name, { text: name, kind });
    return { kind: "name", name };
  }

  nameOfPart() {
    const taken = [...this.pythonNames.values()];
    do {
      this.parts += 1;
    } while (taken.includes(`part_${this.parts}`));
    return `part_${this.parts}`;
  }

  /**
   * @param {import("./rule-parser.js").Tree} tree
   * @param {boolean} constant whether it is part of a tree without names
   * @returns {Code}
   */
  code(tree, constant = false) {
    if (tree.kind === "name") {
      return { ...this.names.get(tree.name), level: ATOM, simple: true };
    }
    if (tree.kind === "number") {
      const whole = Number.isInteger(tree.value) && tree.value <= 1000 && !constant;
      const text = whole ? String(tree.value) : pythonNumber(tree.value);
      return { text, kind: "float", level: ATOM, simple: true };
    }
    if (!this.codes.has(tree)) {
      this.codes.set(tree, this.codeOfParts(tree));
    }
    return this.codes.get(tree);
  }

  codeOfParts(tree) {
    const inside = isConstant(tree); // whole numbers would be exact there, however large
    if (tree.kind === "negative" && tree.of.kind === "negative") {
      return this.code(tree.of.of, inside); // Python has no `--`, and readers take it for one
    }
    if (tree.kind === "negative") {
      const of = this.code(tree.of, inside);
      return { text: `-${within(of, ATOM)}`, kind: of.kind, level: UNARY, simple: of.simple };
    }
    if (tree.kind === "call") {
      return this.call(
        tree,
        tree.of.map((one) => this.code(one, inside)),
      );
    }
    const right = this.code(tree.right, inside);
    return this.binary(tree, this.code(tree.left, inside), right);
  }

  /**
   * @param {{name: string}} tree
   * @param {Code[]} values
   * @returns {Code}
   */
  call({ name }, [one, two]) {
    if (name === "norm" && one.kind !== "tensor") {
      name = "abs";
    }
    /** @type {Kind} */
    const kind =
      [one, two].some((of) => of?.kind === "tensor") && name !== "norm" ? "tensor" : "scalar";
    const allFloats = [one, two].every((of) => !of || of.kind === "float");
    const first = allFloats ? asTensor(one) : one.text;
    const texts = two ? [first, two.text] : [first];
    return { text: `${CALLS[name] ?? `ops.${name}`}(${texts.join(", ")})`, kind, level: ATOM };
  }

  binary({ operator, left: leftTree, right: rightTree }, left, right) {
    const both = [left.kind, right.kind];
    const kind = ["tensor", "scalar"].find((one) => both.includes(one)) ?? "float";
    if ("<>".includes(operator[0])) {
      const turn = likeConstant(leftTree) > likeConstant(rightTree); // t > 5, as one writes it
      const text = turn
        ? `${right.text} ${TURNED[operator]} ${left.text}`
        : `${left.text} ${operator} ${right.text}`;
      return kind === "float"
        ? { text: `float(${text})`, kind, level: ATOM }
        : { text: `ops.cast(${text}, g.dtype)`, kind, level: ATOM };
    }
    if (
      operator === "^" &&
      rightTree.kind === "number" &&
      rightTree.value === 2 &&
      kind !== "float"
    ) {
      return { text: `ops.square(${left.text})`, kind, level: ATOM };
    }
    if (kind === "float" && mayRaise(operator, rightTree)) {
      return this.binary(
        { operator, left: leftTree, right: rightTree },
        {
          text: asTensor(left),
          kind: "scalar",
          level: ATOM,
        },
        right,
      );
    }
    if (operator === "^") {
      const tight = left.simple && left.level === ATOM && right.simple;
      const text = [within(left, ATOM), within(right, UNARY)].join(tight ? "**" : " ** ");
      return { text, kind, level: POWER };
    }
    const level = "+-".includes(operator) ? SUM : PRODUCT;
    return { text: `${within(left, level)} ${operator} ${within(right, level + 1)}`, kind, level };
  }
}

function isCompound(tree) {
  return tree.kind !== "name" && tree.kind !== "number";
}

/** Python's own numbers raise errors where tensors give inf or NaN. */
function mayRaise(operator, right) {
  if (operator === "/") {
    return !(right.kind === "number" && right.value !== 0);
  }
  return operator === "^" && !(right.kind === "number" && [1, 2, 3, 4].includes(right.value));
}

const TURNED = { "<": ">", ">": "<", "<=": ">=", ">=": "<=" };

/** How much a tree looks like a constant: a number does, a name in capital letters perhaps. */
function likeConstant(tree) {
  if (tree.kind === "name") {
    return tree.name === tree.name.toUpperCase() ? 1 : 0;
  }
  if (tree.kind === "call") {
    return 0;
  }
  return tree.kind === "number" ? 2 : Math.min(...partsOf(tree).map(likeConstant));
}

function asTensor({ text }) {
  return `ops.array(${text}, g.dtype)`;
}

function within({ text, level }, least) {
  return level < least ? `(${text})` : text;
}

/** A number as Python's float. */
export function pythonNumber(value) {
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
