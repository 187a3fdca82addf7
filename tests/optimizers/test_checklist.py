"""Every step of "Add an optimizer" in CONTRIBUTING.md is done for every optimizer.

What fails here says which step is missing, and where.
"""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap

import keras
import pytest

from ravine import figures, optimizers
from tests import mutants
from tests.book import guards
from tests.optimizers.contract import ROWS
from tools.book.notebooks import ROOT, find_notebooks, read_notebook

PLACE = "src/ravine/optimizers"
FEWEST_FAULTS = 5
# Names in an `update_step` that are plain words for a part of a formula.
WORDS = {"step", "decay", "surprise", "rectified"}


def all_classes():
    """Return the optimizers that the files of the folder define, whether named elsewhere or not."""
    names = [
        f"{optimizers.__name__}.{file.name}" for file in pkgutil.iter_modules(optimizers.__path__)
    ]
    return [
        thing
        for module in map(importlib.import_module, names)
        for thing in vars(module).values()
        if inspect.isclass(thing) and issubclass(thing, keras.optimizers.Optimizer)
        if thing.__module__ == module.__name__
    ]


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


# One function for each step: it returns what is missing, or nothing.


def to_export(kind):
    if kind.__name__ not in optimizers.__all__:
        return f"name it in {PLACE}/__init__.py, from which the page of the API reference is made"
    if f"{kind.__module__} is missing in the API reference" in guards.modules_without_reference(
        ROOT
    ):
        return "book/appendix/api/optimizers.md has to describe it"
    return None


def to_test(kind):
    row = ROWS.get(kind.__name__)
    if row is None:
        return "give it an oracle in tests/optimizers/oracle.py and a row in contract.py"
    if row.twin is None and not row.recorded:
        return "its row in contract.py needs a twin of Keras, or first steps recorded from optax"
    return None


def to_break(kind):
    faults = [
        fault for row, faults in mutants.FAULTS.values() if row == kind.__name__ for fault in faults
    ]
    if len(faults) < FEWEST_FAULTS:
        return f"plant at least {FEWEST_FAULTS} faults in tests/mutants.py that its tests must find"
    return None


def to_draw(kind):
    name = "GD" if kind.__name__ == "GradientDescent" else kind.__name__
    if name not in figures.LOOKS:
        return "give it a colour, a marker and a dash of its own among the LOOKS of the figures"
    return None


def symbols(kind):
    """Return the names of its arguments and of what its `update_step` computes."""
    step = ast.parse(textwrap.dedent(inspect.getsource(kind.update_step)))
    names = [node for node in ast.walk(step) if isinstance(node, ast.Name)]
    computed = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    arguments = set(inspect.signature(kind).parameters) - {"name", "kwargs"}
    return (computed | arguments) - WORDS


def to_name(kind):
    rows = [line.split("|") for line in read("book/appendix/notation.md").splitlines()]
    in_code = {name for row in rows if len(row) > 3 for name in re.findall(r"`(\w+)`", row[2])}
    if missing := sorted(symbols(kind) - in_code):
        return f"book/appendix/notation.md lacks {', '.join(missing)} in the column In code"
    return None


def to_show(kind):
    path = kind.__module__.replace(".", "/")
    reference = f"src/{path}.py::{kind.__name__}"
    notebooks = {str(file): read_notebook(file) for file in find_notebooks()}
    if guards.optimizers_not_shown([reference], notebooks):
        return f'show it in a chapter, in a cell with the metadata {{"source": "{reference}"}}'
    return None


def to_cite(kind):
    """Read lines such as "Cauchy (1847), Comptes rendus 25; Robbins and Monro (1951), ..."."""
    _, _, after = inspect.getdoc(kind).partition("References:\n")
    works = re.findall(
        r"(?:^|;) *([A-Z]\w+)[^;()]*\((\d{4})\)", " ".join(after.split("\n\n")[0].split())
    )
    if not works:
        return "its docstring needs a paragraph References: that begins with a name and a year"
    bibliography = read("book/references.bib")
    for name, year in works:
        if not re.search(rf"@\w+{{{name.lower()}{year}", bibliography):
            return f"book/references.bib lacks the work of {name} ({year})"
    return None


def to_announce(kind):
    if not re.search(rf"\b{kind.__name__}\b", read("CHANGELOG.md")):
        return "name it in CHANGELOG.md"
    return None


STEPS = [to_export, to_test, to_break, to_draw, to_name, to_show, to_cite, to_announce]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
@pytest.mark.parametrize("kind", all_classes(), ids=lambda kind: kind.__name__)
def test_nothing_is_missing(kind, step):
    missing = step(kind)
    assert not missing, f"{kind.__name__}: {missing}."


class Walrus(keras.optimizers.Optimizer):
    """A class that was just written.

    References:
        Nobody (2099), Nowhere.
    """

    def update_step(self, gradient, variable, learning_rate):
        """Apply it."""
        tusk = 2 * gradient
        self.assign_sub(variable, tusk)


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (to_export, "name it in src/ravine/optimizers/__init__.py"),
        (to_test, "an oracle in .*oracle.py and a row in contract.py"),
        (to_break, "plant at least 5 faults in tests/mutants.py"),
        (to_draw, "a colour, a marker and a dash"),
        (to_name, "notation.md lacks .*tusk"),
        (to_show, "show it in a chapter"),
        (to_cite, r"references.bib lacks the work of Nobody \(2099\)"),
        (to_announce, "name it in CHANGELOG.md"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_class_that_was_just_written_is_told_each_step(step, sentence):
    assert re.search(sentence, step(Walrus))
