"""Rules that the reader writes: what is read, how it walks, and that nothing else can happen.

The modules run in a browser, on a page that has nothing else.
"""

import pytest

# Walks

# One walk by the lines and one by the built-in update, on every surface, at two settings.
WALKS = """
async () => {
  const { SURFACES } = await import("./surfaces.js");
  const { ALGORITHMS } = await import("./optimizers.js");
  const { LINES, parseRule, ruleAlgorithm } = await import("./rule.js");
  const { walk, losses } = await import("./walk.js");
  const others = { beta: 0.8, rho: 0.7, beta1: 0.6, beta2: 0.95, epsilon: 0.0625 };
  const options = { kappa: 34, angle: 20, batch: 8, seed: 3, steps: 1000 };
  const rows = [];
  for (const [key, { make }] of Object.entries(SURFACES)) {
    const surface = make(options);
    for (const [name, algorithm] of Object.entries(ALGORITHMS)) {
      for (const changes of [{}, others]) {
        const numbers = { ...algorithm.defaults, eta: 2 ** -8 };
        for (const known of Object.keys(changes).filter((known) => known in numbers)) {
          numbers[known] = changes[known];
        }
        const renamed = Object.entries(numbers).map(([known, value]) =>
          [known.replace(/(\\d)/, "_$1"), value]);
        const rule = ruleAlgorithm(parseRule(LINES[name]));
        const one = walk(surface, algorithm, numbers, surface.start, 1000);
        const two = walk(surface, rule, Object.fromEntries(renamed), surface.start, 1000);
        const quick = losses(surface, rule, Object.fromEntries(renamed), surface.start, 1000);
        rows.push({
          name, key, same: JSON.stringify(one) === JSON.stringify(two),
          quick: two.divergedAt !== null || JSON.stringify(quick) === JSON.stringify(two.losses),
          moved: Math.abs(one.points.at(-1)[0] - one.points[0][0]),
        });
      }
    }
  }
  return rows;
}
"""


def test_lines_of_the_book_walk_as_its_algorithms_do(modules):
    rows = modules.evaluate(WALKS)
    assert len(rows) == 8 * 6 * 2
    assert [row for row in rows if not row["same"]] == []
    assert [row for row in rows if not row["quick"]] == []
    assert [row for row in rows if not row["moved"] > 1e-3] == []


@pytest.mark.parametrize(
    "module, line, other",
    [
        ("rule.js", '"m_hat = m/(1 - beta_1^t)"', '"m_hat = m/(1 - beta_1)"'),
        ("rule.js", "G = G + g^2", "G = G + g"),
        ("rule-program.js", "cell + (pair ? k : 0)", "cell"),
        ("walk.js", "updateBoth([one, two], theta, g, t,", "updateBoth([one, two], theta, g, 1,"),
    ],
)
def test_planted_fault_of_a_walk_is_found(modules_with, module, line, other):
    rows = modules_with(module, line, other).evaluate(WALKS)
    assert not all(row["same"] and row["quick"] for row in rows)


OPERATIONS = """async (texts) => {
  const { parseRule, ruleAlgorithm } = await import("./rule.js");
  return texts.map((text) => ruleAlgorithm(parseRule(text)).operations);
}"""
DEEP = f"theta = {49 * 'norm(g*'}g{49 * ')'}"


def operations(modules):
    """Returns the operations of a step: of Adam by its lines, and of norms in each other."""
    adam = modules.evaluate("async () => (await import('./rule.js')).LINES.Adam")
    return modules.evaluate(OPERATIONS, [adam, DEEP])


def test_a_step_takes_no_more_operations_than_its_lines_for_each_parameter(modules):
    # the decays in (1 - beta_1) and beta_1^t are numbers, with one operation for both parameters;
    # norm makes a number of two, and theta is a copy of the last one
    assert operations(modules) == [7 + 9 + 4 + 4 + 10, 49 * 3 + 2]


def test_planted_operation_is_counted(modules_with):
    line = 'this.code.push(CODES.get("norm"), result.cell, of.cell, of.cell + 1);'
    assert operations(modules_with("rule-program.js", line, 2 * line))[1] > 49 * 3 + 2


# What is read

READ = """
async (texts) => {
  const { parseRule } = await import("./rule.js");
  const { RuleError } = await import("./rule-tokens.js");
  return texts.map((text) => {
    try {
      return { rule: parseRule(text) };
    } catch (error) {
      return { line: error.line, message: error.message, ours: error instanceof RuleError };
    }
  });
}
"""
MISTAKES = {
    "": (1, "no line assigns `theta`"),
    "# nothing\nm = g\n": (3, "no line assigns `theta`"),
    "m = g\ntheta = theta - eta*": (2, "a value is missing before the end of the line"),
    "theta = *g": (1, "a value is missing before `*`"),
    "m = = 3": (1, "a value is missing before `=`"),
    "theta - eta*g": (1, "a line begins with a name and `=`; write `theta = ...`"),
    "m += g": (1, "write `m = m + ...`"),
    "\nsqrt = 3": (2, "`sqrt` is a function; give the result another name"),
    "theta = sqt(3)": (1, "`sqt` is no function; did you mean `sqrt`?"),
    "theta = SQRT(3)": (1, "did you mean `sqrt`?"),
    "theta = beta(3)": (1, "`beta` is no function; write `beta*(...)`, or use sqrt, abs,"),
    "theta = constructor(3)": (1, "`constructor` is no function"),
    "theta = sqrt 3": (1, "write its value in (...)"),
    "theta = 2m": (1, "an operator is missing between `2` and `m`"),
    "theta = ηg": (1, "an operator is missing between `eta` and `g`"),
    "theta = (3": (1, "a `)` is missing for `(`; add it"),
    "theta = max(1, 2": (1, "a `)` is missing for `max(`; add it"),
    "theta = 3)": (1, "a `)` has no `(`; remove it"),
    "theta = max(3)": (1, "takes two values, with a comma between them; here it has 1"),
    "theta = norm(3, 4)": (1, "takes one value; here it has 2"),
    "theta = 1, 2": (1, "a comma stands between the two values of max or min only"),
    "theta = a < b < c": (1, "only two values can be compared; write (a < b)*(b < c)"),
    "theta = a == b": (1, "compare with <, >, <= or >="),
    "theta = a = b": (1, "a line has one `=`"),
    "g = 3": (1, "`g` is the gradient and is given; assign to another name"),
    "t = 3": (1, "`t` is the number of the step"),
    "theta = 1\ntheta = 2": (2, "`theta` is assigned a second time; assign it once"),
    "theta = __proto__": (1, "`_` at the beginning of a name"),
    "theta = g $ x": (1, "`$` cannot be read; remove it"),
    "theta = g\u2028": (1, "the character U+2028 cannot be read"),
    "theta = 1e999": (1, "`1e999` is too large"),
    "theta = " + "a" * 17: (1, "has more than 16 characters; shorten it"),
    "theta = " + "(" * 51 + "g" + ")" * 51: (1, "more than 50 levels lie in each other"),
    "theta = " + "-" * 51 + "g": (1, "more than 50 levels"),
    "theta = " + "2^" * 51 + "2": (1, "more than 50 levels"),
    "theta = g" + "\n" * 20: (21, "at most 20 lines"),
    "m = g" + "+g" * 80 + "\ntheta = g" + "+g" * 81: (2, "at most 160 operations; shorten it"),
    "m = g; theta = m": (1, "`;` cannot be read; begin a new line instead"),
    "theta = np.sqrt(g)": (1, "`.` cannot be read; write `sqrt`, not `np.sqrt`"),
    "theta := g": (1, "`:` cannot be read; write `=` alone"),
    "theta = |g|": (1, "`|` cannot be read; write `abs(...)`"),
    "m' = g": (1, "`'` cannot be read; use another name, such as `m_2`"),
    "tốc = g": (
        1,
        "a letter with an accent cannot be read; a name has the letters a to z, digits and `_`",
    ),
    "theta = g*(t > 1 and t < 9)": (1, "`and` is no word of a rule; a comparison is 1 or 0"),
    "theta = g if t > 5 else 0": (1, "`if` is no word of a rule"),
    "return theta - g": (1, "`return` is no word of a rule; write one assignment a line"),
    "theta = ln(g)": (1, "`ln` is no function; write `log(...)`"),
    "theta = clip(g, -1, 1)": (1, "`clip` is no function; write `max(low, min(high, ...))`"),
    "theta = g #" + "x" * 1000: (1, "at most 1000 characters"),
    "theta = a + b + c + d\nm = e + f + h + i + j": (
        2,
        "`j` is one too many: a rule has at most 8",
    ),
    "".join(f"s{i} = s{i} + g\n" for i in range(9)) + "theta = g": (9, "at most 8 states"),
}


def wrong_sentences(modules):
    found = modules.evaluate(READ, list(MISTAKES))
    wrong = {}
    for (text, (line, words)), answer in zip(MISTAKES.items(), found, strict=True):
        message = answer.get("message", "")
        good = answer.get("ours") and answer["line"] == line and words in message
        if not (good and message.startswith(f"Line {line}: ") and message[-1] in ".?"):
            wrong[text] = answer
    return wrong


def test_mistakes_are_named_in_one_sentence(modules):
    assert wrong_sentences(modules) == {}


@pytest.mark.parametrize(
    "module, line, other",
    [
        ("rule-parser.js", "this.depth > LIMITS_OF_RULE.depth", "false"),
        ("rule-parser.js", "new Reader(tokens, index + 1)", "new Reader(tokens, index)"),
        ("rule-tokens.js", "text.length > characters", "false"),
        ("rule.js", "role.size > LIMITS_OF_RULE[what]", "false"),
    ],
)
def test_planted_fault_of_a_sentence_is_found(modules_with, module, line, other):
    assert wrong_sentences(modules_with(module, line, other)) != {}


def test_names_have_their_roles(modules):
    texts = {
        "m = beta*m + g\ntheta = theta - eta*m": (["m"], ["beta", "eta"]),
        "a = g\na = a + 1\ntheta = a": ([], []),  # assigned first: a plain value
        "theta = theta - m\nm = g": (["m"], []),  # the gradient of the step before
        "theta = g*(t < warm)": ([], ["warm"]),
        "constructor = constructor + toString\ntheta = constructor": (
            ["constructor"],
            ["toString"],
        ),
        "θ = θ − η·m̂₁/(√(G)+ε)²": ([], ["eta", "m_hat_1", "G", "epsilon"]),
        "\ufeffθ\u00a0=\u2009θ\u202f–\u00a0η∗g⋅g": ([], ["eta"]),  # copied from a page
        "theta = " + "(" * 50 + "g" + ")" * 50: ([], []),
        "theta = g" + "\n" * 19: ([], []),
    }
    for (text, roles), answer in zip(
        texts.items(), modules.evaluate(READ, list(texts)), strict=True
    ):
        assert "rule" in answer, (text, answer)
        assert (answer["rule"]["states"], answer["rule"]["hyperparameters"]) == roles, text


def test_names_that_look_misspelled_are_pointed_at(modules):
    texts = [
        "m = bta_1*m + g\ntheta = m",
        "m_hat = g\ntheta = m_hta + m_hat",
        "theta = g*beta_2 - eta*clip*c",
        "theta = theta - eta*grad",
        "m = m + g\nq = m\nmid = g\nold = mid\ntheta = theta - eta*last\nlast = old",
    ]
    hints = [answer["rule"]["hints"] for answer in modules.evaluate(READ, texts)]
    sentence = "Line {}: `{}` is a new hyperparameter; if you mean `{}`, write that."
    nothing = ", so this line changes nothing."
    assert hints == [
        [{"line": 1, "message": sentence.format(1, "bta_1", "beta_1")}],
        [{"line": 2, "message": sentence.format(2, "m_hta", "m_hat")}],
        [],
        [{"line": 1, "message": sentence.format(1, "grad", "g")}],
        [
            {"line": line, "message": f"Line {line}: `theta` does not depend on `{name}`{nothing}"}
            for line, name in [(1, "m"), (2, "q")]
        ],
    ]


# Three steps from (2, -3) with the gradient g = theta, by hand.
BY_HAND = {
    "theta = theta - 0.5*g": [[1, -1.5], [0.5, -0.75], [0.25, -0.375]],
    "theta = -2^2 + 0*g": [[-4, -4]] * 3,
    "theta = 2**3**0*g": [[4, -6], [8, -12], [16, -24]],
    "theta = g - (g > 0) + 4*(g <= -3)": [[1, 1], [0, 0], [0, 0]],
    "theta = max(g, -1) + min(g, 1)*0": [[2, -1]] * 3,
    "theta = norm(g)^2 + 0*g": [[13, 13], [338, 338], [228488, 228488]],
    "theta = norm(-t)": [[1, 1], [2, 2], [3, 3]],
    "theta = theta - old\nold = g": [[2, -3], [0, 0], [-2, 3]],
    "n = n + 1\ntheta = n": [[1, 1], [2, 2], [3, 3]],
    "theta = sign(g)*sqrt(abs(g))^2 + log(exp(0))": [[2, -3]] * 3,
}


def test_steps_are_those_by_hand(modules):
    found = modules.evaluate(
        """async (texts) => {
          const { parseRule, ruleAlgorithm } = await import("./rule.js");
          const { walk } = await import("./walk.js");
          const surface = { value: () => 0, gradient: (x, y) => [x, y] };
          return texts.map((text) => {
            const rule = ruleAlgorithm(parseRule(text));
            return walk(surface, rule, rule.defaults, [2, -3], 3).points.slice(1);
          });
        }""",
        list(BY_HAND),
    )
    for (text, expected), points in zip(BY_HAND.items(), found, strict=True):
        assert points == [pytest.approx(point, rel=1e-12) for point in expected], text
