"""Thirty seeds of one comparison: how much of a result is chance.

The page on randomness asks what each seed alone would have claimed, so the network is small enough
for many seeds.
"""

from functools import partial

from ravine import models
from ravine.experiments.setting import FAMILIES, Experiment, Setting, at_rates

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


def _setting(data, rates, seeds):
    return Setting(
        data=data,
        make_model=partial(models.mnist_mlp, hidden=100, dropout=0.2),
        optimizers=at_rates(FAMILIES, rates),
        epochs=5,
        seeds=seeds,
    )


MNIST = Experiment(
    name="mnist-seeds",
    title="MNIST, two hidden layers of 100 units, thirty seeds",
    dataset="mnist",
    quick=_setting("sample", QUICK_RATES, seeds=tuple(range(10))),
    full=_setting("full", FULL_RATES, seeds=tuple(range(30))),
    grids=GRIDS,
    families=FAMILIES,
)

EXPERIMENTS = (MNIST,)
