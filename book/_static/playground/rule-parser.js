/**
 * The language of update rules: one assignment a line, read into trees and never run as code.
 *
 *     rule       = line , { newline , line } ;
 *     line       = [ name , "=" , comparison ] , [ "#" , comment ] ;
 *     comparison = sum , [ ( "<" | ">" | "<=" | ">=" ) , sum ] ;         (* 1 if true, else 0 *)
 *     sum        = product , { ( "+" | "-" ) , product } ;
 *     product    = signed , { ( "*" | "/" ) , signed } ;
 *     signed     = ( "-" | "+" ) , signed | power ;
 *     power      = atom , [ ( "^" | "**" ) , signed ] ;          (* -a^b is -(a^b), as in Python *)
 *     atom       = number | name | "(" , comparison , ")"
 *                | function , "(" , comparison , [ "," , comparison ] , ")" ;
 *     function   = "sqrt" | "abs" | "sign" | "exp" | "log" | "norm"       (* of one value *)
 *                | "max" | "min" ;                                        (* of two *)
 *     number     = ( digits , [ "." , [ digits ] ] | "." , digits ) , [ "e" , [ "+" | "-" ] , digits ] ;
 *     name       = letter , { letter | digit | "_" } ;
 *
 * Other spellings of the same: η β₁ ε √ for eta beta_1 epsilon sqrt, m̂ for m_hat, and · × − ² ≤ ≥.
 *
 * Why no library reads it: jsep (11 kB) reads JavaScript's expressions, so that members, lists, strings
 * and operations on bits would have to be refused again, and its errors count characters. mathjs
 * (650 kB) is seven times as large as the playground. Neither knows lines, or says what to do.
 */

import { LIMITS_OF_RULE, linesOf, RuleError, tokensOf } from "./rule-tokens.js";
import { nearest } from "./rule-words.js";

/** Functions by name, with the number of their arguments. */
export const FUNCTIONS = new Map([
  ["sqrt", 1],
  ["abs", 1],
  ["sign", 1],
  ["exp", 1],
  ["log", 1],
  ["norm", 1],
  ["max", 2],
  ["min", 2],
]);

/**
 * @typedef {{kind: "number", value: number}
 *   | {kind: "name", name: string}
 *   | {kind: "negative", of: Tree}
 *   | {kind: "binary", operator: string, left: Tree, right: Tree}
 *   | {kind: "call", name: string, of: Tree[]}} Tree
 * @typedef {{line: number, name: string, value: Tree}} Assignment
 */

/**
 * Read the lines of a rule.
 * @param {string} text
 * @returns {Assignment[]} without the lines that are empty
 * @throws {RuleError} at the first line that cannot be read
 */
export function readLines(text) {
  return linesOf(text).flatMap((content, index) => {
    const tokens = tokensOf(content, index + 1);
    return tokens[0].kind === "end" ? [] : [new Reader(tokens, index + 1).assignment()];
  });
}

const ORDERS = ["<", ">", "<=", ">="];

/** Reads the tokens of one line, with one method for each line of the grammar. */
class Reader {
  /**
   * @param {import("./rule-tokens.js").Token[]} tokens
   * @param {number} line
   */
  constructor(tokens, line) {
    this.tokens = tokens;
    this.line = line;
    this.at = 0;
    this.depth = 0;
  }

  assignment() {
    const [first, second] = this.tokens;
    if (first.kind !== "name" || second.text !== "=") {
      this.failAtStart(first, second);
    }
    if (FUNCTIONS.has(first.text)) {
      this.fail(`\`${first.text}\` is a function; give the result another name.`);
    }
    this.at = 2;
    const value = this.comparison();
    if (this.next().text === ")") {
      this.fail("a `)` has no `(`; remove it.");
    }
    if (this.next().text === "=") {
      this.fail("a line has one `=`; begin another line.");
    }
    if (this.next().kind !== "end") {
      this.failBetween();
    }
    return { line: this.line, name: first.text, value };
  }

  comparison() {
    const left = this.sum();
    if (!ORDERS.includes(this.next().text)) {
      return left;
    }
    const operator = this.take().text;
    const tree = { kind: "binary", operator, left, right: this.sum() };
    if (ORDERS.includes(this.next().text)) {
      this.fail("only two values can be compared; write (a < b)*(b < c).");
    }
    return tree;
  }

  sum() {
    return this.chain(["+", "-"], () => this.product());
  }

  product() {
    return this.chain(["*", "/"], () => this.signed());
  }

  chain(operators, operand) {
    let tree = operand();
    while (operators.includes(this.next().text)) {
      const operator = this.take().text;
      tree = { kind: "binary", operator, left: tree, right: operand() };
    }
    return tree;
  }

  signed() {
    const sign = this.next().text;
    if (sign !== "-" && sign !== "+") {
      return this.power();
    }
    this.take();
    const of = this.inner(() => this.signed());
    return sign === "-" ? { kind: "negative", of } : of;
  }

  power() {
    const left = this.atom();
    if (this.next().text !== "^") {
      return left;
    }
    this.take();
    return { kind: "binary", operator: "^", left, right: this.inner(() => this.signed()) };
  }

  atom() {
    const token = this.next();
    if (token.kind === "number") {
      return this.number();
    }
    if (token.text === "(") {
      this.take();
      const tree = this.inner(() => this.comparison());
      this.close("`(`");
      return tree;
    }
    if (token.kind !== "name") {
      this.fail(`a value is missing before ${quoted(token)}; write a number or a name there.`);
    }
    this.take();
    if (this.next().text === "(") {
      return this.call(token.text);
    }
    if (FUNCTIONS.has(token.text)) {
      this.fail(`\`${token.text}\` is a function; write its value in (...).`);
    }
    return { kind: "name", name: token.text };
  }

  number() {
    const { text } = this.take();
    const value = Number(text);
    if (!Number.isFinite(value)) {
      this.fail(`\`${text.slice(0, LIMITS_OF_RULE.name)}\` is too large; numbers end at 1.8e308.`);
    }
    return { kind: "number", value };
  }

  call(name) {
    const count = FUNCTIONS.get(name);
    if (count === undefined) {
      this.fail(`\`${name}\` is no function; ${adviceFor(name)}`);
    }
    this.take();
    const of = [this.inner(() => this.comparison())];
    while (this.next().text === ",") {
      this.take();
      of.push(this.inner(() => this.comparison()));
    }
    this.close(`\`${name}(\``);
    if (of.length !== count) {
      const needed = count === 1 ? "one value" : "two values, with a comma between them";
      this.fail(`\`${name}\` takes ${needed}; here it has ${of.length}.`);
    }
    return { kind: "call", name, of };
  }

  inner(read) {
    this.depth += 1;
    if (this.depth > LIMITS_OF_RULE.depth) {
      this.fail(`more than ${LIMITS_OF_RULE.depth} levels lie in each other; use two lines.`);
    }
    const tree = read();
    this.depth -= 1;
    return tree;
  }

  close(opened) {
    if (this.next().kind === "end") {
      this.fail(`a \`)\` is missing for ${opened}; add it.`);
    }
    if (this.next().text !== ")") {
      this.failBetween();
    }
    this.take();
  }

  next() {
    return this.tokens[this.at];
  }

  take() {
    this.at += 1;
    return this.tokens[this.at - 1];
  }

  failAtStart(first, second) {
    if (first.kind === "name" && /^[+*/-]=$/.test(second.text)) {
      const operator = second.text[0];
      this.fail(
        `\`${second.text}\` is unknown; write \`${first.text} = ${first.text} ${operator} ...\`.`,
      );
    }
    const name = first.kind === "name" && !FUNCTIONS.has(first.text) ? first.text : "m";
    this.fail(`a line begins with a name and \`=\`; write \`${name} = ...\`.`);
  }

  failBetween() {
    const [before, after] = [this.tokens[this.at - 1], this.next()];
    if (after.text === "==" || after.text === "!=") {
      this.fail(`\`${after.text}\` is unknown; compare with <, >, <= or >=.`);
    }
    if (after.text === ",") {
      this.fail("a comma stands between the two values of max or min only; remove it.");
    }
    this.fail(
      `an operator is missing between ${quoted(before)} and ${quoted(after)}, such as \`*\`.`,
    );
  }

  fail(sentence) {
    throw new RuleError(this.line, sentence);
  }
}

function quoted(token) {
  if (token.kind === "end") {
    return token.text;
  }
  const long = token.text.length > LIMITS_OF_RULE.name;
  return `\`${long ? `${token.text.slice(0, LIMITS_OF_RULE.name)}...` : token.text}\``;
}

/** What functions of other languages are here. */
const INSTEAD = new Map([
  ["ln", "`log(...)`"],
  ["pow", "`a^b`"],
  ["square", "`a^2`"],
  ["clip", "`max(low, min(high, ...))`"],
  ["mean", "a line such as `m = beta*m + (1 - beta)*g`, a mean of the steps so far"],
]);

function adviceFor(name) {
  if (INSTEAD.has(name)) {
    return `write ${INSTEAD.get(name)}.`;
  }
  const near = nearest(name, FUNCTIONS.keys());
  if (near) {
    return `did you mean \`${near}\`?`;
  }
  return `write \`${name}*(...)\`, or use ${[...FUNCTIONS.keys()].join(", ")}.`;
}
