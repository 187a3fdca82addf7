"""Keeps the assignments with their answers locked in the repository.

`locked/NAME.locked` holds the notebook `NAME.ipynb` with answers and hidden tests, the file
`NAME.yaml` of variants that test the tests, and `NAME.py`, which draws its numbers. They are
encrypted, so that no search of the site, of the repository or of the web finds an answer. The key
of the public edition stands below, because everybody may run the tests of a public repository; a
teacher who needs a real secret draws an edition of her own, or locks assignments of her own under a
key of her own (see `book/homework/teaching.md`).
"""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
from cryptography.fernet import Fernet, InvalidToken

from ravine.files import write_whole
from tools.book.notebooks import ROOT
from tools.homework.edition import PUBLIC, Edition
from tools.homework.master import Master, MasterError, read_master

ASSIGNMENTS = (
    "backpropagation",
    "stochastic-gradient-descent",
    "momentum",
    "rmsprop",
    "adam",
    "experiment",
    "language",
)
LOCKED = Path(__file__).parent / "locked"
OPENED = ROOT / "private" / "homework"
# Keeps answers from being found, not from being looked for.
PUBLIC_KEY = "cmF2aW5lLWhvbWV3b3JrLXB1YmxpYy1lZGl0aW9uLS0="
KEY_VARIABLE = "RAVINE_HOMEWORK_KEY"
FOLDER_VARIABLE = "RAVINE_HOMEWORK"
AS_OPENED = ".opened.json"  # beside opened files: their hashes when they were opened
CHANGED_TWICE = (
    "has changes of yours, or is older than the assignment, which has changed: it stays as it is; "
    "move it away and run this again for the present one"
)
FILLED = "filled"  # the folder beside them of assignments with their numbers in place


def the_key() -> str:
    """Returns the key: the one in the environment, else that of the public edition."""
    return os.environ.get(KEY_VARIABLE) or PUBLIC_KEY


def _lock_of(key):
    try:
        return Fernet(key)
    except ValueError as error:
        raise MasterError(
            f"{KEY_VARIABLE} is no key: make one with `.venv/bin/python -m tools.homework key`."
        ) from error


def mark_of(key: str) -> str:
    """Returns what a locked file says of its key: enough to know it, and opens nothing."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def locked_file(name: str) -> Path:
    """Names the file that holds an assignment."""
    return LOCKED / f"{name}.locked"


def without_key() -> str:
    """Says why the assignments cannot be opened here; "" where they can.

    A fork with a key of its own has tests that run without it: they leave out what is locked. A
    damaged file is no such reason.
    """
    if os.environ.get(KEY_VARIABLE) or opened_folder():
        return ""
    for name in ASSIGNMENTS:
        path = locked_file(name)
        mark = path.read_text(encoding="ascii").partition("\n")[0] if path.is_file() else ""
        if mark and mark != mark_of(PUBLIC_KEY):
            return f"{path.name} is locked with the key {mark}, and {KEY_VARIABLE} is not set"
    return ""


def unlock(name: str) -> dict[str, str]:
    """Opens an assignment's files, in memory alone.

    Returns:
        The text of each file by its name.

    Raises:
        MasterError: if there is no such file, or the key does not open it.
    """
    path, key = locked_file(name), the_key()
    try:
        mark, _, content = path.read_bytes().partition(b"\n")
    except FileNotFoundError as error:
        raise MasterError(f"There is no assignment {name}: {path} is missing.") from error
    if mark.decode(errors="replace") != mark_of(key):
        _lock_of(key)  # a word that is no key is said so
        raise MasterError(
            f"{path.name} does not open: it was locked with another key than {KEY_VARIABLE} "
            f"{'says' if os.environ.get(KEY_VARIABLE) else 'holds, which is not set'}."
        )
    try:
        opened = _lock_of(key).decrypt(content)
    except InvalidToken as error:
        raise MasterError(f"{path.name} does not open: it is damaged, fetch it again.") from error
    with zipfile.ZipFile(io.BytesIO(opened)) as archive:
        return {item: archive.read(item).decode() for item in archive.namelist()}


def lock(name: str, files: Mapping[str, str]) -> None:
    """Locks an assignment's files; one that says the same already is left alone."""
    if locked_file(name).exists():
        try:
            if unlock(name) == dict(files):
                return
        except MasterError:
            pass  # of another key: replaced
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for item, text in sorted(files.items()):
            archive.writestr(item, text)
    key = the_key()
    locked = _lock_of(key).encrypt(content.getvalue())
    write_whole(locked_file(name), mark_of(key).encode() + b"\n" + locked + b"\n")


def opened_folder() -> Path | None:
    """Names the folder with a teacher's own edition, if there is one."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    return OPENED if OPENED.is_dir() else None


def files_of(folder: Path, name: str) -> dict[str, str]:
    """Reads the files of an opened assignment: the text of each by its name."""
    paths = [folder / f"{name}.{kind}" for kind in ("ipynb", "yaml", "py")]
    return {path.name: path.read_text(encoding="utf-8") for path in paths if path.is_file()}


def load(name: str, edition: Edition = PUBLIC) -> Master:
    """Reads an assignment: from the teacher's folder where it lies there, else from the vault.

    Raises:
        MasterError: if it is missing, does not open or is malformed.
    """
    folder = opened_folder()
    files = files_of(folder, name) if folder else {}
    if folder and (stale := _stale(folder, name)):
        raise MasterError(
            f"{stale[0]} is of an older state of the assignment, and nothing was changed in it: "
            "run make homework-open again, or remove it."
        )
    if f"{name}.ipynb" not in files:
        files = unlock(name)
    notebook, variants, drawing = (
        files.get(f"{name}.{kind}", "") for kind in ("ipynb", "yaml", "py")
    )
    return read_master(name, notebook, variants, drawing, edition)


def open_files(name: str) -> Iterator[tuple[Path, str]]:
    """Writes an assignment's files to private/homework, where a teacher changes them.

    Yields:
        Each file, and why it stays as it was; "" for one that is written.
    """
    OPENED.mkdir(parents=True, exist_ok=True)
    known = _as_opened(OPENED)
    for file, text in unlock(name).items():
        path = OPENED / file
        there = path.read_text(encoding="utf-8") if path.exists() else text
        untouched = known.get(file) == _hash(there)
        if there == text or untouched:
            write_whole(path, text.encode())
            known[file] = _hash(text)
            yield path, ""
        elif known.get(file) == _hash(text):
            yield path, "has changes of yours and stays as it is"
        else:
            yield path, CHANGED_TWICE
    write_whole(OPENED / AS_OPENED, json.dumps(known, indent=1).encode())


def write_filled(name: str, edition: Edition = PUBLIC) -> Path:
    """Writes an assignment with its answers and its numbers in place, to read or for nbgrader."""
    path = (opened_folder() or OPENED) / FILLED / f"{name}.ipynb"
    write_whole(path, (nbformat.writes(load(name, edition).notebook) + "\n").encode())
    return path


def _hash(text):
    return hashlib.sha256(text.encode()).hexdigest()


def _as_opened(folder):
    path = folder / AS_OPENED
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _stale(folder, name):
    """Lists the files that nobody changed since they were opened, and that are no longer so."""
    own = files_of(folder, name)
    known = {file: mark for file, mark in _as_opened(folder).items() if file in own}
    if not known:
        return []
    try:
        now = unlock(name)
    except MasterError:  # of another key: nothing is known of it
        return []
    return [
        folder / file
        for file, mark in known.items()
        if _hash(own[file]) == mark and own[file] != now.get(file)
    ]
