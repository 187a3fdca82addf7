"""Finds the files that were handed in: in folders, in an LMS's zip, and in zips inside it.

Nothing is unpacked onto the disk and no link is followed. A file that is too large, damaged or no
plain file is reported with the reason and costs nobody else anything.
"""

import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tools.homework.layouts import exported

LARGEST = 20 * 2**20  # bytes of one notebook
LARGEST_ZIP = 50 * 2**20  # bytes of a student's own zip
LARGEST_UNPACKED = 100 * 2**20  # bytes of all that is read from a student's own zip
MOST_FILES = 300  # in a student's own zip
DEEPEST_ZIP = 2
BROKEN_ZIP = (
    *(zipfile.BadZipFile, zlib.error, NotImplementedError),
    *(RuntimeError, OSError, EOFError, ValueError),
)


@dataclass(frozen=True)
class File:
    """A file that was handed in.

    Attributes:
        path: where it lies below the place that holds all submissions.
        parts: its folders and name, without the zip of a whole class.
        outer: how many of the parts, from outside, no student chose inside a zip of her own.
        modified: the file's date on this disk; None in a zip, whose dates its maker chooses.
        content: its bytes; None where it cannot be read.
        problem: why not, in a few words.
        ignored: why it is nothing that a student means to hand in, "" for all others.
    """

    path: str
    parts: tuple[str, ...]
    outer: int
    modified: datetime | None
    content: bytes | None
    problem: str = ""
    ignored: str = ""


def find_files(place: Path) -> Iterator[File]:
    """Lists the files below a folder, in a zip, or a single one, in the order of their paths.

    Raises:
        FileNotFoundError: if there is nothing there.
    """
    if not place.exists():
        raise FileNotFoundError(f"There is no {place}: name the folder or zip of the submissions.")
    return _of_folder(place, ()) if place.is_dir() else _of_place(place)


def _of_place(place):
    if place.suffix.lower() != ".zip" and not zipfile.is_zipfile(place):
        yield _plain(place, (place.name,))
        return
    try:
        with zipfile.ZipFile(place) as archive:
            for item in _members(archive):
                yield from _member(archive, item, "", (), None)
    except BROKEN_ZIP as error:
        text = f"the zip cannot be read ({error}): unpack it and name the folder"
        yield _refused(place.name, (place.name,), text)


def _of_folder(folder, above):
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        parts = above or (folder.name,)
        yield _refused("/".join(parts), parts, f"the folder cannot be opened ({error.strerror})")
        return
    if above and not entries:
        yield _refused("/".join(above), (*above, "nothing"), "the folder is empty")
    for entry in entries:
        path, parts = Path(entry.path), (*above, entry.name)
        if entry.is_dir(follow_symlinks=False) and not _hidden(parts):
            if (path / "totals.csv").is_file() and (path / "results").is_dir():
                text = "results of this command"
                yield File("/".join(parts), parts, len(parts), None, None, ignored=text)
            else:
                yield from _of_folder(path, parts)
        elif entry.name.lower().endswith(".zip") and entry.is_file(follow_symlinks=False):
            yield from _of_zip(path, parts)
        else:
            yield _plain(path, parts)


def _plain(path, parts):
    """Reads a file of the disk."""
    if hidden := _hidden(parts):
        return File("/".join(parts), parts, len(parts), None, None, ignored=hidden)
    try:
        information = path.lstat()
        modified = datetime.fromtimestamp(information.st_mtime)
        if stat.S_ISLNK(information.st_mode):
            return _refused("/".join(parts), parts, "it is a link and not a file")
        if not stat.S_ISREG(information.st_mode):
            return _refused("/".join(parts), parts, "it is not a plain file")
        if information.st_size > LARGEST:
            return _refused("/".join(parts), parts, _too_large(information.st_size))
        return File("/".join(parts), parts, len(parts), modified, path.read_bytes())
    except (OSError, ValueError, OverflowError) as error:
        return _refused("/".join(parts), parts, f"it cannot be read ({error})")


def _of_zip(path, parts):
    """Reads a zip that lies in a folder: a whole class' export, or a student's own."""
    if hidden := _hidden(parts):
        yield File("/".join(parts), parts, len(parts), None, None, ignored=hidden)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            items = _members(archive)
            if len(parts) == 1 and any(exported(name_of(item)) for item in items):
                for item in items:
                    yield from _member(archive, item, f"{path.name}/", (), None)
            else:
                yield from _of_student(archive, items, "/".join(parts), parts, len(parts), 1)
    except BROKEN_ZIP as error:
        yield _refused("/".join(parts), parts, f"the zip cannot be read ({error})")


def _of_student(archive, items, label, parts, outer, depth):
    """Reads a student's own zip, as long as it stays within its limits."""
    if len(items) > MOST_FILES:
        text = f"the zip holds {len(items)} files, at most {MOST_FILES} are read"
        yield _refused(label, parts, text, outer)
        return
    if not items:
        yield _refused(label, parts, "the zip is empty", outer)
    left = LARGEST_UNPACKED
    for item in items:
        left -= min(item.file_size, LARGEST + 1)
        if left < 0:
            text = f"the zip unpacks to more than {LARGEST_UNPACKED / 2**20:.0f} MB"
            yield _refused(label, parts, text, outer)
            return
        yield from _member(archive, item, f"{label}/", parts, outer, depth)


def name_of(item: zipfile.ZipInfo) -> str:
    """Returns the name of a zip's member: macOS writes UTF-8 and does not say so."""
    if item.flag_bits & 0x800:
        return item.filename
    try:
        return item.filename.encode("cp437").decode()
    except UnicodeError:
        return item.filename


def _members(archive):
    return [item for item in archive.infolist() if not item.is_dir()]


def _member(archive, item, label, above, outer, depth=0):
    """Reads a member of a zip; `outer` is None in a zip that no student made."""
    filename = name_of(item)
    inner = tuple(part for part in re.split(r"[/\\]", filename) if part not in ("", ".", ".."))
    name = f"{label}{filename}"
    parts = (*above, *(inner or ("nameless",)))
    known = len(parts) if outer is None else outer
    if hidden := _hidden(inner):
        yield File(name, parts, known, None, None, ignored=hidden)
        return
    nested = parts[-1].lower().endswith(".zip")
    largest = LARGEST_ZIP if nested else LARGEST
    if stat.S_ISLNK(item.external_attr >> 16):
        yield _refused(name, parts, "it is a link and not a file", known)
    elif item.flag_bits & 1:
        yield _refused(name, parts, "it needs a password", known)
    elif item.file_size > largest:
        yield _refused(name, parts, _too_large(item.file_size), known)
    elif nested and depth >= DEEPEST_ZIP:
        yield _refused(name, parts, "it is a zip in a zip in a zip", known)
    else:
        try:
            with archive.open(item) as stream:
                content = stream.read(largest + 1)
            if nested:
                with zipfile.ZipFile(io.BytesIO(content)) as own:
                    yield from _of_student(own, _members(own), name, parts, known, depth + 1)
            else:
                yield File(name, parts, known, None, content)
        except BROKEN_ZIP as error:
            yield _refused(name, parts, f"it cannot be read ({error})", known)


def _hidden(parts):
    if any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return "a hidden file that a system or an editor made"
    return ""


def _refused(path, parts, problem, outer=None):
    return File(path, parts, len(parts) if outer is None else outer, None, None, problem)


def _too_large(size):
    return f"it has {size / 2**20:.0f} MB, at most {LARGEST / 2**20:.0f} are read"
