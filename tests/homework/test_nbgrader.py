"""nbgrader takes the assignments as they are: it releases, validates and grades them.

It is no dependency of the project: `uv pip install nbgrader` lets this test run.
"""

import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest

from tests.homework.honest import FIGURE
from tests.homework.samples import assignments
from tools.homework import release

pytest.importorskip("nbgrader", reason="nbgrader is not installed")
MASTER = assignments()["backpropagation"]  # of the assignments the fastest: NumPy alone


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    path = folder / "source" / "week" / "backpropagation.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(MASTER.notebook, path)
    nbgrader(folder, "generate_assignment", "week", "--create")
    return folder


def nbgrader(folder, *arguments):
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it calls alembic
    environment = os.environ | {"HOME": str(folder), "PATH": programs}
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr


def answered():
    """Returns the released notebook with the model answers in it."""
    notebook = release.student_version(MASTER)
    for cell, own in zip(notebook.cells, MASTER.cells, strict=True):
        if own.role in ("answer", "manual"):
            cell.source = FIGURE if own.role == "manual" and own.code else own.source
    return notebook


def test_it_releases_what_is_released_here(course):
    path = course / "release" / "week" / "backpropagation.ipynb"
    theirs, ours = nbformat.read(path, 4), release.student_version(MASTER)
    for cell, own in zip(theirs.cells, ours.cells, strict=True):
        if own.metadata.get("nbgrader", {}).get("grade_id") != release.SETUP:
            assert cell.source.rstrip() == own.source.rstrip()


def test_it_validates_what_is_right_and_not_what_is_open(course):
    path = course / "mine.ipynb"
    nbformat.write(answered(), path)
    assert "Success" in nbgrader(course, "validate", str(path))
    nbformat.write(release.student_version(MASTER), path)
    assert "failed" in nbgrader(course, "validate", str(path))


def test_it_grades_a_released_notebook(course):
    half = deepcopy(answered())
    for cell, own in zip(half.cells, MASTER.cells, strict=True):
        if own.name == "forward":
            cell.source = own.released
    for name, notebook in (("an", answered()), ("binh", half)):
        path = course / "submitted" / name / "week" / "backpropagation.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    nbgrader(course, "autograde", "week", "--create")
    from nbgrader.api import Gradebook

    points = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for name in ("an", "binh"):
            graded = book.find_submission_notebook("backpropagation", "week", name)
            points[name] = {grade.cell.name: grade.auto_score for grade in graded.grades}
    tests = {task.name: task.points for task in MASTER.tasks if task.role == "test"}
    assert {name: points["an"][name] for name in tests} == tests
    assert {name: points["binh"][name] for name in tests} == tests | {"forward-test": 0}
