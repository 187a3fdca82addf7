"""Learning rates that know how long they last: warm-ups, and those that fall to zero.

A training that goes on after the last step of a decay changes nothing any more: the rate stays 0.
"""

import math
from typing import Any

import keras
from keras import ops

from ravine.optimizers import support


@keras.saving.register_keras_serializable(package="ravine")
class LinearWarmup(keras.optimizers.schedules.LearningRateSchedule):
    r"""A rate that rises along a straight line and then stays, $\eta_t = \eta \min(1, t/w)$.

    The first step, $t = 1$, is taken at the rate $\eta/w$, and step $w$ is the first at the whole
    rate. For Adam $w = 2/(1-\beta_2)$ is a rule of thumb. In place of $\eta$ there may be another
    schedule: the line rises to its first rate, and step $w$ is its first step.

    Args:
        learning_rate: $\eta > 0$, the rate after the warm-up, or a schedule that follows it.
        steps: $w$, at least 1; with 1 there is no warm-up.

    Raises:
        ValueError: if an argument is out of range.

    Example:
        >>> from ravine.optimizers import LinearDecay, LinearWarmup
        >>> rate = LinearWarmup(0.1, steps=4)
        >>> [round(float(rate(steps_before)), 4) for steps_before in (0, 1, 2, 3, 4, 100)]
        [0.025, 0.05, 0.075, 0.1, 0.1, 0.1]
        >>> rate = LinearWarmup(LinearDecay(0.1, steps=4), steps=2)
        >>> [round(float(rate(steps_before)), 4) for steps_before in (0, 1, 2, 3, 4, 5)]
        [0.05, 0.1, 0.075, 0.05, 0.025, 0.0]

    References:
        Ma and Yarats (2021), On the Adequacy of Untuned Warmup for Adaptive Optimization, AAAI.
    """

    def __init__(
        self, learning_rate: float | keras.optimizers.schedules.LearningRateSchedule, steps: int
    ) -> None:
        if not isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule):
            learning_rate = support.check_rate(learning_rate, "learning_rate")
        self.learning_rate = learning_rate
        self.steps = support.check_count("steps", steps, least=1)

    def __call__(self, step: Any) -> Any:
        """Return the rate after `step` = t - 1 steps, a scalar."""
        rate = self.learning_rate
        if callable(rate):
            after = ops.maximum(ops.cast(step, "int32") - (self.steps - 1), 0)
            rate = ops.cast(rate(after), support.rate_dtype())
        return rate * support.share_risen(step, self.steps)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        rate = self.learning_rate
        if callable(rate):
            rate = keras.optimizers.schedules.serialize(rate)
        return {"learning_rate": rate, "steps": self.steps}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LinearWarmup":
        """Return the schedule that a configuration describes."""
        rate = config["learning_rate"]
        if isinstance(rate, dict):
            rate = keras.optimizers.schedules.deserialize(rate)
        return cls(rate, config["steps"])


@keras.saving.register_keras_serializable(package="ravine")
class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    r"""A rate that falls to zero along a straight line, $\eta_t = \eta\,(1 - (t-1)/T)$.

    The first step, $t = 1$, is taken at the whole rate, the last, $t = T$, at $\eta/T$. Step
    $T + 1$ and all later ones have the rate 0.

    Args:
        initial_learning_rate: $\eta > 0$.
        steps: $T$, at least 1, the length of the training.

    Raises:
        ValueError: if an argument is out of range.

    Example:
        >>> from ravine.optimizers import LinearDecay
        >>> rate = LinearDecay(1.0, steps=4)
        >>> [round(float(rate(steps_before)), 4) for steps_before in (0, 1, 2, 3, 4, 100)]
        [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]

    References:
        Defazio, Cutkosky, Mehta and Mishchenko (2023), Optimal Linear Decay Learning Rate Schedules
        and Further Refinements, arXiv:2310.07831.
    """

    def __init__(self, initial_learning_rate: float, steps: int) -> None:
        self.initial_learning_rate = support.check_rate(initial_learning_rate)
        self.steps = support.check_count("steps", steps, least=1)

    def __call__(self, step: Any) -> Any:
        """Return the rate after `step` = t - 1 steps, a scalar."""
        return self.initial_learning_rate * support.share_left(step, self.steps, self.steps)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"initial_learning_rate": self.initial_learning_rate, "steps": self.steps}


@keras.saving.register_keras_serializable(package="ravine")
class CosineDecay(keras.optimizers.schedules.LearningRateSchedule):
    r"""Half a wave from the whole rate to zero, $\eta_t = \frac\eta2 (1 + \cos(\pi (t-1)/T))$.

    It is flat at both ends and falls fastest in the middle. Step $T + 1$ and all later ones have
    the rate 0.

    Args:
        initial_learning_rate: $\eta > 0$.
        steps: $T$, at least 1, the length of the training.

    Raises:
        ValueError: if an argument is out of range.

    Example:
        >>> from ravine.optimizers import CosineDecay
        >>> rate = CosineDecay(1.0, steps=4)
        >>> [round(float(rate(steps_before)), 4) for steps_before in (0, 1, 2, 3, 4, 100)]
        [1.0, 0.8536, 0.5, 0.1464, 0.0, 0.0]

    References:
        Loshchilov and Hutter (2017), SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR,
        equation 5, without the restarts.
    """

    def __init__(self, initial_learning_rate: float, steps: int) -> None:
        self.initial_learning_rate = support.check_rate(initial_learning_rate)
        self.steps = support.check_count("steps", steps, least=1)

    def __call__(self, step: Any) -> Any:
        """Return the rate after `step` = t - 1 steps, a scalar."""
        # The same as a square, which keeps its digits where the wave comes close to zero.
        left = support.share_left(step, self.steps, self.steps)
        return self.initial_learning_rate * ops.square(ops.sin(0.5 * math.pi * left))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"initial_learning_rate": self.initial_learning_rate, "steps": self.steps}


@keras.saving.register_keras_serializable(package="ravine")
class WarmupStableDecay(keras.optimizers.schedules.LearningRateSchedule):
    r"""Up, level, down: $\eta_t = \eta \min(1,\; t/w,\; (T+1-t)/d)$, and 0 after step $T$.

    Step $w$ is the first at the whole rate and step $T + 1 - d$ the last. The level part may be
    made longer without knowing the end: a decay may begin from any of its steps.

    Args:
        learning_rate: $\eta > 0$, the rate of the level part.
        steps: $T$, the length of the training, at least $w + d$.
        warmup: $w$, at least 1; with 1 there is no warm-up.
        decay: $d$, at least 1; with 1 there is no decay before the end.

    Raises:
        ValueError: if an argument is out of range.

    Example:
        >>> from ravine.optimizers import WarmupStableDecay
        >>> rate = WarmupStableDecay(1.0, steps=8, warmup=2, decay=4)
        >>> [round(float(rate(steps_before)), 4) for steps_before in range(9)]
        [0.5, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0]

    References:
        Hu, Tu, Han and others (2024), MiniCPM: Unveiling the Potential of Small Language Models
        with Scalable Training Strategies, arXiv:2404.06395.
    """

    def __init__(self, learning_rate: float, steps: int, warmup: int, decay: int) -> None:
        self.learning_rate = support.check_rate(learning_rate, "learning_rate")
        self.warmup = support.check_count("warmup", warmup, least=1)
        self.decay = support.check_count("decay", decay, least=1)
        self.steps = support.check_count("steps", steps, least=1)
        if self.steps < self.warmup + self.decay:
            raise ValueError(
                f"steps must be at least warmup + decay = {self.warmup + self.decay}, "
                f"but it was {steps!r}."
            )

    def __call__(self, step: Any) -> Any:
        """Return the rate after `step` = t - 1 steps, a scalar."""
        rise = support.share_risen(step, self.warmup)
        fall = ops.minimum(support.share_left(step, self.steps, self.decay), 1.0)
        return self.learning_rate * ops.minimum(rise, fall)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "learning_rate": self.learning_rate,
            "steps": self.steps,
            "warmup": self.warmup,
            "decay": self.decay,
        }
