"""The comparison of Adam's successors once more, at constant rates and at rates that fall to zero.

How the algorithms rank may depend on the schedule they were compared under. So every algorithm of
`successors` runs twice on the same network, with the same seeds, the same number of steps and as
many trials: at a constant rate, and at one that falls along a straight line and reaches zero after
the last step. The grids are finer than those of `successors`: factors of 2 around its best rates.
"""

from functools import partial

import keras

from ravine.experiments import successors
from ravine.experiments.randomness import small_mlp
from ravine.experiments.setting import Experiment, Family
from ravine.optimizers import LinearDecay

TO_ZERO = " to zero"
STEPS = 5 * (4000 // 128)  # of a whole run: the epochs of `small_mlp` on the sample


def falling(family: Family, rate: float) -> keras.optimizers.Optimizer:
    """Return an optimizer whose rate falls from `rate` to zero within a run."""
    return family(LinearDecay(rate, STEPS))


FAMILIES: dict[str, Family] = {
    **successors.CONTESTANTS,
    **{name + TO_ZERO: partial(falling, family) for name, family in successors.CONTESTANTS.items()},
}
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
GRIDS = {
    name: tuple(factor * successors.QUICK_RATES[name.removesuffix(TO_ZERO)] for factor in FACTORS)
    for name in FAMILIES
}
QUICK_RATES = {name: successors.QUICK_RATES[name.removesuffix(TO_ZERO)] for name in FAMILIES}
QUICK = small_mlp("sample", FAMILIES, QUICK_RATES, seeds=20)

MNIST = Experiment(
    name="mnist-decay",
    title="MNIST, two hidden layers of 100 units, constant rates and rates that fall to zero",
    dataset="mnist",
    quick=QUICK,
    full=QUICK,
    grids=GRIDS,
    families=FAMILIES,
)

EXPERIMENTS = (MNIST,)
