"""Learning rates that change while a network is trained, as the publications set them."""

import math
from numbers import Integral, Real
from typing import Any

import keras
from keras import ops


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
class LinearWarmup(keras.optimizers.schedules.LearningRateSchedule):
    r"""A rate that rises along a straight line and then stays, $\eta_t = \eta \min(1, t/w)$.

    The first step, $t = 1$, is taken at the rate $\eta/w$, and step $w$ is the first at the whole
    rate. For Adam $w = 2/(1-\beta_2)$ is a rule of thumb.

    Args:
        learning_rate: $\eta > 0$, the rate after the warm-up.
        steps: $w$, at least 1; with 1 there is no warm-up.

    Raises:
        ValueError: if an argument is out of range.

    Example:
        >>> from ravine.optimizers import LinearWarmup
        >>> rate = LinearWarmup(0.1, steps=4)
        >>> [round(float(rate(steps_before)), 4) for steps_before in (0, 1, 2, 3, 4, 100)]
        [0.025, 0.05, 0.075, 0.1, 0.1, 0.1]

    References:
        Ma and Yarats (2021), On the Adequacy of Untuned Warmup for Adaptive Optimization, AAAI.
    """

    def __init__(self, learning_rate: float, steps: int) -> None:
        self.learning_rate = _check_rate(learning_rate, "learning_rate")
        self.steps = _check_count("steps", steps, least=1)

    def __call__(self, step: Any) -> Any:
        """Return the rate after `step` = t - 1 steps, a scalar."""
        # Counted in whole numbers; the minimum first, since step + 1 may be too large for one.
        t = ops.minimum(ops.cast(step, "int32"), self.steps - 1) + 1
        return self.learning_rate * ops.cast(t, keras.config.floatx()) / self.steps

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"learning_rate": self.learning_rate, "steps": self.steps}


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
