"""Hands an edition out, to a class or to each of its students, and knows it again."""

import io
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ravine.files import write_whole
from tools.homework import edition as editions
from tools.homework import release, vault
from tools.homework.edition import Edition
from tools.homework.gradebooks import moodle_folder
from tools.homework.master import Master
from tools.homework.roster import Roster
from tools.homework.submissions import Submission
from tools.homework.tables import table_text
from tools.homework.texts import file_name

COLUMNS = ("id", "name", "edition")


def hand_out(secret: str, roster: Roster) -> list[Path]:
    """Writes an edition for each student into `dist/homework/students`, with a list of them.

    What lay in that folder is removed: it was another list's or another word's.

    Args:
        secret: the secret word of the class.
        roster: the class; each must have an id, since an edition is drawn from it.

    Returns:
        The folders, then `students.zip`, then the list, which says whose each edition is.
    """
    folder, content = release.RELEASED / "students", io.BytesIO()
    made, listed = [], []
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for student in roster.students:
            own = editions.edition(secret, student.number)
            plain = file_name(f"{student.number} {student.name}")
            if roster.lms == "moodle":  # which hands them out by this name
                plain = moodle_folder(student.name, student.number)
            made.append(folder / plain)
            listed.append({"id": student.number, "name": student.name, "edition": own.name})
            for assignment in vault.ASSIGNMENTS:
                text = release.page_text(vault.load(assignment, own))
                write_whole(made[-1] / f"{assignment}.ipynb", text.encode())
                item = zipfile.ZipInfo(f"{plain}/{assignment}.ipynb", release.MADE)
                archive.writestr(item, text, zipfile.ZIP_DEFLATED)
    write_whole(folder.with_name("students.zip"), content.getvalue())
    write_whole(folder.with_name("editions.csv"), table_text(listed, COLUMNS))
    return [*made, folder.with_name("students.zip"), folder.with_name("editions.csv")]


class Drawn:
    """The assignments of a class in the editions that its notebooks carry.

    Attributes:
        masters: those that were asked for, by `Submission.key`.
    """

    def __init__(
        self, secret: str = "", load: Callable[[str, Edition], Master] | None = None
    ) -> None:
        """Takes the secret word, "" for none, and what reads an assignment, else the vault."""
        self._secret, self._load = secret, load or vault.load
        self.masters: dict[str, Master] = {}

    def of(self, item: Submission) -> Master:
        """Returns the assignment of a submission in its edition.

        Raises:
            EditionError: if that was not made with the secret word.
        """
        chosen = editions.issued(item.edition, self._secret)
        if item.key not in self.masters:
            self.masters[item.key] = self._load(str(item.assignment), chosen)
        return self.masters[item.key]

    def with_notes(self, submissions: Sequence[Submission]) -> list[Submission]:
        """Returns submissions, with a note where one student's edition comes from several."""
        owners: dict[str, set[str]] = {}
        for item in submissions:
            if not item.problem:
                owners.setdefault(item.edition, set()).add(item.student)
        shared = {"", editions.edition(self._secret).name if self._secret else ""}
        noted = []
        for item in submissions:
            others = owners.get(item.edition, set()) - {item.student}
            if others and item.edition not in shared and not item.problem:
                note = f"made for one student, and also handed in by {', '.join(sorted(others))}"
                item = replace(item, note="; ".join(filter(None, [item.note, note])))
            noted.append(item)
        return noted
