"""The programs on PyTorch: plain loops, step by step."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import keras
import numpy as np
import torch
from keras import ops
from torch.autograd import functional

from ravine.backends._common import (
    Loss,
    SurfacePrograms,
    exactly,
    precision_of,
    stateless_call,
    total_loss,
)
from ravine.networks import assign, states


def steps_of_epoch(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: Loss, parts: int
) -> Callable[[Any, Any, np.ndarray, int, int], Any]:
    """Return a function that runs steps of an epoch and gives the sum of losses."""
    weights, others, precision = model.trainable_variables, states(model), precision_of(model)

    def run(x, y, order, first, last):
        total = 0.0
        for rows in torch.as_tensor(order[first:last]).to(x.device):
            model.zero_grad()
            for part in rows.chunk(parts):
                # A variable is assigned to in place, and the backward pass still needs what a
                # memory held before the forward pass: the new values have to wait.
                outputs, carried, penalties = stateless_call(
                    model, _values(weights), _values(others), x[part], training=True
                )
                value = total_loss(loss(y[part], exactly(outputs)), penalties, precision)
                (optimizer.scale_loss(value) / parts).backward()  # adds to the gradients
                assign(others, carried)
                total += value.detach() / parts
            with torch.no_grad():
                optimizer.apply([weight.value.grad for weight in weights], weights)
        return total

    return run


def _values(variables):
    return [variable.value for variable in variables]


def forward_pass(
    model: keras.Model, measure: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    """Return a function (x, y) -> what `measure(y, outputs)` gives."""

    def run(x, y):
        with torch.no_grad():
            return measure(ops.convert_to_tensor(y), exactly(model(x, training=False)))

    return run


def walk(
    gradient: Callable[[Any, Any], Any],
    optimizers: Sequence[keras.optimizers.Optimizer],
    thetas: Sequence[keras.Variable],
    steps: int,
    batch_shape: tuple[int, ...] | None,
) -> Callable[[np.ndarray | None], Any]:
    """Return a function (batches) -> points, shape (steps, k, *shape)."""

    def run(batches):
        points = []
        for i in range(steps):
            batch = None if batches is None else ops.convert_to_tensor(batches[i])
            gradients = gradient(ops.stack([theta.value for theta in thetas]), batch)
            for optimizer, theta, g in zip(optimizers, thetas, gradients, strict=True):
                optimizer.apply([g], [theta])
            points.append(np.stack([ops.convert_to_numpy(theta) for theta in thetas]))
        return np.stack(points)

    return run


def surface_programs(error: Callable, model: keras.Model) -> SurfacePrograms:
    """Return an error and its derivatives."""

    def value(theta, *rest):
        with torch.no_grad():
            return error(theta, *rest)

    def gradient(theta, *rest):
        return functional.jacobian(lambda at: error(at, *rest), theta)

    def hessian_times(theta, v, *rest):
        return functional.vhp(lambda at: error(at, *rest), theta, v)[1]

    def hessian(theta, *rest):
        return functional.hessian(lambda at: error(at, *rest), theta)

    return SurfacePrograms(value, gradient, hessian_times, hessian)


def count_devices() -> int:
    """Return how many devices share a minibatch."""
    return 1


def share_out(count: int) -> AbstractContextManager[None]:
    """Refuse: the course shares minibatches out on TensorFlow and JAX only."""
    raise ValueError("Several devices need the backend tensorflow or jax, not torch.")


def set_seed(seed: int) -> None:
    """Seed the generators of Python, NumPy and PyTorch, from which dropout draws."""
    keras.utils.set_random_seed(seed)


def precision() -> str:
    """Return the precision of walks."""
    return "float64"


def gpu() -> str | None:
    """Return the name of the GPU, or None."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else None
