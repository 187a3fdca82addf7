"""Learning rates that change while a network is trained, however long that is.

Those that know where training ends are in `horizons`.
"""

import itertools
import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import keras
from keras import ops

from ravine.optimizers import support


@keras.saving.register_keras_serializable(package="ravine")
class ConstantRate(keras.optimizers.schedules.LearningRateSchedule):
    r"""The rate that does not change, $\eta_t = \eta$: what a plain number is.

    `LinearWarmup` takes it before it, and a comparison of schedules needs it in its list.

    Args:
        learning_rate: $\eta > 0$.

    Raises:
        ValueError: if the rate is not a finite number above 0.

    Example:
        >>> from ravine.optimizers import ConstantRate
        >>> [round(float(ConstantRate(0.5)(steps_before)), 4) for steps_before in (0, 99)]
        [0.5, 0.5]
    """

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = support.check_rate(learning_rate, "learning_rate")

    def __call__(self, step: Any) -> Any:
        """Return the rate, a scalar; the step does not matter."""
        return ops.convert_to_tensor(self.learning_rate, support.rate_dtype())

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"learning_rate": self.learning_rate}


@keras.saving.register_keras_serializable(package="ravine")
class InverseTimeDecay(keras.optimizers.schedules.LearningRateSchedule):
    r"""A rate that falls as one over the time, $\eta_t = \eta / (1 + (t-1)/\tau)$.

    The first step, $t = 1$, is taken at the whole rate; after $\tau$ steps half of it is left,
    after $9\tau$ a tenth. The rates add up to infinity and their squares do not, as Robbins and
    Monro ask.

    Args:
        initial_learning_rate: $\eta > 0$.
        steps: $\tau$, at least 1.

    Raises:
        ValueError: if an argument is out of range.

    Example:
        >>> from ravine.optimizers import InverseTimeDecay
        >>> rate = InverseTimeDecay(0.5, steps=10)
        >>> [round(float(rate(steps_before)), 4) for steps_before in (0, 10, 90)]
        [0.5, 0.25, 0.05]

    References:
        Robbins and Monro (1951), A Stochastic Approximation Method, Annals of Mathematical
        Statistics 22.
    """

    def __init__(self, initial_learning_rate: float, steps: int) -> None:
        self.initial_learning_rate = support.check_rate(initial_learning_rate)
        self.steps = support.check_count("steps", steps, least=1)

    def __call__(self, step: Any) -> Any:
        """Return the rate after `step` = t - 1 steps, a scalar."""
        return self.initial_learning_rate / (1 + ops.cast(step, support.rate_dtype()) / self.steps)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"initial_learning_rate": self.initial_learning_rate, "steps": self.steps}


@keras.saving.register_keras_serializable(package="ravine")
class InverseSquareRoot(keras.optimizers.schedules.LearningRateSchedule):
    r"""The rate of the Adam paper's convex experiments, $\eta_t = \eta / \sqrt t$.

    The first step, $t = 1$, is taken at the whole rate; after 100 steps a tenth of it is left.

    Args:
        initial_learning_rate: $\eta > 0$.

    Raises:
        ValueError: if the rate is not a finite number above 0.

    Example:
        >>> from ravine.optimizers import InverseSquareRoot
        >>> rate = InverseSquareRoot(0.5)
        >>> [round(float(rate(steps_before)), 4) for steps_before in (0, 3, 99)]
        [0.5, 0.25, 0.05]

    References:
        Kingma and Ba (2015), Adam: A Method for Stochastic Optimization, ICLR, section 6.1.
    """

    def __init__(self, initial_learning_rate: float) -> None:
        self.initial_learning_rate = _check_rate(initial_learning_rate)

    def __call__(self, step: Any) -> Any:
        """Return the rate after `step` = t - 1 steps, a scalar."""
        t = ops.cast(step + 1, keras.config.floatx())  # counted in whole numbers, then rounded
        return self.initial_learning_rate / ops.sqrt(t)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"initial_learning_rate": self.initial_learning_rate}


@keras.saving.register_keras_serializable(package="ravine")
class DecayAfter(keras.optimizers.schedules.LearningRateSchedule):
    r"""A constant rate for some epochs, then one that is multiplied by a factor every epoch.

    In epoch $e = 1, 2, \ldots$ the rate is $\eta\, q^{\max(e - k, 0)}$: epoch $k$ is the last one
    at the whole rate.

    Args:
        initial_learning_rate: $\eta > 0$.
        steps_per_epoch: steps in an epoch, at least 1.
        epochs: $k$, epochs at the whole rate, at least 0. Default 6.
        factor: $q \in (0, 1]$. Default 5/6.

    Raises:
        ValueError: if an argument is out of range.

    Example:
        >>> from ravine.optimizers import DecayAfter
        >>> rate = DecayAfter(1.0, steps_per_epoch=100)
        >>> [round(float(rate(steps_before)), 4) for steps_before in (0, 599, 600, 700)]
        [1.0, 1.0, 0.8333, 0.6944]

    References:
        Zaremba, Sutskever and Vinyals (2014), Recurrent Neural Network Regularization,
        arXiv:1409.2329, section 4.1: after 6 epochs the rate is divided by 1.2 after each epoch.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        steps_per_epoch: int,
        epochs: int = 6,
        factor: float = 5 / 6,
    ) -> None:
        self.initial_learning_rate = _check_rate(initial_learning_rate)
        self.steps_per_epoch = _check_count("steps_per_epoch", steps_per_epoch, least=1)
        self.epochs = _check_count("epochs", epochs, least=0)
        if not _is_number(factor) or not 0 < factor <= 1:
            raise ValueError(f"factor must be a number in (0, 1], but it was {factor!r}.")
        self.factor = float(factor)

    def __call__(self, step: Any) -> Any:
        """Return the rate after `step` steps, a scalar."""
        # In whole numbers: a quotient rounded to float32 would start an epoch a step early.
        past = ops.floor_divide(ops.cast(step, "int32"), self.steps_per_epoch)
        times = ops.cast(ops.maximum(past + 1 - self.epochs, 0), keras.config.floatx())
        return self.initial_learning_rate * ops.power(self.factor, times)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "steps_per_epoch": self.steps_per_epoch,
            "epochs": self.epochs,
            "factor": self.factor,
        }


@keras.saving.register_keras_serializable(package="ravine")
class StepDecay(keras.optimizers.schedules.LearningRateSchedule):
    r"""A constant rate that is multiplied by a factor at some steps, $\eta_t = \eta\, q^{k}$.

    $k$ is the number of the boundaries that lie behind: with boundaries $b_1 < b_2 < \ldots$ the
    first $b_1$ steps are taken at the whole rate, those from $b_1 + 1$ to $b_2$ at $\eta q$.

    Args:
        initial_learning_rate: $\eta > 0$.
        boundaries: $b_1 < b_2 < \ldots$, whole numbers of at least 1, at least one of them.
        factor: $q \in (0, 1]$. Default 0.1.

    Raises:
        ValueError: if an argument is out of range.

    Example:
        >>> from ravine.optimizers import StepDecay
        >>> rate = StepDecay(1.0, boundaries=[100, 150])
        >>> [round(float(rate(steps_before)), 4) for steps_before in (0, 99, 100, 149, 150)]
        [1.0, 1.0, 0.1, 0.1, 0.01]

    References:
        He, Zhang, Ren and Sun (2016), Deep Residual Learning for Image Recognition, CVPR: divided
        by 10 after 32,000 and 48,000 of 64,000 steps on CIFAR-10.
    """

    def __init__(
        self, initial_learning_rate: float, boundaries: Sequence[int], factor: float = 0.1
    ) -> None:
        self.initial_learning_rate = support.check_rate(initial_learning_rate)
        self.boundaries = _check_boundaries(boundaries)
        self.factor = support.check_factor(factor)

    def __call__(self, step: Any) -> Any:
        """Return the rate after `step` = t - 1 steps, a scalar."""
        boundaries = ops.convert_to_tensor(self.boundaries, "int32")
        reached = ops.expand_dims(ops.cast(step, "int32"), -1) >= boundaries
        behind = ops.count_nonzero(reached, axis=-1)
        return self.initial_learning_rate * ops.power(
            self.factor, ops.cast(behind, support.rate_dtype())
        )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "boundaries": self.boundaries,
            "factor": self.factor,
        }


def _check_boundaries(values):
    listed = list(values) if isinstance(values, Sequence) and not isinstance(values, str) else []
    whole = all(isinstance(each, Integral) and not isinstance(each, bool) for each in listed)
    rising = whole and all(low < high for low, high in itertools.pairwise([0, *listed]))
    if not listed or not rising:
        raise ValueError(
            "boundaries must be a list of whole numbers of at least 1 that rise, "
            f"but it was {values!r}."
        )
    return [int(each) for each in listed]


# The checks of `InverseSquareRoot` and `DecayAfter`. They repeat those of `support`: recorded runs
# go on only under the same code, and these are part of it.
def _check_rate(value, name="initial_learning_rate"):
    if not _is_number(value) or not value > 0:
        raise ValueError(f"{name} must be a finite number above 0, but it was {value!r}.")
    return float(value)


def _check_count(name, value, least):
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(
            f"{name} must be a whole number of at least {least}, but it was {value!r}."
        )
    return int(value)


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
