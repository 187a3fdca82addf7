"""Whatever is written as a rule is read or refused in one sentence, and nothing else happens."""

import pytest

FUZZ = """
async (count) => {
  const { LINES, parseRule, ruleAlgorithm } = await import("./rule.js");
  const { asClass } = await import("./rule-class.js");
  const { RuleError } = await import("./rule-tokens.js");
  const { uniforms } = await import("./random.js");
  const draw = uniforms(2024);
  const below = (n) => Math.floor(draw() * n);
  const pick = (list) => list[below(list.length)];
  const many = (n, make) => Array.from({ length: below(n) }, make).join("");
  const soup = [
    "theta", "g", "t", "m", "eta", "=", "\\n", "theta = ", "+", "-", "*", "/", "^", "**", "(", ")",
    ",", "<", ">=", "==", "sqrt(", "max(", "norm(", "1", "0.5", "1e-8", "1e400", ".", " ", "#", "√",
    "β₁", "m̂", "__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "canary=1",
    "globalThis.canary=1", "alert(1)", "${canary=1}", "`", "'", '"', ";", "[", "]", "{", "}", "=>",
    "eval(", "Function('canary=1')()", "constructor.constructor('canary=1')()", "canary",
    "\\\\u0061", "\\r", "\\u2028", "\\0",
  ];
  const mutated = () => {
    const letters = [...Object.values(LINES)[below(6)]];
    for (let i = below(4); i >= 0; i -= 1) {
      letters.splice(below(letters.length), below(3), pick([pick(soup), "", pick(letters)]));
    }
    return letters.join("");
  };
  const deep = () => {
    const opened = ["(", "-", "sqrt(", "norm(g*", "2^", "max(g,", "1-(", "g*(g<("];
    const [n, open] = [below(80), pick(opened)];
    const close = ")".repeat(Math.max(0, (open.split("(").length - 1) * n + below(3) - 1));
    return `theta = ${open.repeat(n)}g${close}`;
  };
  const pieces = ["a", "1", " ", "(", "#", "=", "\\n", "g+", "theta=g\\n", "√", "a=a\\n", "é"];
  const long = () => pick(pieces).repeat(below(30000));
  const makers = [
    () => many(300, () => String.fromCharCode(below(65536))),
    () => many(300, () => String.fromCharCode(below(128))),
    () => many(80, () => pick(soup)),
    () => `theta = ${many(30, () => pick(soup))}`,
    mutated, mutated, mutated, deep, long,
  ];
  globalThis.canary = 0;
  const places = [globalThis, Object.prototype, Array.prototype, Function.prototype, Map.prototype];
  const look = () => places.map((place) => Object.getOwnPropertyNames(place).sort().join()).join();
  const before = look();
  const found = { read: 0, refused: 0, wrong: [], slow: [] };
  const take = (text) => {
    const began = performance.now();
    try {
      const rule = parseRule(text);
      const algorithm = ruleAlgorithm(rule);
      let parameters = [0, 1].map(() => Object.fromEntries(rule.states.map((name) => [name, 0])));
      for (let t = 1; t <= 3; t += 1) {
        parameters = algorithm.updateBoth(parameters, [1, 2], [1, 2], t, algorithm.defaults);
      }
      asClass(rule, "MyRule");
      return [performance.now() - began, null];
    } catch (error) {
      return [performance.now() - began, error];
    }
  };
  for (let i = 0; i < count; i += 1) {
    const text = makers[i % makers.length]();
    let [time, error] = take(text);
    for (let again = 0; again < 4 && time > 50; again += 1) {
      time = Math.min(time, take(text)[0]); // a busy machine is no fault of the rule
    }
    found[error ? "refused" : "read"] += 1;
    if (error && !(error instanceof RuleError && /^Line \\d+: [^\\n]+[.?]$/.test(error.message)
        && error.line >= 1 && error.message.length < 200)) {
      found.wrong.push([text.slice(0, 200), String(error)]);
    }
    if (time > 50) {
      found.slow.push([text.slice(0, 200), time]);
    }
  }
  found.touched = before !== look() || globalThis.canary !== 0;
  delete globalThis.canary;
  return found;
}
"""


def faults(found):
    return {part: found[part] for part in ("wrong", "slow", "touched") if found[part]}


def test_any_text_is_read_or_refused(modules):
    found = modules.evaluate(FUZZ, 10_000)
    assert faults(found) == {}
    assert found["read"] > 500
    assert found["refused"] > 5000


@pytest.mark.parametrize(
    "module, line, other, part",
    [
        ("rule-tokens.js", "if (!found)", "if (false)", "wrong"),
        ("rule-program.js", "[...states, ...numbers]", "states", "wrong"),
        (
            "rule-parser.js",
            'return { kind: "name", name: token.text };',
            'globalThis[token.text] = 1; return { kind: "name", name: token.text };',
            "touched",
        ),
        (
            "rule-tokens.js",
            "throw new RuleError(line, `${shown(content, at)} cannot be read;",
            "try { (0, eval)(content); } catch {} throw new RuleError(line, `no`, `",
            "touched",
        ),
        (
            "rule-program.js",
            'this.code.push(CODES.get("norm"), result.cell, of.cell, of.cell + 1);',
            "for (let i = 0; i < 2 ** Math.min(24, this.cells); i += 1) this.constants.get(i);",
            "slow",
        ),
    ],
)
def test_planted_fault_of_reading_is_found(modules_with, module, line, other, part):
    found = modules_with(module, line, other).evaluate(FUZZ, 2_000)
    assert part in faults(found)
