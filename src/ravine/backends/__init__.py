"""Every compiled program of the course, and the one place where a backend's name is asked.

TensorFlow, JAX and PyTorch have a module each with the same few functions. This face hands a call
on to the module of the backend that Keras runs on, and only that one is imported. The rest of the
package is written with Keras and NumPy alone.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from types import ModuleType
from typing import Any

import keras
import numpy as np

from ravine.backends._common import Loss, SurfacePrograms

__all__ = [
    "Loss",
    "SurfacePrograms",
    "chosen",
    "count_devices",
    "forward_pass",
    "gpu",
    "name",
    "precision",
    "set_seed",
    "share_out",
    "steps_of_epoch",
    "surface_programs",
    "walk",
]

NAMES = ("tensorflow", "jax", "torch")


def name() -> str:
    """Return the backend's name, as in KERAS_BACKEND."""
    return keras.backend.backend()


def chosen() -> ModuleType:
    """Return the module of the backend, on whose code every result depends."""
    if name() not in NAMES:
        raise ValueError(f"KERAS_BACKEND must be one of {', '.join(NAMES)}, but it was {name()}.")
    return import_module(f"{__name__}.{name()}")


def steps_of_epoch(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: Loss, parts: int
) -> Callable[[Any, Any, np.ndarray, int, int], Any]:
    """Return the program that trains a network on some minibatches of an epoch.

    Args:
        model: the network.
        optimizer: an optimizer that was built for the network's trained weights.
        loss: function (labels, outputs) -> scalar, a mean over the rows.
        parts: number of equal parts in which the gradient of a minibatch is taken.

    Returns:
        A function (x, y, order, first, last) -> the sum of the losses of the minibatches first,
        ..., last - 1, each taken before its step. x and y lie on the device; the rows of the
        minibatches stand in `order`, shape (steps, batch size).
    """
    return chosen().steps_of_epoch(model, optimizer, loss, parts)


def forward_pass(
    model: keras.Model, measure: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    """Return a function (x, y) -> what `measure(y, outputs)` gives, compiled where that pays.

    The network predicts, without dropout. Its memories go on.
    """
    return chosen().forward_pass(model, measure)


def walk(
    gradient: Callable[[Any, Any], Any],
    optimizers: Sequence[keras.optimizers.Optimizer],
    thetas: Sequence[keras.Variable],
    steps: int,
    batch_shape: tuple[int, ...] | None,
) -> Callable[[np.ndarray | None], Any]:
    """Return the program that walks k optimizers down an error surface side by side.

    Args:
        gradient: function (points, batch) -> gradients, both of shape (k, *shape); `batch` holds
            the row numbers of a minibatch, or is None.
        optimizers: k optimizers, each built for its θ.
        thetas: k variables of shape `shape`, where the walks start.
        steps: number of updates T.
        batch_shape: of all minibatches, (T, ...), or None.

    Returns:
        A function (batches) -> points after each step, shape (T, k, *shape).
    """
    return chosen().walk(gradient, optimizers, thetas, steps, batch_shape)


def surface_programs(error: Callable, model: keras.Model) -> SurfacePrograms:
    """Return an error and its derivatives as compiled functions.

    Args:
        error: function (θ, ...) -> scalar; it goes through the network once.
        model: the network, which decides what compiling pays for.
    """
    return chosen().surface_programs(error, model)


def count_devices() -> int:
    """Return how many devices share a minibatch, see `ravine.devices`."""
    return chosen().count_devices()


def share_out(count: int) -> AbstractContextManager[None]:
    """Let what is made and trained inside use several devices, see `devices.several`."""
    return chosen().share_out(count)


def set_seed(seed: int) -> None:
    """Seed the global generators of Python, from which Keras draws, of NumPy and of PyTorch.

    On TensorFlow `keras.utils.set_random_seed` would seed TensorFlow's too, from which no layer of
    Keras draws, and all compiled programs would be prepared anew: a second for a deep network.
    """
    chosen().set_seed(seed)


def precision() -> str:
    """Return float64, or float32 on a JAX that was not told to compute with more."""
    return chosen().precision()


def gpu() -> str | None:
    """Return the name of the GPU that the backend computes on, or None."""
    return chosen().gpu()
