"""Recorded runs: one tidy table per experiment, and where it came from.

A record is a directory `<root>/<experiment>/<size>/` with two files: `runs.csv`, the table, and
`provenance.json`, the settings, versions, device and date, with a summary of the table and its
checksum. Records are written by `save` alone, never by hand.
"""

import hashlib
import json
import math
import os
import re
import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from ravine.files import data_directory, only_writer, write_whole
from ravine.results.statistics import summary

TABLE, PROVENANCE = "runs.csv", "provenance.json"
SHORTER = re.compile(r"(\d+)-epochs")  # the size of a run that is shorter than its setting
# What the size of a search for learning rates ends in, and of one between the rates of another.
GRID, FINER_GRID = "-grid", "-finer-grid"


class RecordError(Exception):
    """A record is missing or damaged; the message says which file and what to do."""


@dataclass(frozen=True, eq=False)
class Record:
    """The runs of an experiment.

    Attributes:
        frame: one row per run and epoch, as `training.compare` returns it. The columns before
            `seed` say what was run: `optimizer`, and what else distinguishes the runs.
        provenance: what was run on what; keys "experiment", "size", "settings", "dataset",
            "environment", "date" (UTC) and "seconds" (of the whole run). A record that was loaded
            has "summary" too: the rows of `summary`, with null for what is not finite.
    """

    frame: pd.DataFrame = field(repr=False)
    provenance: dict[str, Any]


def save(record: Record, root: Path) -> Path:
    """Write a record below `root`, over an older one, and return its directory.

    Whatever interrupts it, the directory then holds the older record or the new one, whole. The new
    table lies beside the older one until the provenance, which names it by its checksum, is there.

    Raises:
        InUseError: if another process is saving the same record.
        WriteError: if the disk is full or the directory cannot be written.
    """
    directory = root / record.provenance["experiment"] / record.provenance["size"]
    table = record.frame.to_csv(index=False, lineterminator="\n").encode()
    checksum = hashlib.sha256(table).hexdigest()
    rows = summary(record.frame).reset_index().to_dict("records")
    provenance = {
        **record.provenance,
        "summary": [{str(key): _finite(value) for key, value in row.items()} for row in rows],
        "sha256": checksum,
    }
    text = json.dumps(provenance, indent=2, ensure_ascii=False, allow_nan=False)
    with only_writer(directory):
        write_whole(directory / _waiting(checksum), table)
        write_whole(directory / PROVENANCE, f"{text}\n".encode())  # from here on it is the new one
        os.replace(directory / _waiting(checksum), directory / TABLE)
        for left in directory.glob(_waiting("?" * len(checksum))):  # by a save that was killed
            left.unlink()
    return directory


def size_of(size: str, epochs: int, whole: int) -> str:
    """Return the name under which a run is recorded: it says so where the run is not whole.

    Args:
        size: of the setting, "quick" or "full".
        epochs: of the run.
        whole: epochs of the setting.

    Returns:
        The size; for a full setting of another length such as "5-epochs".
    """
    return size if size == "quick" or epochs == whole else f"{epochs}-epochs"


def sizes(experiment: str, root: Path | None = None) -> list[str]:
    """Return the sizes in which an experiment is recorded; none is no error.

    Args:
        experiment: name of the experiment.
        root: directory of the records; `data/results` by default.

    Returns:
        First the records of the full setting, the longest first, then that of the quick one, and
        then in the same order the grids of learning rates.

    Raises:
        RecordError: if the directory cannot be read.
    """
    directory = _directory(experiment, root)
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        names = []
    except OSError as error:
        raise RecordError(
            f"{directory} cannot be read ({error.strerror}): see that it is a folder that this "
            "account may read."
        ) from error
    places = {}
    for name in names:
        plain = without_grid(name)
        short = SHORTER.fullmatch(plain)
        if short or plain in ("full", "quick"):
            length = float(short[1]) if short else math.inf if plain == "full" else 0
            places[name] = (len(name) - len(plain), -length)
    return sorted(places, key=places.__getitem__)


def longest(experiment: str, root: Path | None = None, grid: bool = False) -> str:
    """Return the size of an experiment's longest record with the full setting.

    A page that draws it grows with the record.

    Args:
        experiment: name of the experiment.
        root: directory of the records; `data/results` by default.
        grid: whether a grid of learning rates is asked for.

    Raises:
        RecordError: if there is none.
    """
    for name in sizes(experiment, root):
        plain = without_grid(name)
        if plain != "quick" and name == plain + GRID * grid:
            return name
    command = f"ravine {'tune' if grid else 'run'} {experiment} --size full --epochs 1"
    command += "" if root is None else f" --out {shlex.quote(str(root))}"
    raise RecordError(
        f"{_directory(experiment, root)} holds no record of the full size: run `{command}` "
        "for a short one."
    )


def without_grid(size: str) -> str:
    """Return what a search for learning rates was for: "quick" for "quick-grid"."""
    return size.removesuffix(FINER_GRID).removesuffix(GRID)


def _directory(experiment, root):
    return (root or data_directory() / "results") / experiment


def load(experiment: str, size: str, root: Path | None = None) -> Record:
    """Read a record, by default one that comes with the course (`data/results`).

    Raises:
        RecordError: if the record is missing or cannot be read, or if its files are damaged or do
            not belong together.
    """
    directory = _directory(experiment, root) / size
    plain = without_grid(size)
    short = SHORTER.fullmatch(plain)
    options = f"--size full --epochs {short[1]}" if short else f"--size {plain}"
    options += " --finer" if size.endswith(FINER_GRID) else ""
    advice = f"run `ravine {'run' if plain == size else 'tune'} {experiment} {options}"
    advice += "`" if root is None else f" --out {shlex.quote(str(root))}`"
    text = None
    while True:
        before, (text, provenance, tables) = text, _read(directory, advice)
        for table in tables:
            if hashlib.sha256(table).hexdigest() == provenance["sha256"]:
                del provenance["sha256"]
                return Record(pd.read_csv(BytesIO(table)), provenance)
        if text == before:  # otherwise it may have been replaced while it was read
            break
    if not tables:
        raise RecordError(f"{directory / TABLE} is missing: {advice} to record it.")
    raise RecordError(
        f"{directory / TABLE} is not the table that {PROVENANCE} describes (SHA-256 "
        f"{provenance['sha256']}): {advice} again."
    )


def _read(directory, advice):
    """Return the provenance, as bytes and as read, and the tables that may belong to it."""
    try:
        text = (directory / PROVENANCE).read_bytes()
        provenance = json.loads(text)
        # the second is there if a save was killed between its last two steps
        names = TABLE, _waiting(provenance["sha256"])
    except FileNotFoundError as error:
        raise RecordError(f"{error.filename} is missing: {advice} to record it.") from error
    except OSError as error:
        raise RecordError(
            f"{directory / PROVENANCE} cannot be read ({error.strerror}): see that {directory} is "
            "a folder that this account may read."
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise RecordError(
            f"{directory / PROVENANCE} is damaged, it should be JSON with the checksum of the "
            f"table: {advice} again."
        ) from error
    tables = []
    for name in names:
        try:
            tables.append((directory / name).read_bytes())
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RecordError(
                f"{directory / name} cannot be read ({error.strerror}): see that it is a file that "
                "this account may read."
            ) from error
    return text, provenance, tables


def now() -> str:
    """Return the date and time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _waiting(checksum):
    """Return the name of a table until the provenance is written that it belongs to."""
    return f"runs-{checksum}.csv"


def _finite(value):
    """Return a number as JSON has it."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
