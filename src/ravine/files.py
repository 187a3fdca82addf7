"""Where the files of the course are, and how one is written: whole or not at all, by one alone."""

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from io import BufferedRandom
from pathlib import Path

LOCK = ".lock"
TOO_BIG = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class WriteError(OSError):
    """A file could not be written; the message says why and what to do."""


class InUseError(OSError):
    """Another process writes in a folder; the message says which and what to do."""


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the only one who writes in a folder while the block runs; nobody waits for another.

    A run holds the folder of its checkpoints, a save that of its record. The lock is a file in the
    folder. It goes with the block, and the system gives it up for a process that dies.

    Args:
        folder: it is made with its parents.

    Raises:
        InUseError: if another process holds it.
        WriteError: if the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _locked(folder / LOCK)
    except BlockingIOError as error:
        raise InUseError(
            f"{folder} is in use, another run writes there: wait until it ends, or choose another "
            "folder."
        ) from error
    except OSError as error:
        raise _write_error(folder, error) from error
    with lock:
        try:
            yield
        finally:  # the name goes first: who has opened the file by now sees that it has none
            (folder / LOCK).unlink(missing_ok=True)


@contextmanager
def whole_file(path: Path, keep: Path | None = None) -> Iterator[BufferedRandom]:
    """Open a file to write and read that takes the place of `path` when the block ends.

    It has a temporary name until its content is on the disk. Whatever interrupts the block leaves
    the old file as it was, and no temporary one beside it; that of a process which was killed goes
    when the next one writes the same file.

    Args:
        path: the file to replace, or to make with its directory.
        keep: where the old file goes, over what is there. By default it is replaced.

    Raises:
        WriteError: if the disk is full or the directory cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_behind(path)
        temporary, file = _open_temporary(path)
        with file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                if keep is not None:
                    with suppress(FileNotFoundError):
                        os.replace(path, keep)
                os.replace(temporary, path)
                _sync_directory(path.parent)
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _write_error(path, error) from error


def remove(path: Path) -> None:
    """Delete a file; raise `WriteError` if it cannot be."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(
            f"{path} could not be deleted ({error.strerror or error}): see that its folder can be "
            "written and do the same again."
        ) from error


def data_directory() -> Path:
    """Return the directory of the samples and recorded runs, in a checkout or installed."""
    package = Path(__file__).resolve().parent
    # In an installed package they lie in the folder of the room `data`, which has no samples else.
    installed = package / "data"
    return installed if (installed / "samples").is_dir() else package.parents[1] / "data"


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file by one with this content; see `whole_file`."""
    with whole_file(path) as file:
        file.write(content)


def _write_error(path, error):
    advice = "free space" if error.errno in TOO_BIG else "see that this can be written"
    return WriteError(
        f"{path} could not be written ({error.strerror or error}): {advice} and do the same "
        "again, what was there before is unchanged."
    )


def _locked(path):
    """Return a file, open and locked; raise `BlockingIOError` if somebody else has locked it."""
    while True:
        file = path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise
        except OSError:  # some network drives have no locks
            return file
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # who held it has just left


def _open_temporary(path):
    """Open a new file beside `path`, locked, and return its path and itself."""
    while True:
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
        file = temporary.open("x+b")
        try:
            os.lockf(file.fileno(), os.F_TLOCK, 0)
        except BlockingIOError:  # another took it for one left behind, in the moment before
            file.close()
            continue
        except OSError:  # some network drives have no locks
            return temporary, file
        if os.fstat(file.fileno()).st_nlink:
            return temporary, file
        file.close()  # ... and has removed it


def _remove_left_behind(path):
    """Remove the temporary files of `path` whose writers were killed."""
    for temporary in path.parent.glob(f"{escape(path.name)}.{'[0-9a-f]' * 8}.tmp"):
        with suppress(OSError), temporary.open("r+b") as file:
            os.lockf(file.fileno(), os.F_TLOCK, 0)  # fails while its writer lives
            temporary.unlink()


def _sync_directory(directory):
    """See that a new name, too, is on the disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
