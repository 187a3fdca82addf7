"""Recorded runs: one tidy table per experiment, and where it came from.

A record is a directory `<root>/<experiment>/<size>/` with two files: `runs.csv`, the table, and
`provenance.json`, the settings, versions, device and date, with the checksum of the table.
"""

import hashlib
import json
import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import pandas as pd

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
        frame: one row per run and epoch, as `protocol.compare` returns it.
        provenance: what was run on what; keys "experiment", "size", "settings", "dataset",
            "environment", "date" (UTC) and "seconds" (of the whole run).
    """

    frame: pd.DataFrame = field(repr=False)
    provenance: dict[str, Any]


def save(record: Record, root: Path) -> Path:
    """Write a record below `root`, over an older one, and return its directory.

    Each file is written to a temporary name and moved into place, so an interruption leaves no
    half-written file.
    """
    directory = root / record.provenance["experiment"] / record.provenance["size"]
    table = record.frame.to_csv(index=False, lineterminator="\n").encode()
    provenance = {**record.provenance, "sha256": hashlib.sha256(table).hexdigest()}
    write_whole(directory / TABLE, table)
    text = json.dumps(provenance, indent=2, ensure_ascii=False)
    write_whole(directory / PROVENANCE, f"{text}\n".encode())
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
        table = (directory / TABLE).read_bytes()
        provenance = json.loads((directory / PROVENANCE).read_bytes())
        checksum = provenance.pop("sha256")
    except FileNotFoundError as error:
        raise RecordError(f"{error.filename} is missing: {advice} to record it.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise RecordError(
            f"{directory / PROVENANCE} is damaged, it should be JSON with the checksum of the "
            f"table: {advice} again."
        ) from error
    if hashlib.sha256(table).hexdigest() != checksum:
        raise RecordError(
            f"{directory / TABLE} is not the table that {PROVENANCE} describes (SHA-256 "
            f"{checksum}): {advice} again."
        )
    frame = pd.read_csv(directory / TABLE)
    return Record(frame, provenance)


def environment() -> dict[str, str]:
    """Return the versions of what a run depends on, and the device it runs on."""
    backend = keras.backend.backend()
    return {
        "backend": backend,
        "device": _device(backend),
        "python": platform.python_version(),
        "ravine": __version__,
        **{package: version(package) for package in ("keras", backend, "numpy")},
    }


def now() -> str:
    """Return the date and time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _device(backend):
    """Return the name of the GPU the backend uses, or the kind of CPU and its cores."""
    name = None
    if backend == "tensorflow":
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            name = tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")
    elif backend == "jax":
        import jax

        if jax.default_backend() != "cpu":
            name = jax.devices()[0].device_kind
    elif backend == "torch":
        import torch

        if torch.cuda.is_available():
            name = torch.cuda.get_device_name()
    return name or f"CPU, {platform.machine()}, {os.cpu_count()} cores"
