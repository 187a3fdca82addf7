"""Walk Keras optimizers down an error surface and keep the whole path.

All walks of one call run as one compiled program: on TensorFlow with XLA, on JAX as a scan, on
PyTorch step by step. The first call of a setting compiles (a fraction of a second), later calls
with other starts or hyperparameters take milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import keras
import numpy as np
from keras import ops

from ravine import backends
from ravine.surfaces.regression import LinearRegression
from ravine.surfaces.surface import Surface
from ravine.training import first_values, hyperparameters, recipe_of, set_hyperparameters

BEYOND = 1e6  # a walk that is this far from the origin has diverged


@dataclass(frozen=True, eq=False)
class Path:
    """One walk, or several walks side by side, of one optimizer.

    Attributes:
        points: θ_0 ... θ_T, shape (T + 1, 2), or (T + 1, n, 2) for n walks side by side.
        losses: E(θ_t), shape (T + 1,) or (T + 1, n).
    """

    points: np.ndarray
    losses: np.ndarray

    @property
    def updates(self) -> np.ndarray:
        """The steps θ_t - θ_{t-1} for t = 1 ... T, shape (T, 2) or (T, n, 2)."""
        return np.diff(self.points, axis=0)

    @property
    def diverged_at(self) -> int | None:
        """First step at which a walk is not finite or beyond 1e6, or None."""
        with np.errstate(invalid="ignore"):
            bad = ~(np.abs(self.points) < BEYOND).reshape(len(self.points), -1).all(axis=1)
        return int(bad.argmax()) if bad.any() else None

    def steps_to(self, threshold: float) -> int | None:
        """First step whose loss is at or below `threshold` (for one walk), or None."""
        reached = self.losses <= threshold
        return int(reached.argmax()) if reached.any() else None

    def steps_to_stay(self, threshold: float, stay: int) -> np.ndarray:
        """First step of each walk from which its loss is low for `stay` steps, or infinity.

        Args:
            threshold: what a low loss is at or below.
            stay: number of steps, that first one among them; with 1 a touch is enough.

        Returns:
            The steps, shape (n,) for n walks side by side.
        """
        high = ~(self.losses <= threshold)  # true also where a loss is no longer a number
        count = np.cumsum(np.concatenate([high[:1] * 0, high]), axis=0)
        stays_low = count[stay:] == count[:-stay]
        return np.where(stays_low.any(axis=0), stays_low.argmax(axis=0), np.inf)


def walk(
    surface: Surface,
    optimizer: keras.optimizers.Optimizer,
    start: Any = None,
    steps: int = 200,
) -> Path:
    """Walk one optimizer down a surface; see `descend` for the arguments."""
    return descend(surface, {"": optimizer}, start=start, steps=steps)[""]


def descend(
    objective: Surface | LinearRegression,
    optimizers: Mapping[str, keras.optimizers.Optimizer],
    start: Any = None,
    steps: int = 200,
    batches: np.ndarray | None = None,
) -> dict[str, Path]:
    """Walk several optimizers down the same surface from the same start.

    The optimizers are only read: each walk uses a fresh copy of its own, in float64 (on JAX only
    with JAX_ENABLE_X64=1, and otherwise in float32).

    Args:
        objective: a surface, walked with its exact gradient; or a regression problem, walked with
            the gradients of `batches`.
        optimizers: any Keras optimizers, by the name they shall have in figures.
        start: θ_0, shape (2,), or (n, 2) for n walks side by side; the objective's own by default.
        steps: number of updates T (taken from `batches` where they are given).
        batches: minibatch order, shape (T, b) or (T, n, b), see `surfaces.minibatches`.

    Returns:
        For each name its `Path`. A walk that diverges is returned as it is, see
        `Path.diverged_at`.

    Raises:
        ValueError: if an optimizer averages its weights or scales a loss; if `start` has the wrong
            shape or is not finite, or if a regression problem comes without batches, or a surface
            with them.
    """
    start = np.asarray(objective.start if start is None else start, dtype="float64")
    if start.shape[-1:] != (2,) or start.ndim > 2 or not np.isfinite(start).all():
        raise ValueError(
            f"start must be finite numbers of shape (2,) or (n, 2), but it was {start!r}."
        )
    if isinstance(objective, LinearRegression) != (batches is not None):
        raise ValueError("A regression problem needs batches, and a surface takes none.")
    if batches is not None:
        start = np.broadcast_to(start, (*batches.shape[1:-1], 2))
        steps = len(batches)

    for name, optimizer in optimizers.items():
        _check(name, optimizer)
    recipes = tuple(map(recipe_of, optimizers.values()))
    batch_shape = None if batches is None else batches.shape
    program = _program(objective, recipes, start.shape, steps, batch_shape)
    sweep = [hyperparameters(optimizer) for optimizer in optimizers.values()]
    points = program(start, sweep, batches)  # (T, k, ..., 2)
    surface = objective.surface() if isinstance(objective, LinearRegression) else objective
    paths = {}
    for k, name in enumerate(optimizers):
        path = np.concatenate([start[None], points[:, k]])
        with np.errstate(over="ignore", invalid="ignore"):
            paths[name] = Path(path, surface.value(path))
    return paths


def _check(name, optimizer):
    """Refuse options that belong to a training, not to a walk."""
    if optimizer.use_ema or optimizer.loss_scale_factor or hasattr(optimizer, "inner_optimizer"):
        raise ValueError(
            f"A walk shows the points themselves and scales no loss: make {name or 'the optimizer'}"
            " without use_ema, loss_scale_factor and LossScaleOptimizer."
        )


@lru_cache(maxsize=64)
def _program(objective, recipes, shape, steps, batch_shape):
    """Return a function (start, hyperparameters, batches) -> points, shape (steps, k, *shape)."""
    precision = backends.precision()
    optimizers = [recipe.make(precision) for recipe in recipes]
    # by this number a state that is a copy of θ, as in Schedule-Free, is known from all others
    thetas = [keras.Variable(np.full(shape, np.pi), dtype=precision) for _ in optimizers]
    for optimizer, theta in zip(optimizers, thetas, strict=True):
        optimizer.build([theta])
    states = [v for optimizer in optimizers for v in optimizer.variables]
    first_states = [
        first
        for optimizer, theta in zip(optimizers, thetas, strict=True)
        for first in first_values(optimizer.variables, [theta])
    ]

    def gradient(points, batch):  # of all walks at once, shape (k, *shape): one piece of program
        if batch is None:
            return objective.gradient(points, xp=ops)
        return objective.gradient(points, batch, xp=ops)

    compiled = backends.walk(gradient, optimizers, thetas, steps, batch_shape)

    def program(start, sweep, batches):
        for theta in thetas:
            theta.assign(start)
        for variable, value in zip(states, first_states, strict=True):
            variable.assign(value)
        for optimizer, values in zip(optimizers, sweep, strict=True):
            set_hyperparameters(optimizer, values)
        return np.asarray(ops.convert_to_numpy(compiled(batches)), dtype="float64")

    return program
