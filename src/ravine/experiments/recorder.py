"""Work through the plan: train what is missing, unit after unit, and add each to its record.

Every unit keeps a checkpoint after every row, so that whatever stops the recorder costs a row at
most. A unit is locked while it trains: a second recorder takes the next one. A finished unit whose
record cannot take it stays in its checkpoint, and the next call tries again without training.
"""

import gc
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ravine.data import Dataset, datasets
from ravine.experiments import ledger, plan
from ravine.experiments.plan import Unit
from ravine.experiments.runs import describe, find, sizes
from ravine.experiments.setting import Experiment
from ravine.files import InUseError, only_writer
from ravine.results import Record, RecordError, machine, records
from ravine.training import (
    CheckpointError,
    MakeModel,
    MakeOptimizer,
    Report,
    compare,
    on_every_place,
    several,
)


@dataclass(frozen=True)
class Moment:
    """What a recorder tells after every row.

    Attributes:
        unit: that trains.
        row: the newest of its table.
        rows: of the unit so far.
        total: of the unit in the end.
        unit_left: seconds that the unit still takes.
        plan_left: seconds that the plan still takes, the unit among it.
    """

    unit: Unit
    row: dict[str, Any]
    rows: int
    total: int
    unit_left: float
    plan_left: float


@dataclass(frozen=True)
class Recorded:
    """What one call of `record` did.

    Attributes:
        units: that were added to their records.
        problems: sentences about units that were left out.
        complete: whether the call came to the end of the plan before its time was over.
    """

    units: list[Unit]
    problems: list[str]
    complete: bool


@dataclass(frozen=True)
class _Call:
    """One call of `record`: its arguments, its end, and the function that loads data."""

    root: Path
    states: Path
    units: list[Unit]
    deadline: float
    watch: Callable[[Moment], None]
    devices: int | None
    load: Callable[[Experiment], Dataset]


class _TimeOverError(Exception):
    """The time is over; the last row is in its checkpoint."""


def record(
    hours: float,
    root: Path,
    states: Path,
    units: Sequence[Unit] | None = None,
    watch: Callable[[Moment], None] = lambda moment: None,
    devices: int | None = None,
) -> Recorded:
    """Train the units that are missing, in their order, until the time is over.

    Args:
        hours: that it may take; it ends with the last row that fits.
        root: directory of the records.
        states: directory of the checkpoints.
        units: of the plan by default.
        watch: called after every row, once it is in its checkpoint.
        devices: share every minibatch out over so many, see `training.several`.

    Raises:
        WriteError: if the disk is full or a directory cannot be written.
        KeyboardInterrupt: on Ctrl-C; what was trained is in its checkpoint.
    """
    units = plan.units() if units is None else list(units)
    call = _Call(root, states, units, time.monotonic() + 3600 * hours, watch, devices, _loader())
    done: list[Unit] = []
    problems: dict[str, None] = {}  # each sentence once, in order
    gpu = not machine.environment()["device"].startswith("CPU")
    for unit in units:
        if time.monotonic() >= call.deadline:
            return Recorded(done, list(problems), complete=False)
        if ledger.is_recorded(root, unit):
            continue
        if unit.gpu and not gpu:
            problems[f"{unit.experiment} is left to a machine with a GPU."] = None
            continue
        try:
            # the checkpoints have a folder of their own in the one that is held
            with only_writer(ledger.unit_directory(states, unit)):
                if not ledger.is_recorded(root, unit):  # by another, a moment ago
                    _work(unit, call)
                    done.append(unit)
        except (InUseError, datasets.DatasetError, CheckpointError, RecordError) as error:
            problems[str(error)] = None
        except _TimeOverError:
            return Recorded(done, list(problems), complete=False)
        gc.collect()  # the network of this unit, before the next is made
    return Recorded(done, list(problems), complete=True)


def record_on_cluster(
    hours: float, root: Path, states: Path, units: Sequence[Unit] | None = None
) -> Recorded:
    """Do what `record` does on every GPU or core of a Ray cluster; they share the units out.

    Args:
        hours: as in `record`.
        root: likewise, on a disk that all machines share.
        states: likewise.
        units: likewise.

    Raises:
        ClusterError: if there is no Ray, or a machine was lost.
        Exception: what `record` raises.
    """
    parts = on_every_place(partial(record, hours, root.absolute(), states.absolute(), units))
    return Recorded(
        [unit for part in parts for unit in part.units],
        list(dict.fromkeys(problem for part in parts for problem in part.problems)),
        all(part.complete for part in parts),
    )


def _work(unit: Unit, call: _Call) -> None:
    """Train a unit, or read it from its checkpoint, and add it to its record."""
    experiment = find(unit.experiment)
    setting = experiment.full
    dataset = call.load(experiment)
    environment = machine.environment()  # before the run: of the code that runs
    header = provenance_of(unit, experiment, dataset.provenance, environment)
    old = ledger.load(call.root, unit.experiment, unit.size)
    if old is None or "units" in old.provenance:  # one of before may be renamed while this trains
        ledger.check(call.root, header)
    folder = ledger.unit_directory(call.states, unit) / "checkpoints"
    points = min(setting.points, len(dataset.x_train) // setting.batch_size)
    with several(call.devices) if call.devices else nullcontext():
        frame = compare(
            setting.make_model,
            dataset,
            {unit.trial: _maker(unit, experiment)},
            [unit.seed],
            unit.epochs,
            setting.batch_size,
            experiment.loss,
            points,
            setting.parts,
            report=_clock(unit, points, call),
            checkpoints=folder,
        )
    seconds = round(float(frame["seconds"].sum()), 1)
    rate = {} if unit.rate is None else {"learning_rate": unit.rate}
    own = {"environment": environment, "date": records.now(), "seconds": seconds}
    entry = {"optimizer": unit.optimizer, **rate, "seed": unit.seed, **own}
    frame = frame.assign(optimizer=unit.optimizer)
    for name, value in rate.items():
        frame.insert(1, name, value)
    header["settings"].update(sizes(setting.make_model()))
    part = Record(frame, {**header, **own, "units": [entry]})
    ledger.merge(call.root, part, list(setting.optimizers))
    # a longer run of the plan goes on from the checkpoint of a shorter one
    if all(ledger.is_recorded(call.root, u) for u in call.units if unit.goes_on_as(u)):
        shutil.rmtree(folder, ignore_errors=True)


def provenance_of(
    unit: Unit, experiment: Experiment, dataset: str, environment: dict[str, str]
) -> dict[str, Any]:
    """Describe what is run, before it is run."""
    setting = experiment.full
    return {
        "experiment": unit.experiment,
        "size": unit.size,
        "settings": {
            "optimizers": {unit.trial: describe(_maker(unit, experiment)())},
            "network": _described(setting.make_model),
            "epochs": unit.epochs,
            "seeds": [unit.seed],
            "batch_size": setting.batch_size,
            "parts": setting.parts,
        },
        "dataset": dataset,
        "environment": environment,
    }


def _maker(unit: Unit, experiment: Experiment) -> MakeOptimizer:
    """Return the function that makes the optimizer of a unit."""
    if unit.rate is None:
        return experiment.full.optimizers[unit.optimizer]
    return partial(experiment.families[unit.optimizer], unit.rate)


def _described(make_model: MakeModel) -> dict[str, Any]:
    """Return the name of the function that makes a network, and what it is given."""
    function = getattr(make_model, "func", make_model)
    keywords = getattr(make_model, "keywords", {})
    given = dict(enumerate(getattr(make_model, "args", ()), 1))
    return {
        "function": function.__name__,
        **{str(name): value for name, value in sorted((given | keywords).items(), key=str)},
    }


def _loader() -> Callable[[Experiment], Dataset]:
    """Return a function that loads the data of an experiment and holds those of the last one."""
    held: dict[str, Dataset] = {}
    missing: dict[str, datasets.DatasetError] = {}

    def load(experiment: Experiment) -> Dataset:
        setting = experiment.full
        name = f"{experiment.dataset}, {setting.prepare!r}"
        if experiment.dataset in missing:  # a download is not tried for every unit
            raise missing[experiment.dataset]
        if name not in held:
            held.clear()  # before the next is there
            try:
                held[name] = setting.prepare(datasets.load(experiment.dataset, setting.data))
            except datasets.DatasetError as error:
                missing[experiment.dataset] = error
                raise
        return held[name]

    return load


def _clock(unit: Unit, points: int, call: _Call) -> Report:
    """Return the function that is told every row: it tells how long it takes, and ends in time."""
    later = call.units[call.units.index(unit) + 1 :]
    rest = sum(
        other.epochs * ledger.pace(call.states, other)
        for other in later
        if not (other.gpu and not unit.gpu) and not ledger.is_recorded(call.root, other)
    )
    total = unit.epochs * points + 1
    rows: list[dict[str, Any]] = []
    took: list[float] = []
    last = time.monotonic()

    def report(row: dict[str, Any]) -> None:
        nonlocal last
        now, before = time.monotonic(), last
        last = now
        rows.append(row)
        # one from the checkpoint comes at once, and the first has no training in it
        if now - before >= row["seconds"] > 0:
            took.append(now - before)
            if (len(rows) - 1) % points == 0:
                ledger.save_pace(call.states, unit, points * _mean(took))
        row_seconds = _mean(took) if took else ledger.pace(call.states, unit) / points
        left = (total - len(rows)) * (0 if row["diverged"] else row_seconds)
        call.watch(Moment(unit, row, len(rows), total, left, left + rest))
        if len(rows) < total and now + (took[-1] if took else 0.0) > call.deadline:
            raise _TimeOverError

    return report


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
