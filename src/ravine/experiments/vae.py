"""The variational autoencoder of the paper's figure 4: what bias correction does.

The figure is a grid: the loss against the learning rate, for several β₁ and β₂, with and without
the correction. So `experiments.tune` makes it, and `experiments.run` compares the settings of the
grid at one learning rate each.
"""

from dataclasses import replace
from functools import partial
from itertools import product
from typing import NamedTuple

import keras
import pandas as pd
from keras import ops

from ravine import networks
from ravine.data import Dataset
from ravine.experiments.setting import Experiment, Setting, at_rates
from ravine.optimizers import Adam, support
from ravine.training import negative_elbo


@keras.saving.register_keras_serializable(package="ravine")
class UncorrectedAdam(Adam):
    r"""Adam without eqs. (5.3) and (5.4): both running means are used as they are.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    m_t &= \beta_1 m_{t-1} + (1-\beta_1)\, g_t, \qquad m_0 = 0 \\
    v_t &= \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2, \qquad v_0 = 0 \\
    \theta_t &= \theta_{t-1} - \eta\, m_t / (\sqrt{v_t} + \epsilon)
    \end{aligned}
    $$
    """

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eqs. (5.1), (5.2) and (5.5) to one variable; all shapes are equal."""
        g, eta = support.working_precision(gradient, variable, learning_rate)
        m = self.m[self._get_variable_index(variable)]
        v = self.v[self._get_variable_index(variable)]

        self.assign(m, self.beta_1 * m + (1 - self.beta_1) * g)  # eq. (5.1)
        self.assign(v, self.beta_2 * v + (1 - self.beta_2) * ops.square(g))  # eq. (5.2)
        step = eta * m / (ops.sqrt(v) + self.epsilon)
        self.assign_sub(variable, ops.cast(step, variable.dtype))  # eq. (5.5)


class Variant(NamedTuple):
    """One setting of the grid, but for its learning rate."""

    beta_1: float
    beta_2: float
    corrected: bool

    def make(self, learning_rate: float) -> Adam:
        """Return the optimizer."""
        kind = Adam if self.corrected else UncorrectedAdam
        return kind(learning_rate, beta_1=self.beta_1, beta_2=self.beta_2)


VARIANTS = {
    f"Adam {beta_1:g} {beta_2:g}{'' if corrected else ' uncorrected'}": Variant(
        beta_1, beta_2, corrected
    )
    for beta_1, beta_2, corrected in product((0.0, 0.9), (0.99, 0.999, 0.9999), (True, False))
}
FAMILIES = {name: variant.make for name, variant in VARIANTS.items()}
# The paper's axis, log10 of the learning rate from -5 to -1, in halves.
RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
# The best of the quick grid. None of them lies at its end.
QUICK_RATES = {
    "Adam 0 0.99": 3e-3,
    "Adam 0 0.99 uncorrected": 3e-3,
    "Adam 0 0.999": 3e-3,
    "Adam 0 0.999 uncorrected": 1e-3,
    "Adam 0 0.9999": 3e-3,
    "Adam 0 0.9999 uncorrected": 3e-4,
    "Adam 0.9 0.99": 1e-2,
    "Adam 0.9 0.99 uncorrected": 1e-2,
    "Adam 0.9 0.999": 1e-2,
    "Adam 0.9 0.999 uncorrected": 3e-3,
    "Adam 0.9 0.9999": 1e-2,
    "Adam 0.9 0.9999 uncorrected": 1e-3,
}


def by_variant(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of runs with what its optimizers' names say in columns of their own.

    Args:
        frame: as `experiments.tune` or `experiments.run` records it.

    Returns:
        The table with the columns `beta_1` and `beta_2`, and with `optimizer` "Adam" or "Adam,
        uncorrected".
    """
    variants = [VARIANTS[name] for name in frame["optimizer"]]
    names = ["Adam" if variant.corrected else "Adam, uncorrected" for variant in variants]
    return frame.assign(
        optimizer=names,
        beta_1=[variant.beta_1 for variant in variants],
        beta_2=[variant.beta_2 for variant in variants],
    )


def images_as_labels(dataset: Dataset) -> Dataset:
    """Return the data set with its images as labels: an autoencoder gives back what it gets."""
    return replace(dataset, y_train=dataset.x_train, y_test=dataset.x_test)


def _setting(data, rates, epochs, seeds, **network):
    # The paper names no batch size here; 128 is that of its other experiments.
    return Setting(
        data=data,
        make_model=partial(networks.vae, **network),
        optimizers=at_rates(FAMILIES, rates),
        epochs=epochs,
        seeds=seeds,
        prepare=images_as_labels,
    )


VAE = Experiment(
    name="vae",
    title="MNIST, a variational autoencoder with and without Adam's bias correction",
    dataset="mnist",
    quick=_setting("sample", QUICK_RATES, 5, (0, 1, 2, 3, 4), hidden=100, latent=10),
    # The paper shows the loss after 10 and after 100 epochs. It does not name its images; MNIST is
    # one of the two data sets of the publication whose network it takes (Kingma and Welling, 2014).
    # 0.001 is the learning rate that it recommends for Adam.
    full=_setting("full", dict.fromkeys(VARIANTS, 1e-3), 100, (0, 1, 2)),
    grids=dict.fromkeys(VARIANTS, RATES),
    families=FAMILIES,
    loss=negative_elbo,
)

EXPERIMENTS = (VAE,)
