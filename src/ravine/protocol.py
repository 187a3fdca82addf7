"""The experiment protocol: how algorithms are compared so that only the algorithm differs.

1. Random initial weights are drawn from the seed and saved as the common start.
2. For each algorithm the same weights are loaded.
3. The same minibatches are served in the same order, a function of (seed, epoch) alone, with the
   same dropout noise.
4. A fixed number of steps is run.
5. The training loss of every epoch is recorded.

An epoch is one compiled program that runs where the data lie, so the time is spent on the
algorithm and not on handing over minibatches.
"""

import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from keras import ops
from scipy import stats  # type: ignore[import-untyped]

from ravine.checkpoints import Checkpoint
from ravine.datasets import Dataset
from ravine.recipes import Recipe, constant_rate, recipe_of

DIVERGED = 1e4  # an epoch whose mean loss is above this, or not a number, ends its run

MakeModel = Callable[[], keras.Model]
MakeOptimizer = Callable[[], keras.optimizers.Optimizer]
Report = Callable[[dict[str, Any]], None]


def compare(
    make_model: MakeModel,
    dataset: Dataset,
    optimizers: Mapping[str, MakeOptimizer],
    seeds: Iterable[int],
    epochs: int,
    batch_size: int = 128,
    report: Report | None = None,
    checkpoints: Path | None = None,
) -> pd.DataFrame:
    """Train the same network with each algorithm, once per seed, and record the losses.

    Sets the global random seeds of Python, NumPy and Keras.

    Args:
        make_model: function that makes the network; it returns logits, shape (n, classes).
        dataset: what to train and test on.
        optimizers: for each name a function that makes the optimizer; not the optimizer itself,
            since its state belongs to one model.
        seeds: one run of each algorithm per seed. The seed sets weights, order and dropout.
        epochs: passes over the training data.
        batch_size: b. The last N mod b images of each epoch's order are left out, others in every
            epoch, so that all steps have the same shape.
        report: called with every new row of the table, to show progress.
        checkpoints: directory in which every run keeps its state after every epoch. Runs that
            have one there go on from it, exactly as if they had not been interrupted.

    Returns:
        One row per (optimizer, seed, epoch), epoch 0 being the start, with the columns

        - loss: mean over the epoch's minibatches, each taken before its step, with dropout and
          penalties, as the paper plots it; in epoch 0 over the training data without dropout;
        - eval_loss, accuracy: on the test data after the epoch, without dropout;
        - seconds: duration of the epoch's training, compilation not included;
        - diverged: the loss was not a number or above `DIVERGED`. The run ends there, and this
          and its remaining epochs have infinite losses.

    Raises:
        TypeError: if an optimizer is given instead of a function that makes one.
        ValueError: if there are fewer images than `batch_size`, or a seed comes twice.
        CheckpointError: if a checkpoint is damaged or belongs to a run with other settings.
    """
    seeds = [int(seed) for seed in seeds]
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"Each seed may come once, but seeds were {seeds}.")
    if not 1 <= batch_size <= len(dataset.x_train):
        raise ValueError(
            f"batch_size must be from 1 to the {len(dataset.x_train)} training images, "
            f"but it was {batch_size}."
        )
    for name, make in optimizers.items():
        if isinstance(make, keras.optimizers.Optimizer) or not callable(make):
            raise TypeError(
                f"optimizers[{name!r}] must be a function that makes an optimizer, such as "
                f"lambda: Adam(1e-3), but it was {make!r}."
            )

    model = make_model()
    made = {name: make() for name, make in optimizers.items()}
    contestants = {name: (recipe_of(each), constant_rate(each)) for name, each in made.items()}
    trainers: dict[Recipe, Trainer] = {}  # one serves all learning rates of an algorithm
    rows = []
    for seed in seeds:
        start = common_start(make_model, seed)  # 1.
        for name, (recipe, rate) in contestants.items():
            if recipe not in trainers:
                trainers[recipe] = Trainer(model, recipe.make(), dataset, batch_size)
            trainer = trainers[recipe]
            trainer.restart(start, seed, rate)  # 2.
            checkpoint = None
            if checkpoints is not None:
                run = _identity(trainer, recipe, rate, dataset, seed)
                checkpoint = Checkpoint(checkpoints / _file_name(name, seed), run)
            for result in _run(trainer, dataset, seed, epochs, checkpoint):  # 3. to 5.
                rows.append({"optimizer": name, "seed": seed, **result})
                if report is not None:
                    report(rows[-1])
    return pd.DataFrame(rows)


def _run(trainer, dataset, seed, epochs, checkpoint=None):
    """Yield what is recorded before training and after every epoch."""
    results = []
    if checkpoint is not None:
        arrays, results = checkpoint.load()
        if results:
            trainer.load_state(arrays)
    yield from results[: epochs + 1]
    for epoch in range(len(results), epochs + 1):
        diverged = epoch > 0 and results[-1]["diverged"]
        if not diverged:
            if epoch:
                loss, seconds = trainer.train(seed, epoch)
            else:
                loss, _ = evaluate(trainer.model, dataset.x_train, dataset.y_train)
                seconds = 0.0
            eval_loss, accuracy = evaluate(trainer.model, dataset.x_test, dataset.y_test)
            diverged = not (loss < DIVERGED and eval_loss < DIVERGED)  # also true for NaN
        if diverged:
            loss, eval_loss, accuracy, seconds = math.inf, math.inf, math.nan, math.nan
        results.append(
            {
                "epoch": epoch,
                "loss": loss,
                "eval_loss": eval_loss,
                "accuracy": accuracy,
                "seconds": seconds,
                "diverged": diverged,
            }
        )
        if checkpoint is not None:
            checkpoint.save(trainer.state(), results)
        yield results[-1]


def _identity(trainer, recipe, rate, dataset, seed):
    """Describe a run by everything but its length: what must be equal when it goes on."""
    return {
        "optimizer": f"{recipe.optimizer.__name__} {recipe.settings}",
        "learning rate": rate,
        "seed": seed,
        "batch size": trainer.batch_size,
        "data set": dataset.provenance,
        "network": [list(variable.shape) for variable in trainer.model.variables],
        "backend": keras.backend.backend(),
    }


def _file_name(name, seed):
    """Return a file name for a run, such as adam-1e-3-seed-0.npz for "Adam, 1e-3"."""
    return f"{re.sub('[^a-z0-9.]+', '-', name.lower())}-seed-{seed}.npz"


def common_start(make_model: MakeModel, seed: int) -> list[np.ndarray]:
    """Return the values of all variables of a network made under `seed`.

    They hold the initial weights and the states of the dropout layers' random generators, so
    loading them restores the start and the noise. Sets the global random seeds.
    """
    keras.utils.set_random_seed(seed)
    return [ops.convert_to_numpy(variable) for variable in make_model().variables]


def minibatch_order(rows: int, batch_size: int, seed: int, epoch: int) -> np.ndarray:
    """Return the minibatches of one epoch: a shuffle that depends on (seed, epoch) alone.

    Returns:
        Row numbers, int32, shape (rows // batch_size, batch_size). The rows that do not fill a
        last minibatch are left out.
    """
    steps = rows // batch_size
    shuffled = np.random.default_rng([seed, epoch]).permutation(rows)
    return shuffled[: steps * batch_size].reshape(steps, batch_size).astype("int32")


def evaluate(model: keras.Model, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the mean cross-entropy (nats) and the accuracy of a network, without dropout."""
    parts = (model(x[i : i + 1000], training=False) for i in range(0, len(x), 1000))
    logits = np.concatenate([ops.convert_to_numpy(part) for part in parts]).astype("float64")
    with np.errstate(invalid="ignore"):  # a diverged network returns NaN, and so does this
        largest = logits.max(axis=1, keepdims=True)
        log_total = largest[:, 0] + np.log(np.exp(logits - largest).sum(axis=1))
        losses = log_total - np.take_along_axis(logits, y[:, None], axis=1)[:, 0]
    return float(losses.mean()), float((logits.argmax(axis=1) == y).mean())


class Trainer:
    """One algorithm on one network, compiled once and restarted for every seed.

    Args:
        model: the network; several trainers may share it, one after the other.
        optimizer: a new optimizer.
        dataset: the training data, which are moved to the device.
        batch_size: images per step.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        dataset: Dataset,
        batch_size: int,
    ):
        self.model = model
        self.batch_size = batch_size
        self.rows = len(dataset.x_train)
        optimizer.build(model.trainable_variables)
        self.optimizer = optimizer
        self.slots = optimizer.variables
        self.first_slots = [ops.convert_to_numpy(slot) for slot in self.slots]
        data = ops.convert_to_tensor(dataset.x_train), ops.convert_to_tensor(dataset.y_train)
        backend = {"tensorflow": _on_tensorflow, "jax": _on_jax}.get(keras.backend.backend())
        self.program = (backend or _eagerly)(model, optimizer, *data)
        self.program(self._order(0, 0), steps=0)  # no step: this only compiles

    def restart(
        self, start: list[np.ndarray], seed: int, learning_rate: float | None = None
    ) -> None:
        """Load the common start, empty the optimizer's state, set a constant learning rate."""
        # PyTorch's dropout draws from the global generator, not from the layer's own
        keras.utils.set_random_seed(seed)
        for variable, value in zip(self.model.variables, start, strict=True):
            variable.assign(value)
        for slot, value in zip(self.slots, self.first_slots, strict=True):
            slot.assign(value)
        if learning_rate is not None:
            self.optimizer.learning_rate = learning_rate

    def state(self) -> list[np.ndarray]:
        """Return the values of all variables, of the network and of the optimizer."""
        return [ops.convert_to_numpy(v) for v in (*self.model.variables, *self.slots)]

    def load_state(self, values: list[np.ndarray]) -> None:
        """Assign what `state` returned."""
        for variable, value in zip((*self.model.variables, *self.slots), values, strict=True):
            variable.assign(value)

    def train(self, seed: int, epoch: int) -> tuple[float, float]:
        """Train for one epoch; return the mean loss of its minibatches and the seconds it took."""
        order = self._order(seed, epoch)
        began = time.perf_counter()
        total = float(self.program(order, steps=len(order)))
        return total / len(order), time.perf_counter() - began

    def _order(self, seed, epoch):
        return minibatch_order(self.rows, self.batch_size, seed, epoch)


def _cross_entropy(labels, logits):
    return ops.mean(keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True))


def _xla_pays(model):
    """Tell whether XLA makes the epoch faster: it does for dense layers, 1.4-fold.

    On a CPU its convolutions inside a loop run 50 to 100 times slower, and recurrent layers gain
    nothing.
    """
    import tensorflow as tf
    from keras.src.layers.convolutional.base_conv import BaseConv

    on_cpu = not tf.config.list_logical_devices("GPU")
    slow = (BaseConv, keras.layers.RNN)
    return not (on_cpu and any(isinstance(layer, slow) for layer in model._flatten_layers()))


def _on_tensorflow(model, optimizer, x, y):
    """Return a function that runs the epoch as one graph and gives the sum of the losses."""
    import tensorflow as tf

    @tf.function(jit_compile=_xla_pays(model), autograph=False)
    def epoch(order, steps):
        def step(i, total):
            with tf.GradientTape() as tape:
                logits = model(tf.gather(x, order[i]), training=True)
                loss = _cross_entropy(tf.gather(y, order[i]), logits) + sum(model.losses)
            weights = model.trainable_variables
            optimizer.apply(tape.gradient(loss, weights), weights)
            return i + 1, total + loss

        return tf.while_loop(lambda i, _: i < steps, step, (0, 0.0))[1]

    def run(order, steps):
        arguments = tf.constant(order), tf.constant(steps)
        # traced by hand: for a fifth algorithm TensorFlow would warn of too many traces
        return epoch.get_concrete_function(*arguments)(*arguments)

    return run


def _on_jax(model, optimizer, x, y):
    """Return a function that runs the epoch as one loop and gives the sum of the losses."""
    import jax

    def loss_of(weights, others, x, y):
        logits, others, penalties = model.stateless_call(
            weights, others, x, training=True, return_losses=True
        )
        return _cross_entropy(y, logits) + sum(penalties), others

    @partial(jax.jit, donate_argnums=0)  # updates the weights in place
    def epoch(state, x, y, order, steps):
        def step(i, carry):
            weights, others, slots, total = carry
            (loss, others), gradients = jax.value_and_grad(loss_of, has_aux=True)(
                weights, others, x[order[i]], y[order[i]]
            )
            weights, slots = optimizer.stateless_apply(slots, gradients, weights)
            return weights, others, slots, total + loss

        return jax.lax.fori_loop(0, steps, step, (*state, 0.0))

    variables = model.trainable_variables, model.non_trainable_variables, optimizer.variables

    def run(order, steps):
        state = [[variable.value for variable in group] for group in variables]
        *state, total = epoch(state, x, y, order, steps)
        for group, values in zip(variables, state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        return total

    return run


def _eagerly(model, optimizer, x, y):
    """Return a function that runs the epoch step by step (PyTorch) and sums the losses."""
    import torch

    def run(order, steps):
        total = 0.0
        for rows in torch.as_tensor(order[:steps]).to(x.device):
            model.zero_grad()
            loss = _cross_entropy(y[rows], model(x[rows], training=True)) + sum(model.losses)
            loss.backward()
            weights = model.trainable_variables
            with torch.no_grad():
                optimizer.apply([weight.value.grad for weight in weights], weights)
            total += loss.detach()
        return total

    return run


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per optimizer, its name as the index, the lowest final loss first.

    Args:
        frame: a table made by `compare`.

    Returns:
        The columns loss (geometric mean of the final training losses over the seeds), lowest and
        highest (of them), accuracy (mean, on the test data), seconds (median, per epoch), runs and
        diverged (how many).
    """
    last = frame[frame["epoch"] == frame["epoch"].max()].groupby("optimizer")
    trained = frame[frame["epoch"] > 0].groupby("optimizer")
    table = pd.DataFrame(
        {
            "loss": last["loss"].agg(lambda losses: math.exp(np.log(losses).mean())),
            "lowest": last["loss"].min(),
            "highest": last["loss"].max(),
            "accuracy": last["accuracy"].mean(),
            "seconds": trained["seconds"].median(),
            "runs": last.size(),
            "diverged": last["diverged"].sum(),
        }
    )
    return table.sort_values("loss")


@dataclass(frozen=True)
class Difference:
    """Mean difference over seeds and its confidence interval, in units of ln(loss)."""

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def excludes_zero(self) -> bool:
        """Whether the data tell the two algorithms apart."""
        return self.low > 0 or self.high < 0


def paired_difference(
    frame: pd.DataFrame, a: str, b: str, confidence: float = 0.95, column: str = "loss"
) -> Difference:
    """Compare the final losses of two algorithms, seed by seed.

    Both ran from the same start on the same minibatches, so most of what a seed does to the loss
    cancels in ln(loss of a) - ln(loss of b). "a ends below b" is a finding where the whole
    interval, Student's t over the seeds, lies below 0.

    Args:
        frame: a table made by `compare`.
        a: name of an optimizer.
        b: name of another one.
        confidence: of the interval, between 0 and 1.
        column: "loss" or "eval_loss".

    Raises:
        ValueError: if fewer than two seeds are there for both, or if a run diverged.
    """
    last = frame[frame["epoch"] == frame["epoch"].max()]
    losses = last.pivot(index="seed", columns="optimizer", values=column)
    for name in (a, b):
        if name not in losses:
            raise ValueError(f"The table has no runs of {name!r}, only of {list(losses)}.")
    both = losses[[a, b]].dropna()
    if len(both) < 2:
        raise ValueError(f"An interval needs two seeds of {a} and {b}, but there is {len(both)}.")
    if not np.isfinite(both.to_numpy()).all():
        raise ValueError(f"A run of {a} or {b} diverged, so the difference has no interval.")
    difference = np.log(both[a]) - np.log(both[b])
    mean = difference.mean()
    half = stats.t.ppf(0.5 + confidence / 2, len(both) - 1) * stats.sem(difference)
    return Difference(float(mean), float(mean - half), float(mean + half), len(both))
