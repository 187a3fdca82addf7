"""The programs on TensorFlow: graphs, compiled with XLA where that pays."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ravine.backends._common import (
    Loss,
    SurfacePrograms,
    exactly,
    first_devices,
    has_convolution,
    in_a_plane,
    precision_of,
    total_loss,
)
from ravine.networks import stateful_layers


def steps_of_epoch(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: Loss, parts: int
) -> Callable[[Any, Any, np.ndarray, int, int], Any]:
    """Return a function that runs steps of an epoch as one graph and gives the sum of losses."""
    weights = model.trainable_variables
    strategy, devices = tf.distribute.get_strategy(), count_devices()
    if devices > 1 and stateful_layers(model):
        raise ValueError(
            "On TensorFlow text cannot be shared out over several devices, because a layer's "
            "memory belongs to whole minibatches: set KERAS_BACKEND=jax."
        )
    mean_gradient = _mean_gradient(model, optimizer, loss, parts)
    precision = precision_of(model)

    def step_on_one(x, y):
        context = tf.distribute.get_replica_context()
        k = context.replica_id_in_sync_group
        value, gradients = mean_gradient(_in_parts(x, devices)[k], _in_parts(y, devices)[k])
        gradients = context.all_reduce("MEAN", gradients)
        # Keras clips what it gets and then sums over the devices: this clips the mean
        gradients = [each / devices for each in optimizer._clip_gradients(gradients)]
        optimizer.apply(gradients, weights)
        return value

    def step_on_all(x, y):
        if devices == 1:
            value, gradients = mean_gradient(x, y)
            update(gradients)
            return value
        return strategy.reduce("MEAN", strategy.run(step_on_one, (x, y)), axis=None)

    # XLA reads and writes each number once where separate operations do it a dozen times, so the
    # update is compiled even where the network is not: Adam's share of a step of the CIFAR-10
    # network falls from 8 % to 3 % on two CPU cores.
    @tf.function(jit_compile=True, autograph=False)
    def update(gradients):
        optimizer.apply(gradients, weights)

    @tf.function(jit_compile=devices == 1 and _xla_pays(model), autograph=False)
    def run_steps(x, y, order, first, last):
        def step(i, total):
            return i + 1, total + step_on_all(tf.gather(x, order[i]), tf.gather(y, order[i]))

        return tf.while_loop(lambda i, _: i < last, step, (first, tf.constant(0.0, precision)))[1]

    def run(x, y, order, first, last):
        arguments = x, y, tf.constant(order), tf.constant(first), tf.constant(last)
        # traced by hand: for a fifth algorithm TensorFlow would warn of too many traces
        return run_steps.get_concrete_function(*arguments)(*arguments)

    return run


def _mean_gradient(model, optimizer, loss, parts):
    """Return a function (x, y) -> the loss of a minibatch and its gradient, taken in parts.

    The gradient is scaled as the optimizer wants it, the loss is not.
    """
    weights, precision = model.trainable_variables, precision_of(model)

    def penalties():
        if parts == 1:
            return model.losses
        exact = [tf.cast(each, precision) for each in model.losses]
        return [tf.reduce_sum(tf.stack([tf.constant(0.0, precision), *exact]))]

    def gradient(x, y):
        with tf.GradientTape() as tape:
            outputs = exactly(model(x, training=True))
            value = total_loss(loss(y, outputs), penalties(), precision)
            scaled = optimizer.scale_loss(value)
        # The gradient of an embedding is a list of rows; converting it sums the rows of a word
        # that comes more than once, which the optimizers and clipping need.
        return value, [tf.convert_to_tensor(each) for each in tape.gradient(scaled, weights)]

    def mean_gradient(x, y):
        x, y = _in_parts(x, parts), _in_parts(y, parts)

        def add(k, total, sums):
            # TensorFlow joins additions in a row. More than two large terms it adds up in a
            # temporary variable, which in this inner loop it makes twice, and fails. The stack of
            # penalties and the division interrupt the rows.
            value, gradients = gradient(x[k], y[k])
            sums = [a + b / parts for a, b in zip(sums, gradients, strict=True)]
            return k + 1, total + value / parts, sums

        zeros = [tf.zeros(weight.shape, weight.dtype) for weight in weights]
        start = 0, tf.constant(0.0, precision), zeros
        loop = tf.while_loop(lambda k, *_: k < parts, add, start, parallel_iterations=1)
        return loop[1:]

    return gradient if parts == 1 else mean_gradient


def _in_parts(batch, count):
    return tf.reshape(batch, (count, -1, *batch.shape[1:]))


def forward_pass(
    model: keras.Model, measure: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    """Return a function (x, y) -> what `measure(y, outputs)` gives, as one graph."""
    compiled = tf.function(
        lambda x, y: measure(y, exactly(model(x, training=False))),
        jit_compile=_xla_pays(model),
        autograph=False,
        reduce_retracing=True,
    )

    def run(x, y):
        arguments = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
        # traced by hand: for a third network TensorFlow would warn of too many traces
        return compiled.get_concrete_function(*arguments)(*arguments)

    return run


def walk(
    gradient: Callable[[Any, Any], Any],
    optimizers: Sequence[keras.optimizers.Optimizer],
    thetas: Sequence[keras.Variable],
    steps: int,
    batch_shape: tuple[int, ...] | None,
) -> Callable[[np.ndarray | None], Any]:
    """Return a function (batches) -> points, shape (steps, k, *shape), one graph with XLA."""
    shape = (len(thetas), *thetas[0].shape)

    @tf.function(jit_compile=True, autograph=False)
    def compiled(batches):
        def step(i, points):
            here = tf.stack([theta.value for theta in thetas])
            gradients = tf.unstack(gradient(here, None if batches is None else batches[i]))
            for optimizer, theta, g in zip(optimizers, thetas, gradients, strict=True):
                optimizer.apply([g], [theta])
            return i + 1, points.write(i, tf.stack([theta.value for theta in thetas]))

        points = tf.TensorArray("float64", steps, element_shape=shape)
        return tf.while_loop(lambda i, _: i < steps, step, (0, points))[1].stack()

    # traced once, here: called with ever new functions, TensorFlow would warn of retracing
    if batch_shape is None:
        traced = compiled.get_concrete_function(None)
        return lambda batches: traced()
    traced = compiled.get_concrete_function(tf.TensorSpec(batch_shape, "int32"))
    return lambda batches: traced(tf.constant(batches, "int32"))


def surface_programs(error: Callable, model: keras.Model) -> SurfacePrograms:
    """Return an error and its derivatives, each as a graph of its own."""

    def gradient(theta, *rest):
        with tf.GradientTape() as tape:
            tape.watch(theta)
            value = error(theta, *rest)
        return tape.gradient(value, theta)

    def hessian_times(theta, v, *rest):
        with tf.GradientTape() as tape:
            tape.watch(theta)
            product = tf.tensordot(gradient(theta, *rest), v, 1)
        return tape.gradient(product, theta)

    def hessian(theta, *rest):
        with tf.GradientTape() as tape:
            tape.watch(theta)
            slope = gradient(theta, *rest)
        return tape.jacobian(slope, theta)

    def compiled(function):
        return tf.function(function, jit_compile=_xla_pays(model), autograph=False)

    value, slope, product, matrix = map(compiled, (error, gradient, hessian_times, hessian))
    together = _xla_pays(model) and not has_convolution(model)  # on a GPU XLA pays for both
    values = compiled(in_a_plane(error)) if together else None
    return SurfacePrograms(value, slope, product, matrix, values)


def _xla_pays(model: keras.Model) -> bool:
    """Tell whether XLA makes an epoch on TensorFlow faster: it does for dense layers, 1.4-fold.

    On a CPU its convolutions inside a loop run 50 to 100 times slower, recurrent layers gain
    nothing, and dropout before a single dense layer is 50 times slower.
    """

    def count(kind):
        return sum(isinstance(layer, kind) for layer in model._flatten_layers())

    on_cpu = not tf.config.list_logical_devices("GPU")
    input_dropout = count(keras.layers.Dropout) and count(keras.layers.Dense) < 2
    slow = count(keras.layers.RNN) or input_dropout or has_convolution(model)
    return not (on_cpu and slow)


def count_devices() -> int:
    """Return how many devices share a minibatch."""
    return tf.distribute.get_strategy().num_replicas_in_sync


@contextmanager
def share_out(count: int) -> Iterator[None]:
    """Let each of the first `count` devices hold the network and take a part of each minibatch."""
    with tf.distribute.MirroredStrategy(first_devices(count)).scope():
        yield


def set_seed(seed: int) -> None:
    """Seed the generators of Python and NumPy, and leave TensorFlow's alone."""
    random.seed(seed)
    np.random.seed(seed)


def precision() -> str:
    """Return the precision of walks."""
    return "float64"


def gpu() -> str | None:
    """Return the name of the GPU, or None."""
    name = None
    for device in tf.config.list_physical_devices("GPU"):
        name = tf.config.experimental.get_device_details(device).get("device_name", "GPU")
    return name
