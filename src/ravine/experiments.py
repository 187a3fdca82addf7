"""The experiments of the course, by name, each in two sizes.

`quick` runs on a laptop in about a minute, on data that come with the package; `full` is the
published setting.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import pandas as pd

from ravine import datasets, models, protocol, records
from ravine.optimizers import AdaGrad, Adam, GradientDescent, Momentum, RMSprop


@dataclass(frozen=True)
class Setting:
    """What one size of an experiment runs.

    Attributes:
        data: size of the data set, "sample" or "full".
        make_model: function that makes the network.
        optimizers: for each name a function that makes the tuned optimizer.
        epochs: passes over the training data.
        seeds: one run of each algorithm per seed.
        batch_size: images per step.
    """

    data: str
    make_model: protocol.MakeModel
    optimizers: Mapping[str, protocol.MakeOptimizer]
    epochs: int
    seeds: tuple[int, ...]
    batch_size: int = 128


@dataclass(frozen=True)
class Experiment:
    """An experiment: a data set, its sizes, and how the quick size was tuned.

    Attributes:
        name: what the command line calls it.
        title: what it compares.
        dataset: name of the data set.
        quick: the small size.
        full: the published size.
        grids: for each algorithm the learning rates that were tried for the quick size.
        families: for each algorithm a function (learning rate) -> optimizer.
    """

    name: str
    title: str
    dataset: str
    quick: Setting
    full: Setting
    grids: Mapping[str, tuple[float, ...]]
    families: Mapping[str, Callable[[float], keras.optimizers.Optimizer]]

    def setting(self, size: str) -> Setting:
        """Return the setting of a size; raise `ValueError` unless it is "quick" or "full"."""
        if size not in ("quick", "full"):
            raise ValueError(f'The size must be "quick" or "full", but it was {size!r}.')
        return self.quick if size == "quick" else self.full


# Equal budget: five learning rates for each algorithm, a factor of about 3 apart, with the other
# settings at their defaults. `ravine tune mnist-mlp` runs the grid again.
MLP_GRIDS = {
    "SGD": (0.03, 0.1, 0.3, 1.0, 3.0),
    "Momentum": (0.003, 0.01, 0.03, 0.1, 0.3),
    "AdaGrad": (0.003, 0.01, 0.03, 0.1, 0.3),
    "RMSprop": (0.0003, 0.001, 0.003, 0.01, 0.03),
    "Adam": (0.0003, 0.001, 0.003, 0.01, 0.03),
}
MLP_FAMILIES = {
    "SGD": GradientDescent,
    "Momentum": Momentum,
    "AdaGrad": AdaGrad,
    "RMSprop": RMSprop,
    "Adam": Adam,
}
# The best of each grid: the lowest training loss in the last epoch, over the tuning seeds 100 and
# 101, which no reported run uses. None of them lies at the end of its grid.
MLP_QUICK_RATES = {
    "SGD": 0.3,
    "Momentum": 0.1,
    "AdaGrad": 0.01,
    "RMSprop": 0.001,
    "Adam": 0.001,
}
TUNING_SEEDS = (100, 101)

MNIST_MLP = Experiment(
    name="mnist-mlp",
    title="MNIST, two hidden layers with ReLU and dropout",
    dataset="mnist",
    quick=Setting(
        data="sample",
        make_model=models.mnist_mlp,
        optimizers={
            name: partial(MLP_FAMILIES[name], rate) for name, rate in MLP_QUICK_RATES.items()
        },
        epochs=8,
        seeds=(0, 1, 2),
    ),
    # The settings published with the thesis behind the course.
    full=Setting(
        data="full",
        make_model=models.mnist_mlp,
        optimizers={
            "SGD": partial(GradientDescent, 0.01),
            "Momentum": partial(Momentum, 0.01, beta=0.9),
            "AdaGrad": partial(AdaGrad, 0.045),
            "RMSprop": partial(RMSprop, 1e-4, rho=0.91),
            "Adam": partial(Adam, 1e-4, beta_1=0.91, beta_2=0.998),
        },
        epochs=200,
        seeds=(0, 1, 2, 3, 4),
    ),
    grids=MLP_GRIDS,
    families=MLP_FAMILIES,
)

EXPERIMENTS = {experiment.name: experiment for experiment in (MNIST_MLP,)}


def run(
    name: str,
    size: str = "quick",
    optimizers: Iterable[str] | None = None,
    seeds: Iterable[int] | None = None,
    epochs: int | None = None,
    report: protocol.Report | None = None,
    checkpoints: Path | None = None,
) -> records.Record:
    """Run an experiment.

    Args:
        name: a key of `EXPERIMENTS`.
        size: "quick" or "full".
        optimizers: only these, by name; all by default.
        seeds: instead of the setting's own.
        epochs: instead of the setting's own.
        report: called with every new row, see `protocol.compare`.
        checkpoints: directory to go on from and to keep checkpoints in, see `protocol.compare`.

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
    seeds = list(setting.seeds if seeds is None else seeds)
    epochs = setting.epochs if epochs is None else epochs
    dataset = datasets.load(experiment.dataset, setting.data)

    began = time.perf_counter()
    frame = protocol.compare(
        setting.make_model, dataset, makers, seeds, epochs, setting.batch_size, report, checkpoints
    )
    provenance = {
        "experiment": name,
        "size": size,
        "settings": {
            "optimizers": {optimizer: describe(make()) for optimizer, make in makers.items()},
            "parameters": int(setting.make_model().count_params()),
            "epochs": epochs,
            "seeds": seeds,
            "batch_size": setting.batch_size,
        },
        "dataset": dataset.provenance,
        "environment": records.environment(),
        "date": records.now(),
        "seconds": round(time.perf_counter() - began, 1),
    }
    return records.Record(frame, provenance)


def tune(
    name: str,
    optimizers: Iterable[str] | None = None,
    seeds: Iterable[int] = TUNING_SEEDS,
    epochs: int | None = None,
    report: protocol.Report | None = None,
) -> pd.DataFrame:
    """Run the grid that the quick settings were chosen with.

    Args:
        name: a key of `EXPERIMENTS`.
        optimizers: only these, by name; all by default.
        seeds: other ones than the reported runs have.
        epochs: instead of the quick setting's own.
        report: called with every new row, see `protocol.compare`.

    Returns:
        One row per (optimizer, learning_rate) with `loss`, the geometric mean over the seeds of
        the training loss in the last epoch (infinite where a run diverged), and `best`.
    """
    experiment = find(name)
    setting = experiment.quick
    epochs = setting.epochs if epochs is None else epochs
    dataset = datasets.load(experiment.dataset, setting.data)
    rows = []
    for optimizer in experiment.grids if optimizers is None else optimizers:
        makers = {
            f"{optimizer}, {rate:g}": partial(experiment.families[optimizer], rate)
            for rate in experiment.grids[optimizer]
        }
        frame = protocol.compare(
            setting.make_model, dataset, makers, seeds, epochs, setting.batch_size, report
        )
        losses = protocol.summary(frame)["loss"]
        for rate in experiment.grids[optimizer]:
            loss = losses[f"{optimizer}, {rate:g}"]
            best = loss == losses.min()
            rows.append({"optimizer": optimizer, "learning_rate": rate, "loss": loss, "best": best})
    return pd.DataFrame(rows)


def find(name: str) -> Experiment:
    """Return the experiment of this name, or raise `ValueError`."""
    if name not in EXPERIMENTS:
        raise ValueError(f"There is no experiment {name!r}; there is {', '.join(EXPERIMENTS)}.")
    return EXPERIMENTS[name]


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
    return settings
