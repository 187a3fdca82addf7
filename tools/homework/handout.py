"""Hands an edition out, to a class or to each of its students, and knows it again."""

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ravine.files import write_whole
from tools.homework import edition as editions
from tools.homework import release, vault
from tools.homework.edition import Edition, EditionError
from tools.homework.master import Master
from tools.homework.roster import Student
from tools.homework.submissions import Submission
from tools.homework.tables import table_text

COLUMNS = ("id", "name", "edition")


def hand_out(secret: str, people: Iterable[Student]) -> list[Path]:
    """Writes an edition for each student into `dist/homework/students`, with a list of them.

    Args:
        secret: the secret word of the class.
        people: the students; each must have an id, since an edition is drawn from it.

    Returns:
        The folders, then `students.zip`, then the list, which says whose each edition is.
    """
    folder, content = release.RELEASED / "students", io.BytesIO()
    made, listed = [], []
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for student in people:
            own = editions.edition(secret, student.number)
            plain = re.sub(r"[^\w .-]+", "-", f"{student.number} {student.name}")
            plain = plain[:80].strip(" .")
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


def sort_out(
    submissions: Sequence[Submission],
    secret: str,
    load: Callable[[str, Edition], Master] | None = None,
) -> tuple[list[Submission], dict[str, Master]]:
    """Finds the edition of each submission.

    Args:
        submissions: what came in.
        secret: the secret word of the class; "" where it has none.
        load: reads an assignment in an edition; `vault.load` by default.

    Returns:
        The submissions, those of another edition with the reason why they cannot be graded; and the
        assignments by `Submission.key`.
    """
    load = load or vault.load
    masters: dict[str, Master] = {}
    owners: dict[str, set[str]] = {}
    sorted_out = []
    for item in submissions:
        assignment = item.assignment
        if not item.problem and assignment:
            try:
                chosen = editions.issued(item.edition, secret)
            except EditionError as error:
                item = replace(item, problem=str(error))
            else:
                if item.key not in masters:
                    masters[item.key] = load(assignment, chosen)
                owners.setdefault(item.edition, set()).add(item.student)
        sorted_out.append(item)
    shared = {"", editions.edition(secret).name if secret else ""}
    for number, item in enumerate(sorted_out):
        others = owners.get(item.edition, set()) - {item.student}
        if others and item.edition not in shared and not item.problem:
            note = f"made for one student, and also handed in by {', '.join(sorted(others))}"
            sorted_out[number] = replace(item, note="; ".join(filter(None, [item.note, note])))
    return sorted_out, masters
