"""AdamW's customs, one taken away at a time, on a small transformer that overfits.

Weight decay shows in the test loss where a network overfits. So this one gets a
quarter of the texts of `transformer` and sees them eight times, which is as many steps.
The plain AdamW here leaves biases and norms alone, as is the custom. Each other contestant differs
from it in one thing, or in the strength of its decay.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import keras
from keras import ops

from ravine.data import Dataset
from ravine.experiments import transformer
from ravine.experiments.setting import Experiment, Family, Setting, at_rates
from ravine.optimizers import Adam, AdamW, support

BIASES_AND_NORMS = ("bias", "gamma", "beta")  # as Keras names them
SHARE = 4  # one of so many texts
DECAYS = (1.0, 3.0, 10.0)  # of AdamW
PENALTIES = (0.001, 0.01)  # of Adam with an L2 penalty, whose gradients are small


@keras.saving.register_keras_serializable(package="ravine")
class AdamL2(AdamW):
    r"""Adam with the L2 penalty $\frac\lambda2\lVert\theta\rVert^2$ in the cost.

    Its gradient $\lambda\theta$ joins $g_t$ before the moments, and so is divided by
    $\sqrt{\hat v_t}$ as all of it is. `weight_decay` is $\lambda$; variables that are excluded from
    the decay have no penalty.
    """

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply Adam's step for the cost with its penalty to one variable."""
        g, _ = support.working_precision(gradient, variable, learning_rate)
        penalty = self.weight_decay if self._use_weight_decay(variable) else 0.0
        Adam.update_step(self, g + penalty * ops.cast(variable, g.dtype), variable, learning_rate)


def spared(family: type[AdamW], learning_rate: float, weight_decay: float, **options: Any) -> AdamW:
    """Return an optimizer that leaves biases and norms out of its decay.

    Args:
        family: its class.
        learning_rate: its rate.
        weight_decay: λ of all other variables.
        **options: what else the class takes.
    """
    optimizer = family(learning_rate, weight_decay=weight_decay, **options)
    optimizer.exclude_from_weight_decay(var_names=list(BIASES_AND_NORMS))
    return optimizer


def quarter(dataset: Dataset) -> Dataset:
    """Cut a data set into short texts, and keep the first quarter of each of its parts."""
    cut = transformer.texts(dataset, transformer.QUICK_STEPS)
    names = ("x_train", "y_train", "x_valid", "y_valid", "x_test", "y_test")
    parts = {name: getattr(cut, name) for name in names}
    kept = {name: rows[: len(rows) // SHARE] for name, rows in parts.items()}
    return replace(cut, **kept, provenance=f"{cut.provenance}, the first quarter of each part")


BASE = 3.0  # λ of those that differ in something else
FAMILIES: dict[str, Family] = {
    "Adam": Adam,
    **{f"AdamW {decay:g}": partial(spared, AdamW, weight_decay=decay) for decay in DECAYS},
    **{
        f"Adam L2 {penalty:g}": partial(spared, AdamL2, weight_decay=penalty)
        for penalty in PENALTIES
    },
    "AdamW on all": partial(AdamW, weight_decay=BASE),
    "AdamW beta_2 0.95": partial(spared, AdamW, weight_decay=BASE, beta_2=0.95),
    "AdamW clipped": partial(spared, AdamW, weight_decay=BASE, global_clipnorm=1.0),
}
RATES = (0.001, 0.003, 0.01, 0.03)
# The best of each grid, see `experiments.tune`. None of them lies at the end of its grid.
QUICK_RATES = dict.fromkeys(FAMILIES, 0.003) | {"AdamW 10": 0.01, "AdamW on all": 0.01}
QUICK = Setting(
    data="sample",
    make_model=transformer.quick_network,
    optimizers=at_rates(FAMILIES, QUICK_RATES),
    epochs=8,
    seeds=(0, 1, 2),
    batch_size=transformer.QUICK_BATCH,
    prepare=quarter,
)

TRANSFORMER = Experiment(
    name="transformer-adamw",
    title="A small transformer on a quarter of the text, AdamW's customs one by one",
    dataset="ptb",
    quick=QUICK,
    full=QUICK,
    grids=dict.fromkeys(FAMILIES, RATES),
    families=FAMILIES,
)

EXPERIMENTS = (TRANSFORMER,)
