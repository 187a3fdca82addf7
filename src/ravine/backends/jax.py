"""The programs on JAX: functions of all variables' values, which are put back afterwards."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any

import jax
import keras
import numpy as np
from keras import ops

from ravine.backends._common import (
    Loss,
    SurfacePrograms,
    exactly,
    first_devices,
    has_convolution,
    in_a_plane,
    precision_of,
    stateless_call,
    total_loss,
)
from ravine.networks import assign, states


def steps_of_epoch(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: Loss, parts: int
) -> Callable[[Any, Any, np.ndarray, int, int], Any]:
    """Return a function that runs steps of an epoch as one loop and gives the sum of losses."""
    mean_gradient = _mean_gradient(model, optimizer, loss, parts)

    def step(i, carry, x, y, order):
        weights, others, slots, total = carry
        (value, others), gradients = mean_gradient(weights, others, slots, x[order[i]], y[order[i]])
        weights, slots = optimizer.stateless_apply(slots, gradients, weights)
        return weights, others, slots, total + value

    @partial(jax.jit, donate_argnums=0)  # updates the weights in place
    def one_step(carry, x, y, order, i):
        return step(i, carry, x, y, order)

    @partial(jax.jit, donate_argnums=0)
    def all_steps(carry, x, y, order, first, last):
        return jax.lax.fori_loop(first, last, partial(step, x=x, y=y, order=order), carry)

    variables = model.trainable_variables, states(model), optimizer.variables
    # XLA's convolutions on a CPU are slow inside a loop, and only there
    stepwise = has_convolution(model) and jax.default_backend() == "cpu"

    def run(x, y, order, first, last):
        state = ([variable.value for variable in group] for group in variables)
        if stepwise:
            # a plain 0.0 would be of another type than the sums after it: a second program
            carry: Any = (*state, jax.numpy.zeros((), precision_of(model)))
            for i in range(first, last):
                carry = one_step(carry, x, y, order, i)
        else:
            carry = all_steps((*state, 0.0), x, y, order, first, last)
        *values, total = carry
        assign(chain(*variables), chain(*values))
        return total

    return run


def _mean_gradient(model, optimizer, loss, parts):
    """Return a function (weights, others, slots, x, y) -> ((loss, others), gradient), in parts.

    The gradient is scaled as the optimizer wants it, the loss is not.
    """
    precision = precision_of(model)

    def loss_of(weights, others, slots, x, y):
        outputs, others, penalties = stateless_call(model, weights, others, x, training=True)
        value = total_loss(loss(y, exactly(outputs)), penalties, precision)
        with keras.StatelessScope(list(zip(optimizer.variables, slots, strict=True))):
            return optimizer.scale_loss(value), (value, others)

    scaled_gradient = jax.value_and_grad(loss_of, has_aux=True)

    def gradient(*arguments):
        (_, measured), gradients = scaled_gradient(*arguments)
        return measured, gradients

    distribution = keras.distribution.distribution()

    def shared_out(batch):
        if distribution is None:
            return batch
        layout = distribution.get_data_layout(batch.shape)
        return keras.distribution.distribute_tensor(batch, layout)

    def mean_gradient(weights, others, slots, x, y):
        if parts == 1:
            return gradient(weights, others, slots, shared_out(x), shared_out(y))
        x, y = (batch.reshape(parts, -1, *batch.shape[1:]) for batch in (x, y))

        def add(k, carry):
            total, others, sums = carry
            (value, others), gradients = gradient(
                weights, others, slots, shared_out(x[k]), shared_out(y[k])
            )
            return total + value, others, jax.tree.map(jax.numpy.add, sums, gradients)

        zeros = jax.tree.map(jax.numpy.zeros_like, weights)
        total, others, sums = jax.lax.fori_loop(0, parts, add, (0.0, others, zeros))
        return (total / parts, others), [each / parts for each in sums]

    return mean_gradient


def forward_pass(
    model: keras.Model, measure: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    """Return a function (x, y) -> what `measure(y, outputs)` gives, compiled."""

    @jax.jit
    def stateless(weights, others, x, y):
        outputs, others, _ = stateless_call(model, weights, others, x, training=False)
        return measure(y, exactly(outputs)), others

    def run(x, y):
        weights = [variable.value for variable in model.trainable_variables]
        others = [variable.value for variable in states(model)]
        measured, others = stateless(weights, others, x, y)
        assign(states(model), others)  # a text goes on
        return measured

    return run


def walk(
    gradient: Callable[[Any, Any], Any],
    optimizers: Sequence[keras.optimizers.Optimizer],
    thetas: Sequence[keras.Variable],
    steps: int,
    batch_shape: tuple[int, ...] | None,
) -> Callable[[np.ndarray | None], Any]:
    """Return a function (batches) -> points, shape (steps, k, *shape), as one scan."""

    @jax.jit
    def compiled(thetas, states, batches):
        def step(carry, batch):
            thetas, states = carry
            gradients = gradient(ops.stack(thetas), batch)
            for k, optimizer in enumerate(optimizers):
                [thetas[k]], states[k] = optimizer.stateless_apply(
                    states[k], [gradients[k]], [thetas[k]]
                )
            return (thetas, states), ops.stack(thetas)

        return jax.lax.scan(step, (thetas, states), batches, length=steps)[1]

    def run(batches):
        slots = [[v.value for v in optimizer.variables] for optimizer in optimizers]
        return compiled([theta.value for theta in thetas], slots, batches)

    return run


def surface_programs(error: Callable, model: keras.Model) -> SurfacePrograms:
    """Return an error and its derivatives, each compiled by itself."""
    gradient = jax.grad(error)

    def hessian_times(theta, v, *rest):
        return jax.jvp(lambda at: gradient(at, *rest), (theta,), (v,))[1]

    value, slope, product, matrix = map(
        jax.jit, (error, gradient, hessian_times, jax.hessian(error))
    )
    values = None if has_convolution(model) else jax.jit(in_a_plane(error))
    return SurfacePrograms(value, slope, product, matrix, values)


def count_devices() -> int:
    """Return how many devices share a minibatch."""
    distribution = keras.distribution.distribution()
    return 1 if distribution is None else distribution.device_mesh.devices.size


@contextmanager
def share_out(count: int) -> Iterator[None]:
    """Let each of the first `count` devices hold the network and take a part of each minibatch."""
    devices = first_devices(count)
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False)
    )
    try:
        yield
    finally:
        keras.distribution.set_distribution(None)


def set_seed(seed: int) -> None:
    """Seed the generators of Python and NumPy; JAX has none."""
    keras.utils.set_random_seed(seed)


def precision() -> str:
    """Return the precision of walks: float32, unless JAX was told to compute with more."""
    return "float64" if jax.config.jax_enable_x64 else "float32"


def gpu() -> str | None:
    """Return the name of the GPU, or None."""
    return None if jax.default_backend() == "cpu" else jax.devices()[0].device_kind
