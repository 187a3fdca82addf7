"""Keeps the assignments with their answers locked in the repository.

`locked/NAME.locked` holds the notebook `NAME.ipynb` with answers and hidden tests, the file
`NAME.yaml` of variants that test the tests, and `NAME.py`, which draws its numbers. They are
encrypted, so that no search of the site, of the repository or of the web finds an answer. The key
of the public edition stands below, because everybody may run the tests of a public repository; a
teacher who needs a real secret draws an edition of her own, or locks assignments of her own under a
key of her own (see `book/homework/teaching.md`).
"""

import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

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
)
LOCKED = Path(__file__).parent / "locked"
OPENED = ROOT / "private" / "homework"
# Keeps answers from being found, not from being looked for.
PUBLIC_KEY = "cmF2aW5lLWhvbWV3b3JrLXB1YmxpYy1lZGl0aW9uLS0="
KEY_VARIABLE = "RAVINE_HOMEWORK_KEY"
FOLDER_VARIABLE = "RAVINE_HOMEWORK"


def the_key() -> Fernet:
    """Returns the key: the one in the environment, else that of the public edition.

    Raises:
        MasterError: if it is no key.
    """
    try:
        return Fernet(os.environ.get(KEY_VARIABLE) or PUBLIC_KEY)
    except ValueError as error:
        raise MasterError(
            f"{KEY_VARIABLE} is no key: make one with `python -m tools.homework key`."
        ) from error


def locked_file(name: str) -> Path:
    """Names the file that holds an assignment."""
    return LOCKED / f"{name}.locked"


def unlock(name: str) -> dict[str, str]:
    """Opens an assignment's files, in memory alone.

    Returns:
        The text of each file by its name.

    Raises:
        MasterError: if there is no such file, or the key does not open it.
    """
    path = locked_file(name)
    try:
        content = the_key().decrypt(path.read_bytes())
    except FileNotFoundError as error:
        raise MasterError(f"There is no assignment {name}: {path} is missing.") from error
    except InvalidToken as error:
        raise MasterError(
            f"{path.name} does not open: it was locked with another key than {KEY_VARIABLE} says."
        ) from error
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
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
    write_whole(locked_file(name), the_key().encrypt(content.getvalue()) + b"\n")


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
    if f"{name}.ipynb" not in files:
        files = unlock(name)
    texts = [files.get(f"{name}.{kind}", "") for kind in ("ipynb", "yaml", "py")]
    return read_master(name, *texts, edition)
