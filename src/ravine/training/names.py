"""Which files a run keeps its state in: two names of optimizers never share one.

A name of small letters, digits and points is its own file name. Others lose what a file name should
not hold, and digits of their SHA-256 follow.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ravine.files import remove
from ravine.training.checkpoints import Checkpoint

# What version 0.1 kept in a file whose name has nothing of others' in it, but for case and commas.
ONCE_ALONE = re.compile(r"[A-Za-z0-9.]+(,? [A-Za-z0-9.]+)*")


def run_name(optimizer: str) -> str:
    """Return how file names begin that belong to an optimizer, such as adam for "adam".

    Another name has another beginning, whatever its case, commas and letters.
    """
    if re.fullmatch(r"[a-z0-9.]+", optimizer):
        return optimizer
    return _with_digest(optimizer, 16)


def checkpoint_of(
    folder: Path, optimizer: str, seed: int, run: dict[str, Any], code: dict[str, str]
) -> Checkpoint:
    """Return a run's checkpoint.

    That of an older version, where it is there and nobody else's, gets the name of today.
    """
    newest, *older = (
        Checkpoint(folder / f"{name}-seed-{seed}.npz", run, code, optimizer)
        for name in (run_name(optimizer), *_formerly(optimizer))
    )
    if newest.exists():
        return newest
    for each in older:
        if each.holds_this_run():
            try:
                each.move_to(newest)
            except OSError:  # the next save says that it cannot write, and why
                return each
            return newest
    # loading this one says what is wrong with it
    refused = older[-1].exists() and older[-1].may_be_ours() and ONCE_ALONE.fullmatch(optimizer)
    return older[-1] if refused else newest


def forget_runs(folder: Path, optimizer: str) -> None:
    """Delete all checkpoints of an optimizer in a folder, those of older versions too.

    Raises:
        WriteError: if one cannot be deleted.
    """
    for path, is_own in _files(folder, optimizer):
        if is_own or Checkpoint(path, {}, name=optimizer).may_be_ours():
            remove(path)


def _files(folder: Path, optimizer: str) -> Iterator[tuple[Path, bool]]:
    """Yield the files that may be an optimizer's, and whether they are by their name."""
    own = run_name(optimizer)
    for name in dict.fromkeys([own, *_formerly(optimizer)]):
        of_a_seed = re.compile(rf"{re.escape(name)}-seed--?\d+\.")
        for path in sorted(folder.glob(f"{name}-seed-*")):
            if of_a_seed.match(path.name):
                yield path, name == own


def _formerly(optimizer):
    """Return the names of an optimizer's files in older versions, where others had them, too."""
    return _with_digest(optimizer, 8), _plain(optimizer)


def _with_digest(optimizer, digits):
    digest = hashlib.sha256(optimizer.encode()).hexdigest()
    return f"{_plain(optimizer).strip('-')}-{digest[:digits]}"


def _plain(optimizer):
    return re.sub("[^a-z0-9.]+", "-", optimizer.lower())
