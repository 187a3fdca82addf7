"""A page says which exercises have no solution, and the code of the others runs."""

import os
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.book import exercises
from tools.book.notebooks import ROOT, find_chapters, read_notebook, write_notebook

PAGES = find_chapters()

FOLDED = "<details><summary>Solution</summary>\n\n{}\n\n</details>"
TITLED = "## Exercises\n\n*Exercise 2 has no solution here.*\n\n**1. A.** A?\n\n{}\n\n**2. B.** B?"
LISTED = (
    "## Exercises\n\n*Exercises 1 and 3 have no solution here.*\n\n1. A\n2. B\n3. C\n\n"
    "<details><summary>Solution of 2</summary>So.</details>\n\n## References\n\n4. No exercise."
)
CODE = "```python\nfrom math import sqrt\n\nprint(sqrt(two), [k for k in range(3)])\n```"


def page(text: str):
    code = new_code_cell("%matplotlib inline\ntwo = 2")
    return new_notebook(cells=[code, new_markdown_cell(text)])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_names_in_the_code_of_solutions_are_defined(path):
    assert exercises.unknown_names(read_notebook(path)) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_exercises_without_a_solution_say_so(path):
    assert exercises.not_said(read_notebook(path)) == []


def test_good_pages_pass():
    for text in (TITLED.format(FOLDED.format(CODE)), LISTED, "# No exercises"):
        assert exercises.not_said(page(text)) == []
        assert exercises.unknown_names(page(text)) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (TITLED.format(""), "exercises [1, 2] have no solution, and the page says so of [2]"),
        (LISTED.replace("Solution of 2", "Solution of 1"), "exercises [2, 3] have no solution"),
        (LISTED.replace("*Exercises 1 and 3 have no solution here.*\n\n", ""), "so of []"),
    ],
)
def test_a_solution_that_is_missing_is_found(text, complaint):
    (found,) = exercises.not_said(page(text))
    assert complaint in found


def test_a_name_that_nothing_defines_is_found():
    text = TITLED.format(FOLDED.format(CODE.replace("from math import sqrt\n", "")))
    assert exercises.unknown_names(page(text)) == ["a solution uses sqrt, which nothing defines"]


def test_the_code_of_a_solution_has_the_number_of_its_exercise():
    for text, number in ((TITLED.format(FOLDED.format(CODE)), 1), (LISTED.replace("So.", CODE), 2)):
        assert exercises.solutions(page(text)) == {number: CODE[len("```python\n") : -len("```")]}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (CODE, "2 passed"),
        (CODE.replace("sqrt(two)", "sqrt(-two)"), "code cell of solution 1 stops with an error"),
        (CODE.replace("two", "three"), "NameError: name 'three' is not defined"),
    ],
)
def test_a_solution_runs_where_its_page_has_run(code, found, tmp_path):
    path = tmp_path / "chapter.ipynb"
    write_notebook(page(TITLED.format(FOLDED.format(code))), path)
    plugins = [
        option for name in ("cell_messages", "solutions") for option in ("-p", f"tests.{name}")
    ]
    options = ["--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider", "-q"]
    said = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *options, "--rootdir", tmp_path, path],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert found in said.stdout
