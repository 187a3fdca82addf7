"""Where the files of the course are, and how one is written: whole or not at all."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from io import BufferedRandom
from pathlib import Path

TOO_BIG = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class WriteError(OSError):
    """A file could not be written; the message says why and what to do."""


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
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
        with temporary.open("x+b") as file:
            try:
                with suppress(OSError):  # some network drives have no locks
                    os.lockf(file.fileno(), os.F_TLOCK, 0)
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
        advice = "free space" if error.errno in TOO_BIG else "see that this can be written"
        raise WriteError(
            f"{path} could not be written ({error.strerror or error}): {advice} and do the same "
            "again, what was there before is unchanged."
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
