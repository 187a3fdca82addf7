"""How large a minibatch? One experiment per size, every algorithm at several learning rates.

The page on the size of the minibatch counts the steps until the training loss has come down to a
target. The learning rate is tuned at each size, with as many rates for each algorithm and size. A
table row is the mean loss over about as many examples at every size, so that the sizes are judged
with the same noise.
"""

from functools import partial

import numpy as np
import pandas as pd

from ravine import networks
from ravine.experiments.setting import Experiment, Family, Setting, at_rates
from ravine.optimizers import Adam, GradientDescent, Momentum
from ravine.training import MakeOptimizer

SIZES = (8, 32, 128, 512, 2048)
FAMILIES: dict[str, Family] = {"SGD": GradientDescent, "Momentum": Momentum, "Adam": Adam}
# Adam at minibatches of 128, and elsewhere with β₁ and β₂ that forget as fast per example.
SCALED, BASE = "Adam, scaled β", 128


def families(size: int) -> dict[str, Family]:
    """Return the algorithms at a minibatch size, each a function of its learning rate."""
    k = size / BASE
    return {**FAMILIES, SCALED: partial(Adam, beta_1=0.9**k, beta_2=0.999**k)}


# Six learning rates, a factor of 2 apart, from these on. A coarse search with another seed
# placed the grids.
LOWEST = {
    "SGD": dict(zip(SIZES, (2.0**-7, 2.0**-5, 2.0**-5, 2.0**-5, 2.0**-5), strict=True)),
    "Momentum": dict(zip(SIZES, (2.0**-10, 2.0**-8, 2.0**-7, 2.0**-6, 2.0**-5), strict=True)),
    "Adam": dict(zip(SIZES, (2.0**-12, 2.0**-12, 2.0**-11, 2.0**-10, 2.0**-9), strict=True)),
}
LOWEST[SCALED] = LOWEST["Adam"]
FULL_EPOCHS = dict(zip(SIZES, (1, 1, 1, 2, 6), strict=True))
QUICK_EPOCHS = dict(zip(SIZES, (2, 3, 6, 12, 60), strict=True))
# The best of each grid, see `experiments.tune`. None of them lies at the end of its grid.
QUICK_RATES = {
    "SGD": dict(zip(SIZES, (2.0**-3, 2.0**-2, 2.0**-1, 2.0**-1, 2.0**-1), strict=True)),
    "Momentum": dict(zip(SIZES, (2.0**-7, 2.0**-5, 2.0**-3, 2.0**-2, 2.0**-2), strict=True)),
    "Adam": dict(zip(SIZES, (2.0**-9, 2.0**-8, 2.0**-8, 2.0**-6, 2.0**-6), strict=True)),
    SCALED: dict(zip(SIZES, (2.0**-9, 2.0**-8, 2.0**-8, 2.0**-6, 2.0**-8), strict=True)),
}

# A tenth of the published network's width, and no dropout.
network = partial(networks.mnist_mlp, hidden=100, dropout=0.0)


def rates(algorithm: str, size: int) -> tuple[float, ...]:
    """Return the learning rates that were tried for an algorithm at a minibatch size."""
    return tuple(LOWEST[algorithm][size] * 2.0**k for k in range(6))


def trial(algorithm: str, rate: float) -> str:
    """Return the name of the runs of an algorithm at a learning rate, as the records have it."""
    return f"{algorithm}, {rate:g}"


def steps_to(frame: pd.DataFrame, target: float, steps: int) -> pd.DataFrame:
    """Count the steps until the training loss has come down to a target.

    A row of the table is the mean loss over the steps since the row before, and stands for the
    middle of them. The run is at the target where the straight line in ln(loss) between the first
    row at or below the target and the row before it crosses the target.

    Args:
        frame: a table made by `training.compare`, with any number of points per epoch.
        target: training loss.
        steps: per epoch.

    Returns:
        One row per optimizer, one column per seed; infinite where the target was not reached.
    """
    counted = {}
    for run_of, run in frame.groupby(["optimizer", "seed"]):
        losses = run["loss"].to_numpy()
        points = np.searchsorted(run["epoch"], 1)
        epochs, parts = np.divmod(np.arange(len(run)), points)
        ends = epochs * steps + steps * parts // points
        middles = np.concatenate([[0], (ends[:-1] + ends[1:]) / 2])
        below = np.flatnonzero(losses <= target)
        found = np.inf
        if len(below):
            k = max(below[0], 1)
            share = np.log(losses[k - 1] / target) / np.log(losses[k - 1] / losses[k])
            found = middles[k - 1] + share * (middles[k] - middles[k - 1])
        counted[run_of] = float(found)
    return pd.Series(counted).unstack()


def _trials(size):
    """Return for every trial a function that makes its optimizer."""
    made: dict[str, MakeOptimizer] = {}
    for name, family in families(size).items():
        for rate in rates(name, size):
            made[trial(name, rate)] = partial(family, rate)
    return made


def _experiment(size):
    """Return the experiment with minibatches of this size."""
    return Experiment(
        name=f"batch-size-{size}",
        title=f"MNIST, two hidden layers of 100 units, minibatches of {size}",
        dataset="mnist",
        quick=Setting(
            data="sample",
            make_model=network,
            optimizers=at_rates(families(size), {n: QUICK_RATES[n][size] for n in QUICK_RATES}),
            epochs=QUICK_EPOCHS[size],
            seeds=(0, 1, 2),
            batch_size=size,
            points=min(5, 4000 // size),
        ),
        full=Setting(
            data="full",
            make_model=network,
            optimizers=_trials(size),
            epochs=FULL_EPOCHS[size],
            seeds=(0, 1, 2, 3, 4),
            batch_size=size,
            points=15,
        ),
        grids={name: rates(name, size) for name in families(size)},
        families=families(size),
    )


EXPERIMENTS = tuple(_experiment(size) for size in SIZES)
