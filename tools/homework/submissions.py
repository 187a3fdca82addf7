"""Finds what students handed in: folders, loose files, an LMS's zip, and zips inside it.

Nothing is unpacked onto the disk, no link is followed, and a file that is too large, malformed or
no notebook is reported and costs nobody else anything.
"""

import hashlib
import io
import json
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tools.homework.edition import carried
from tools.homework.master import Master

LARGEST = 20 * 2**20  # bytes of one notebook
LARGEST_ZIP = 2 * 2**30
MOST_FILES = 5000
DEEPEST_ZIP = 2

# How learning management systems name what they export.
MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+_?(?P<rest>.*)")
CANVAS = re.compile(r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<id>\d+)_\d+_(?P<rest>.+)")
COPY = re.compile(r"(?i)\bcopy[ _-]of\b|\bkopie von\b|\bbản sao của\b|[ _-]*\(\d+\)|[ _-]+\d+$")


@dataclass(frozen=True)
class File:
    """A file that was handed in.

    Attributes:
        path: where it lies, a zip's members behind the zip's name.
        parts: the same without the folders that all files share.
        modified: when it was last changed.
        content: its bytes; None where it cannot be read.
        problem: why not, in a few words.
    """

    path: str
    parts: tuple[str, ...]
    modified: datetime
    content: bytes | None
    problem: str = ""


@dataclass(frozen=True)
class CellText:
    """A cell of a submission: nbgrader's `grade_id` or None, its text, the PNGs of its output."""

    name: str | None
    code: bool
    source: str
    images: tuple[str, ...]


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one assignment.

    Attributes:
        student: the name.
        assignment: the name of the assignment; None where it was not recognised.
        path: where it lies.
        modified: when it was last changed.
        late: whether it came after the deadline.
        digest: SHA-256 of the file.
        cells: its cells.
        edition: the edition that it carries; "" for the public one.
        problem: why it cannot be graded; "" when it can.
        note: what the teacher should know of it.
    """

    student: str
    assignment: str | None
    path: str
    modified: datetime
    late: bool
    digest: str
    cells: tuple[CellText, ...]
    problem: str = ""
    note: str = ""
    edition: str = ""

    @property
    def key(self) -> str:
        """The assignment and its edition."""
        return f"{self.assignment} {self.edition}".strip()

    def answer(self, name: str) -> list[CellText]:
        """Returns the cells that carry this `grade_id`: several when one was copied."""
        return [cell for cell in self.cells if cell.name == name]


def find_files(place: Path) -> list[File]:
    """Lists the files below a folder, or in a zip, in the order of their paths.

    Raises:
        FileNotFoundError: if there is no such folder or zip.
    """
    if not place.exists():
        raise FileNotFoundError(f"There is no {place}: name the folder or zip of the submissions.")
    found = list(_files_of(place))
    # Folders that all files share say nothing, as long as a folder for each student is left.
    levels = zip(*(file.parts[:-1] for file in found), strict=False)
    shared = next((level for level, names in enumerate(levels) if len(set(names)) > 1), 0)
    return [replace(file, parts=file.parts[shared:]) for file in found]


def _files_of(place):
    if place.is_file():
        modified = datetime.fromtimestamp(place.stat().st_mtime)
        yield from _from_zip(place, place.name, (), modified, 0)
        return
    for path in sorted(place.rglob("*")):
        parts = path.relative_to(place).parts
        if _skipped(parts):
            continue
        information = path.lstat()
        modified = datetime.fromtimestamp(information.st_mtime)
        if stat.S_ISLNK(information.st_mode):
            yield File(str(path), parts, modified, None, "it is a link and not a file")
        elif not stat.S_ISREG(information.st_mode):
            if not stat.S_ISDIR(information.st_mode):
                yield File(str(path), parts, modified, None, "it is not a plain file")
        elif path.suffix.lower() == ".zip":
            yield from _from_zip(path, str(path), parts[:-1] or (path.stem,), modified, 0)
        elif information.st_size > LARGEST:
            yield File(str(path), parts, modified, None, _too_large(information.st_size))
        else:
            yield File(str(path), parts, modified, path.read_bytes())


def _skipped(parts):
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _too_large(size):
    return f"it has {size / 2**20:.0f} MB, at most {LARGEST / 2**20:.0f} are read"


def _from_zip(file, label, parts, modified, depth):
    """Reads the members of a zip, and of zips in it."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = [item for item in archive.infolist() if not item.is_dir()]
            total = sum(item.file_size for item in members)
            if len(members) > MOST_FILES or total > LARGEST_ZIP:
                problem = f"the zip holds {len(members)} files of {total / 2**20:.0f} MB"
                yield File(label, (*parts, Path(label).name), modified, None, problem)
                return
            for item in members:
                yield from _member(archive, item, label, parts, depth)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError) as error:
        problem = f"the zip cannot be read ({error})"
        yield File(label, (*parts, Path(label).name), modified, None, problem)


def _member(archive, item, label, parts, depth):
    inner = tuple(part for part in re.split(r"[/\\]", item.filename) if part not in ("", ".", ".."))
    if not inner or _skipped(inner):
        return
    name = f"{label}/{item.filename}"
    try:
        modified = datetime(*item.date_time)
    except ValueError:
        modified = datetime(1980, 1, 1)
    where = (*parts, *inner)
    if stat.S_ISLNK(item.external_attr >> 16):
        yield File(name, where, modified, None, "it is a link and not a file")
        return
    if item.flag_bits & 1:
        yield File(name, where, modified, None, "it needs a password")
        return
    nested = inner[-1].lower().endswith(".zip") and depth < DEEPEST_ZIP
    largest = LARGEST * 10 if nested else LARGEST
    try:
        with archive.open(item) as stream:
            content = stream.read(largest + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        yield File(name, where, modified, None, f"it cannot be read ({error})")
        return
    if len(content) > largest:
        yield File(name, where, modified, None, _too_large(item.file_size))
    elif nested:
        folder = where[:-1] or (Path(inner[-1]).stem,)
        yield from _from_zip(io.BytesIO(content), name, folder, modified, depth + 1)
    else:
        yield File(name, where, modified, content)


def read_cells(content: bytes) -> tuple[dict[str, Any], tuple[CellText, ...]]:
    """Reads a notebook as far as it can be read: what is odd is left out.

    Returns:
        The notebook's metadata, and its cells.

    Raises:
        ValueError: if it is no notebook at all; the message says why.
    """
    try:
        notebook = json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except (ValueError, MemoryError) as error:
        raise ValueError(f"it is no notebook ({str(error)[:100]})") from error
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it is no notebook (it has no list of cells)")
    metadata = notebook.get("metadata")
    read = [_read_cell(cell) for cell in cells if isinstance(cell, dict)]
    return metadata if isinstance(metadata, dict) else {}, tuple(read)


def _read_cell(cell):
    source = cell.get("source")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    marks = _inside(cell, "metadata", "nbgrader")
    name = marks.get("grade_id")
    outputs = cell.get("outputs")
    images = []
    for output in outputs if isinstance(outputs, list) else ():
        png = _inside(output, "data").get("image/png")
        png = "".join(png) if isinstance(png, list) and all(map(_is_text, png)) else png
        if isinstance(png, str):
            images.append("".join(png.split()))
    return CellText(
        name=name if isinstance(name, str) else None,
        code=cell.get("cell_type") == "code",
        source=source if isinstance(source, str) else "",
        images=tuple(images),
    )


def _is_text(value):
    return isinstance(value, str)


def _inside(value, *names):
    """Follows names into dictionaries; what is none on the way gives an empty one."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def recognise(
    file: File, metadata: Mapping[str, Any], cells: Sequence[CellText], masters: Iterable[Master]
) -> str | None:
    """Says which assignment a notebook is: by its mark, by its cells, by its name.

    Colab keeps the mark; a notebook that was copied cell by cell has lost it.
    """
    masters = list(masters)
    mark = _inside(metadata, "ravine").get("homework")
    if any(mark == master.name for master in masters):
        return mark
    names = {cell.name for cell in cells if cell.name}
    texts = {"".join(cell.source.split()) for cell in cells}

    def likeness(master):
        own = {c.name for c in master.cells if c.role in ("answer", "test", "manual")}
        tests = {"".join(c.released.split()) for c in master.cells if c.role in ("test", "given")}
        return len(own & names) / len(own) + len(tests & texts) / len(tests)

    best = max(masters, key=likeness)
    if likeness(best) > 0.2:
        return best.name
    named = [m.name for m in masters if m.name in _plain(file.parts[-1])]
    return max(named, key=len) if named else None


def _plain(name):
    return re.sub(r"[ _]+", "-", name.lower())


def student_of(file: File, assignments: Iterable[str]) -> tuple[str, str, bool]:
    """Reads from a path whose it is.

    Returns:
        The student's name, the number by which the LMS tells students of one name apart (or ""),
        and whether the LMS calls the file late.
    """
    for part in file.parts:
        if found := MOODLE.fullmatch(part) or CANVAS.fullmatch(part):
            return found["name"], found["id"], bool(found.groupdict().get("late"))
    if len(file.parts) > 1:
        return file.parts[0], "", False
    stem = Path(file.parts[-1]).stem
    for name in sorted(assignments, key=len, reverse=True):
        stem = re.sub(re.escape(name).replace(r"\-", "[-_ ]"), " ", stem, flags=re.IGNORECASE)
    stem = COPY.sub(" ", stem).strip(" _-")
    return stem or f"unnamed ({file.parts[-1]})", "", False


def read_submissions(
    files: Iterable[File], masters: Sequence[Master], due: datetime | None = None
) -> list[Submission]:
    """Reads what was handed in: one submission for each student and assignment, the latest.

    Args:
        files: the files.
        masters: the assignments.
        due: the deadline.

    Returns:
        The submissions to grade first, then the files that cannot be: of these `problem` says why.
    """
    read = []
    for file in files:
        suffix = Path(file.parts[-1]).suffix.lower()
        if file.problem or suffix == ".ipynb" or suffix == "":
            read.append(_read(file, masters, due))
    counts: dict[tuple[str, str | None], set[str]] = {}
    for submission, number in read:
        counts.setdefault((submission.student, submission.assignment), set()).add(number)
    named = []
    for submission, number in read:
        if len(counts[submission.student, submission.assignment]) > 1 and number:
            submission = replace(submission, student=f"{submission.student} ({number})")
        named.append(submission)
    return list(_latest(named))


def _read(file, masters, due):
    names = [master.name for master in masters]
    student, number, late = student_of(file, names)
    late = late or bool(due and file.modified > due)
    assignment, problem, edition = None, file.problem, ""
    cells: tuple[CellText, ...] = ()
    if not problem:
        try:
            metadata, cells = read_cells(file.content)
        except ValueError as error:
            problem = str(error)
        else:
            assignment = recognise(file, metadata, cells, masters)
            mark = _inside(metadata, "ravine").get("edition")
            edition = carried(mark, (cell.source for cell in cells if not cell.code))
            if assignment is None:
                problem = "it is none of the assignments"
    if assignment is None:
        found = [name for name in names if name in _plain(file.path)]
        assignment = max(found, key=len) if found else None
    return Submission(
        student=student,
        assignment=assignment,
        path=file.path,
        modified=file.modified,
        late=late,
        digest=hashlib.sha256(file.content or b"").hexdigest(),
        cells=cells,
        problem=problem,
        edition=edition,
    ), number


def _latest(submissions: Iterable[Submission]) -> Iterator[Submission]:
    """Keeps of several files for one assignment the latest that can be read."""
    groups: dict[tuple[str, str | None], list[Submission]] = {}
    broken = []
    for submission in submissions:
        if submission.problem:
            broken.append(submission)
        else:
            groups.setdefault((submission.student, submission.assignment), []).append(submission)
    for group in groups.values():
        *older, latest = sorted(group, key=lambda s: (s.modified, s.path))
        if older:
            names = ", ".join(sorted({s.path for s in older}))
            latest = replace(latest, note=f"the latest of {len(group)} files; not graded: {names}")
        yield latest
    yield from broken
