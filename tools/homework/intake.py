"""Reads each file once, and from all paths together whose each is."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tools.homework.files import File
from tools.homework.layouts import (
    BLACKBOARD_NAME,
    Claim,
    blackboard_note,
    blackboard_person,
    claim,
    of_one_student,
)
from tools.homework.master import Master
from tools.homework.reading import (
    CellText,
    edition_of,
    named,
    read_cells,
    recognise,
    refusal,
)
from tools.homework.texts import shown

TIMESTAMP = "timestamp.txt"  # nbgrader writes it beside what it collects


@dataclass
class Seen:
    """A file with what is known of it so far.

    Attributes:
        file: the file, without its content.
        parts: its folders and name, without those that all share.
        cells: the cells of a notebook.
        assignment: what it was recognised as.
        edition: the edition that it carries; "" for the public one.
        problem: why it cannot be graded.
        digest: SHA-256 of its content.
        text: that of a small text file.
        claim: what its path says about whose it is.
    """

    file: File
    parts: tuple[str, ...] = ()
    cells: tuple[CellText, ...] = ()
    assignment: str | None = None
    edition: str = ""
    problem: str = ""
    digest: str = ""
    text: str = ""
    claim: Claim = field(default_factory=lambda: Claim("", ""))


def look(file: File, masters: Sequence[Master]) -> Seen:
    """Reads a file's content, which is not needed after that."""
    item = Seen(replace(file, content=None), problem=file.problem)
    content = file.content
    if file.ignored or content is None:
        return item
    item.digest = hashlib.sha256(content).hexdigest()
    name = file.parts[-1]
    if len(content) < 10_000 and name.lower().endswith(".txt"):
        item.text = content.decode(errors="replace")
    item.problem = refusal(name, content)
    if not item.problem:
        try:
            metadata, item.cells = read_cells(content)
        except ValueError as error:
            item.problem = shown(str(error))
        else:
            item.assignment = recognise(name, metadata, item.cells, masters)
            item.edition = edition_of(metadata, item.cells)
            if item.assignment is None:
                item.problem = "it is none of the assignments"
    if item.assignment is None:
        item.assignment = named(file.path, [master.name for master in masters])
    return item


def claim_all(seen: Sequence[Seen], names: Iterable[str]) -> None:
    """Reads from each path whose the file is, without the folders that all notebooks share."""
    names = tuple(names)
    outer = [item.file.parts[: item.file.outer] for item in seen]
    notebooks = [parts for parts, item in zip(outer, seen, strict=True) if item.cells] or outer
    above = _shared(notebooks, names, [item.assignment for item in seen if item.cells])
    for parts, item in zip(outer, seen, strict=True):
        inside = parts[: len(above)] == above and len(parts) > len(above)
        item.parts = parts[len(above) :] if inside else parts
        found = claim(item.parts, names)
        end = parts.index(found.place) + 1
        item.claim = replace(found, place="/".join(parts[:end]))
    _read_notes(seen)


def _shared(notebooks, names, assignments):
    """Returns the folders around all notebooks; the folder of a single student is none of them."""
    above: list[str] = []
    for level in zip(*(parts[:-1] for parts in notebooks), strict=False):
        if len(set(level)) > 1 or of_one_student(level[0]):
            return tuple(above)
        above.append(level[0])
    # All lie in one folder. It is a class' where a file names somebody or an assignment comes
    # twice, as a download from Google Drive; else it may be the only student's.
    there = [claim(parts[-1:], names) for parts in notebooks]
    named_there = any(found.name or found.number for found in there)
    twice = len(set(assignments)) < len(assignments)
    of_class = len(notebooks) > 1 and (named_there or twice)
    deeper = any(len(parts) - 1 > len(above) for parts in notebooks)
    return tuple(above) if of_class or deeper else ()


def _read_notes(seen):
    """Takes names and times from what Blackboard and nbgrader write beside the files."""
    people, times = {}, {}
    for item in seen:
        before = blackboard_note(item.parts[0]) if len(item.parts) == 1 else ""
        found = BLACKBOARD_NAME.search(item.text) if before else None
        if found and before.endswith(f"_{found['id']}"):
            people[found["id"]] = found["name"]
        if item.file.parts[-1] == TIMESTAMP and len(item.parts) > 2:
            times[item.file.parts[:-1]] = _nbgrader_time(item.text)
    for item in seen:
        if item.claim.lms == "blackboard":
            number = blackboard_person(item.parts[0], people)
            item.claim = replace(item.claim, name=people.get(number, ""), number=number)
        elif item.claim.lms == "folder" and times.get(item.file.parts[:-1]):
            item.claim = replace(item.claim, lms="nbgrader", handed_in=times[item.file.parts[:-1]])


def _nbgrader_time(text):
    try:
        when = datetime.strptime(text.strip()[:19], "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None
    offset = datetime.now().astimezone().utcoffset()  # it is written in UTC
    return when + offset if "UTC" in text and offset else when


def is_note(item: Seen) -> bool:
    """Says whether a file was written by the LMS itself."""
    name = item.file.parts[-1]
    online = item.claim.lms == "moodle" and "_assignsubmission_onlinetext" in item.claim.place
    return online or name == TIMESTAMP or bool(blackboard_note(name))


def paths_of(seen: Iterable[Seen]) -> Iterator[str]:
    """Returns the paths as they are shown: those that differ still differ."""
    counts: dict[str, int] = {}
    for item in seen:
        path = shown(item.file.path, 400)
        counts[path] = counts.get(path, 0) + 1
        yield path if counts[path] == 1 else f"{path} (no. {counts[path]} of this name)"
