"""The experiments of the course, by name, each in two sizes; one file for each family of them.

`quick` runs on a laptop in about a minute, on data that come with the package; `full` is the
published setting.
"""

from ravine.experiments import (
    averages,
    bag_of_words,
    batch_size,
    cifar,
    language,
    mnist,
    randomness,
    successors,
    vae,
    vgg,
)
from ravine.experiments.runs import (
    EXPERIMENTS,
    TUNING_SEEDS,
    best_rates,
    describe,
    find,
    run,
    tune,
)
from ravine.experiments.setting import Experiment, Setting

__all__ = [
    "EXPERIMENTS",
    "TUNING_SEEDS",
    "Experiment",
    "Setting",
    "averages",
    "bag_of_words",
    "batch_size",
    "best_rates",
    "cifar",
    "describe",
    "find",
    "language",
    "mnist",
    "randomness",
    "run",
    "successors",
    "tune",
    "vae",
    "vgg",
]
