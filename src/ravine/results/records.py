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
import shlex
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from ravine import __version__
from ravine.files import data_directory, only_writer, write_whole
from ravine.results.statistics import summary

TABLE, PROVENANCE = "runs.csv", "provenance.json"
# By the names that people use, those that NumPy knows them by.
VECTOR_INSTRUCTIONS = {
    "AVX-512": "AVX512_SKX",
    "AVX2": "AVX2",
    "AVX": "AVX",
    "SSE4.2": "SSE42",
    "SVE": "SVE",
    "NEON": "NEON",
}


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


def load(experiment: str, size: str, root: Path | None = None) -> Record:
    """Read a record, by default one that comes with the course (`data/results`).

    Raises:
        RecordError: if the record is missing or cannot be read, or if its files are damaged or do
            not belong together.
    """
    directory = (root or data_directory() / "results") / experiment / size
    plain = size.removesuffix("-grid")
    advice = f"run `ravine {'run' if plain == size else 'tune'} {experiment} --size {plain}"
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


def environment() -> dict[str, str]:
    """Return the versions of what a run depends on, and the device it runs on.

    "commit" is there if the package runs from a checkout: the commit of its code, followed by
    "+changes" if files of the package differ from it.
    """
    from ravine import backends  # loads TensorFlow, for seconds, which reading does not need

    backend = backends.name()
    commit = commit_of(Path(__file__).parents[1])  # the package
    return {
        "backend": backend,
        "device": backends.gpu() or _cpu(),
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


def processor() -> str:
    """Return the processor's model and its widest vector instructions.

    Such as "AMD EPYC 7763 64-Core Processor with AVX2". How it rounds hangs on both.
    """
    known = vector_instructions()
    return _model() + (f" with {known[0]}" if known else "")


def vector_instructions() -> list[str]:
    """Return the kinds of vector instructions that the processor has, the widest first."""
    core = "numpy.core" if version("numpy").startswith("1.") else "numpy._core"
    features = import_module(f"{core}._multiarray_umath").__cpu_features__
    return [name for name, key in VECTOR_INSTRUCTIONS.items() if features.get(key)]


def _model():
    """Return the name that the maker gave the processor, as its system tells it."""
    with suppress(OSError):  # Linux
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        with suppress(OSError, subprocess.CalledProcessError):
            return subprocess.run(
                command, capture_output=True, text=True, check=True
            ).stdout.strip()
    return platform.processor() or platform.machine()


def now() -> str:
    """Return the date and time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _cpu():
    """Return the CPU's kind, cores and model."""
    return f"CPU, {platform.machine()}, {os.cpu_count()} cores, {processor()}"


def _waiting(checksum):
    """Return the name of a table until the provenance is written that it belongs to."""
    return f"runs-{checksum}.csv"


def _finite(value):
    """Return a number as JSON has it."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
