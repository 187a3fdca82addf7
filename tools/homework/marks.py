"""What a teacher gives: points and comments for any task, in `marks.csv`.

A row for a task that the teacher reads gives it its points. A row for a task that tests grade
overrides them; one with a comment alone adds the comment.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.homework.master import Master
from tools.homework.submissions import Submission
from tools.homework.tables import number, plain, read_table, table_text

COLUMNS = ("student", "id", "assignment", "task", "of", "points", "comment", "same answer")
NEEDED = ("student", "assignment", "task", "points")


@dataclass(frozen=True)
class Mark:
    """What a teacher gave for a task; `points` is None where there are none yet."""

    points: float | None
    comment: str


@dataclass
class Row:
    """A row of `marks.csv`; `same` says which other answers are equal to this one."""

    student: str
    number: str
    assignment: str
    task: str
    mark: Mark
    same: str = ""


class Marks:
    """All rows of `marks.csv`.

    A row belongs to a submission by the student's name, else by the id: spreadsheets spoil ids, and
    a name changes when a second student of the same name comes.
    """

    def __init__(self, masters: Mapping[str, Master], rows: Collection[Row] = ()):
        """Takes the assignments and the rows that are there already."""
        self.masters = masters
        self.rows = list(rows)
        self._index: dict[tuple[str, str, str], Row] = {}
        for row in self.rows:
            self._enter(row)

    def _enter(self, row):
        for whose in {row.student, f"id {row.number}" if row.number else row.student}:
            self._index.setdefault((whose, row.assignment, row.task), row)

    def row(self, submission: Submission, task: str) -> Row | None:
        """Finds the row of a submission's task."""
        name = str(submission.assignment)
        found = self._index.get((submission.student, name, task))
        return found or self._index.get((f"id {submission.number}", name, task))

    def get(self, submission: Submission, task: str) -> Mark | None:
        """Finds the mark of a submission's task."""
        row = self.row(submission, task)
        return row.mark if row else None

    def wait_for(self, submission: Submission, task: str, same: str, mark: Mark | None) -> None:
        """Adds the row of a task where there is none; a known mark fills one without points."""
        row = self.row(submission, task)
        if row is None:
            name = str(submission.assignment)
            row = Row(submission.student, submission.number, name, task, Mark(None, ""))
            self.rows.append(row)
            self._enter(row)
        row.same = same
        row.student, row.number = submission.student, submission.number
        if row.mark.points is None and mark is not None:
            row.mark = Mark(mark.points, row.mark.comment or mark.comment)

    def of_nobody(self, submissions: Collection[Submission]) -> list[Row]:
        """Lists the rows with points or a comment that belong to no submission."""
        here = {
            id(self.row(submission, task.name))
            for submission in submissions
            if submission.assignment in self.masters
            for task in self.masters[str(submission.assignment)].tasks
        }
        return [
            row
            for row in self.rows
            if id(row) not in here and (row.mark.points is not None or row.mark.comment)
        ]

    def table(self) -> bytes:
        """Writes the rows, task by task, equal answers together."""
        order = {
            (master.name, task.name): place
            for master in self.masters.values()
            for place, task in enumerate(master.tasks)
        }
        points = {(m.name, t.name): t.points for m in self.masters.values() for t in m.tasks}
        rows = sorted(
            self.rows,
            key=lambda r: (r.assignment, order.get((r.assignment, r.task), 0), r.same, r.student),
        )
        return table_text(
            [
                {
                    "student": row.student,
                    "id": row.number,
                    "assignment": row.assignment,
                    "task": row.task,
                    "of": points.get((row.assignment, row.task)),
                    "points": row.mark.points,
                    "comment": row.mark.comment,
                    "same answer": row.same,
                }
                for row in rows
            ],
            COLUMNS,
        )


def read_marks(path: Path, masters: Mapping[str, Master], students: Collection[str]) -> Marks:
    """Reads what the teacher filled in.

    Args:
        path: the file; it need not be there.
        masters: the assignments by name.
        students: the names of those who handed in.

    Raises:
        ValueError: if a row cannot be meant as it stands; the message says which, and what to do.
    """
    if not path.exists():
        return Marks(masters)
    table = read_table(path, COLUMNS)
    columns = {name.casefold(): name for name in table.columns}
    if not set(NEEDED) <= columns.keys():
        raise ValueError(f"{path}: the first line must be {','.join(COLUMNS)}.")
    rows: list[Row] = []
    for line, found in zip(table.lines, table.rows, strict=True):
        values = {name: plain(found[column].strip()) for name, column in columns.items()}
        where = f"{path}, line {line}"
        student = values["student"]
        if not table.sure and not student.isascii() and student not in students:
            raise ValueError(f"{where}: {student!r} is nobody's name here: save it as CSV UTF-8.")
        task = _task(values["assignment"], values["task"], masters, where)
        mark = Mark(_points(values["points"], task.points, where), values.get("comment", ""))
        row = Row(student, values.get("id", ""), values["assignment"], task.name, mark)
        if _key(row) in map(_key, rows):
            raise ValueError(f"{where}: a second row for {task.name} of {student!r}, keep one.")
        rows.append(row)
    return Marks(masters, rows)


def _key(row):
    return row.student, row.number, row.assignment, row.task


def _task(assignment, name, masters, where):
    if assignment not in masters:
        known = ", ".join(masters)
        raise ValueError(f"{where}: there is no assignment {assignment!r}, only {known}.")
    tasks = masters[assignment].tasks
    for task in tasks:
        if task.name == name:
            return task
    known = ", ".join(task.name for task in tasks)
    raise ValueError(f"{where}: {assignment} has no task {name!r}, only {known}.")


def _points(text, most, where):
    if not text:
        return None
    try:
        points = float(text.replace(",", "."))
    except ValueError:
        points = math.nan
    if not 0 <= points <= most:
        raise ValueError(f"{where}: {text!r} is no number from 0 to {number(most)}, mend it.")
    return points
