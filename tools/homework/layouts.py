"""How learning management systems name what they export: whose a file is, and when it came.

Each pattern says where it was read. A file name that a student chose may look like one of them by
chance, so Canvas and Blackboard, which put everything into one folder, are looked for there alone.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from tools.homework.texts import words

# mod/assign/classes/downloader.php of Moodle: FULLNAME_ID_assignsubmission_file/ as a folder, with
# one more _ at its end before 4.1, or with _NAMEOFFILE as a file; _ in a name becomes a space.
MOODLE = re.compile(r"(?P<name>[^_]+)_(?P<id>\d+)_assignsubmission_[a-z]+(?:_.*)?", re.DOTALL)
# lib/content_zipper.rb of Canvas: the sortable name in small letters without what is no letter,
# LATE, the user's id, the file's id, and the file's name; anonymous ones carry anon_ and letters.
CANVAS = re.compile(
    r"(?P<name>\w+?)(?P<late>_LATE)?_(?P<id>\d+)_(?P<file>\d+)_(?P<rest>.+)", re.DOTALL
)
CANVAS_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?anon_(?P<id>[A-Za-z0-9]+)_(?P<file>\d+)_(?P<rest>.+)", re.DOTALL
)
# README of github.com/kwurst/bb-file-cleanup and of github.com/vangef/BBGradebookOrganiser:
# TITLE_USERNAME_attempt_2026-11-03-22-15-09_NAMEOFFILE, and one with .txt, which says the name.
BLACKBOARD = re.compile(
    r"(?P<title>.+?)_(?P<id>[^_]+)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<rest>.+)|\.txt)",
    re.DOTALL,
)
BLACKBOARD_NAME = re.compile(r"^Name: (?P<name>.+) \((?P<id>[^()\n]+)\)\s*$", re.MULTILINE)
# Scripts that rename Brightspace's folders agree on `397063-2557369 - Ann Smith - Sep 24, 2024 926
# PM`, one folder for each attempt. What the two numbers count, they do not say: the name stays part
# of who a student is.
BRIGHTSPACE = re.compile(r"(?P<id>\d+-\d+) ?- (?P<name>.+) - (?P<time>[^-]*\b\d{4}\b[^-]*)")
BRIGHTSPACE_TIME = re.compile(
    r"(?P<date>[A-Za-z]+ \d{1,2}, \d{4}) (?P<hour>\d{1,2})[.:]?(?P<minute>\d\d) ?(?P<half>[AP]M)"
)
# Of notebooks, and of what comes in their place: they are no part of a name, as "An.Nguyen" is one.
ENDINGS = (
    *(".ipynb", ".json", ".txt", ".zip", ".pdf", ".py", ".html", ".htm", ".csv", ".docx"),
    *(".rar", ".7z", ".tar", ".gz", ".png", ".jpg"),
)
# What Colab, Drive and browsers add to the name of a copy.
COPY = re.compile(r"(?i)\bcopy[ _-]of\b|\bkopie von\b|\bbản sao của\b|[ _-]*\(\d+\)$")


@dataclass(frozen=True)
class Claim:
    """What a path says about whose a file is.

    Attributes:
        lms: whose layout it is; "folder" or "file" where it is none's, "" where it says nothing.
        name: the student's name as it is written there, "" for none.
        number: the id by which the LMS knows the student, "" for none.
        place: the outermost folder or file that says so.
        below: the folders below that, in a layout that is no LMS'.
        within: what the name of the file itself says beside, there.
        late: whether the LMS calls it late; None where it does not say.
        handed_in: the LMS' time; None where it does not say.
        attempt: a number of the LMS that grows from attempt to attempt; 0 for none.
    """

    lms: str
    name: str
    number: str = ""
    place: str = ""
    below: tuple[str, ...] = ()
    within: str = ""
    late: bool | None = None
    handed_in: datetime | None = None
    attempt: int = 0


def exported(name: str) -> bool:
    """Says whether a path in a zip begins as an LMS' export of a whole class does."""
    parts = tuple(part for part in re.split(r"[/\\]", name) if part)
    return bool(parts) and _of_lms(parts, ()) is not None


def blackboard_note(name: str) -> str:
    """Returns what stands before `_attempt_` in the note that Blackboard adds; "" for other files.

    The first `_attempt_` with a time counts: what follows, the student chose.
    """
    found = BLACKBOARD.fullmatch(name)
    return f"{found['title']}_{found['id']}" if found and found["rest"] is None else ""


def blackboard_person(name: str, people: Mapping[str, str]) -> str:
    """Finds the login in the name of a file: one of those known from notes, else what has no _."""
    found = BLACKBOARD.fullmatch(name)
    if found is None:
        return ""
    before = f"{found['title']}_{found['id']}"
    known = [login for login in people if before.endswith(f"_{login}")]
    return max(known, key=len, default=found["id"])


def of_one_student(part: str) -> bool:
    """Says whether a folder is, by its name, what an LMS makes for one student."""
    return bool(MOODLE.fullmatch(part) or BRIGHTSPACE.fullmatch(part))


def claim(parts: tuple[str, ...], assignments: Iterable[str]) -> Claim:
    """Reads from the parts of a path whose the file is: the outermost that says so decides.

    Args:
        parts: folders and file, from outside; none of them chosen inside a student's own zip.
        assignments: their names, which are no students'.
    """
    assignments = tuple(assignments)
    if found := _of_lms(parts, assignments):
        return found
    folders = [part for part in parts[:-1] if not _names_assignment(part, assignments)]
    if folders:
        within = _in_file_name(parts[-1], assignments)
        below = tuple(folders[1:])
        return Claim("folder", folders[0], place=folders[0], below=below, within=within)
    return Claim("file", _in_file_name(parts[-1], assignments), place=parts[-1])


def _of_lms(parts, assignments):
    for part in parts:
        if found := MOODLE.fullmatch(part):
            return Claim("moodle", found["name"], found["id"], part)
        if found := BRIGHTSPACE.fullmatch(part):
            when = _brightspace_time(found["time"])
            return Claim("brightspace", found["name"], found["id"], part, handed_in=when)
    if len(parts) > 1:
        return None
    if found := BLACKBOARD.fullmatch(parts[0]):
        try:
            when = datetime.strptime(found["time"], "%Y-%m-%d-%H-%M-%S")
        except ValueError:
            return None
        return Claim("blackboard", "", found["id"], parts[0], handed_in=when)
    if found := CANVAS_ANONYMOUS.fullmatch(parts[0]):
        late, attempt = bool(found["late"]), int(found["file"])
        return Claim("canvas", "", found["id"], parts[0], late=late, attempt=attempt)
    found = CANVAS.fullmatch(parts[0])
    if found and not _date_in(found) and not _names_assignment(found["name"], assignments):
        late, attempt = bool(found["late"]), int(found["file"])
        return Claim("canvas", found["name"], found["id"], parts[0], late=late, attempt=attempt)
    return None


def _date_in(found):
    """Says whether what looks like Canvas' numbers is a date: momentum_2026_11_03.ipynb."""
    year, month, rest = int(found["id"]), int(found["file"]), found["rest"]
    return 1990 <= year <= 2100 and 1 <= month <= 12 and rest[:1].isdigit()


def _brightspace_time(text):
    if not (found := BRIGHTSPACE_TIME.fullmatch(text.strip())):
        return None
    spelled = f"{found['date']} {int(found['hour']):02}:{found['minute']} {found['half']}"
    for form in ("%b %d, %Y %I:%M %p", "%B %d, %Y %I:%M %p"):
        try:
            return datetime.strptime(spelled, form)
        except ValueError:
            continue
    return None


def moodle_time(text: str) -> datetime | None:
    """Reads a time as Moodle's grading worksheet writes it in English, else None."""
    for form in ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%d/%m/%Y, %H:%M"):
        try:
            return datetime.strptime(text.strip(), form)
        except ValueError:
            continue
    return None


def _names_assignment(part, assignments):
    return any(words(part) == words(name) for name in assignments)


def _in_file_name(name, assignments):
    """Finds what a file's name says beside the assignment: `An Nguyen - momentum (1).ipynb`.

    Google Classroom names the copy that it makes for a student so, with the name in front.
    """
    stem = PurePath(name).name
    while (inner := PurePath(stem)).suffix.lower() in ENDINGS:
        stem = inner.stem
    pieces = []
    for piece in re.split(r" - ", COPY.sub(" ", stem)):
        for assignment in sorted(assignments, key=len, reverse=True):
            piece = re.sub(re.escape(assignment).replace(r"\-", "[-_ ]"), " ", piece, flags=re.I)
        if kept := COPY.sub(" ", piece.strip()).strip(" _-"):
            pieces.append(kept)
    text = " - ".join(pieces)
    return text if any(word[:1].isalpha() or len(word) > 3 for word in words(text)) else ""
