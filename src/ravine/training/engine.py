"""The engine of the protocol: an epoch as one compiled program that runs where the data lie.

Nothing is done in Python per step: the program gathers each minibatch from the resident data, takes
the gradient and lets the optimizer step. Data that do not fit on the device (`data.ImageFiles`)
come in one minibatch at a time, and the same program runs one step on each.
"""

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from ravine import backends
from ravine.backends import Loss
from ravine.data import Dataset
from ravine.networks import assign, forget, states
from ravine.training import losses
from ravine.training.recipes import first_values, set_hyperparameters

EVALUATED_AT_ONCE = 500  # rows; bounds the memory that the outputs of a network take


def minibatch_order(rows: int, batch_size: int, seed: int, epoch: int) -> np.ndarray:
    """Return the minibatches of one epoch: a shuffle that depends on (seed, epoch) alone.

    NumPy draws it, not the compiled program, so that it is the same on all backends. For 60,000
    rows it takes 1 ms of an epoch of 4 s.

    Returns:
        Row numbers, int32, shape (rows // batch_size, batch_size). The rows that do not fill a
        last minibatch are left out.
    """
    steps = rows // batch_size
    shuffled = np.random.default_rng([seed, epoch]).permutation(rows)
    return shuffled[: steps * batch_size].reshape(steps, batch_size).astype("int32")


class Trainer:
    """One algorithm on one network, compiled once and restarted for every seed.

    Args:
        model: the network; several trainers may share it, one after the other.
        optimizer: a new optimizer.
        dataset: the training data, which are moved to the device.
        batch_size: rows per step.
        loss: function (labels, outputs) -> scalar, a mean over the rows.
        parts: the gradient of a minibatch is taken in this many equal parts, one after the other,
            and averaged: the same step in less memory. With batch normalisation each part is
            normalised by itself.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        dataset: Dataset,
        batch_size: int,
        loss: Loss = losses.cross_entropy,
        parts: int = 1,
    ) -> None:
        self.model = model
        self.dataset = dataset
        self.batch_size = batch_size
        self.loss = loss
        self.parts = parts
        scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        if model.dtype_policy.name == "mixed_float16" and not scales:  # as `fit` does
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        _check(model, optimizer)
        optimizer.build(model.trainable_variables)
        self.optimizer = optimizer
        self.slots = optimizer.variables
        self.variables = [*model.trainable_variables, *states(model), *self.slots]
        self.first_slots = first_values(self.slots, model.trainable_variables)
        self.resident = not hasattr(dataset.x_train, "batches")
        if self.resident:
            self.x = ops.convert_to_tensor(dataset.x_train)
            self.y = ops.convert_to_tensor(dataset.y_train)
        self.program = backends.steps_of_epoch(model, optimizer, loss, parts)
        if self.resident:
            before = list(self.state())
            self.program(self.x, self.y, self.order(0, 0), 0, 1)  # compiles
            self.load_state(before)  # the step leaves no trace

    @property
    def steps(self) -> int:
        """Number of minibatches in an epoch."""
        return len(self.dataset.x_train) // self.batch_size

    def restart(
        self, start: list[np.ndarray], seed: int, hyperparameters: dict[str, float] | None = None
    ) -> None:
        """Load the common start, empty the optimizer's state, set its hyperparameters."""
        # PyTorch's dropout draws from the global generator, not from its layer's
        backends.set_seed(seed)
        assign(self.model.variables, start)
        assign(self.slots, self.first_slots)
        set_hyperparameters(self.optimizer, hyperparameters or {})

    @contextmanager
    def finished(self) -> Iterator[None]:
        """Let the network have the weights that `fit` ends with: with `use_ema` their average."""
        weights = self.model.trainable_variables
        if not getattr(self.optimizer, "inner_optimizer", self.optimizer).use_ema:
            yield
            return
        before = [ops.convert_to_numpy(weight) for weight in weights]
        self.optimizer.finalize_variable_values(weights)
        yield
        assign(weights, before)

    def state(self) -> Iterator[np.ndarray]:
        """Yield the values of all variables, of the network and of the optimizer.

        One by one, since a copy of them all may take more memory than there is.
        """
        return (ops.convert_to_numpy(variable) for variable in self.variables)

    def load_state(self, values: Iterable[np.ndarray]) -> None:
        """Assign what `state` returned."""
        assign(self.variables, values)

    def train(
        self, seed: int, epoch: int, first: int = 0, last: int | None = None
    ) -> tuple[float, float]:
        """Train on the minibatches first, ..., last - 1 of an epoch, by default on all of them.

        Returns:
            The mean loss of the minibatches, each taken before its step, and the seconds it took.
        """
        last = self.steps if last is None else last
        order = self.order(seed, epoch)
        if first == 0:
            forget(self.model)
        began = time.perf_counter()
        if self.resident:
            total = float(self.program(self.x, self.y, order, first, last))
        else:
            total = 0.0
            for x, y in self._stream(order[first:last], seed, epoch):
                total += float(self.program(x, y, np.arange(len(y), dtype="int32")[None], 0, 1))
        return total / (last - first), time.perf_counter() - began

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """Return the row numbers of an epoch's minibatches, shape (steps, batch_size)."""
        rows = len(self.dataset.x_train)
        if self.dataset.streams is not None:  # text is read in its order
            return np.arange(rows, dtype="int32").reshape(-1, self.batch_size)
        return minibatch_order(rows, self.batch_size, seed, epoch)

    def _stream(self, order, seed, epoch):
        """Yield the minibatches of data that are not resident."""
        images = self.dataset.x_train.batches(order, seed, epoch)
        for x, rows in zip(images, order, strict=True):
            yield ops.convert_to_tensor(x), ops.convert_to_tensor(self.dataset.y_train[rows])


def _check(model, optimizer):
    """Refuse what the programs would do in another way than `fit`."""
    exact = any(weight.dtype == "float64" for weight in model.trainable_variables)
    if exact and backends.precision() == "float32":
        raise ValueError("On JAX a network of float64 needs JAX_ENABLE_X64=1 in the environment.")
    scales = hasattr(optimizer, "inner_optimizer")
    options = optimizer.inner_optimizer if scales else optimizer
    several = backends.count_devices() > 1
    if several and (scales or options.loss_scale_factor or options.gradient_accumulation_steps):
        raise ValueError(
            "Over several devices a loss is not scaled and gradients are not accumulated: train "
            "on one, or leave loss_scale_factor, LossScaleOptimizer, mixed_float16 and "
            "gradient_accumulation_steps out."
        )


class Evaluator:
    """The mean loss and the accuracy of a network, without dropout and penalties.

    Args:
        model: the network.
        loss: function (labels, outputs) -> scalar, a mean over the rows. The accuracy is that of
            the largest logit, and for another loss than `training.cross_entropy` not a number.
        streams: rows per minibatch of a text that is read in its order, see `datasets.unroll`.
        parts: a network that is trained in so many parts is evaluated on fewer rows at once, too.
        groups: an array, the group of each class, from 0, for `by_group`, shape (classes,).
    """

    def __init__(
        self,
        model: keras.Model,
        loss: Loss = losses.cross_entropy,
        streams: int | None = None,
        parts: int = 1,
        groups: Any = None,
    ) -> None:
        self.model = model
        self.rows_at_once = streams or math.ceil(EVALUATED_AT_ONCE / parts)
        self.groups = groups

        def measure(labels, outputs):
            if loss is not losses.cross_entropy:
                return loss(labels, outputs), np.nan
            right = ops.equal(ops.argmax(outputs, axis=-1), ops.cast(labels, "int32"))
            return loss(labels, outputs), ops.mean(ops.cast(right, "float32"))

        def measure_groups(labels, outputs):
            each = ops.sparse_categorical_crossentropy(labels, outputs, from_logits=True)
            group = ops.take(ops.convert_to_tensor(groups, "int32"), labels)
            sums = ops.segment_sum(ops.ravel(each), ops.ravel(group), int(groups.max()) + 1)
            return sums / ops.cast(ops.shape(labels)[0], sums.dtype)

        self.program = backends.forward_pass(model, measure)
        self.sums = None if groups is None else backends.forward_pass(model, measure_groups)

    def __call__(self, x: Any, y: np.ndarray, rows: int | None = None) -> tuple[float, float]:
        """Return (loss, accuracy) over the first `rows` rows, by default over all."""
        loss, accuracy = self._mean(self.program, x, y, rows)
        return float(loss), float(accuracy)

    def by_group(self, x: Any, y: np.ndarray, rows: int | None = None) -> np.ndarray:
        """Return the mean cross-entropy of the labels of each group, shape (groups,).

        A group without labels among the rows has not a number. Without `groups`: `TypeError`.
        """
        if self.sums is None:
            raise TypeError("by_group needs the groups of the classes: give them to Evaluator.")
        y = y[:rows]
        sums = len(y) * self._mean(self.sums, x, y, rows)
        labels = np.bincount(self.groups[y].ravel(), minlength=len(sums))
        with np.errstate(invalid="ignore"):
            return sums / labels

    def _mean(self, program, x, y, rows):
        """Return the mean over rows of what a program measures."""
        others = states(self.model)
        before = [ops.convert_to_numpy(variable) for variable in others]
        forget(self.model)
        rows = len(y) if rows is None else min(rows, len(y))
        starts = range(0, rows, self.rows_at_once)
        pieces = [np.arange(i, min(i + self.rows_at_once, rows)) for i in starts]
        inputs = x.batches(pieces) if hasattr(x, "batches") else (x[piece] for piece in pieces)
        measured = [
            [float(value) for value in program(part, y[piece])]
            for part, piece in zip(inputs, pieces, strict=True)
        ]
        assign(others, before)  # no trace of the evaluation in the training
        return np.average(measured, axis=0, weights=[len(piece) for piece in pieces])
