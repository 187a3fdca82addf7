"""Which optimizer? Adam, what came before it and what came after, with equal budgets.

Weight decay is switched off everywhere, so that all algorithms minimise the same cost. AdamW
without its decay is Adam and is not in the list. Muon is that of Keras; as its author asks, it
moves the matrices but the last by its own rule, and everything else by Adam's. Schedule-Free is
missing: Keras 3.15 computes it wrongly on TensorFlow, see the page on the successors.
"""

import inspect
import re
from collections.abc import Sequence

import keras

from ravine.experiments.randomness import small_mlp
from ravine.experiments.setting import FAMILIES, Experiment, Family
from ravine.optimizers import AdaBelief, AdaMax, AMSGrad, Lion, NAdam, Nesterov, RAdam


def has_muon() -> bool:
    """Tell whether Keras has the Muon of the records: earlier ones scale its steps otherwise."""
    found = getattr(keras.optimizers, "Muon", None)
    return found is not None and "rms_rate" in inspect.signature(found).parameters


if has_muon():

    @keras.saving.register_keras_serializable(package="ravine")
    class BodyMuon(keras.optimizers.Muon):
        """Keras' Muon that leaves the last matrix of a network, its head, to Adam.

        Muon's author does so (K. Jordan, 2024). Keras leaves out layers by name, and the head of
        our networks has none.
        """

        def build(self, var_list: Sequence[keras.Variable]) -> None:
            """Make the state; the head is the last variable of two axes."""
            if not self.built:
                head = [variable.path for variable in var_list if len(variable.shape) == 2][-1:]
                self.exclude_layers = [f"^{re.escape(path)}$" for path in head]
            super().build(var_list)


def muon(learning_rate: float) -> keras.optimizers.Optimizer:
    """Return Muon without weight decay, the head of the network left to Adam.

    Raises:
        ValueError: if this Keras has none, or an earlier one.
    """
    if not has_muon():
        raise ValueError(
            f"Keras {keras.__version__} has no Muon that scales its steps to the size of Adam's: "
            "install a newer Keras, or leave Muon out."
        )
    return BodyMuon(learning_rate, weight_decay=0.0, adam_weight_decay=0.0)


CONTESTANTS: dict[str, Family] = {
    **FAMILIES,
    "Nesterov": Nesterov,
    "AMSGrad": AMSGrad,
    "NAdam": NAdam,
    "AdaMax": AdaMax,
    "RAdam": RAdam,
    "AdaBelief": AdaBelief,
    "Lion": Lion,
    "Muon": muon,
}
# Five rates for each algorithm, a factor of about 3 apart, from the lowest on.
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
LOWEST = {
    "SGD": 0.03,
    "Momentum": 0.01,
    "AdaGrad": 3e-3,
    "RMSprop": 3e-4,
    "Adam": 1e-3,
    "Nesterov": 0.01,
    "AMSGrad": 1e-4,
    "NAdam": 1e-3,
    "AdaMax": 1e-3,
    "RAdam": 1e-3,
    "AdaBelief": 1e-3,
    "Lion": 1e-4,
    "Muon": 1e-3,
}
GRIDS = {name: RATES[RATES.index(rate) :][:5] for name, rate in LOWEST.items()}
# The best of each grid, see `experiments.tune`. None of them lies at the end of its grid.
QUICK_RATES = {
    "SGD": 0.3,
    "Momentum": 0.1,
    "AdaGrad": 0.03,
    "RMSprop": 3e-3,
    "Adam": 0.01,
    "Nesterov": 0.1,
    "AMSGrad": 1e-3,
    "NAdam": 0.01,
    "AdaMax": 0.01,
    "RAdam": 0.03,
    "AdaBelief": 3e-3,
    "Lion": 3e-3,
    "Muon": 0.01,
}
FULL_RATES = QUICK_RATES | {
    "Momentum": 0.03,
    "Adam": 3e-3,
    "NAdam": 3e-3,
    "RAdam": 3e-3,
    "Lion": 3e-4,
    "Muon": 3e-3,
}


MNIST = Experiment(
    name="mnist-successors",
    title="MNIST, two hidden layers of 100 units, Adam and what came after it",
    dataset="mnist",
    quick=small_mlp("sample", CONTESTANTS, QUICK_RATES, seeds=5),
    full=small_mlp("full", CONTESTANTS, FULL_RATES, seeds=10),
    grids=GRIDS,
    families=CONTESTANTS,
)

EXPERIMENTS = (MNIST,)
