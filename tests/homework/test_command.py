"""The command takes what teachers name, and says in one sentence what it cannot take."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ravine.files import only_writer
from tests.homework.fakes import outcomes_of, table
from tests.homework.samples import demo, hand_in, handed_in
from tools.book.notebooks import ROOT
from tools.homework import __main__ as command
from tools.homework import batch, classes, namespaces, session, vault
from tools.homework.grading import CELL_TIMEOUT
from tools.homework.master import MasterError


@pytest.fixture
def grade(monkeypatch, tmp_path):
    """Runs the command with a grader that runs nothing; raises what `main` makes a sentence."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(vault, "ASSIGNMENTS", ("doubling",))
    monkeypatch.setattr(vault, "load", lambda name, chosen=None: demo())
    monkeypatch.setattr(batch, "grade", lambda *arguments: outcomes_of())
    monkeypatch.setattr(batch, "expected_checks", lambda *arguments: {})
    monkeypatch.setattr(command, "Workshop", Nothing)

    def run(*arguments):
        done = CliRunner().invoke(command.app, ["grade", *map(str, arguments)])
        if isinstance(done.exception, MasterError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    return run


class Nothing:
    """Stands for the workshop where no process starts."""

    starts, alive = 0, True

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


@pytest.mark.parametrize(
    ("place", "out"),
    [
        ("~/hand in", "hand in-graded"),  # a folder, below ~ as dash leaves it
        ("~/hand in/doubling_alice.ipynb", "hand in/doubling_alice-graded"),  # a single notebook
    ],
)
def test_folder_and_single_notebook_are_taken_below_the_home_folder(place, out, grade, tmp_path):
    hand_in(tmp_path / "hand in/doubling_alice.ipynb", handed_in())
    output = grade(place)
    assert "1 graded, 0 of them by an earlier run." in output
    assert [row["student"] for row in table(tmp_path / out / "totals.csv")] == ["alice"]
    assert "1 graded, 1 of them by an earlier run." in grade(place)
    output = grade("~/hand in")  # its results, which may lie there, are no submissions
    assert "1 graded" in output and "not graded" not in output


def test_a_roster_in_the_folder_itself_is_no_submission(grade, tmp_path):
    hand_in(tmp_path / "in/alice/doubling.ipynb", handed_in())
    hand_in(tmp_path / "in/roster.csv", "id,name\n7,alice\n8,bob\n")
    output = grade("~/in", "--roster", "~/in/roster.csv", "--due", "2020-01-01 23:59")
    assert "nothing came in: bob doubling" in output
    rows = table(tmp_path / "in-graded/totals.csv")
    assert [(row["student"], row["late"]) for row in rows] == [("alice", "late"), ("bob", "")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([""], "Name what to grade"),
        (["~/nowhere"], r"There is no .*nowhere: name the folder or zip"),
        (["~/in", "--out", "~/in/out"], "lies in the submissions: name another folder"),
        (["~/in", "--roster", "~/none.csv"], r"none\.csv cannot be read \(No such file"),
        (["~/in", "--roster", "~/in/alice/doubling.ipynb"], "no column of names"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(arguments, says, grade, tmp_path):
    hand_in(tmp_path / "in/alice/doubling.ipynb", handed_in())
    with pytest.raises(MasterError, match=says):
        grade(*arguments)


def test_a_spoilt_table_of_marks_is_said_before_anything_is_graded(grade, tmp_path):
    hand_in(tmp_path / "in/alice/doubling.ipynb", handed_in())
    hand_in(tmp_path / "in-graded/marks.csv", "student;assignment;task;points\nalice;doubling;x;1")
    with pytest.raises(MasterError, match="line 2: doubling has no task 'x'"):
        grade("~/in")
    assert not (tmp_path / "in-graded/results").exists()


def test_two_runs_into_one_folder_do_not_mix(grade, tmp_path):
    hand_in(tmp_path / "in/alice/doubling.ipynb", handed_in())
    with only_writer(tmp_path / "in-graded"), pytest.raises(MasterError, match="is in use"):
        grade("~/in")


def test_help_and_guide_say_what_a_submission_may_take():
    text = CliRunner().invoke(command.app, ["grade", "--help"], env={"COLUMNS": "300"}).output
    guide = (ROOT / "book/homework/teaching.md").read_text(encoding="utf-8")
    memory = f"{namespaces.MEMORY // 2**30} GiB of memory"
    assert f"It may hold {memory}" in text and memory in guide
    for option, seconds in (("--cell-timeout", CELL_TIMEOUT), ("--budget", batch.BUDGET)):
        (line,) = [line for line in text.splitlines() if option in line]
        assert f"[default: {seconds}]" in line
        assert f"`{option} {seconds:g}`" in guide


@pytest.mark.parametrize("option", ["--budget", "--cell-timeout", "--jobs"])
def test_a_limit_of_nothing_is_refused_and_not_graded_by(option, tmp_path):
    arguments = ["grade", str(tmp_path), option, "0"]
    done = CliRunner().invoke(command.app, arguments, env={"COLUMNS": "300"})
    assert done.exit_code == 2 and "should be greater than or equal to 1" in done.output


@pytest.mark.parametrize("missing", ["resource", "fcntl"])
def test_windows_is_told_of_wsl_in_one_sentence(missing):
    script = (
        "import importlib.util as u, runpy\n"
        "find = u.find_spec\n"
        f"u.find_spec = lambda name, *more: None if name == {missing!r} else find(name, *more)\n"
        "runpy.run_module('tools.homework', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "wsl --install" in done.stderr


def test_the_place_of_the_results_is_beside_the_submissions():
    assert classes.results_of(Path("/a/b.zip"), None) == Path("/a/b-graded")


def test_longer_limits_hold_for_the_model_answers_too(grade, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(batch, "expected_checks", lambda *given: asked.append(given[2:]) or {})
    hand_in(tmp_path / "in/An/doubling.ipynb", handed_in())
    grade(tmp_path / "in", "--cell-timeout", "20", "--budget", "700")
    grade(tmp_path / "in", "--budget", "7")
    assert asked == [(20.0, 700.0), (CELL_TIMEOUT, batch.BUDGET)]


def test_a_worker_that_does_not_start_is_said_in_one_sentence(monkeypatch):
    def never():
        with session.Workshop() as workshop:
            workshop.open()

    monkeypatch.setattr(session, "STARTED_WITHIN", 0.01)
    monkeypatch.setattr(command, "app", never)
    with pytest.raises(SystemExit, match=r"did not start within 0\.01 seconds.*run the command"):
        command.main()
