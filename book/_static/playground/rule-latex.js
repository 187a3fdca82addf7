/** The lines of a rule as equations in LaTeX, with the step as index: m_t from m_{t-1}. */

const GREEK = new Set([
  "alpha",
  "beta",
  "gamma",
  "delta",
  "epsilon",
  "zeta",
  "eta",
  "theta",
  "iota",
  "kappa",
  "lambda",
  "mu",
  "nu",
  "xi",
  "pi",
  "rho",
  "sigma",
  "tau",
  "phi",
  "chi",
  "psi",
  "omega",
]);
const ACCENTS = new Set(["hat", "bar", "tilde", "dot"]);
const ORDERS = { "<": "<", ">": ">", "<=": "\\le", ">=": "\\ge" };
const [SUM, QUOTIENT, PRODUCT, POWER, ATOM] = [1, 2, 3, 4, 5];

/** @typedef {{text: string, level: number}} Formula a text, and how tightly it holds together */

/**
 * @param {import("./rule.js").Rule} rule
 * @returns {string[]} one equation for each line, with `&=`
 */
export function equationsOf(rule) {
  const times = new Map([
    ["theta", "t-1"],
    ["g", "t"],
  ]);
  rule.states.forEach((name) => times.set(name, "t-1"));
  const counts = new Map(); // assignments so far
  const symbols = new Map();
  const symbol = (name) =>
    symbols.get(name) ?? { text: symbolOf(name, times.get(name)), level: ATOM };
  return rule.lines.map(({ name, value }) => {
    const { text } = formulaOf(value, symbol);
    const all = rule.lines.filter((one) => one.name === name).length;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    times.set(name, "t");
    // a name that is assigned again later has primes until then
    const primes = count < all ? "'".repeat(count) : "";
    symbols.set(name, { text: symbolOf(name, "t") + primes, level: primes ? PRODUCT : ATOM });
    const start =
      rule.states.includes(name) && count === 1 ? `, \\qquad ${symbolOf(name, "0")} = 0` : "";
    return `${symbols.get(name).text} &= ${text}${start}`;
  });
}

/**
 * The symbol of a name: β_1 of `beta_1`, m̂_t of `m_hat`.
 * @param {string} name
 * @param {string} [time] its index, if it changes from step to step
 * @returns {string}
 */
export function symbolOf(name, time) {
  const [, letters, digits] = /^([A-Za-z]+?)(\d*)$/.exec(name.split("_")[0]) ?? [null, name, ""];
  const rest = name.split("_").slice(1).filter(Boolean);
  const accents = rest.filter((part) => ACCENTS.has(part));
  const indices = rest.filter((part) => !ACCENTS.has(part)).map(upright);
  let text = GREEK.has(letters) ? `\\${letters}` : upright(letters);
  for (const accent of accents) {
    text = `\\${accent}{${text}}`;
  }
  const all = [...(digits ? [digits] : []), ...indices, ...(time ? [time] : [])].join(",");
  return all ? `${text}_${all.length === 1 ? all : `{${all}}`}` : text;
}

function upright(word) {
  return /^(\d+|[A-Za-z])$/.test(word) ? word : `\\mathrm{${word}}`;
}

/** @returns {Formula} */
function formulaOf(tree, symbol) {
  if (tree.kind === "name") {
    return symbol(tree.name);
  }
  if (tree.kind === "number") {
    return numeral(tree.value);
  }
  if (tree.kind === "negative") {
    return { text: `-${within(formulaOf(tree.of, symbol), QUOTIENT)}`, level: SUM };
  }
  if (tree.kind === "call") {
    const of = tree.of.map((one) => formulaOf(one, symbol).text);
    return {
      text: callOf(tree.name, of),
      level: ["abs", "norm"].includes(tree.name) ? ATOM : POWER,
    };
  }
  return binary(tree.operator, formulaOf(tree.left, symbol), formulaOf(tree.right, symbol));
}

function numeral(value) {
  const [digits, exponent] = String(value).split("e");
  if (exponent === undefined) {
    return { text: digits, level: ATOM };
  }
  const power = `10^{${Number(exponent)}}`;
  return digits === "1"
    ? { text: power, level: POWER }
    : { text: `${digits} \\cdot ${power}`, level: PRODUCT };
}

function callOf(name, [one, two]) {
  switch (name) {
    case "sqrt":
      return `\\sqrt{${one}}`;
    case "abs":
      return `\\lvert ${one} \\rvert`;
    case "norm":
      return `\\lVert ${one} \\rVert`;
    case "sign":
      return `\\operatorname{sign}(${one})`;
    default:
      return `\\${name}(${two === undefined ? one : `${one}, ${two}`})`;
  }
}

function binary(operator, left, right) {
  if (operator in ORDERS) {
    return { text: `[${left.text} ${ORDERS[operator]} ${right.text}]`, level: ATOM };
  }
  if (operator === "^") {
    const exponent = right.text.length === 1 ? right.text : `{${right.text}}`;
    return { text: `${within(left, ATOM)}^${exponent}`, level: POWER };
  }
  if (operator === "/") {
    return { text: `${within(left, PRODUCT)} / ${within(right, POWER)}`, level: QUOTIENT };
  }
  if (operator === "*") {
    const factor = within(right, POWER);
    const sign = /^\d/.test(factor) ? " \\cdot" : "\\,";
    return { text: `${within(left, PRODUCT)}${sign} ${factor}`, level: PRODUCT };
  }
  return { text: `${within(left, SUM)} ${operator} ${within(right, QUOTIENT)}`, level: SUM };
}

function within({ text, level }, least) {
  return level < least ? `(${text})` : text;
}
