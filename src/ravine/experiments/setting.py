"""What an experiment is: a data set, two sizes, and the grid its learning rates come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import keras

from ravine.data import Dataset
from ravine.optimizers import AdaGrad, Adam, GradientDescent, InverseSquareRoot, Momentum, RMSprop
from ravine.training import Loss, MakeModel, MakeOptimizer, cross_entropy

Family = Callable[[float], keras.optimizers.Optimizer]

# The algorithms of the presentation, each a function of its learning rate.
FAMILIES: dict[str, Family] = {
    "SGD": GradientDescent,
    "Momentum": Momentum,
    "AdaGrad": AdaGrad,
    "RMSprop": RMSprop,
    "Adam": Adam,
}


def unchanged(dataset: Dataset) -> Dataset:
    """Return the data set as it was loaded."""
    return dataset


@dataclass(frozen=True)
class Setting:
    """What one size of an experiment runs.

    Attributes:
        data: size of the data set, "sample" or "full".
        make_model: function that makes the network.
        optimizers: for each name a function that makes the tuned optimizer.
        epochs: passes over the training data.
        seeds: one run of each algorithm per seed.
        batch_size: rows per step.
        points: rows of the table per epoch.
        parts: equal parts in which the gradient of a minibatch is computed, to need less memory.
        prepare: what is done to the data set once, such as `datasets.whiten`.
    """

    data: str
    make_model: MakeModel
    optimizers: Mapping[str, MakeOptimizer]
    epochs: int
    seeds: tuple[int, ...]
    batch_size: int = 128
    points: int = 1
    parts: int = 1
    prepare: Callable[[Dataset], Dataset] = unchanged


@dataclass(frozen=True)
class Experiment:
    """An experiment: a data set, its sizes, and how the quick size was tuned.

    Attributes:
        name: what the command line calls it.
        title: what it compares.
        dataset: name of the data set.
        quick: the small size.
        full: the published size.
        grids: for each algorithm the learning rates that were tried for the quick size, as many
            for each.
        families: for each algorithm a function (learning rate) -> optimizer.
        loss: what is minimised, function (labels, outputs) -> scalar.
    """

    name: str
    title: str
    dataset: str
    quick: Setting
    full: Setting
    grids: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    families: Mapping[str, Family] = field(default_factory=dict)
    loss: Loss = cross_entropy

    def setting(self, size: str) -> Setting:
        """Return the setting of a size; raise `ValueError` unless it is "quick" or "full"."""
        if size not in ("quick", "full"):
            raise ValueError(f'The size must be "quick" or "full", but it was {size!r}.')
        return self.quick if size == "quick" else self.full


def decaying(
    optimizer: type[keras.optimizers.Optimizer], rate: float
) -> keras.optimizers.Optimizer:
    """Return an optimizer whose learning rate falls as rate/√t, as in the paper's figure 1."""
    return optimizer(InverseSquareRoot(rate))


def at_rates(
    families: Mapping[str, Family], rates: Mapping[str, float]
) -> dict[str, MakeOptimizer]:
    """Return for each algorithm a function that makes it with its learning rate."""
    return {name: partial(families[name], rate) for name, rate in rates.items()}
