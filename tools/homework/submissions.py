"""What one student handed in for one assignment."""

from dataclasses import dataclass
from datetime import datetime

from tools.homework.layouts import Claim
from tools.homework.reading import CellText
from tools.homework.roster import Student

NEVER = datetime.min


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one assignment.

    Attributes:
        student: the name to show, which no two students share.
        who: what the student is told apart by, from run to run.
        number: the LMS' id; "" where it is not known.
        section: the section of the roster.
        assignment: the name of the assignment; None where it was not recognised.
        path: where it lies.
        handed_in: when, by the LMS or by the file's date; None where nobody knows.
        late: whether it came after the deadline; None where nobody knows.
        digest: SHA-256 of the file.
        cells: its cells.
        claim: what its path says about whose it is.
        edition: the edition that it carries; "" for the public one.
        problem: why it cannot be graded; "" when it can.
        order: what tells the latest of several: the LMS' count and time, the file's date.
        aside: whether the LMS wrote it beside what the student handed in.
        unclear: why it is not clear whose it is or which file counts; "" when it is.
        note: what else the teacher should know of it.
    """

    student: str
    who: str
    number: str
    section: str
    assignment: str | None
    path: str
    handed_in: datetime | None
    late: bool | None
    digest: str
    cells: tuple[CellText, ...]
    claim: Claim
    edition: str = ""
    problem: str = ""
    order: tuple[int, datetime, datetime] = (0, NEVER, NEVER)
    aside: bool = False
    unclear: str = ""
    note: str = ""

    @property
    def key(self) -> str:
        """The assignment and its edition."""
        return f"{self.assignment} {self.edition}".strip()

    def answer(self, name: str) -> list[CellText]:
        """Returns the cells that carry this `grade_id`: several when one was copied."""
        return [cell for cell in self.cells if cell.name == name]


@dataclass(frozen=True)
class Intake:
    """All that came in.

    Attributes:
        submissions: one for each student and assignment, those with a problem included.
        files: for every file its path, the student, and what became of it.
        missing: each assignment that came, with each student of the roster who sent nothing for it.
    """

    submissions: tuple[Submission, ...]
    files: tuple[tuple[str, str, str], ...]
    missing: tuple[tuple[str, Student], ...] = ()
