"""Hands an edition out, to a class or to each of its students, and knows it again."""

import csv
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
from tools.homework.master import Master, MasterError
from tools.homework.submissions import Submission

COLUMNS = ("id", "name")


def read_class(path: Path) -> list[tuple[str, str]]:
    """Reads a roster: the id and the name of each student.

    Raises:
        MasterError: if the file is missing, has no such columns or has an id twice.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError) as error:
        raise MasterError(f"{path} cannot be read ({error}): name a CSV of id,name.") from error
    if not rows or not set(COLUMNS) <= rows[0].keys():
        raise MasterError(f"{path} is no roster: its first line must be id,name.")
    people = [(str(row["id"]).strip(), str(row["name"]).strip()) for row in rows]
    for number, (identifier, _) in enumerate(people):
        if not identifier or any(identifier == other for other, _ in people[:number]):
            raise MasterError(
                f"{path}, line {number + 2}: the id {identifier!r} must be there once."
            )
    return people


def hand_out(secret: str, people: Iterable[tuple[str, str]]) -> list[Path]:
    """Writes an edition for each student into `dist/homework/students`, with a list of them.

    Returns:
        The folders, then `students.zip`, then the list, which says whose each edition is.
    """
    folder, content, listed = (
        release.RELEASED / "students",
        io.BytesIO(),
        [("id", "name", "edition")],
    )
    made = []
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for identifier, name in people:
            own = editions.edition(secret, identifier)
            plain = re.sub(r"[^\w .-]+", "-", f"{identifier} {name}")[:80].strip(" .")
            made.append(folder / plain)
            listed.append((identifier, name, own.name))
            for assignment in vault.ASSIGNMENTS:
                text = release.page_text(vault.load(assignment, own))
                write_whole(made[-1] / f"{assignment}.ipynb", text.encode())
                item = zipfile.ZipInfo(f"{plain}/{assignment}.ipynb", release.MADE)
                archive.writestr(item, text, zipfile.ZIP_DEFLATED)
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows(listed)
    write_whole(folder.with_name("students.zip"), content.getvalue())
    write_whole(folder.with_name("editions.csv"), table.getvalue().encode())
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
