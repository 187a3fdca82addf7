"""A class hands in in every shape: everybody has a row, whatever kills the command meanwhile."""

import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from tests.homework import classroom
from tests.homework.fakes import outcomes_of, table
from tests.homework.samples import demo, hand_in, handed_in
from tools.homework import batch, classes, report
from tools.homework.report import Reports

STUDENTS = 27  # one for each way to hand in


class NoWorkshop:
    """Stands for the workshop where a fake grader starts no process."""

    starts, alive = 0, True


def grade_class(place: Path, out: Path, grade, jobs: int = 2, budget: float = 60.0) -> Reports:
    """Grades as the command does, with a grader of the test."""
    batch.grade, batch.expected_checks = grade, lambda *arguments: {}
    course = classes.take_in(place / "in", out, {"doubling": demo()}, place / "roster.csv")
    ready = [item for item in course.intake.submissions if not item.problem]
    with Reports(course) as reports:
        folder = out / "results"
        limits = (1.0, jobs, reports.add, budget)
        batch.grade_all(ready, course.masters, folder, NoWorkshop(), *limits)
    return reports


def slow(master, cells, *rest):
    time.sleep(0.05)
    answered = any(
        "raise NotImplementedError" not in source for name, source in cells if name == "double"
    )
    return outcomes_of(points=float(answered))


@pytest.fixture(autouse=True)
def _restored(monkeypatch):
    monkeypatch.setattr(batch, "grade", batch.grade)
    monkeypatch.setattr(batch, "expected_checks", batch.expected_checks)


def test_a_class_in_every_shape_is_killed_twice_and_nobody_is_lost(tmp_path):
    out = tmp_path / "out"
    expected = classroom.hand_in_all(tmp_path, classroom.people(STUDENTS), [demo()])
    assert len(set(expected.values())) == 5
    ready = sum(what in ("right", "blank", "any") for what in expected.values())
    script = (
        "import sys; from pathlib import Path; from tests.homework import test_classroom as t\n"
        "t.grade_class(Path(sys.argv[1]), Path(sys.argv[2]), t.slow)"
    )
    command = [sys.executable, "-c", script, str(tmp_path), str(out)]
    kept = {}
    for at in (ready // 3, 2 * ready // 3):
        classroom.killed(command, out, at)
        assert kept.items() <= classroom.results(out).items()
        kept = classroom.results(out)
        assert list(classroom.complaints(out, expected, done=False)) == []
    reports = grade_class(tmp_path, out, slow)
    assert kept.items() <= classroom.results(out).items()
    assert sum(item.kept for item in reports.graded) == len(kept)
    assert list(classroom.complaints(out, expected, done=True)) == []
    assert reports.problems == []


def handed(tmp_path, *names):
    (tmp_path / "roster.csv").write_text("id,name\n" + "".join(f"{n},{n}{n}\n" for n in names))
    for name in names:
        hand_in(tmp_path / f"in/doubling {name}.ipynb", handed_in())


def test_the_neighbour_has_her_results_while_another_is_graded(tmp_path):
    handed(tmp_path, "1001", "1002")
    calls, seen = [], []

    def grade(master, cells, *rest):
        calls.append(cells)
        end = time.monotonic() + 20
        while len(calls) == 2 and not seen and time.monotonic() < end:
            seen.extend(row["total"] for row in table(tmp_path / "out/totals.csv") if row["total"])
            time.sleep(0.01)
        return outcomes_of()

    grade_class(tmp_path, tmp_path / "out", grade, jobs=1)
    assert seen == ["6"]
    assert len(list((tmp_path / "out/feedback").rglob("*.html"))) == 2


def test_what_breaks_the_grader_costs_nobody_else_anything(tmp_path):
    handed(tmp_path, "1001", "1002", "1003")
    calls = []

    def grade(master, cells, *rest):
        calls.append(cells)
        if len(calls) == 2:
            raise RuntimeError("\ud800 of all things")
        return outcomes_of()

    reports = grade_class(tmp_path, tmp_path / "out", grade, jobs=1)
    notes = [row["note"] for row in table(tmp_path / "out/totals.csv")]
    assert sorted(note[:43] for note in notes) == [
        "",
        "",
        "not graded: the grader could not grade it (",
    ]
    assert len(classroom.results(tmp_path / "out")) == 2
    assert any("could not grade it" in line for line in classes.summary(reports, 1.0))


def test_a_broken_report_of_one_leaves_the_others_theirs(tmp_path, monkeypatch):
    handed(tmp_path, "1001", "1002")
    real = report.feedback

    def breaking(item, marks):
        if item.submission.number == "1001":
            raise ValueError("no page")
        return real(item, marks)

    monkeypatch.setattr(report, "feedback", breaking)
    reports = grade_class(tmp_path, tmp_path / "out", lambda *arguments: outcomes_of())
    assert "of 10011001 could not be written (ValueError: no page)" in " ".join(reports.problems)
    assert list((tmp_path / "out/feedback").rglob("*.html"))
    assert {row["id"] for row in table(tmp_path / "out/points.csv")} == {"1001", "1002"}


def test_the_summary_says_what_is_left(tmp_path):
    handed(tmp_path, "1001", "1002")
    hand_in(tmp_path / "in/stranger.ipynb", handed_in({"why": "Because."}))
    hand_in(tmp_path / "in/1003.pdf", "%PDF")
    roster = tmp_path / "roster.csv"
    roster.write_text(roster.read_text() + "1003,Late Comer\n1004,Never Seen\n")
    reports = grade_class(tmp_path, tmp_path / "out", lambda *arguments: outcomes_of())
    text = "\n".join(classes.summary(reports, 6.0))
    assert "3 graded, 0 of them by an earlier run.\n  6 s, 2.0 s for each" in text
    assert "doubling: 3 answers to read, 2 of them different: 4 min at 2 min each" in text
    assert "unclear: stranger.ipynb: nobody of the roster" in text
    assert "not graded: 1003.pdf: it is a PDF" in text
    assert "nothing came in: Never Seen doubling" in text and "Late Comer" not in text


def test_the_time_of_a_submission_as_a_whole_is_limited():
    class Session:
        ended = False

        def close(self):
            self.ended = True

    class Workshop(NoWorkshop):
        def open(self):
            return Session()

    with batch.Budgeted(Workshop(), 0.05) as own:
        session = own.open()
        time.sleep(0.5)
        assert session.ended
        with pytest.raises(batch.SessionEndedError, match=r"the 0\.05 s of a whole submission"):
            own.open()


def test_who_is_ended_before_any_verdict_has_no_points_and_a_reason(tmp_path, monkeypatch):
    handed(tmp_path, "1001")
    monkeypatch.setattr(batch, "GRACE", 0.0)

    def grade(master, cells, expected, workshop, *rest):
        time.sleep(0.3)
        workshop.open()

    reports = grade_class(tmp_path, tmp_path / "out", grade, budget=0.05)
    (item,) = reports.graded
    assert not item.failure and [o.points for o in item.outcomes] == [0, 0, 0, None]
    assert item.outcomes[0].note == (
        "Your code was stopped: the 0.05 s of a whole submission are over."
    )


def test_as_many_at_once_as_memory_allows():
    assert batch.default_jobs(16, 64 * 2**30) == 8
    assert batch.default_jobs(16, 9 * 2**30) == 2
    assert batch.default_jobs(None, 2**30) == 1


def test_lateness_in_a_zip_is_unknown_and_not_taken_from_its_dates(tmp_path):
    handed(tmp_path)
    (tmp_path / "in/alice").mkdir(parents=True)
    (tmp_path / "in/alice/hw.zip").write_bytes(
        classroom.zipped("doubling.ipynb", classroom.solved(demo()))
    )
    course = classes.take_in(
        tmp_path / "in", tmp_path / "out", {"doubling": demo()}, None, datetime(1970, 1, 1)
    )
    with Reports(course):
        pass
    assert [row["late"] for row in table(tmp_path / "out/totals.csv")] == ["unknown"]
