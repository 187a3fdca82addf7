"""The list of a class: who a file belongs to, where the file's name alone does not say so surely.

A roster is a CSV with the columns `id`, `name` and `section`, Moodle's grading worksheet or
Canvas' exported gradebook: the columns are found by their names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tools.homework.layouts import Claim, moodle_time
from tools.homework.tables import read_table
from tools.homework.texts import rotations, shown, words

# The columns that say who somebody is, as the exports of the systems call them. The first of IDS
# that a roster has is the id that results are given back by.
NAMES = ("name", "full name", "student name", "student")
FIRST, LAST = ("first name", "given name", "firstname"), ("last name", "surname", "lastname")
IDS = (
    *("identifier", "lms id", "id", "student id", "id number", "orgdefinedid"),
    *("sis user id", "sis login id", "username", "login", "email address", "email"),
)
SECTIONS = ("section", "sections", "group", "groups", "class")
COLUMNS = (*NAMES, *FIRST, *LAST, *IDS, *SECTIONS)
PARTICIPANT = "Participant "  # before the number in Moodle's worksheet (`hiddenuser`)
SHORTEST_KEY = 3  # characters of an id that is looked for in the name of a file


@dataclass(frozen=True)
class Student:
    """A student of the roster.

    Attributes:
        name: as the roster writes it.
        number: the id of the LMS; "" where the roster has none.
        section: the section; "" for none.
        keys: all that the roster knows the student by: ids, logins, addresses, in small letters.
        handed_in: when the LMS says that something was handed in, or None.
        row: the student's row of the table.
    """

    name: str
    number: str
    section: str
    keys: frozenset[str]
    handed_in: datetime | None
    row: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True)
class Roster:
    """A class.

    Attributes:
        lms: "moodle" or "canvas" where the table is that system's export, else "".
        columns: the columns of the table.
        students: the students, in its order.
    """

    lms: str
    columns: tuple[str, ...]
    students: tuple[Student, ...]

    def find(self, claim: Claim, parts: tuple[str, ...]) -> tuple[Student | None, str]:
        """Finds whose a file is.

        Args:
            claim: what its path says by the rules of an LMS.
            parts: its folders and file, from outside.

        Returns:
            The student, and what the teacher should know; or None, and why it is not clear.
        """
        if claim.number:
            by_number = [s for s in self.students if claim.number.casefold() in s.keys]
            by_name, how = self._by_name(claim.name)
            if len(by_number) == 1 and _agrees(claim.name, by_number[0]):
                return by_number[0], ""
            if by_number:
                text = f"the id {claim.number} is another student's than the name {claim.name}"
                return None, shown(text)
        else:
            by_name, how = self._by_name(claim.name)
        if len(by_name) == 1:
            return by_name[0], how
        if len(by_name) > 1:
            names = ", ".join(student.name for student in by_name[:5])
            return None, f"several of the roster fit: {shown(names)}"
        if claim.number:
            return None, "nobody of the roster has this id or name"
        return self._in_path(parts)

    def _by_name(self, name):
        for marks in (True, False):
            spelled = words(name, marks)
            joined = "".join(spelled)
            found = [
                student
                for student in self.students
                for own in [words(student.name, marks)]
                if joined
                and (
                    sorted(own) == sorted(spelled)
                    or joined in {"".join(turned) for turned in rotations(own)}
                )
            ]
            if found:
                return found, "" if marks else "found without the accents of the name"
        return [], ""

    def _in_path(self, parts):
        """Looks for ids and names inside folders and file, the outermost first."""
        for part in parts:
            keyed = {s for s in self.students for key in s.keys if _holds(part, key)}
            named, how = self._named_in(part)
            if len(keyed) == 1 and (not named or keyed <= named):
                return next(iter(keyed)), ""
            if not keyed and len(named) == 1:
                return next(iter(named)), how
            if keyed or named:
                names = ", ".join(sorted(student.name for student in keyed | named)[:5])
                return None, f"several of the roster fit: {shown(names)}"
        return None, "nobody of the roster is named in its path"

    def _named_in(self, part):
        for marks in (True, False):
            spelled = words(part, marks)
            lengths = {
                student: length
                for student in self.students
                if (length := _longest(words(student.name, marks), spelled))
            }
            if lengths:
                longest = max(lengths.values())
                how = "" if marks else "found without the accents of the name"
                return {s for s, length in lengths.items() if length == longest}, how
        return set(), ""


def _agrees(name, student):
    """Says whether a name may be this student's: it holds half of its letters, or says nothing."""
    if student.name == student.number:  # Moodle's worksheet of an anonymous assignment
        return True
    joined, own = "".join(words(name, marks=False)), words(student.name, marks=False)
    held = sum(len(word) for word in own if word in joined)
    return not joined or 2 * held >= sum(map(len, own))


def _holds(part, key):
    """Says whether an id stands in a name, and is not part of a longer word."""
    text = part.casefold()
    if text.split(".")[0] == key:  # all there is
        return True
    start = text.find(key) if len(key) >= SHORTEST_KEY else -1
    while start >= 0:
        around = (text[:start][-1:], text[start + len(key) :][:1])
        if not any(letter.isalnum() for letter in around):
            return True
        start = text.find(key, start + 1)
    return False


def _longest(name, spelled):
    """Returns how many words of a path are this name; one word alone must be all there is."""
    if len(name) < 2:
        return len(name) if name and name == spelled else 0
    for turned in rotations(name):
        joined = "".join(turned)
        if joined in spelled:
            return len(name)
        if any(spelled[i : i + len(name)] == turned for i in range(len(spelled))):
            return len(name)
    return 0


def read_roster(path: Path, all_ids: bool = False) -> Roster:
    """Reads a roster.

    Args:
        path: a CSV.
        all_ids: whether each student must have an id.

    Raises:
        ValueError: if it is none; the message says what is missing.
    """
    table = read_table(path, COLUMNS)
    if not table.sure and any(not value.isascii() for row in table.rows for value in row.values()):
        raise ValueError(
            f"{path} is not in UTF-8, its names would come out wrong: save it as such."
        )
    found = {name.casefold(): name for name in table.columns}
    if not found.keys() & set(NAMES + FIRST + LAST + IDS):
        raise ValueError(f"{path} has no column of names: its first line must be id,name,section.")
    students: list[Student] = []
    lines: dict[str, int] = {}
    for row, line in zip(table.rows, table.lines, strict=True):
        if (student := _student(row, found)) is None:
            continue
        number = student.number
        if all_ids and not number:
            raise ValueError(
                f"{path}, line {line}: {student.name} has no id: add one, in a column id."
            )
        if number and lines.setdefault(number, line) != line:
            raise ValueError(
                f"{path} has the id {number} twice, in lines {lines[number]} and {line}: "
                "give each student an own one."
            )
        students.append(student)
    if not students:
        raise ValueError(f"{path} names no student below its first line.")
    return Roster(_system(found), table.columns, tuple(students))


def _student(row: Mapping[str, str], found: Mapping[str, str]) -> Student | None:
    """Returns the student of a row, or None where it names nobody."""
    name = _first(row, found, NAMES)
    if not name:
        name = f"{_first(row, found, FIRST)} {_first(row, found, LAST)}".strip()
    if name.strip().startswith("Points Possible"):  # Canvas' second line
        return None
    if "," in name:
        last, _, first = name.partition(",")
        name = f"{first.strip()} {last.strip()}"
    ids = [_id(row[found[column]]) for column in IDS if column in found]
    ids = [value for value in ids if value]
    if not name and not ids:
        return None
    when = row.get(found.get("last modified (submission)", ""), "")
    return Student(
        name=shown(name or ids[0]),
        number=shown(ids[0]) if ids else "",
        section=shown(_first(row, found, SECTIONS)),
        keys=frozenset(value.casefold() for value in ids),
        handed_in=moodle_time(when),
        row=row,
    )


def _first(row, found, columns):
    return next(
        (row[found[c]].strip() for c in columns if c in found and row[found[c]].strip()), ""
    )


def _id(text):
    """Returns an id without what exports and spreadsheets put before it."""
    return text.strip().removeprefix("'").removeprefix("#").removeprefix(PARTICIPANT).strip()


def _system(found):
    if "identifier" in found and "grade" in found:
        return "moodle"
    if {"id", "section"} <= found.keys() and found.keys() & {"student", "lastname"}:
        return "canvas"
    return ""
