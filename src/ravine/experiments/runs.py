"""The table of all experiments, and how one of them is run, tuned and recorded."""

import math
import time
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from ravine.data import datasets
from ravine.experiments import (
    adamw,
    averages,
    bag_of_words,
    batch_size,
    cifar,
    decay,
    language,
    mnist,
    randomness,
    successors,
    transformer,
    vae,
    vgg,
)
from ravine.experiments.setting import Experiment
from ravine.results import Record, machine, records, summary
from ravine.training import (
    MakeOptimizer,
    Report,
    compare,
    compare_on_cluster,
    names_without_decay,
    without_modules,
)

EXPERIMENTS = {
    experiment.name: experiment
    for family in (
        mnist,
        bag_of_words,
        cifar,
        vae,
        vgg,
        language,
        transformer,
        batch_size,
        averages,
        randomness,
        successors,
        decay,
        adamw,
    )
    for experiment in family.EXPERIMENTS
}
TUNING_SEEDS = (100, 101)  # no reported run uses them


def run(
    name: str,
    size: str = "quick",
    optimizers: Iterable[str] | None = None,
    seeds: Iterable[int] | None = None,
    epochs: int | None = None,
    report: Report | None = None,
    checkpoints: Path | None = None,
    on_cluster: bool = False,
) -> Record:
    """Run an experiment.

    Args:
        name: a key of `EXPERIMENTS`.
        size: "quick" or "full".
        optimizers: only these, by name; all by default.
        seeds: instead of the setting's own.
        epochs: instead of the setting's own.
        report: called with every new row, see `training.compare`.
        checkpoints: directory to go on from and to keep checkpoints in, see `training.compare`.
        on_cluster: whether to share the runs out, see `training.compare_on_cluster`.

    Raises:
        ValueError: if there is no such experiment, size or optimizer.
        DatasetError: if the data are not there.
    """
    experiment = find(name)
    setting = experiment.setting(size)
    chosen = list(setting.optimizers if optimizers is None else optimizers)
    for optimizer in chosen:
        if optimizer not in setting.optimizers:
            raise ValueError(
                f"{name} has no optimizer {optimizer!r}; it has {', '.join(setting.optimizers)}."
            )
    makers = {optimizer: setting.optimizers[optimizer] for optimizer in chosen}
    seeds = setting.seeds if seeds is None else seeds
    epochs = setting.epochs if epochs is None else epochs
    return _record(experiment, size, makers, seeds, epochs, report, checkpoints, on_cluster)


def tune(
    name: str,
    size: str = "quick",
    optimizers: Iterable[str] | None = None,
    seeds: Iterable[int] = TUNING_SEEDS,
    epochs: int | None = None,
    report: Report | None = None,
    checkpoints: Path | None = None,
    on_cluster: bool = False,
    finer_than: pd.DataFrame | None = None,
) -> Record:
    """Run the grid of learning rates: every rate of every algorithm, on seeds of its own.

    Every algorithm gets as many trials as any other. The quick settings are the best of this grid.

    Args:
        name: a key of `EXPERIMENTS`.
        size: "quick" or "full".
        optimizers: only these, by name; all by default.
        seeds: other ones than the reported runs have.
        epochs: instead of the setting's own.
        report: called with every new row, see `training.compare`.
        checkpoints: directory to go on from and to keep checkpoints in, see `training.compare`.
        on_cluster: whether to share the runs out, see `training.compare_on_cluster`.
        finer_than: the table of such a record, to try the rates of `between` instead.

    Returns:
        A record of the size "quick-grid", "full-grid" or such as "5-epochs-grid", whose table has a
        column `learning_rate` more, see `best_rates`. With `finer_than` it is such as
        "quick-finer-grid".
    """
    experiment = find(name)
    epochs = experiment.setting(size).epochs if epochs is None else epochs
    grids = experiment.grids if finer_than is None else between(finer_than)
    chosen = list(grids if optimizers is None else optimizers)
    known = trials(grids, chosen)
    makers = {
        trial: partial(experiment.families[optimizer], rate)
        for trial, (optimizer, rate) in known.items()
    }
    record = _record(experiment, size, makers, seeds, epochs, report, checkpoints, on_cluster)
    optimizer, rate = zip(*record.frame["optimizer"].map(known), strict=True)
    frame = record.frame.assign(optimizer=optimizer)
    frame.insert(1, "learning_rate", rate)
    kind = records.GRID if finer_than is None else records.FINER_GRID
    return Record(frame, {**record.provenance, "size": record.provenance["size"] + kind})


def trials(
    grids: Mapping[str, Iterable[float]], optimizers: Iterable[str]
) -> dict[str, tuple[str, float]]:
    """Return the trials of these optimizers' grids: by name, such as "Adam, 0.01", what each is."""
    return {
        f"{optimizer}, {rate:g}": (optimizer, rate)
        for optimizer in optimizers
        for rate in grids[optimizer]
    }


def between(frame: pd.DataFrame) -> dict[str, tuple[float, ...]]:
    """Return, for each algorithm of a grid, the rates halfway from the best one to its neighbours.

    Halfway is the geometric mean, rounded to two digits. A best rate at the end of its grid has one
    neighbour.

    Args:
        frame: the table of a record made by `tune`.
    """
    rates = {}
    for optimizer, grid in best_rates(frame).groupby("optimizer", sort=False):
        known = sorted(grid["learning_rate"])
        best = known.index(grid.loc[grid["best"], "learning_rate"].iloc[0])
        around = known[max(best - 1, 0) : best + 2]
        rates[str(optimizer)] = tuple(
            float(f"{math.sqrt(one * other):.2g}") for one, other in pairwise(around)
        )
    return rates


def best_rates(frame: pd.DataFrame) -> pd.DataFrame:
    """Judge the trials of `tune` by the training loss in their last epoch.

    Args:
        frame: the table of a record made by `tune`.

    Returns:
        One row per (optimizer, learning_rate) with `loss`, the geometric mean over the seeds
        (infinite where a run diverged), and `best`, true for the lowest of each optimizer.
    """
    trials = frame[["optimizer", "learning_rate"]].drop_duplicates()
    table = trials.merge(summary(frame)["loss"].reset_index())
    table["best"] = table["loss"] == table.groupby("optimizer")["loss"].transform("min")
    return table


def finer_gains(name: str, size: str = "quick", root: Path | None = None) -> pd.Series:
    """Return what the rates of `between` gained each algorithm, in ln(loss), at least 0.

    Args:
        name: of an experiment whose grid and finer grid are recorded, or `RecordError` is raised.
        size: of their runs: "quick", "full" or such as "5-epochs".
        root: where the records are, see `results.records.load`.

    Returns:
        ln(lowest loss of the grid) - ln(lowest loss of both), the algorithms as index.
    """
    kinds = (records.GRID, records.FINER_GRID)
    trials = (best_rates(records.load(name, size + kind, root).frame) for kind in kinds)
    before, after = (
        np.log(table.groupby("optimizer", sort=False)["loss"].min()) for table in trials
    )
    return (before - after).clip(lower=0)


def find(name: str) -> Experiment:
    """Return the experiment of this name, or raise `ValueError`."""
    if name not in EXPERIMENTS:
        raise ValueError(f"There is no experiment {name!r}; there is {', '.join(EXPERIMENTS)}.")
    return EXPERIMENTS[name]


def sizes(model: keras.Model) -> dict[str, int]:
    """Return how many numbers a network holds, "parameters", and how many of them are trained.

    What is not trained are running means (of batch normalization) and what an LSTM carries from
    minibatch to minibatch. A network with dropout also holds the state of its noise, which Keras
    does not count.
    """
    trained = sum(math.prod(variable.shape) for variable in model.trainable_variables)
    return {"parameters": int(model.count_params()), "trainable": trained}


def describe(optimizer: keras.optimizers.Optimizer) -> dict[str, Any]:
    """Return the class of an optimizer and its settings, without those that are switched off."""
    config = optimizer.get_config()
    if not config.get("use_ema"):
        config.pop("ema_momentum", None)
    settings: dict[str, Any] = {"class": type(optimizer).__name__}
    for key, value in config.items():
        if key != "name" and value is not None and value is not False:
            # the rate comes back from float32 as 0.009999999776482582
            settings[key] = float(f"{value:.6g}") if isinstance(value, float) else value
    if excluded := names_without_decay(optimizer):
        settings["no decay on"] = excluded
    return without_modules(settings)


def _record(
    experiment: Experiment,
    size: str,
    makers: Mapping[str, MakeOptimizer],
    seeds: Iterable[int],
    epochs: int,
    report: Report | None,
    checkpoints: Path | None,
    on_cluster: bool,
) -> Record:
    """Run optimizers on an experiment and describe what was run."""
    setting = experiment.setting(size)
    seeds = list(seeds)
    dataset = setting.prepare(datasets.load(experiment.dataset, setting.data))
    # a folder of ImageNet may hold so few images that an epoch has fewer steps
    points = min(setting.points, len(dataset.x_train) // setting.batch_size)
    environment = machine.environment()  # before the run: of the code that runs
    began = time.perf_counter()
    compare_all = compare_on_cluster if on_cluster else compare
    frame = compare_all(
        setting.make_model,
        dataset,
        makers,
        seeds,
        epochs,
        setting.batch_size,
        experiment.loss,
        points,
        setting.parts,
        report=report,
        checkpoints=checkpoints,
    )
    provenance = {
        "experiment": experiment.name,
        "size": records.size_of(size, epochs, setting.epochs),
        "settings": {
            "optimizers": {optimizer: describe(make()) for optimizer, make in makers.items()},
            **sizes(setting.make_model()),
            "epochs": epochs,
            "seeds": seeds,
            "batch_size": setting.batch_size,
            "parts": setting.parts,
        },
        "dataset": dataset.provenance,
        "environment": environment,
        "date": records.now(),
        "seconds": round(time.perf_counter() - began, 1),
        "peak_memory_mib": machine.peak_memory(),
    }
    return Record(frame, provenance)
