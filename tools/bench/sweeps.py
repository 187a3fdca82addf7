"""A search for a learning rate: all runs in one call, one by one, and vectorised on JAX.

Times are those a user waits for: with fresh networks and compilation each, unless a contestant is
called "training alone". What is vectorised records no losses but those of the training.
"""

import keras
import numpy as np

from ravine.data import Dataset
from ravine.networks import assign
from ravine.optimizers import Adam
from ravine.training import (
    MakeModel,
    Trainer,
    common_start,
    compare,
    cross_entropy,
    minibatch_order,
)
from tools.bench.networks import NETWORKS
from tools.bench.workers import Run

RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
SEEDS = (0, 1)


def contestants(name: str) -> dict[str, Run]:
    """Return the ways to train a network once per seed and learning rate, for an epoch."""
    network = NETWORKS[name]
    setting = network.make, network.noise(), network.batch
    _compare(*setting, RATES[:1], SEEDS[:1])  # starts the backend
    runs: dict[str, Run] = {
        "one call": lambda: _compare(*setting, RATES, SEEDS),
        "one by one": lambda: [_compare(*setting, [r], [s]) for s in SEEDS for r in RATES],
    }
    if keras.backend.backend() == "jax":
        runs["vectorised"] = lambda: vectorised(*setting)()
        runs["one after the other, training alone"] = _trained(*setting)
        runs["vectorised, training alone"] = compiled = vectorised(*setting)
        compiled()
    return runs


def _compare(make_model, dataset, batch, rates, seeds):
    optimizers = {str(rate): lambda rate=rate: Adam(rate) for rate in rates}
    compare(make_model, dataset, optimizers, seeds, epochs=1, batch_size=batch)


def _trained(make_model, dataset, batch):
    """Return a function that restarts and trains one compiled program for every run."""
    trainer = Trainer(make_model(), Adam(), dataset, batch)
    starts = {seed: common_start(make_model, seed) for seed in SEEDS}

    def run():
        for seed in SEEDS:
            for rate in RATES:
                trainer.restart(starts[seed], seed)
                trainer.optimizer.learning_rate = rate
                trainer.train(seed, epoch=1)

    return run


def vectorised(make_model: MakeModel, dataset: Dataset, batch: int) -> Run:
    """Return a function that trains all runs side by side on JAX and returns their mean losses.

    They are in the order of the seeds and, for each, of the rates. Its first call compiles.
    """
    import jax

    model, optimizer = make_model(), Adam()
    optimizer.build(model.trainable_variables)
    groups = model.trainable_variables, model.non_trainable_variables, optimizer.variables
    states = []
    for seed in SEEDS:
        assign(model.variables, common_start(make_model, seed))
        for rate in RATES:
            optimizer.learning_rate = rate  # one of the optimizer's variables
            states.append([[np.asarray(variable) for variable in group] for group in groups])
    stacked = jax.tree.map(lambda *values: np.stack(values), *states)
    rows = len(dataset.x_train)
    orders = np.stack([minibatch_order(rows, batch, seed, epoch=1) for seed in SEEDS])
    data = jax.device_put((dataset.x_train, dataset.y_train))

    def loss_of(weights, others, x, y):
        outputs, others, penalties = model.stateless_call(
            weights, others, x, training=True, return_losses=True
        )
        return cross_entropy(y, outputs) + sum(penalties), others

    def epoch(state, order, x, y):
        def step(state, rows):
            weights, others, slots = state
            gradient = jax.value_and_grad(loss_of, has_aux=True)
            (value, others), gradients = gradient(weights, others, x[rows], y[rows])
            weights, slots = optimizer.stateless_apply(slots, gradients, weights)
            return [weights, others, slots], value

        return jax.lax.scan(step, state, order)[1].mean()

    program = jax.jit(jax.vmap(epoch, in_axes=(0, 0, None, None)))
    arguments = stacked, orders.repeat(len(RATES), axis=0), *data
    return lambda: np.asarray(program(*arguments))
