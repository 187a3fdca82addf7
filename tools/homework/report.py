"""Writes what teacher and students read: tables of points, feedback, the answers to read.

Everything is written again after each submission, so that nobody waits for the last. All that comes
from a submission is text here, never markup, and a figure only where it is one.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ravine.files import WriteError, write_whole
from tools.homework.answers import answers_page, spread
from tools.homework.batch import Graded, ordered
from tools.homework.feedback import feedback, full_points, kind_of, points_of
from tools.homework.gradebooks import Result, gradebook_files, names_of_files, too_many_points
from tools.homework.marks import read_marks
from tools.homework.master import Master
from tools.homework.roster import Roster
from tools.homework.submissions import Intake, Submission
from tools.homework.tables import table_text
from tools.homework.texts import file_name

POINTS = ("student", "id", "assignment", "task", "kind", "points", "of", "tests gave", "note")
TOTALS = (
    *("student", "id", "section", "assignment"),
    *("auto", "manual", "stretch", "total", "of", "to read"),
    *("late", "handed in", "file", "note"),
)
FILES = ("file", "student", "what became of it")
# Of all the time, the part that writing the page of answers again and again may take: it holds all
# figures of the class.
WRITING = 0.2


@dataclass(frozen=True)
class Course:
    """What the reports are about.

    Attributes:
        folder: where they go.
        intake: all that came in.
        masters: the assignments by name.
        roster: the class, where there is a list of it.
        asks_late: whether there is a deadline.
    """

    folder: Path
    intake: Intake
    masters: Mapping[str, Master]
    roster: Roster | None = None
    asks_late: bool = False


class Reports:
    """The reports of a class, written again as each submission is graded.

    Use it as a context: leaving it writes what is known, whatever ended the block.
    """

    def __init__(self, course: Course):
        """Reads the teacher's marks.

        Raises:
            ValueError: if they cannot be meant as they stand.
        """
        self.course = course
        self.graded: list[Graded] = []
        self.problems: list[str] = []
        self.hint = ""  # what to do before the gradebooks are taken back
        self._names = _folders(course.intake.submissions)
        self._written, self._cost = 0.0, 0.0
        self.marks = self._read_marks()

    def __enter__(self) -> "Reports":
        self._write_tables_and_marks()  # everybody has a row before anything is graded
        return self

    def __exit__(self, *error: object) -> None:
        self.write()

    def add(self, item: Graded) -> None:
        """Takes a graded submission in and writes its feedback, the tables and the answers.

        One that an earlier run has graded is in its reports already.
        """
        self.graded.append(item)
        if not item.kept:
            self._try(self._write_feedback, item)
            self._write_tables_and_marks()
            if time.monotonic() - self._written > self._cost / WRITING:
                self._try(self._write_answers)

    def write(self) -> None:
        """Writes all that is known; what cannot be written is listed in `problems`."""
        self._write_tables_and_marks()
        self._try(self._write_answers)
        for item in self.graded:
            self._try(self._write_feedback, item)
        self._try(self._write_gradebooks)

    def _write_tables_and_marks(self):
        try:  # the teacher may be filling in marks meanwhile
            self.marks = self._read_marks()
        except ValueError as error:
            self._note(str(error))
        else:
            self._try(self._write_marks)
        self._try(self._write_tables)

    def _read_marks(self):
        known = {item.student for item in self.course.intake.submissions}
        return read_marks(self.course.folder / "marks.csv", self.course.masters, known)

    def _try(self, write, *arguments):
        """Lets nothing that one submission holds keep the others from their reports."""
        try:
            write(*arguments)
        except WriteError:
            raise
        except Exception as error:
            whose = f" of {arguments[0].submission.student}" if arguments else ""
            self._note(f"A report{whose} could not be written ({type(error).__name__}: {error}).")

    def _note(self, text):
        if text not in self.problems:
            self.problems.append(text)

    @property
    def _good(self):
        return [item for item in self.graded if not item.failure]

    def _write_marks(self):
        spread(self._good, self.marks)
        write_whole(self.course.folder / "marks.csv", self.marks.table())

    def _write_answers(self):
        began = time.monotonic()
        content = answers_page(self._good, self.marks)
        write_whole(self.course.folder / "answers.html", content)
        self._written = time.monotonic()
        self._cost = self._written - began

    def _write_tables(self):
        folder = self.course.folder
        rows = [row for item in ordered(self._good) for row in self._points_rows(item)]
        write_whole(folder / "points.csv", table_text(rows, POINTS))
        write_whole(folder / "totals.csv", table_text(list(self._totals()), TOTALS))
        files = [dict(zip(FILES, row, strict=True)) for row in self.course.intake.files]
        write_whole(folder / "files.csv", table_text(files, FILES))

    def _points_rows(self, item):
        submission, master = item.submission, item.master
        given = zip(points_of(item, self.marks), item.outcomes, strict=True)
        for (task, points, note), outcome in given:
            yield {
                "student": submission.student,
                "id": submission.number,
                "assignment": master.name,
                "task": task.name,
                "kind": kind_of(task),
                "points": points,
                "of": task.points,
                "tests gave": outcome.points,
                "note": note,
            }

    def _totals(self):
        """Yields a row for each submission, for each that is none, and for whom nothing came."""
        known = {item.submission.who + str(item.submission.assignment) for item in self.graded}
        for item in ordered(self._good):
            sums, _ = self._sums(item)
            yield {**self._about(item.submission, item.submission.note), **sums}
        for item in self.graded:
            if item.failure:
                yield self._about(item.submission, f"not graded: {item.failure}")
        for submission in self.course.intake.submissions:
            if submission.problem:
                yield self._about(submission, f"not graded: {submission.problem}")
            elif submission.who + str(submission.assignment) not in known:
                yield self._about(submission, "not graded yet")
        for name, student in self.course.intake.missing:
            row = {"student": student.name, "id": student.number, "section": student.section}
            yield {**row, "assignment": name, "note": "nothing came in"}

    def _about(self, submission, note):
        """Returns what the table of totals says of a submission beside its points."""
        late = {True: "late", False: "", None: "unknown" if self.course.asks_late else ""}
        when = submission.handed_in
        unclear = f"unclear: {submission.unclear}; " if submission.unclear else ""
        return {
            "student": submission.student,
            "id": submission.number,
            "section": submission.section,
            "assignment": submission.assignment or "",
            "late": late[submission.late],
            "handed in": when.isoformat(" ", "seconds") if when else "",
            "file": submission.path,
            "note": f"{unclear}{note}".rstrip("; "),
        }

    def _sums(self, item):
        """Adds up the points of a submission, and collects what the teacher wrote."""
        sums = {"auto": 0.0, "manual": 0.0, "stretch": 0.0}
        waiting, comments = 0, []
        for task, points, _ in points_of(item, self.marks):
            sums[kind_of(task)] += points or 0
            waiting += points is None
            mark = self.marks.get(item.submission, task.name)
            if mark and mark.comment:
                comments.append(f"{task.name}: {mark.comment}")
        total = sum(sums.values())
        sums |= {"total": total, "of": full_points(item.master), "to read": waiting}
        return sums, "; ".join(comments)

    def _write_feedback(self, item):
        if item.failure:
            return
        path = self.course.folder / "feedback" / self._names[item.submission.who]
        write_whole(path / f"{item.master.name}.html", feedback(item, self.marks))

    def _write_gradebooks(self):
        results = []
        for item in ordered(self._good):
            sums, comments = self._sums(item)
            page = feedback(item, self.marks)
            results.append(Result(item.submission, item.master, sums, comments, page))
        self.hint = too_many_points(results, self.course.roster)
        files = gradebook_files(results, self.course.roster)
        for name in names_of_files(self.course.masters):
            if name in files:
                write_whole(self.course.folder / name, files[name])
            else:  # what an earlier run has written there holds no more
                (self.course.folder / name).unlink(missing_ok=True)


def _folders(submissions: Sequence[Submission]) -> dict[str, str]:
    """Names the folder of each student's feedback: with the id, and none twice."""
    names = {}
    for item in submissions:
        number = f" ({item.number})" if item.number and item.number not in item.student else ""
        names[item.who] = file_name(item.student + number)
    counts: dict[str, int] = {}
    for name in names.values():
        counts[name.casefold()] = counts.get(name.casefold(), 0) + 1
    for who, name in names.items():
        if counts[name.casefold()] > 1:
            tag = hashlib.sha256(who.encode(errors="replace")).hexdigest()[:6]
            names[who] = f"{name}-{tag}"
    return names
