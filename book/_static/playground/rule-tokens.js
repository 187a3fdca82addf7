/**
 * The lines and tokens of update rules, and what is said of those that cannot be read.
 *
 * @typedef {{kind: "number" | "name" | "sign" | "end", text: string}} Token
 */

/** What a rule may hold at most. */
export const LIMITS_OF_RULE = {
  characters: 1000,
  lines: 20,
  depth: 50,
  name: 16,
  states: 8,
  hyperparameters: 8,
  operations: 160, // so that a thousand steps take no longer than a blink
};

/** What is wrong with a rule, in one sentence that also says what to do. */
export class RuleError extends Error {
  /**
   * @param {number} line 1 is the first
   * @param {string} sentence
   */
  constructor(line, sentence) {
    super(`Line ${line}: ${sentence}`);
    this.name = "RuleError";
    this.line = line;
  }
}

const NEWLINE = /\r\n|\r|\n/;

/**
 * Part a rule into lines.
 * @param {string} text
 * @returns {string[]}
 * @throws {RuleError} if there is too much of it
 */
export function linesOf(text) {
  const { characters, lines } = LIMITS_OF_RULE;
  const found = text.slice(0, characters).split(NEWLINE);
  if (text.length > characters) {
    throw new RuleError(found.length, `a rule has at most ${characters} characters; shorten it.`);
  }
  if (found.length > lines) {
    throw new RuleError(lines + 1, `a rule has at most ${lines} lines; remove some.`);
  }
  return found;
}

// Other spellings

const GREEK = new Map([
  ["α", "alpha"],
  ["β", "beta"],
  ["γ", "gamma"],
  ["δ", "delta"],
  ["ε", "epsilon"],
  ["ϵ", "epsilon"],
  ["η", "eta"],
  ["θ", "theta"],
  ["κ", "kappa"],
  ["λ", "lambda"],
  ["μ", "mu"],
  ["ν", "nu"],
  ["ρ", "rho"],
  ["σ", "sigma"],
  ["τ", "tau"],
  ["φ", "phi"],
  ["ω", "omega"],
]);
const SIGNS = new Map([
  ["·", "*"],
  ["×", "*"],
  ["⋅", "*"],
  ["∗", "*"],
  ["−", "-"],
  ["–", "-"],
  ["²", "^2"],
  ["³", "^3"],
  ["≤", "<="],
  ["≥", ">="],
]);

/** Write a line in the plain letters of its names, as beta_1 for β₁: spaces keep names apart. */
function plain(content) {
  return content
    .replace(/#.*/su, "") // `s`, since a comment ends where the line does and nowhere before
    .normalize("NFD") // a letter and its hat are two characters from here on
    .replace(/√/gu, " sqrt ")
    .replace(
      /([α-ωϵ])([A-Za-z])?/gu,
      (_, letter, next) => ` ${GREEK.get(letter) ?? letter}${next === undefined ? "" : ` ${next}`}`,
    )
    .replace(/\u0302([A-Za-z])?/gu, (_, next) => (next === undefined ? "_hat" : `_hat ${next}`))
    .replace(
      /[₀-₉]+/gu,
      (digits) => `_${[...digits].map((d) => d.charCodeAt(0) - 0x2080).join("")}`,
    )
    .replace(/[·×⋅∗−–²³≤≥]/gu, (sign) => SIGNS.get(sign) ?? sign)
    .replace(/[\u00a0\u2000-\u200a\u202f\ufeff]/gu, " "); // spaces of pages that one copies from
}

// Tokens

const TOKEN =
  /[ \t]+|((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([A-Za-z]\w*)|(\*\*|[<>=!+*/-]=|[-+*/^()<>=,])/y;

/**
 * @param {string} content of one line
 * @param {number} line
 * @returns {Token[]} the last one is the end
 */
export function tokensOf(content, line) {
  content = plain(content);
  const tokens = [];
  for (let at = 0; at < content.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(content);
    if (!found) {
      throw new RuleError(line, `${shown(content, at)} cannot be read; ${advice(content[at])}.`);
    }
    const [, number, name, sign] = found;
    if (number !== undefined) {
      tokens.push({ kind: "number", text: number });
    } else if (name !== undefined) {
      checkName(name, line);
      tokens.push({ kind: "name", text: name });
    } else if (sign !== undefined) {
      tokens.push({ kind: "sign", text: sign === "**" ? "^" : sign });
    }
  }
  tokens.push({ kind: "end", text: "the end of the line" });
  return tokens;
}

/** What to write in place of a character that programs and formulas have. */
const INSTEAD = new Map([
  [";", "begin a new line instead"],
  [".", "write `sqrt`, not `np.sqrt`"],
  [":", "write `=` alone"],
  ["←", "write `=`"],
  ["[", "write ( and )"],
  ["{", "write ( and )"],
  ["|", "write `abs(...)`"],
  ["'", "use another name, such as `m_2`"],
  ["’", "use another name, such as `m_2`"],
  ["&", "multiply: (a > 0)*(b > 0)"],
]);

function advice(character) {
  // a letter with its accent is two characters here
  const otherwise = /[\p{L}\p{M}]/u.test(character)
    ? "a name has the letters a to z, digits and `_`"
    : "remove it";
  return INSTEAD.get(character) ?? otherwise;
}

function shown(content, at) {
  const character = String.fromCodePoint(content.codePointAt(at));
  if (/\p{M}/u.test(character)) {
    return "a letter with an accent";
  }
  if (character === "_") {
    return "`_` at the beginning of a name";
  }
  const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
  return /[\p{L}\p{P}\p{S}]/u.test(character) ? `\`${character}\`` : `the character U+${code}`;
}

const FACTOR = "a comparison is 1 or 0, so multiply by it: (t > 9)*g";

/** Words of programs, which are no names here, and what to write instead. */
const WORDS = new Map([
  ...["if", "else", "and", "or", "not"].map(
    (word) => /** @type {[string, string]} */ ([word, FACTOR]),
  ),
  ...["return", "for", "while", "def", "import"].map(
    (word) => /** @type {[string, string]} */ ([word, "write one assignment a line"]),
  ),
]);

function checkName(name, line) {
  if (WORDS.has(name)) {
    throw new RuleError(line, `\`${name}\` is no word of a rule; ${WORDS.get(name)}.`);
  }
  if (name.length > LIMITS_OF_RULE.name) {
    const start = name.slice(0, LIMITS_OF_RULE.name);
    throw new RuleError(
      line,
      `the name \`${start}...\` has more than ${LIMITS_OF_RULE.name} characters; shorten it.`,
    );
  }
}
