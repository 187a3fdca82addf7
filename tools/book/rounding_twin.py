"""A rounding twin of a run: its start is disturbed by one part in ten million.

That is about the size of a rounding error of float32. Where two twins end in different findings,
so would two processors.
"""

import functools
import os
from importlib import import_module
from typing import Any

import numpy as np

DISTURBANCE = 1e-7


def disturbed(values: Any, number: int) -> Any:
    """Returns values, an array or tensor, each changed by up to one part in ten million.

    The factors depend on the twin's number and the shape alone, so that equal starts stay equal.
    """
    generator = np.random.default_rng([number, *values.shape])
    factors = 1 + DISTURBANCE * generator.uniform(-1, 1, tuple(values.shape))
    if isinstance(values, np.ndarray):
        return values * factors.astype(values.dtype)
    from keras import ops

    return values * ops.cast(factors, values.dtype)


def disturb() -> None:
    """Makes this process the twin of that number in the environment: see `tools.book.elsewhere`."""
    from keras.src.initializers import random_initializers

    descent = import_module("ravine.surfaces.descent")  # behind the face: `walk` uses it, too
    number = int(os.environ["RAVINE_ROUNDING_TWIN"])

    for kind in vars(random_initializers).values():
        if isinstance(kind, type) and "__call__" in vars(kind):
            kind.__call__ = _followed(kind.__call__, number)  # type: ignore[method-assign]

    plain = descent.descend

    @functools.wraps(plain)
    def descend(objective, optimizers, start=None, *rest, **options):
        start = np.asarray(objective.start if start is None else start, dtype="float64")
        return plain(objective, optimizers, disturbed(start, number), *rest, **options)

    descent.descend = descend  # type: ignore[attr-defined]


def _followed(call, number):
    """Returns an initializer's call whose result is then disturbed."""

    @functools.wraps(call)
    def wrapped(*arguments, **options):
        return disturbed(call(*arguments, **options), number)

    return wrapped
