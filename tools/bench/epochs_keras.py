"""An epoch on TensorFlow and on JAX: ours, Keras' own `fit`, and a loop with optax."""

from functools import partial
from importlib.util import find_spec

import keras

from ravine.optimizers import Adam, GradientDescent
from ravine.training import Trainer, cross_entropy
from tools.bench.networks import NETWORKS
from tools.bench.workers import Run


def on_tensorflow(name: str) -> dict[str, Run]:
    """Return what trains a network on TensorFlow."""
    network = NETWORKS[name]
    dataset = network.noise()
    shared = network.make()  # by ours, one after the other: VGG16 takes gigabytes
    return {
        "ravine, Adam": _ravine(network, shared, dataset, Adam()),
        "ravine, SGD": _ravine(network, shared, dataset, GradientDescent()),
        "Keras fit, built-in Adam": _fit(network, dataset, jit_compile="auto"),
        "Keras fit, built-in Adam, no XLA": _fit(network, dataset, jit_compile=False),
    }


def on_jax(name: str) -> dict[str, Run]:
    """Return what trains a network on JAX."""
    network = NETWORKS[name]
    dataset = network.noise()
    runs = {"ravine on JAX, Adam": _ravine(network, network.make(), dataset, Adam())}
    if find_spec("optax"):
        runs["optax on JAX, Adam"] = _optax(network, dataset)
    return runs


def _ravine(network, model, dataset, optimizer):
    trainer = Trainer(model, optimizer, dataset, network.batch)
    return lambda: trainer.train(seed=0, epoch=1)


def _fit(network, dataset, jit_compile):
    model = network.make()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(), loss, jit_compile=jit_compile)
    return lambda: model.fit(
        dataset.x_train,
        dataset.y_train,
        batch_size=network.batch,
        shuffle=dataset.streams is None,
        verbose=0,
    )


def _optax(network, dataset):
    import jax
    import optax  # type: ignore[import-not-found]

    model, adam = network.make(), optax.adam(1e-3)

    def loss_of(weights, others, x, y):
        outputs, others, penalties = model.stateless_call(
            weights, others, x, training=True, return_losses=True
        )
        return cross_entropy(y, outputs) + sum(penalties), others

    @partial(jax.jit, donate_argnums=0)  # six times slower without
    def step(state, x, y, rows):
        weights, others, slots = state
        gradients, others = jax.grad(loss_of, has_aux=True)(weights, others, x[rows], y[rows])
        updates, slots = adam.update(gradients, slots)
        return optax.apply_updates(weights, updates), others, slots

    x, y = jax.device_put((dataset.x_train, dataset.y_train))
    order = network.order()
    variables = model.trainable_variables, model.non_trainable_variables
    weights, others = ([variable.value for variable in group] for group in variables)
    state = weights, others, adam.init(weights)

    def run():
        nonlocal state
        for rows in order:
            state = step(state, x, y, rows)
        jax.block_until_ready(state)

    return run
