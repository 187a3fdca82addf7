"""The class that is made of a rule takes the rule's steps, in Python that one may read."""

import json
import keyword
import os
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from ravine import surfaces
from ravine.surfaces import descend
from tests.site.rules import CLASSES, made, random_rule, steps_of
from tools.book.notebooks import ROOT, read_notebook

# Keras keeps learning rates in float32, which holds 2^-k exactly.
SETTINGS = [{}, {"beta": 0.8, "rho": 0.7, "beta_1": 0.6, "beta_2": 0.95, "epsilon": 2.0**-4}]

WRITE = """
async ([texts, numbers]) => {
  const { LINES, parseRule, ruleAlgorithm } = await import("./rule.js");
  const { asClass } = await import("./rule-class.js");
  const { walk } = await import("./walk.js");
  const { SURFACES } = await import("./surfaces.js");
  const surface = SURFACES.ravine.make({ kappa: 5, angle: 20 });
  return texts.map((text) => {
    const rule = parseRule(LINES[text] ?? text);
    const known = rule.hyperparameters.filter((name) => name in numbers);
    const all = Object.fromEntries(known.map((name) => [name, numbers[name]]));
    const chosen = { ...rule.defaults, ...all };
    const one = walk(surface, ruleAlgorithm(rule), chosen, [-1.5, 0.75], 15);
    const states = one.states.slice(1).map((pair) => pair.flatMap((part) => Object.values(part)));
    return { source: asClass(rule, "MyRule", chosen), chosen, points: one.points, states };
  });
}
"""


def written(modules, texts, numbers=None):
    """For each text the class, and the walk of the page down a turned ravine."""
    return modules.evaluate(WRITE, [list(texts), {"eta": 2.0**-6, **(numbers or {})}])


@pytest.mark.parametrize("others", SETTINGS, ids=["defaults", "others"])
def test_classes_of_the_books_lines_step_as_the_package_does(modules, others):
    found = written(modules, CLASSES, others)
    optimizers = {}
    for (name, known), one in zip(CLASSES.items(), found, strict=True):
        numbers = dict(one["chosen"])
        rate = numbers.pop("eta")
        optimizers[name] = known(learning_rate=rate, **numbers)
        optimizers[f"{name}, made"] = made(one["source"])()
    paths = descend(surfaces.ravine(34, 20), optimizers, steps=1000)
    for name in CLASSES:
        made_points, points = paths[f"{name}, made"].points, paths[name].points
        assert np.abs(points - points[0]).max() > 0.3, f"{name} went nowhere"
        np.testing.assert_allclose(made_points, points, rtol=1e-12, atol=1e-12, err_msg=name)


# Each is a way in which Python and its tensors are not what the page computes with.
ODD = [
    "old = m\nm = g\ntheta = theta - eta*old",  # another name for a variable
    "theta = theta - eta*(g - (c - 1) - (0 - (g - 3)))/(2/(3/g))*(4*(3/g))",
    "a = theta + 1\nG = 0.5*G + theta\ntheta = theta - eta*G",  # without g
    "old = theta\ntheta = theta - eta*g\nv = old - theta\nm = 0.5*m + v",
    "lambda = 0.5*lambda + g\nname = name + lambda^2\ntheta = theta - eta*lambda/sqrt(name)",
    "build = build + g\niterations = 1/t\ntheta = theta - eta*build*iterations",
    "float = float + g\nself = float\nops = 1\ntheta = theta - eta*self*ops",
    "name = name + g\nname_ = 2\ntheta = theta - eta*name*name_",
    "theta = theta - learning_rate*g*variable*is",
    "eta = 0.5/t\ntheta = theta - eta*g",
    "n = n + 1\ntheta = theta - eta*g/n",  # one number for all parameters
    "theta = 0.5*eta",
    "theta = theta - 0.1",
    "theta = theta - eta*g\nn = norm(theta)*norm(-2)",
    "theta = theta - eta*g*(1 < 2) + (2 <= t)*(0.5 >= c)*0.1",
    "theta = theta - g*max(c, 0.25)*min(1, 2)*sqrt(c)*exp(-c)",
    "theta = theta - g/(1/0 + 1/c)",  # Python's own numbers refuse this
    "theta = theta - eta*g*(1 + ((0 - 1)^0.5 > c))",
    "theta = theta - eta*g*9^9^0.1/1000000007",
    "unused = g\nunused = 2\nm = 0.5*m + g\nunused = 3*m\ntheta = theta - eta*unused",
    "m = 0.5*m + g\nm = m*2\nm = -m\ntheta = theta + eta*m",
    "theta = theta - eta*" + "*".join(["(1 + max(0, g)*c/50)"] * 30),
    "m = m + g\ntheta = theta - eta*(" + " + ".join(["abs(m)"] * 60) + ")/60",
]


def leaves(one):
    """Whether a class leaves the walk of the page before that diverges."""
    ravine = surfaces.ravine(5, 20)
    points = np.array(one["points"], dtype=float)
    after = np.concatenate([points[1:], np.array(one["states"], dtype=float)], axis=1)
    with np.errstate(invalid="ignore"):
        good = (np.abs(after) < 1e6).all(axis=1)
    one["steps"] = len(good) if good.all() else int(good.argmin())
    optimizer = made(one["source"])()
    steps = steps_of(optimizer, points[0], one["steps"], lambda at, t: ravine.gradient(at))
    return not np.allclose(steps, points[: one["steps"] + 1], rtol=1e-9, atol=1e-12)


def test_classes_of_odd_rules_step_as_the_page_does(modules):
    found = written(modules, ODD)
    assert [one["source"] for one in found if leaves(one)] == []
    assert [text for text, one in zip(ODD, found, strict=True) if one["steps"] < 15] == []


def test_classes_of_random_rules_step_as_the_page_does(modules):
    texts = {random_rule(seed) for seed in range(100)}
    assert len(texts) > 95
    found = written(modules, texts, {"c": 0.75})
    assert [one["source"] for one in found if leaves(one)] == []
    assert sum(one["steps"] >= 5 for one in found) > 60
    assert sum(one["steps"] == 15 for one in found) > 50


@pytest.mark.parametrize(
    "module, line, other",
    [
        ("rule-python.js", "? `ops.copy(${text})` : text", "? text : text"),
        ("rule-python.js", "within(right, level + 1)", "within(right, level)"),
        ("rule-python.js", 'kind === "float" && mayRaise', "false && mayRaise"),
        ("rule-python.js", '? "" : " + ops.zeros_like(g)"', '? "" : ""'),
        ("rule-class.js", "self.iterations + 1", "self.iterations"),
        ("rule-class.js", '["g", "eta", "t"].some(found)', 'found("g")'),
        ("rule-class.js", "TAKEN.has(other) ||", "false ||"),
    ],
)
def test_planted_fault_of_a_class_is_found(modules_with, module, line, other):
    found = written(modules_with(module, line, other), ODD)
    refusals = (AttributeError, NameError, SyntaxError, TypeError, ValueError, ZeroDivisionError)
    try:
        assert any(leaves(one) for one in found)
    except (*refusals, tf.errors.InvalidArgumentError) as error:
        assert str(error)  # Python or Keras refuses the class


def complaints(sources, folder):
    for number, source in enumerate(sources):
        (folder / f"rule_{number}.py").write_text(f'"""A rule."""\n\n{source}', encoding="utf-8")
    config = ["--config", ROOT / "pyproject.toml"]
    said = ""
    for command in (["check"], ["format", "--check"]):
        result = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", *config, folder],
            capture_output=True,
            text=True,
        )
        said += result.stdout if result.returncode else ""
    return said


def test_classes_are_clean(modules, tmp_path):
    texts = [*CLASSES, *ODD, *(random_rule(seed) for seed in range(100))]
    sources = [one["source"] for one in written(modules, texts)]
    assert complaints(sources, tmp_path) == ""
    assert max(len(line) for source in sources for line in source.splitlines()) <= 100


def test_planted_fault_of_style_is_found(modules_with, tmp_path):
    for line, other in {
        "fits ? statement + comment : statement": "statement + comment",
        "rule.lines.filter((one) => needed.has(one))": "rule.lines",
    }.items():
        found = written(modules_with("rule-python.js", line, other), ODD)
        assert complaints([one["source"] for one in found], tmp_path) != ""


def test_no_name_of_a_class_is_one_of_keras(modules):
    public = {name for name in dir(keras.optimizers.SGD()) if name[0] != "_"}
    refused = {"if", "else", "and", "or", "not", "return", "for", "while", "def", "import"}
    taken = sorted((public | set(keyword.kwlist)) - {"momentum", "nesterov"} - refused)
    short = [name for name in taken if len(name) <= 16]
    assert len(short) > 40
    texts = [f"{name} = 0.5*{name} + g\ntheta = theta - eta*{name}" for name in short]
    for name, one in zip(short, written(modules, texts), strict=True):
        optimizer = made(one["source"])()
        optimizer.build([keras.Variable([1.0])])
        assert isinstance(getattr(optimizer, f"{name}_"), list)


def test_class_is_saved_and_made_again(modules):
    (one,) = written(modules, ["Adam"], {"eta": 0.25, "beta_1": 0.5, "epsilon": 1e-5})
    optimizer = made(one["source"])(beta_2=0.75)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert type(again) is type(optimizer)
    assert (again.beta_1, again.beta_2, again.epsilon) == (0.5, 0.75, 1e-5)
    assert float(again.learning_rate) == 0.25


def test_class_name_is_one_of_python(modules):
    said = modules.evaluate(
        """async (names) => {
          const { parseRule } = await import("./rule.js");
          const { asClass } = await import("./rule-class.js");
          return names.map((name) => {
            try {
              return asClass(parseRule("theta = g"), name).includes(`class ${name}(`);
            } catch (error) {
              return error.message;
            }
          });
        }""",
        ["Mine2", "mine", "None", "A b", "A\nimport os", ""],
    )
    assert said[0] is True
    assert all(re.search("names no class; write a capital letter", text) for text in said[1:])


def test_class_on_the_page_is_that_of_its_lines(modules):
    notebook = read_notebook(ROOT / "book/playground/own-rule.ipynb")
    (cell,) = [cell for cell in notebook.cells if "rule" in cell.metadata]
    lines, name, numbers = (cell.metadata.rule[k] for k in ("lines", "name", "hyperparameters"))
    source = modules.evaluate(
        """async ([lines, name, numbers]) => {
          const { parseRule } = await import("./rule.js");
          const { asClass } = await import("./rule-class.js");
          return asClass(parseRule(lines.join("\\n")), name, numbers);
        }""",
        [lines, name, numbers],
    )
    assert cell.source == source.rstrip("\n")
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "```text\n" + "\n".join(lines) + "\n```" in prose


OTHER_BACKEND = """
import json, sys
import numpy as np
from ravine import surfaces
from tests.site.rules import CLASSES, made, steps_of
ravine = surfaces.ravine(5, 20)
for source in json.load(sys.stdin):
    print(json.dumps(steps_of(
        made(source)(), [-1.5, 0.75], 5, lambda at, t: ravine.gradient(at)).tolist()))
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_classes_step_on_other_backends(modules, backend):
    pytest.importorskip(backend)
    found = written(modules, [*CLASSES, *ODD])
    result = subprocess.run(
        [sys.executable, "-c", OTHER_BACKEND],
        input=json.dumps([one["source"] for one in found]),
        env={**os.environ, "KERAS_BACKEND": backend, "JAX_ENABLE_X64": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    for line, one in zip(result.stdout.splitlines(), found, strict=True):
        expected = np.array(one["points"][:6], dtype=float)
        steps = np.array(json.loads(line))[: len(expected)]
        np.testing.assert_allclose(steps, expected, rtol=1e-9, atol=1e-12, err_msg=one["source"])
