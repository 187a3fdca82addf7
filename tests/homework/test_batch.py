"""A folder of submissions is graded with one command that may be interrupted and run again."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime

import pandas as pd
import pytest

from tests.homework.samples import demo, hand_in, handed_in
from tools.book.notebooks import ROOT
from tools.homework import batch, classes
from tools.homework.grading import Outcome
from tools.homework.report import Reports

LIMIT = 2.0
WRONG = {"double": "def double(x): return x"}
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"


def course_of(place, out, due=None):
    return classes.take_in(place, out, {"doubling": demo()}, None, due)


def graded(place, out, workshop, jobs=2, budget=batch.BUDGET):
    """Grades a folder as the command does; returns results by student, and those just graded."""
    course = course_of(place, out)
    fresh = []
    with Reports(course) as reports:

        def note(item):
            reports.add(item)
            if not item.kept:
                fresh.append(item.submission.student)

        ready = [item for item in course.intake.submissions if not item.problem]
        limits = (LIMIT, jobs, note, budget)
        batch.grade_all(ready, course.masters, out / "results", workshop, *limits)
    assert reports.problems == []
    return {item.submission.student: item for item in reports.graded}, sorted(fresh)


def reported(place, out, items):
    """Writes the reports of what is graded already."""
    with Reports(course_of(place, out)) as reports:
        for item in items:
            reports.add(item)
    return reports


def points(out):
    with (out / "points.csv").open(encoding="utf-8-sig") as file:
        return {(row["student"], row["task"]): row["points"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def course(tmp_path_factory, workshop):
    """A folder with good, wrong, hostile and broken submissions, graded once."""
    place = tmp_path_factory.mktemp("course")
    hand_in(place / "in/alice/doubling.ipynb", handed_in())
    hand_in(place / "in/bob/doubling.ipynb", handed_in(WRONG))
    hand_in(place / "in/eve/doubling.ipynb", handed_in({"double": "while True: pass"}))
    hand_in(place / "in/mallory/doubling.ipynb", handed_in({"counter": "import os; os._exit(3)"}))
    hand_in(place / "in/zoe/doubling.ipynb", "{")
    attack = "=HYPERLINK(1)<script>alert(1)</script>"
    named = handed_in({"number": f"raise ValueError({attack!r})", "why": f"{attack}\n</pre>"})
    hand_in(place / f"in/{attack.replace('/', '')}/doubling.ipynb", named)
    lazy = handed_in({"why": "YOUR ANSWER HERE", "double": "raise NotImplementedError()"})
    hand_in(place / "in/lazy/doubling.ipynb", lazy)
    items, fresh = graded(place / "in", place / "out", workshop)
    assert len(fresh) == 6
    return place, items


def test_each_gets_what_is_due_whatever_the_neighbours_do(course):
    place, _ = course
    table = points(place / "out")
    tasks = ("double-test", "counter-test", "number-test")
    found = {
        name: tuple(table[name, task] for task in tasks)
        for name in ("alice", "bob", "eve", "mallory", "lazy")
    }
    assert found == {
        "alice": ("2", "3", "1"),
        "bob": ("0", "3", "1"),
        "eve": ("0", "3", "1"),
        "mallory": ("2", "0", "1"),
        "lazy": ("0", "3", "1"),
    }


def test_totals_name_the_file_that_could_not_be_graded(course):
    place, _ = course
    totals = pd.read_csv(place / "out/totals.csv").set_index("student")
    assert totals.loc["alice", ["auto", "of", "to read"]].tolist() == [6, 10, 1]
    assert totals.loc["zoe", "note"].startswith("not graded: it is no notebook")
    assert totals.loc["lazy", "to read"] == 0


def test_nothing_is_graded_twice(course, workshop):
    place, items = course
    again, fresh = graded(place / "in", place / "out", workshop)
    assert fresh == []
    assert {n: i.outcomes for n, i in again.items()} == {n: i.outcomes for n, i in items.items()}


def test_a_changed_submission_is_graded_again(course, tmp_path, workshop):
    hand_in(tmp_path / "in/alice/doubling.ipynb", handed_in(WRONG))
    hand_in(tmp_path / "in/bob/doubling.ipynb", handed_in(WRONG))
    assert graded(tmp_path / "in", tmp_path / "out", workshop)[1] == ["alice", "bob"]
    hand_in(tmp_path / "in/alice/doubling.ipynb", handed_in())
    kept = tmp_path / "out/results/doubling"
    assert graded(tmp_path / "in", tmp_path / "out", workshop)[1] == ["alice"]
    assert points(tmp_path / "out")["alice", "double-test"] == "2"
    (spoiled,) = kept.glob("bob-*.json")
    spoiled.write_text(spoiled.read_text()[:-20])
    assert graded(tmp_path / "in", tmp_path / "out", workshop)[1] == ["bob"]


def test_marks_of_the_teacher_are_added_and_kept(course, tmp_path):
    place, items = course
    marks = pd.read_csv(place / "out/marks.csv")
    assert marks.set_index("student").loc["lazy", "points"] == 0
    marks.loc[marks.student == "alice", ["points", "comment"]] = [3.5, "<b>nice</b>"]
    departed = {"student": "gone", "assignment": "doubling", "task": "why", "of": 4, "points": 1}
    marks = pd.concat([marks, pd.DataFrame([departed])])
    marks.to_csv(tmp_path / "marks.csv", index=False, sep=";", decimal=",")  # as a spreadsheet may
    reported(place / "in", tmp_path, items.values())
    totals = pd.read_csv(tmp_path / "totals.csv").set_index("student")
    assert totals.loc["alice", ["manual", "total", "to read"]].tolist() == [3.5, 9.5, 0]
    assert "&lt;b&gt;nice&lt;/b&gt;" in (tmp_path / "feedback/alice/doubling.html").read_text()
    again = pd.read_csv(tmp_path / "marks.csv").set_index("student")
    assert again.loc["gone", "points"] == 1


@pytest.mark.parametrize("value", ["5", "-1", "many", "nan"])
def test_a_mark_that_cannot_be_is_refused(value, course, tmp_path):
    place, items = course
    marks = tmp_path / "marks.csv"
    marks.write_text(f"student,assignment,task,of,points,comment\nalice,doubling,why,4,{value},\n")
    with pytest.raises(ValueError, match=r"line 2: .* is no number from 0 to 4"):
        reported(place / "in", tmp_path, items.values())
    assert value in marks.read_text()


def test_what_students_write_is_text_in_every_file(course):
    place, _ = course
    files = [path for path in (place / "out").rglob("*") if path.suffix in (".html", ".csv")]
    assert len(files) == 6 + 5
    for path in files:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".html":
            assert "<script" not in text
            assert "Content-Security-Policy" in text
        else:
            cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
            assert not [cell for cell in cells if cell.startswith("=")]
    assert "alert(1)" in (place / "out/answers.html").read_text()


def test_feedback_holds_nothing_of_hidden_tests(course):
    place, _ = course
    for path in (place / "out/feedback").rglob("*.html"):
        text = path.read_text()
        for secret in ("8675309", "hidden numbers", "eleven", "the other counter", "Because two"):
            assert secret not in text
    assert "double([1, 2]) is not right." in (place / "out/feedback/bob/doubling.html").read_text()


def test_answers_are_shown_with_their_rubric_and_figures(course, tmp_path, workshop):
    place, _ = course
    text = (place / "out/answers.html").read_text()
    assert "Rubric: 4 points for the word two." in text
    assert "It is written twice." in text
    assert "<h3>Not answered</h3>\n<p>lazy: 0 points</p>" in text
    notebook = handed_in()
    notebook.cells[-1].cell_type = "code"
    svg = "PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+"
    notebook.cells[-1]["outputs"] = [
        {"data": {"image/png": PNG}},
        {"data": {"image/png": svg}},
        {"data": {"image/png": PNG + '"onload="alert(1)'}},
    ]
    hand_in(tmp_path / "in/alice/doubling.ipynb", notebook)
    graded(tmp_path / "in", tmp_path / "out", workshop)
    shown = (tmp_path / "out/answers.html").read_text()
    assert shown.count("<img") == 1 and PNG in shown and svg not in shown


def test_a_lost_mark_is_said_and_not_taken_for_no_answer(tmp_path, workshop):
    notebook = handed_in()
    notebook.cells[-1].metadata.clear()
    hand_in(tmp_path / "in/alice/doubling.ipynb", notebook)
    graded(tmp_path / "in", tmp_path / "out", workshop)
    shown = (tmp_path / "out/answers.html").read_text()
    assert "cell is not in the notebook" in shown and "It is written twice." in shown
    assert pd.read_csv(tmp_path / "out/marks.csv").points.isna().all()


def test_a_crash_of_the_shared_process_is_nobodys_fault(tmp_path, monkeypatch, workshop):
    slow = handed_in({"number": "import time; time.sleep(1); answer = 42"})
    hand_in(tmp_path / "in/alice/doubling.ipynb", slow)
    real, crashes = batch.grade, []

    def crashing(*arguments):
        if not crashes:
            crashes.append(True)
            threading.Timer(0.5, workshop._worker.kill).start()
        return real(*arguments)

    monkeypatch.setattr(batch, "grade", crashing)
    items, _ = graded(tmp_path / "in", tmp_path / "out", workshop)
    assert [outcome.points for outcome in items["alice"].outcomes] == [2, 3, 1, None]
    assert crashes


def test_a_submission_has_a_budget_of_time_as_a_whole(tmp_path, workshop):
    slow = [(2, f"import time; time.sleep(0.9)  # {number}") for number in range(200)]
    hand_in(tmp_path / "in/slow/doubling.ipynb", handed_in(extra=slow))
    hand_in(tmp_path / "in/alice/doubling.ipynb", handed_in())
    began = time.monotonic()
    items, _ = graded(tmp_path / "in", tmp_path / "out", workshop, jobs=1, budget=3.0)
    assert time.monotonic() - began < 150  # the cells alone take 180
    assert [outcome.points for outcome in items["alice"].outcomes] == [2, 3, 1, None]
    assert [outcome.points for outcome in items["slow"].outcomes] == [0, 0, 0, None]
    assert "The time for the whole notebook, 3 s, was over" in items["slow"].outcomes[-2].note


def test_an_interrupted_run_goes_on_where_it_was(tmp_path, workshop):
    slow = handed_in({"number": "import time; time.sleep(0.5); answer = 42"})
    for number in range(6):
        hand_in(tmp_path / f"in/student-{number}/doubling.ipynb", slow)
    script = (
        "import sys; from pathlib import Path; from tests.homework import test_batch\n"
        "from tools.homework.session import Workshop\n"
        "with Workshop() as w:\n"
        "    test_batch.graded(Path(sys.argv[1]), Path(sys.argv[2]), w, jobs=1)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "in"), str(tmp_path / "out")]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    results = tmp_path / "out/results/doubling"
    while len(list(results.glob("*.json"))) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = {json.loads(p.read_text())["student"] for p in results.glob("*.json")}
    assert 3 <= len(done) < 6
    items, fresh = graded(tmp_path / "in", tmp_path / "out", workshop)
    assert set(fresh) == set(items) - done
    assert all([o.points for o in item.outcomes] == [2, 3, 1, None] for item in items.values())
    assert not list(results.glob("*.tmp"))


def test_students_of_like_names_keep_their_own_files(tmp_path, workshop):
    for name in ("A?B", "A-B", "a-b"):
        hand_in(tmp_path / "in" / name / "doubling.ipynb", handed_in())
    graded(tmp_path / "in", tmp_path / "out", workshop)
    assert len(list((tmp_path / "out/feedback").rglob("*.html"))) == 3


def test_results_of_another_time_limit_are_not_taken_over(tmp_path):
    hand_in(tmp_path / "in/alice/doubling.ipynb", handed_in())
    (submission,) = course_of(tmp_path, tmp_path / "out").intake.submissions
    key = batch._key(submission, demo(), (2.0, 300.0), "rules")
    assert key == batch._key(submission, demo(), (2.0, 300.0), "rules")
    assert key != batch._key(submission, demo(), (3.0, 300.0), "rules")
    assert key != batch._key(submission, demo(), (2.0, 200.0), "rules")
    assert key != batch._key(submission, demo(), (2.0, 300.0), "other rules")


def test_late_is_said_to_teacher_and_student(tmp_path):
    hand_in(tmp_path / "in/alice/doubling.ipynb", handed_in())
    course = course_of(tmp_path / "in", tmp_path, datetime(2020, 1, 1))
    (submission,) = course.intake.submissions
    outcomes = tuple(
        Outcome(task.name, None if task.role == "manual" else 0.0, "") for task in demo().tasks
    )
    with Reports(course) as reports:
        reports.add(batch.Graded(submission, demo(), outcomes, {}))
    assert pd.read_csv(tmp_path / "totals.csv").late.tolist() == ["late"]
    page = (tmp_path / "feedback/alice/doubling.html").read_text()
    assert "after the deadline" in page
