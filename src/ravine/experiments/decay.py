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
# Five rates a factor of 2 apart, around the best of `successors`. Three end lowest under a decay at
# four times that rate: for them the five are shifted by one.
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
SHIFTED = tuple(name + TO_ZERO for name in ("RMSprop", "RAdam", "AdaBelief"))
GRIDS = {
    name: tuple(
        factor * successors.QUICK_RATES[name.removesuffix(TO_ZERO)] * (2 if name in SHIFTED else 1)
        for factor in FACTORS
    )
    for name in FAMILIES
}
# The best of each grid, see `experiments.tune`. None of them lies at the end of its grid.
QUICK_RATES = {
    "SGD": 0.6,
    "Momentum": 0.1,
    "AdaGrad": 0.03,
    "RMSprop": 3e-3,
    "Adam": 5e-3,
    "Nesterov": 0.1,
    "AMSGrad": 2e-3,
    "NAdam": 5e-3,
    "AdaMax": 0.01,
    "RAdam": 0.03,
    "AdaBelief": 6e-3,
    "Lion": 1.5e-3,
    "Muon": 0.01,
    "SGD to zero": 0.6,
    "Momentum to zero": 0.2,
    "AdaGrad to zero": 0.03,
    "RMSprop to zero": 0.012,
    "Adam to zero": 0.01,
    "Nesterov to zero": 0.2,
    "AMSGrad to zero": 2e-3,
    "NAdam to zero": 0.01,
    "AdaMax to zero": 0.02,
    "RAdam to zero": 0.12,
    "AdaBelief to zero": 0.012,
    "Lion to zero": 3e-3,
    "Muon to zero": 0.02,
}
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
