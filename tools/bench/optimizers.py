"""The step of an optimizer alone, its gradients given."""

from functools import partial
from importlib.util import find_spec
from itertools import chain

import keras
import numpy as np
from keras import ops

from ravine import optimizers
from ravine.networks import assign
from tools.bench.networks import NETWORKS
from tools.bench.workers import Run

BUILT_IN = {
    "GradientDescent": keras.optimizers.SGD,
    "Momentum": partial(keras.optimizers.SGD, momentum=0.9),
    "Nesterov": partial(keras.optimizers.SGD, momentum=0.9, nesterov=True),
    "AdaGrad": keras.optimizers.Adagrad,
    "RMSprop": keras.optimizers.RMSprop,
    "Adam": keras.optimizers.Adam,
}


def pair(optimizer: str, network: str, steps: int) -> dict[str, Run]:
    """Return steps of one of our optimizers, and of its built-in twin, on the weights of a network.

    They are compiled as a whole. On PyTorch, where Keras does not compile unless it is asked to,
    they are also taken as they come.
    """
    problem = _weights(network)
    makers = {"ravine": getattr(optimizers, optimizer), "built-in": BUILT_IN[optimizer]}
    runs = {name: _step(make(), problem) for name, make in makers.items()}
    if keras.backend.backend() == "torch":
        for name, make in makers.items():
            runs[f"{name}, not compiled"] = _step(make(), problem, compiled=False)
    return _repeated(steps, runs)


def adam_on_tensorflow(network: str, steps: int) -> dict[str, Run]:
    """Return steps of Adam: ours with XLA, as `fit` has it, and Keras' with and without."""
    problem = _weights(network)
    runs = {
        "ravine on TensorFlow, XLA": _step(optimizers.Adam(), problem),
        "built-in on TensorFlow": _step(keras.optimizers.Adam(), problem, compiled=False),
        "built-in on TensorFlow, XLA": _step(keras.optimizers.Adam(), problem),
    }
    return _repeated(steps, runs)


def adam_on_jax(network: str, steps: int) -> dict[str, Run]:
    """Return steps of Adam: ours, Keras' and optax's."""
    problem = _weights(network)
    runs = {
        "ravine on JAX": _step(optimizers.Adam(), problem),
        "built-in on JAX": _step(keras.optimizers.Adam(), problem),
    }
    if find_spec("optax"):
        runs["optax on JAX"] = _optax_step(*problem)
    return _repeated(steps, runs)


def adam_on_torch(network: str, steps: int) -> dict[str, Run]:
    """Return steps of PyTorch's own Adam."""
    import torch

    weights, gradients = _weights(network)
    values = [weight.value for weight in weights]
    for value, gradient in zip(values, gradients, strict=True):
        value.grad = gradient
    runs = {
        "PyTorch, for-each": torch.optim.Adam(values, foreach=True).step,
        "PyTorch, fused": torch.optim.Adam(values, fused=True).step,
    }
    return _repeated(steps, runs)


def _weights(network):
    """Return the weights of a network and as many gradients, which all contestants share."""
    weights = NETWORKS[network].make().trainable_variables
    rng = np.random.default_rng(0)
    noise = (rng.standard_normal(weight.shape, "float32") for weight in weights)
    return weights, [ops.convert_to_tensor(gradient) for gradient in noise]


def _repeated(steps, runs):
    def repeat(run):
        return lambda: [run() for _ in range(steps)]

    return {name: repeat(run) for name, run in runs.items()}


def _step(optimizer, problem, compiled=True):
    """Return a function that takes one step; what `_weights` returned is the problem.

    Args:
        optimizer: a new one.
        problem: weights and gradients.
        compiled: with XLA or PyTorch's own compiler; on JAX nothing goes without.
    """
    weights, gradients = problem
    optimizer.build(weights)
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _step_on_tensorflow(optimizer, weights, gradients, compiled)
    if backend == "jax":
        return _step_on_jax(optimizer, weights, gradients)
    return _step_on_torch(optimizer, weights, gradients, compiled)


def _step_on_tensorflow(optimizer, weights, gradients, compiled):
    import tensorflow as tf

    @tf.function(jit_compile=compiled, autograph=False)
    def step(gradients):
        optimizer.apply(gradients, weights)

    return lambda: step(gradients)


def _step_on_jax(optimizer, weights, gradients):
    import jax

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(weights, slots, gradients):
        return optimizer.stateless_apply(slots, gradients, weights)

    variables = weights, optimizer.variables

    def run():
        values = step(*([variable.value for variable in group] for group in variables), gradients)
        assign(chain(*variables), chain(*values))
        jax.block_until_ready(values)

    return run


def _step_on_torch(optimizer, weights, gradients, compiled):
    import torch

    def step(gradients):
        optimizer.apply(gradients, weights)

    update = torch.compile(step) if compiled else step

    def run():
        with torch.no_grad():
            update(gradients)

    return run


def _optax_step(weights, gradients):
    import jax
    import optax  # type: ignore[import-not-found]

    adam = optax.adam(1e-3)
    slots = adam.init([weight.value for weight in weights])

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(weights, slots, gradients):
        updates, slots = adam.update(gradients, slots)
        return optax.apply_updates(weights, updates), slots

    def run():
        nonlocal slots
        values, slots = step([weight.value for weight in weights], slots, gradients)
        assign(weights, values)
        jax.block_until_ready((values, slots))

    return run
