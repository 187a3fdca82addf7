"""Thirty seeds of one comparison: how much of a result is chance.

The page on randomness asks what each seed alone would have claimed, so the network is small enough
for many seeds.
"""

from collections.abc import Mapping
from functools import partial

from ravine import networks
from ravine.experiments.setting import FAMILIES, Experiment, Family, Setting, at_rates

# The best of each grid, see `experiments.tune`. None of them lies at the end of its grid.
QUICK_RATES = {"SGD": 0.3, "Momentum": 0.1, "AdaGrad": 0.03, "RMSprop": 0.003, "Adam": 0.01}
FULL_RATES = QUICK_RATES | {"Momentum": 0.03, "Adam": 0.003}
# Factors of about 3: seven rates for each algorithm.
GRIDS = {
    "SGD": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
    "Momentum": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
    "AdaGrad": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
    "RMSprop": (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
    "Adam": (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1),
}


def small_mlp(
    data: str, families: Mapping[str, Family], rates: Mapping[str, float], seeds: int
) -> Setting:
    """Return five epochs of a network with two hidden layers of 100 units on digits.

    Args:
        data: size of the data set, "sample" or "full".
        families: for each algorithm a function (learning rate) -> optimizer.
        rates: for each algorithm its learning rate.
        seeds: how many.
    """
    return Setting(
        data=data,
        make_model=partial(networks.mnist_mlp, hidden=100, dropout=0.2),
        optimizers=at_rates(families, rates),
        epochs=5,
        seeds=tuple(range(seeds)),
    )


MNIST = Experiment(
    name="mnist-seeds",
    title="MNIST, two hidden layers of 100 units, thirty seeds",
    dataset="mnist",
    quick=small_mlp("sample", FAMILIES, QUICK_RATES, seeds=10),
    full=small_mlp("full", FAMILIES, FULL_RATES, seeds=30),
    grids=GRIDS,
    families=FAMILIES,
)

# The two lowest of `MNIST` once more, at rates a factor of 1.7 apart: a finer grid gained the loser
# as much as what it lost by.
FINER_FAMILIES = {name: FAMILIES[name] for name in ("RMSprop", "Adam")}

FINER_MNIST = Experiment(
    name="mnist-seeds-finer",
    title="MNIST, two hidden layers of 100 units, thirty seeds, rates a factor of 1.7 apart",
    dataset="mnist",
    quick=small_mlp("sample", FINER_FAMILIES, {"RMSprop": 0.003, "Adam": 0.0055}, seeds=10),
    full=small_mlp("full", FINER_FAMILIES, {"RMSprop": 0.0017, "Adam": 0.0017}, seeds=30),
    grids=dict.fromkeys(FINER_FAMILIES, (0.0006, 0.001, 0.0017, 0.003, 0.0055, 0.01, 0.017)),
    families=FINER_FAMILIES,
)

EXPERIMENTS = (MNIST, FINER_MNIST)
