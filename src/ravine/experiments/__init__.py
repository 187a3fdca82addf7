"""The experiments of the course, by name, each in two sizes; one file for each family of them.

`quick` runs on a laptop in about a minute, on data that come with the package; `full` is the
published setting. All but the plan loads Keras, and so is loaded when it is asked for.
"""

from typing import TYPE_CHECKING

from ravine._faces import on_demand
from ravine.experiments.ledger import Progress, RefusedError, progress, state_directory
from ravine.experiments.plan import PLAN, Line, Unit, units

if TYPE_CHECKING:
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
    from ravine.experiments.additions import add
    from ravine.experiments.recorder import Moment, Recorded, record, record_on_cluster
    from ravine.experiments.runs import (
        EXPERIMENTS,
        TUNING_SEEDS,
        best_rates,
        between,
        describe,
        find,
        finer_gains,
        run,
        trials,
        tune,
    )
    from ravine.experiments.setting import Experiment, Setting

__all__ = [
    "EXPERIMENTS",
    "PLAN",
    "TUNING_SEEDS",
    "Experiment",
    "Line",
    "Moment",
    "Progress",
    "Recorded",
    "RefusedError",
    "Setting",
    "Unit",
    "adamw",
    "add",
    "averages",
    "bag_of_words",
    "batch_size",
    "best_rates",
    "between",
    "cifar",
    "decay",
    "describe",
    "find",
    "finer_gains",
    "language",
    "mnist",
    "progress",
    "randomness",
    "record",
    "record_on_cluster",
    "run",
    "state_directory",
    "successors",
    "transformer",
    "trials",
    "tune",
    "units",
    "vae",
    "vgg",
]

__getattr__ = on_demand(
    __name__,
    {
        "adamw": ("adamw",),
        "averages": ("averages",),
        "bag_of_words": ("bag_of_words",),
        "batch_size": ("batch_size",),
        "cifar": ("cifar",),
        "decay": ("decay",),
        "language": ("language",),
        "mnist": ("mnist",),
        "randomness": ("randomness",),
        "successors": ("successors",),
        "transformer": ("transformer",),
        "vae": ("vae",),
        "vgg": ("vgg",),
        "additions": ("add",),
        "recorder": (
            "Moment",
            "Recorded",
            "record",
            "record_on_cluster",
        ),
        "runs": (
            "EXPERIMENTS",
            "TUNING_SEEDS",
            "best_rates",
            "between",
            "describe",
            "find",
            "finer_gains",
            "run",
            "trials",
            "tune",
        ),
        "setting": (
            "Experiment",
            "Setting",
        ),
    },
)
