"""A small assignment whose answers are no secret, and submissions made from it."""

import json
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from tools.homework import vault
from tools.homework.master import Master, read_master
from tools.homework.release import student_version

GIVEN = """\
import numpy as np

from ravine.homework import expect, expect_close


def apply(function, values):
    return [function(value) for value in values]
"""
DOUBLE = """\
def double(x):
    ### BEGIN SOLUTION
    return 2 * np.asarray(x)
    ### END SOLUTION
"""
DOUBLE_TEST = """\
expect_close(double(np.array([1.0, 2.0])), [2.0, 4.0], "double([1, 2])")
### BEGIN HIDDEN TESTS
# Hint: Try negative numbers.
secret = np.array([-8675309.0, 3.25])
expect_close(double(secret), 2 * secret, "double of hidden numbers")
expect_close(apply(double, secret), [-17350618.0, 6.5], "one by one")
### END HIDDEN TESTS
"""
COUNTER = """\
class Counter:
    ### BEGIN SOLUTION
    def __init__(self, start):
        self.value = start

    def add(self, function):
        self.value = self.value + function(self.value)
        return self.value
    ### END SOLUTION
"""
COUNTER_TEST = """\
counter = Counter(1)
expect(counter.value == 1, "A counter begins where it is told to.")
### BEGIN HIDDEN TESTS
# Hint: The function gets the value that the counter has.
first, second = Counter(3), Counter(10)
expect_close(first.add(lambda value: value + 4), 10, "ten")
expect_close(first.add(lambda value: 1), 11, "eleven")
expect_close(second.value, 10, "the other counter")
### END HIDDEN TESTS
"""
NUMBER = """\
# Set `answer`.
### BEGIN SOLUTION
answer = 41 + 1
### END SOLUTION
"""
NUMBER_TEST = """\
expect(answer > 0, "answer should be positive.")
### BEGIN HIDDEN TESTS
# Hint: Count again.
expect_close(answer, 42, "answer")
### END HIDDEN TESTS
"""
WHY = """\
### BEGIN SOLUTION
Because two is two.

Rubric: 4 points for the word two.
### END SOLUTION
"""


def assignments() -> dict[str, Master]:
    """Reads all of them; leaves out the tests of a module where their key is not there."""
    if reason := vault.without_key():
        pytest.skip(reason, allow_module_level=True)
    return {name: vault.load(name) for name in vault.ASSIGNMENTS}


def marked(cell, role, name, points=None):
    marks = {
        "schema_version": 3,
        "grade_id": name,
        "grade": role in ("test", "manual"),
        "solution": role in ("answer", "manual"),
        "locked": role in ("given", "test"),
        "task": False,
    }
    cell.metadata["nbgrader"] = marks | ({} if points is None else {"points": points})
    return cell


def demo_notebook():
    cells = [
        new_markdown_cell("# Homework 0: Doubling"),
        marked(new_code_cell(GIVEN), "given", "imports"),
        marked(new_code_cell(DOUBLE), "answer", "double"),
        marked(new_code_cell(DOUBLE_TEST), "test", "double-test", 2),
        marked(new_code_cell(COUNTER), "answer", "counter"),
        marked(new_code_cell(COUNTER_TEST), "test", "counter-test", 3),
        marked(new_code_cell(NUMBER), "answer", "number"),
        marked(new_code_cell(NUMBER_TEST), "test", "number-test", 1),
        marked(new_markdown_cell(WHY), "manual", "why", 4),
    ]
    return new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


def demo() -> Master:
    return read_master("doubling", writes(demo_notebook()))


TASKS = ("double-test", "counter-test", "number-test")
RIGHT = {
    "double": "def double(x):\n    return np.add(x, x)",
    "counter": COUNTER.replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", ""),
    "number": "answer = 42.0",
    "why": "It is written twice.",
}


def handed_in(changes=None, extra=(), master=None):
    """Returns the notebook of a student: right answers, with these changed."""
    notebook = student_version(master or demo())
    answers = RIGHT | (changes or {})
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell.source = answers[name]
    for position, source in extra:
        notebook.cells.insert(position, new_code_cell(source))
    return notebook


def hand_in(place: Path, notebook) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(notebook if isinstance(notebook, str) else json.dumps(notebook))
    return place


def cells_of(notebook):
    """Returns what the grader takes: names and sources of the code cells."""
    return [
        (cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
