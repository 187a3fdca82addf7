"""A zip for Gradescope holds what it asks for, and grades what it puts into its folders."""

import io
import json
import os
import stat
import subprocess
import sys
import zipfile

import pytest

from tests.homework.fakes import outcomes_of
from tests.homework.samples import TASKS, assignments, demo, hand_in, handed_in
from tools.homework import gradescope
from tools.homework.release import student_version


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Gradescope's folders, made from the zip as its harness does."""
    place = tmp_path_factory.mktemp("autograder")
    content = gradescope.autograder(demo())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(place / "source")
        modes = {item.filename: item.external_attr >> 16 for item in archive.infolist()}
    for name in ("setup.sh", "run_autograder"):
        assert stat.S_IMODE(modes[name]) == 0o755
    (place / "submission").mkdir()
    (place / "results").mkdir()
    return place


@pytest.fixture
def fake(unpacked, monkeypatch):
    """Grades without running anything, and returns what results.json says."""
    monkeypatch.setattr(gradescope, "expected_checks", lambda *arguments: {})
    monkeypatch.setattr(gradescope, "grade", lambda *arguments: list(outcomes_of()))

    def grade(files):
        for path in (unpacked / "submission").iterdir():
            path.unlink()
        for name, content in files.items():
            hand_in(unpacked / "submission" / name, content)
        gradescope.main(unpacked)
        return json.loads((unpacked / "results/results.json").read_text())

    return grade


def test_the_zip_holds_one_assignment_and_no_other_answers(unpacked):
    source = unpacked / "source"
    assert [path.name for path in (source / "assignment").iterdir()] == ["doubling.ipynb"]
    assert not list(source.rglob("*.locked")) and not (source / "private").exists()
    assert (source / "src/ravine/homework.py").is_file()
    for script in ("setup.sh", "run_autograder"):
        subprocess.run(["bash", "-n", str(source / script)], check=True)


def test_the_tests_appear_as_gradescope_wants_them(fake):
    found = fake({"doubling.ipynb": handed_in()})
    assert [test["name"] for test in found["tests"]] == ["double", "counter", "number"]
    assert [test["score"] for test in found["tests"]] == [2, 3, 1]
    assert all(test["max_score"] == test["score"] for test in found["tests"])
    assert found["output"] == "Your teacher reads the answers to the other 4 points."
    assert found["stdout_visibility"] == "hidden"


def test_a_blank_copy_beside_the_answers_does_not_matter(fake):
    files = {"doubling.ipynb": student_version(demo()), "doubling (1).ipynb": handed_in()}
    assert "tests" in fake(files)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "No notebook of this homework was handed in."),
        ({"work.pdf": "%PDF"}, "work.pdf: it is a PDF and no notebook."),
        (
            {"a.ipynb": handed_in(), "b.ipynb": handed_in({"number": "answer = 1"})},
            "Hand in one notebook: these are 2 different ones: a.ipynb, b.ipynb.",
        ),
    ],
)
def test_what_cannot_be_graded_is_said_to_the_student(files, says, fake):
    found = fake(files)
    assert says in found["output"] and found["score"] == 0


def test_results_are_written_even_when_the_grader_fails(fake, monkeypatch, capsys):
    monkeypatch.setattr(gradescope, "grade", lambda *arguments: 1 / 0)
    found = fake({"doubling.ipynb": handed_in()})
    assert "not your fault" in found["output"]
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_the_unpacked_zip_grades_on_its_own(unpacked):
    """Runs run_autograder as Gradescope does; only setup.sh's environment is this one's."""
    environment = unpacked / "source/.venv/bin"
    environment.mkdir(parents=True)
    (environment / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (environment / "python").chmod(0o755)
    hand_in(unpacked / "submission/mine.ipynb", handed_in({"double": "def double(x): return x"}))
    for path in (unpacked / "submission").iterdir():
        if path.name != "mine.ipynb":
            path.unlink()
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    variables |= {"AUTOGRADER": str(unpacked), "PYTHONPATH": str(unpacked / "source/src")}
    script = unpacked / "source/run_autograder"
    subprocess.run(["bash", str(script)], check=True, env=variables, cwd=unpacked)
    found = json.loads((unpacked / "results/results.json").read_text())
    assert {test["name"] + "-test": test["score"] for test in found["tests"]} == dict(
        zip(TASKS, (0, 3, 1), strict=True)
    )


def test_an_assignment_of_the_course_can_be_made_into_one():
    with zipfile.ZipFile(io.BytesIO(gradescope.autograder(assignments()["momentum"]))) as archive:
        assert {"assignment/momentum.ipynb", "requirements.txt"} <= set(archive.namelist())
