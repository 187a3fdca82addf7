"""What of the plan is recorded, and how a finished unit comes into its record. Loads no Keras.

A record that the recorder makes grows by units. Its provenance has a list "units" besides: who ran
each when, on what, with which versions, and how long. Nothing in a record depends on the order in
which its units came, but for the top "environment" and "date", which are those of the newest.
"""

import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pooch

from ravine.experiments import plan
from ravine.experiments.plan import Line, Unit
from ravine.files import InUseError, only_writer, write_whole
from ravine.results import Record, RecordError, records

PATIENCE = 600  # times a tenth of a second, until another merge has ended
# Of the environment, what may differ between the units of a record.
FREE = ("device", "commit", "python", "numpy")

Provenance = dict[str, Any]


class RefusedError(RecordError):
    """Runs do not fit to a record; the message says which, why and what to do."""


def state_directory() -> Path:
    """Return where the recorder keeps its checkpoints, in the user's cache folder."""
    return Path(pooch.os_cache("ravine")) / "recording"


def unit_directory(states: Path, unit: Unit) -> Path:
    """Return where the checkpoints of a unit lie, shared by all lengths of the run."""
    name = re.sub("[^a-z0-9.]+", "-", f"{unit.trial}-seed-{unit.seed}".lower())
    return states / unit.experiment / name


def load(root: Path, experiment: str, size: str) -> Record | None:
    """Return the record of an experiment and size, or None where there is none."""
    directory = root / experiment / size
    if not any((directory / name).exists() for name in (records.TABLE, records.PROVENANCE)):
        return None
    return records.load(experiment, size, root)


def key(entry: Provenance) -> tuple[str, float | None, int]:
    """Return what distinguishes the units of a record."""
    return entry["optimizer"], entry.get("learning_rate"), entry["seed"]


def is_recorded(root: Path, unit: Unit) -> bool:
    """Whether a unit is in its record; a record that is damaged has none."""
    provenance = _provenance(root, unit.experiment, unit.size)
    units = [key(entry) for entry in provenance.get("units", [])]
    return (unit.optimizer, unit.rate, unit.seed) in units


def _provenance(root, experiment, size):
    """Return the provenance alone, which is quickly read; {} for one that cannot be."""
    try:
        found = json.loads((root / experiment / size / records.PROVENANCE).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def misfit(old: Provenance, new: Provenance) -> str | None:
    """Return what keeps two parts from being one record, or None."""
    pairs = {
        **{f"other {name}": (old["settings"], new["settings"], name) for name in SETTINGS},
        "other data": (old, new, "dataset"),
    }
    for what, (one, other, name) in pairs.items():
        if name in one and name in other and one[name] != other[name]:
            return f"{what} ({other[name]}, not {one[name]})"
    optimizers = old["settings"]["optimizers"], new["settings"]["optimizers"]
    for name in sorted(set(optimizers[0]) & set(optimizers[1])):
        if optimizers[0][name] != optimizers[1][name]:
            return f"other settings of {name}"
    versions = [
        {name: value for name, value in part["environment"].items() if name not in FREE}
        for part in (old, new)
    ]
    for name in sorted(versions[0] | versions[1]):
        one, other = (each.get(name) for each in versions)
        if one != other:
            return f"another {name} ({other}, not {one})"
    return None


SETTINGS = ("epochs", "batch_size", "parts", "network")


def check(root: Path, new: Provenance) -> None:
    """Raise `RefusedError` if a part does not fit the record that is there."""
    experiment, size = new["experiment"], new["size"]
    old = load(root, experiment, size)
    if old is None:
        return
    directory = root / experiment / size
    if "units" not in old.provenance:
        raise RefusedError(
            f"{directory} holds a record that `ravine record` did not make, which nothing can be "
            "added to: rename that folder, and do the same again."
        )
    reason = misfit(old.provenance, new)
    if reason:
        raise RefusedError(
            f"What was run does not fit {directory}, it has {reason}: rename that folder, or run "
            "with what its provenance.json names."
        )


def merge(root: Path, part: Record, order: Sequence[str]) -> None:
    """Add the units of a part to the record; whatever interrupts it leaves the old or the new one.

    Args:
        root: directory of the records.
        part: a record with "units".
        order: the names of all algorithms, as a table lists them.

    Raises:
        RecordError: if the record that is there is damaged, or the part does not fit.
        WriteError: if the disk is full or the directory cannot be written.
    """
    experiment, size = part.provenance["experiment"], part.provenance["size"]
    with _alone(root / experiment):
        check(root, part.provenance)
        old = load(root, experiment, size)
        records.save(part if old is None else _together(old, part, order), root)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until nobody else merges below a folder."""
    with ExitStack() as stack:
        for attempt in range(PATIENCE):
            try:
                stack.enter_context(only_writer(folder))
                break
            except InUseError:
                if attempt == PATIENCE - 1:
                    raise
                time.sleep(0.1)
        yield


def _together(old: Record, part: Record, order: Sequence[str]) -> Record:
    """Return the two as one record; what both hold stays as the old one has it."""
    place = {name: position for position, name in enumerate(order)}
    have = [key(unit) for unit in old.provenance["units"]]
    added = [unit for unit in part.provenance["units"] if key(unit) not in have]
    units = sorted(
        [*old.provenance["units"], *added],
        key=lambda unit: (unit["seed"], place[unit["optimizer"]], unit.get("learning_rate", 0.0)),
    )
    new = by_unit(part.frame)
    rows = {**by_unit(old.frame), **{key(unit): new[key(unit)] for unit in added}}
    settings = old.provenance["settings"]
    known = settings["optimizers"] | part.provenance["settings"]["optimizers"]
    names = dict.fromkeys(trial(unit) for unit in units)
    newest = max(units, key=lambda unit: unit["date"])
    provenance = {
        **old.provenance,
        "settings": {
            **part.provenance["settings"],  # what an older record did not note
            **settings,
            "optimizers": {name: known[name] for name in names},
            "seeds": sorted({unit["seed"] for unit in units}),
        },
        **{name: newest[name] for name in ("environment", "date")},
        "seconds": round(sum(unit["seconds"] for unit in units), 1),
        "units": units,
    }
    provenance.pop("summary", None)
    frame = pd.concat([rows[key(unit)] for unit in units], ignore_index=True)
    return Record(frame, provenance)


def trial(entry: Provenance) -> str:
    """Return what `Unit.trial` is, of an entry of "units"."""
    rate = entry.get("learning_rate")
    return entry["optimizer"] if rate is None else f"{entry['optimizer']}, {rate:g}"


def by_unit(frame: pd.DataFrame) -> dict[tuple[str, float | None, int], pd.DataFrame]:
    """Return the rows of each unit of a table, under the unit's `key`."""
    rated = "learning_rate" in frame
    columns = ["optimizer", "learning_rate", "seed"] if rated else ["optimizer", "seed"]
    name: Any
    found: dict[tuple[str, float | None, int], pd.DataFrame] = {}
    for name, rows in frame.groupby(columns, sort=False):
        found[name[0], float(name[1]) if rated else None, int(name[-1])] = rows
    return found


def pace(states: Path, unit: Unit) -> float:
    """Return the seconds of an epoch: measured on this machine, or else the plan's guess."""
    try:
        return float(json.loads(_pace_file(states, unit).read_bytes()))
    except (OSError, ValueError, TypeError):
        return unit.seconds


def save_pace(states: Path, unit: Unit, seconds: float) -> None:
    """Keep the seconds of an epoch that were measured on this machine."""
    write_whole(_pace_file(states, unit), json.dumps(round(seconds, 3)).encode())


def _pace_file(states, unit):
    return states / unit.experiment / "seconds-per-epoch.json"


@dataclass(frozen=True)
class Progress:
    """How far a line of the plan is.

    Attributes:
        line: the line.
        recorded: its units that are recorded.
        units: all of them.
        seeds: those with which every algorithm is recorded.
        hours: that the recorded units took.
        missing: hours for the others, as `pace` knows it.
        gpu: whether it is left to machines with a GPU.
        older: epochs of a record in the same folder that the recorder did not make, or None.
    """

    line: Line
    recorded: int
    units: int
    seeds: tuple[int, ...]
    hours: float
    missing: float
    gpu: bool
    older: int | None


def progress(root: Path, states: Path) -> list[Progress]:
    """Return how far each line of the plan is."""
    found = []
    for line in plan.PLAN:
        units = list(line.units())
        provenance = _provenance(root, line.experiment, line.size)
        have = {key(entry): entry["seconds"] for entry in provenance.get("units", [])}
        done = [unit for unit in units if (unit.optimizer, unit.rate, unit.seed) in have]
        rest = [unit for unit in units if unit not in done]
        open_seeds = {unit.seed for unit in rest}
        seconds = [have[unit.optimizer, unit.rate, unit.seed] for unit in done]
        foreign = provenance and "units" not in provenance
        found.append(
            Progress(
                line,
                len(done),
                len(units),
                tuple(seed for seed in line.seeds if seed not in open_seeds),
                sum(seconds) / 3600,
                sum(unit.epochs * pace(states, unit) for unit in rest) / 3600,
                any(unit.gpu for unit in units),
                provenance["settings"]["epochs"] if foreign else None,
            )
        )
    return found
