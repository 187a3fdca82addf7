"""Recorded runs: one tidy table per experiment, and where it came from.

A record is a directory `<root>/<experiment>/<size>/` with two files: `runs.csv`, the table, and
`provenance.json`, the settings, versions, device and date, with a summary of the table and its
checksum. Records are written by `save` alone, never by hand.
"""

import hashlib
import json
import math
import os
import platform
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats  # type: ignore[import-untyped]

from ravine import __version__
from ravine.datasets import data_directory
from ravine.files import write_whole

TABLE, PROVENANCE = "runs.csv", "provenance.json"


class RecordError(Exception):
    """A record is missing or damaged; the message says which file and what to do."""


@dataclass(frozen=True, eq=False)
class Record:
    """The runs of an experiment.

    Attributes:
        frame: one row per run and epoch, as `protocol.compare` returns it. The columns before
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
    write_whole(directory / _waiting(checksum), table)
    write_whole(directory / PROVENANCE, f"{text}\n".encode())  # from here on it is the new record
    os.replace(directory / _waiting(checksum), directory / TABLE)
    for left in directory.glob(_waiting("?" * len(checksum))):  # by a save that was killed
        left.unlink()
    return directory


def load(experiment: str, size: str, root: Path | None = None) -> Record:
    """Read a record, by default one that comes with the course (`data/results`).

    Raises:
        RecordError: if the record is missing, or if its files are damaged or do not belong
            together.
    """
    directory = (root or data_directory() / "results") / experiment / size
    advice = f"run `ravine run {experiment} --size {size}`"
    try:
        provenance = json.loads((directory / PROVENANCE).read_bytes())
        checksum = provenance.pop("sha256")
        # the second is there if a save was killed between its last two steps
        names = TABLE, _waiting(checksum)
    except FileNotFoundError as error:
        raise RecordError(f"{error.filename} is missing: {advice} to record it.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise RecordError(
            f"{directory / PROVENANCE} is damaged, it should be JSON with the checksum of the "
            f"table: {advice} again."
        ) from error
    tables = [(directory / name).read_bytes() for name in names if (directory / name).exists()]
    if not tables:
        raise RecordError(f"{directory / TABLE} is missing: {advice} to record it.")
    for table in tables:
        if hashlib.sha256(table).hexdigest() == checksum:
            return Record(pd.read_csv(BytesIO(table)), provenance)
    raise RecordError(
        f"{directory / TABLE} is not the table that {PROVENANCE} describes (SHA-256 "
        f"{checksum}): {advice} again."
    )


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per optimizer, its name as the index, the lowest final loss first.

    Args:
        frame: the table of a record. If more columns stand before `seed`, there is one row for
            each of their combinations.

    Returns:
        The columns loss (geometric mean of the final training losses over the seeds), lowest and
        highest (of them), accuracy (mean, on the test data), seconds (median, per epoch), runs and
        diverged (how many).
    """
    keys = list(frame.columns[: frame.columns.get_loc("seed")])
    last = frame[frame["epoch"] == frame["epoch"].max()].groupby(keys)
    trained = frame[frame["epoch"] > 0]
    epochs = trained.groupby([*keys, "seed", np.ceil(trained["epoch"])])["seconds"]
    table = pd.DataFrame(
        {
            "loss": last["loss"].agg(lambda losses: math.exp(np.log(losses).mean())),
            "lowest": last["loss"].min(),
            "highest": last["loss"].max(),
            "accuracy": last["accuracy"].mean(),
            "seconds": epochs.sum(min_count=1).groupby(keys).median(),
            "runs": last.size(),
            "diverged": last["diverged"].sum(),
        }
    )
    return table.sort_values("loss")


def environment() -> dict[str, str]:
    """Return the versions of what a run depends on, and the device it runs on.

    "commit" is there if the package runs from a checkout: the commit of its code, followed by
    "+changes" if files of the package differ from it.
    """
    from ravine import backends  # loads TensorFlow, for seconds, which reading does not need

    backend = backends.name()
    commit = commit_of(Path(__file__).parent)
    return {
        "backend": backend,
        "device": backends.gpu() or f"CPU, {platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "ravine": __version__,
        **({} if commit is None else {"commit": commit}),
        **{package: version(package) for package in ("keras", backend, "numpy")},
    }


def commit_of(directory: Path) -> str | None:
    """Return the commit that is checked out, with "+changes" if files in `directory` differ.

    None if git does not know the directory, as that of an installed package.
    """

    def git(*arguments):
        command = ["git", "--no-optional-locks", "-C", str(directory), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        if not git("ls-files"):  # in somebody else's repository, but no part of it
            return None
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "-s", ".") else "")
    except (OSError, subprocess.CalledProcessError):  # no git, or no repository
        return None


def peak_memory() -> float:
    """Return the most memory that this process has held so far, in MiB; a GPU's is not in it."""
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS, else KiB
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def now() -> str:
    """Return the date and time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _waiting(checksum):
    """Return the name of a table until the provenance is written that it belongs to."""
    return f"runs-{checksum}.csv"


def _finite(value):
    """Return a number as JSON has it."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True)
class Difference:
    """Mean difference over seeds and its confidence interval, in units of ln(loss)."""

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def excludes_zero(self) -> bool:
        """Whether the data tell the two algorithms apart."""
        return self.low > 0 or self.high < 0


def paired_difference(
    frame: pd.DataFrame, a: str, b: str, confidence: float = 0.95, column: str = "loss"
) -> Difference:
    """Compare the final losses of two algorithms, seed by seed.

    Both ran from the same start on the same minibatches, so most of what a seed does to the loss
    cancels in ln(loss of a) - ln(loss of b). "a ends below b" is a finding where the whole
    interval, Student's t over the seeds, lies below 0.

    Args:
        frame: a table made by `compare`.
        a: name of an optimizer.
        b: name of another one.
        confidence: of the interval, between 0 and 1.
        column: "loss" or "eval_loss".

    Raises:
        ValueError: if fewer than two seeds are there for both, or if a run diverged.
    """
    last = frame[frame["epoch"] == frame["epoch"].max()]
    losses = last.pivot(index="seed", columns="optimizer", values=column)
    for name in (a, b):
        if name not in losses:
            raise ValueError(f"The table has no runs of {name!r}, only of {list(losses)}.")
    both = losses[[a, b]].dropna()
    if len(both) < 2:
        raise ValueError(f"An interval needs two seeds of {a} and {b}, but there is {len(both)}.")
    if not np.isfinite(both.to_numpy()).all():
        raise ValueError(f"A run of {a} or {b} diverged, so the difference has no interval.")
    difference = np.log(both[a]) - np.log(both[b])
    mean = difference.mean()
    half = stats.t.ppf(0.5 + confidence / 2, len(both) - 1) * stats.sem(difference)
    return Difference(float(mean), float(mean - half), float(mean + half), len(both))
