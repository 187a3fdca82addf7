"""Every step of "Add an experiment" in CONTRIBUTING.md is done for every experiment.

What fails here says which step is missing, and where. That the quick rates are the best of the
recorded grid, and inside it, is tested with the command line, which records it.
"""

import ast
import dataclasses
import importlib
import pkgutil
import re
from functools import cache
from types import SimpleNamespace

import pytest

from ravine import experiments, surfaces
from ravine.experiments import mnist
from ravine.results import records
from ravine.results.records import RecordError
from tests.book import guards
from tests.rooms import without_magics
from tools.book.notebooks import ROOT, find_chapters, read_notebook

PLACE = "src/ravine/experiments"
WAITING: set[str] = set()  # no page shows it yet: its page draws what the plan records of it
NOWHERE = "data/published/README.md"  # says of what nothing is published, and why


def all_families():
    """Return the files that hold experiments, whether they are named elsewhere or not."""
    files = [
        importlib.import_module(f"{experiments.__name__}.{file.name}")
        for file in pkgutil.iter_modules(experiments.__path__)
    ]
    return [file for file in files if isinstance(getattr(file, "EXPERIMENTS", None), tuple)]


# One function for each step: it returns what is missing, or nothing. First those of a family.


def to_register(family):
    missing = [each.name for each in family.EXPERIMENTS if each.name not in experiments.EXPERIMENTS]
    if missing:
        return f"add the file to the table in {PLACE}/runs.py, which lacks {', '.join(missing)}"
    return None


def to_hand_out(family):
    if family.__name__.split(".")[-1] not in experiments.__all__:
        return f"name the file in {PLACE}/__init__.py, through which notebooks import it"
    return None


def to_describe(family):
    if f"{family.__name__} is missing in the API reference" in guards.modules_without_reference(
        ROOT
    ):
        return "book/appendix/api/experiments.md needs its line, as `room-file:: ... mnist`"
    return None


# Those of an experiment.


def to_be_fair(experiment):
    names = experiment.families.keys() | experiment.quick.optimizers.keys()
    if not experiment.grids or names != experiment.grids.keys():
        return "its grids, its families and its quick optimizers have to name the same algorithms"
    trials = {name: len(set(rates)) for name, rates in experiment.grids.items()}
    if len(set(trials.values())) > 1:
        return f"every algorithm needs as many rates as any other, and they have {trials}"
    return None


def to_tune(experiment):
    try:
        frame = records.load(experiment.name, "quick-grid").frame
    except RecordError:
        return f"record its grid: ravine tune {experiment.name} --out data/results"
    recorded = set(zip(frame["optimizer"], frame["learning_rate"], strict=True))
    meant = {(name, rate) for name, rates in experiment.grids.items() for rate in rates}
    if missing := sorted(meant - recorded):
        return f"record its grid again, which lacks {missing}"
    return None


def to_compare(experiment):
    name, found = experiment.name, published_somewhere()
    if name in found and name in published_nowhere():
        return f"it has published values, and {NOWHERE} says that it has none"
    if name not in found and name not in published_nowhere():
        return f"put what was published into data/published, or say in {NOWHERE} why nothing was"
    return None


def published_somewhere():
    """Return the experiments that the tables of published values name."""
    tables = [ROOT / f"data/published/{name}.csv" for name in ("values", "orderings")]
    rows = [row for table in tables for row in table.read_text(encoding="utf-8").splitlines()[1:]]
    return {row.split(",")[0] for row in rows}


def published_nowhere():
    """Return the experiments that the table of reasons names."""
    text = (ROOT / NOWHERE).read_text(encoding="utf-8")
    _, _, section = text.partition("## Experiments of which nothing is published\n")
    rows = re.findall(r"^\| (`.*?) \| \w.* \|$", section, flags=re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}


def to_show(experiment):
    is_shown = any(pattern.fullmatch(experiment.name) for pattern in shown())
    if is_shown and experiment.name in WAITING:
        return "a page shows it now: take it out of those that wait for one"
    if not is_shown and experiment.name not in WAITING:
        return "show it in a notebook, in a cell that names it"
    return None


@cache
def shown():
    """Return patterns of the texts in the chapters' code; {size} in one may be anything."""
    patterns = set()
    for path in find_chapters():
        for cell in guards.code_cells(read_notebook(path)):
            for node in ast.walk(ast.parse(without_magics(cell.source))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    patterns.add(re.escape(node.value))
                elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                    patterns.add(
                        "".join(
                            re.escape(part.value) if isinstance(part, ast.Constant) else r"[\w-]+"
                            for part in node.values
                        )
                    )
    return [re.compile(pattern) for pattern in patterns]


OF_A_FAMILY = [to_register, to_hand_out, to_describe]
OF_AN_EXPERIMENT = [to_be_fair, to_tune, to_compare, to_show]


@pytest.mark.parametrize("step", OF_A_FAMILY, ids=lambda step: step.__name__)
@pytest.mark.parametrize("family", all_families(), ids=lambda family: family.__name__)
def test_nothing_is_missing_of_a_family(family, step):
    missing = step(family)
    assert not missing, f"{family.__name__}: {missing}."


@pytest.mark.parametrize("step", OF_AN_EXPERIMENT, ids=lambda step: step.__name__)
@pytest.mark.parametrize("name", experiments.EXPERIMENTS)
def test_nothing_is_missing(name, step):
    missing = step(experiments.EXPERIMENTS[name])
    assert not missing, f"{name}: {missing}."


def test_reasons_and_published_values_are_of_experiments_that_there_are():
    walked = {name.replace("_", "-") for name in surfaces.__all__}  # such as "sparse-ravine"
    named = published_somewhere() | published_nowhere()
    assert named - walked <= experiments.EXPERIMENTS.keys()


# An experiment that was just written, in a file of its own.
JUST_WRITTEN = dataclasses.replace(mnist.MLP, name="walrus")
FAMILY = SimpleNamespace(__name__="ravine.experiments.walrus", EXPERIMENTS=(JUST_WRITTEN,))


@pytest.mark.parametrize(
    ("step", "thing", "sentence"),
    [
        (to_register, FAMILY, r"the table in src/ravine/experiments/runs.py, which lacks walrus"),
        (to_hand_out, FAMILY, r"name the file in src/ravine/experiments/__init__.py"),
        (to_be_fair, dataclasses.replace(JUST_WRITTEN, grids={}), "name the same algorithms"),
        (
            to_be_fair,
            dataclasses.replace(JUST_WRITTEN, grids=mnist.MLP.grids | {"Adam": (0.1, 0.1)}),
            "as many rates as any other",
        ),
        (to_tune, JUST_WRITTEN, "ravine tune walrus --out data/results"),
        (
            to_tune,
            dataclasses.replace(mnist.MLP, grids=mnist.MLP.grids | {"Adam": (0.5,)}),
            r"grid again, which lacks .*\('Adam', 0.5\)",
        ),
        (to_compare, JUST_WRITTEN, "or say in data/published/README.md why"),
        (to_show, JUST_WRITTEN, "show it in a notebook"),
    ],
)
def test_what_was_just_written_is_told_each_step(step, thing, sentence):
    assert re.search(sentence, step(thing))


def test_a_file_without_a_page_of_the_reference_is_told(monkeypatch):
    complaint = f"{mnist.__name__} is missing in the API reference"
    monkeypatch.setattr(guards, "modules_without_reference", lambda root: [complaint])
    assert re.search("experiments.md needs its line", to_describe(mnist))


def test_a_reason_beside_published_values_is_told(monkeypatch):
    monkeypatch.setitem(globals(), "published_nowhere", lambda: {"mnist-mlp"})
    assert re.search("says that it has none", to_compare(mnist.MLP))
