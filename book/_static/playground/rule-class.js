/** A rule as the Python source of an optimizer for Keras, which trains networks with it. */

import { equationsOf, symbolOf } from "./rule-latex.js";
import { pythonNumber, statementsOf, WIDTH } from "./rule-python.js";

// Names with a meaning in the class: Python's words, what Keras' optimizers are made of, and what the
// text below uses itself. Besides, l, I and O are hard to tell from 1 and 0.
const TAKEN = new Set(
  `
  False None True and as assert async await break class continue def del elif else except finally for
  from global if import in is lambda nonlocal not or pass raise return try while with yield
  add_optimizer_variables add_variable add_variable_from_reference apply apply_gradients assign
  assign_add assign_sub build built clipnorm clipvalue ema_momentum ema_overwrite_frequency
  exclude_from_weight_decay finalize_variable_values from_config get_config global_clipnorm
  gradient_accumulation_steps iterations learning_rate load_own_variables loss_scale_factor name
  save_own_variables scale_loss set_weights stateless_apply update_step use_ema variables weight_decay
  eta float g gradient hasattr keras kwargs like ops self super t theta variable l I O
`.split(/\s+/),
);

/**
 * Write the class.
 * @param {import("./rule.js").Rule} rule
 * @param {string} className letters and digits, a capital first
 * @param {Record<string, number>} hyperparameters defaults of the arguments, as the sliders stand
 * @returns {string} Python that needs Keras alone
 * @throws {Error} if Python cannot use the name of the class
 */
export function asClass(rule, className = "MyRule", hyperparameters = rule.defaults) {
  if (!/^[A-Z][A-Za-z0-9]{0,39}$/.test(className) || TAKEN.has(className)) {
    const wanted = "a capital letter and at most 39 letters and digits after it";
    throw new Error(`\`${String(className).slice(0, 40)}\` names no class; write ${wanted}.`);
  }
  const names = pythonNames(rule);
  const body = statementsOf(rule, names);
  const code = body.join("\n");
  const found = (name) => new RegExp(`\\b${name}\\b`).test(code);
  const needsG = ["g", "eta", "t"].some(found); // η and t are brought to its precision
  const uses = (name) => (name === "g" ? needsG : found(name));
  const states = rule.states.map((name) => names.get(name));
  const numbers = rule.hyperparameters.filter((name) => name !== "eta");
  const args = numbers.map((name) => ({
    symbol: symbolOf(name),
    name: names.get(name),
    value: pythonNumber(hyperparameters[name]),
  }));
  const rate = pythonNumber(hyperparameters.eta ?? 0.01);
  const parts = [
    docstring(rule, states, args, rate),
    initializer(className, args, rate),
    states.length ? build(states) : "",
    updateStep(body, states, uses),
    args.length ? configuration(args) : "",
  ];
  return `import keras
${uses("g") || uses("ops") ? "from keras import ops\n" : ""}

@keras.saving.register_keras_serializable(package="own")
class ${className}(keras.optimizers.Optimizer):
${parts.filter(Boolean).join("\n\n")}
`;
}

/** A name that Python allows for each one of the rule: with "_" behind it where that one is taken. */
function pythonNames(rule) {
  const all = new Set([...rule.hyperparameters, ...rule.lines.map(({ name }) => name)]);
  const names = new Map();
  for (const name of all) {
    let other = name;
    while (TAKEN.has(other) || (other !== name && all.has(other))) {
      other += "_";
    }
    names.set(name, other);
  }
  return names;
}

function docstring(rule, states, args, rate) {
  const equations = ["g_t &= \\nabla_\\theta E(\\theta_{t-1})", ...equationsOf(rule)];
  const rows = equations.map((row, i) => (i < equations.length - 1 ? `${row} \\\\` : row));
  const eta = rule.hyperparameters.includes("eta")
    ? "$\\eta$, a number"
    : "not used by this rule; a number";
  const described = args.map(
    ({ symbol, name, value }) => `${name}: $${symbol}$. Default ${value}.`,
  );
  const state = states.length
    ? `

    State:
        ${states.join(", ")}: per variable, its shape and dtype, start${states.length > 1 ? "" : "s"} at 0.`
    : "";
  return `    r"""An update rule of my own, from the playground.

    $$
    \\begin{aligned}
${rows.map((row) => wrapped(row, "    ")).join("\n")}
    \\end{aligned}
    $$

    Args:
        learning_rate: ${eta}, a schedule or a callable. Default ${rate}.
${described.map((line) => `        ${line}\n`).join("")}        name: name of the optimizer.
        **kwargs: what every Keras optimizer takes (\`weight_decay\`, \`clipnorm\`, ...).${state}
    """`;
}

/** Break a line of LaTeX at spaces and after braces, where a new line changes nothing. */
function wrapped(text, indent) {
  const lines = [indent];
  for (const word of text.split(/(?<=[ {])/)) {
    const last = lines.at(-1);
    if (last.length + word.trimEnd().length > WIDTH && last.trim()) {
      lines.push(`${indent}    ${word}`);
    } else {
      lines[lines.length - 1] = last + word;
    }
  }
  return lines.map((line) => line.trimEnd()).join("\n");
}

function initializer(className, args, rate) {
  const snake = className.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
  const lines = [
    "    def __init__(",
    "        self,",
    `        learning_rate=${rate},`,
    ...args.map(({ name, value }) => `        ${name}=${value},`),
    `        name="${snake}",`,
    "        **kwargs,",
    "    ):",
    "        super().__init__(learning_rate=learning_rate, name=name, **kwargs)",
    ...args.map(({ name }) => `        self.${name} = float(${name})`),
  ];
  return lines.join("\n");
}

function build(states) {
  return [
    "    def build(self, variables):",
    '        """Make the state, one of each kind per variable."""',
    "        if self.built:",
    "            return",
    "        super().build(variables)",
    "        like = self.add_variable_from_reference",
    ...states.map((name) => `        self.${name} = [like(v, name="${name}") for v in variables]`),
  ].join("\n");
}

function updateStep(body, states, uses) {
  const lines = [
    "    def update_step(self, gradient, variable, learning_rate):",
    '        """Apply the lines of the rule to one variable; gradient and variable have one shape."""',
  ];
  if (uses("g")) {
    lines.push(
      '        if hasattr(gradient, "dense_shape"):  # of an embedding, on TensorFlow',
      "            gradient = ops.add(ops.zeros_like(variable), gradient)",
      "        g = ops.cast(gradient, variable.dtype)",
    );
  }
  if (uses("eta")) {
    lines.push("        eta = ops.cast(learning_rate, g.dtype)");
  }
  if (uses("t")) {
    lines.push("        t = ops.cast(self.iterations + 1, g.dtype)");
  }
  for (const name of states) {
    lines.push(`        ${name} = self.${name}[self._get_variable_index(variable)]`);
  }
  return [...lines, ...(lines.length > 2 ? [""] : []), ...body].join("\n");
}

function configuration(args) {
  const items = args.map(({ name }) => `"${name}": self.${name}`);
  const short = `        return {**super().get_config(), ${items.join(", ")}}`;
  const long = [
    "        return {",
    "            **super().get_config(),",
    ...items.map((item) => `            ${item},`),
    "        }",
  ].join("\n");
  return `    def get_config(self):
        """Return the constructor's arguments."""
${short.length <= WIDTH ? short : long}`;
}
