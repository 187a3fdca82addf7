"""The engine of the protocol: an epoch as one compiled program that runs where the data lie.

Nothing is done in Python per step: the program gathers each minibatch from the resident data, takes
the gradient and lets the optimizer step. Data that do not fit on the device (`data.ImageFiles`)
come in one minibatch at a time, and the same program runs one step on each.
"""

import math
import random
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any

import keras
import numpy as np
from keras import ops

from ravine.data import Dataset
from ravine.training import losses
from ravine.training.recipes import first_values, set_hyperparameters

Loss = Callable[[Any, Any], Any]

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
    ):
        self.model = model
        self.dataset = dataset
        self.batch_size = batch_size
        self.loss = loss
        self.parts = parts
        optimizer.build(model.trainable_variables)
        self.optimizer = optimizer
        self.slots = optimizer.variables
        self.variables = [*model.trainable_variables, *states(model), *self.slots]
        self.first_slots = first_values(self.slots, model.trainable_variables)
        self.resident = not hasattr(dataset.x_train, "batches")
        if self.resident:
            self.x = ops.convert_to_tensor(dataset.x_train)
            self.y = ops.convert_to_tensor(dataset.y_train)
        backend = {"tensorflow": _on_tensorflow, "jax": _on_jax}.get(keras.backend.backend())
        self.program = (backend or _eagerly)(model, optimizer, loss, parts)
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
        set_seed(seed)  # PyTorch's dropout draws from the global generator, not from its layer's
        assign(self.model.variables, start)
        assign(self.slots, self.first_slots)
        set_hyperparameters(self.optimizer, hyperparameters or {})

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


class Evaluator:
    """The mean loss and the accuracy of a network, without dropout and penalties.

    Args:
        model: the network.
        loss: function (labels, outputs) -> scalar, a mean over the rows. The accuracy is that of
            the largest logit, and for another loss than `training.cross_entropy` not a number.
        streams: rows per minibatch of a text that is read in its order, see `datasets.unroll`.
        parts: a network that is trained in so many parts is evaluated on fewer rows at once, too.
    """

    def __init__(
        self,
        model: keras.Model,
        loss: Loss = losses.cross_entropy,
        streams: int | None = None,
        parts: int = 1,
    ):
        self.model = model
        self.rows_at_once = streams or math.ceil(EVALUATED_AT_ONCE / parts)

        def measure(labels, outputs):
            if loss is not losses.cross_entropy:
                return loss(labels, outputs), np.nan
            right = ops.equal(ops.argmax(outputs, axis=-1), ops.cast(labels, "int32"))
            return loss(labels, outputs), ops.mean(ops.cast(right, "float32"))

        self.program = _forward(model, measure)

    def __call__(self, x: Any, y: np.ndarray, rows: int | None = None) -> tuple[float, float]:
        """Return (loss, accuracy) over the first `rows` rows, by default over all."""
        others = states(self.model)
        before = [ops.convert_to_numpy(variable) for variable in others]
        forget(self.model)
        rows = len(y) if rows is None else min(rows, len(y))
        starts = range(0, rows, self.rows_at_once)
        pieces = [np.arange(i, min(i + self.rows_at_once, rows)) for i in starts]
        inputs = x.batches(pieces) if hasattr(x, "batches") else (x[piece] for piece in pieces)
        measured = [
            [float(value) for value in self.program(part, y[piece])]
            for part, piece in zip(inputs, pieces, strict=True)
        ]
        assign(others, before)  # no trace of the evaluation in the training
        loss, accuracy = np.average(measured, axis=0, weights=[len(piece) for piece in pieces])
        return float(loss), float(accuracy)


def count_devices() -> int:
    """Return how many devices share a minibatch, see `training.several`."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.distribute.get_strategy().num_replicas_in_sync
    distribution = keras.distribution.distribution()
    return 1 if distribution is None else distribution.device_mesh.devices.size


def set_seed(seed: int) -> None:
    """Seed the global generators of Python, from which Keras draws, of NumPy and of PyTorch.

    On TensorFlow `keras.utils.set_random_seed` would seed TensorFlow's too, from which no layer of
    Keras draws, and all compiled programs would be prepared anew: a second for a deep network.
    """
    if keras.backend.backend() == "tensorflow":
        random.seed(seed)
        np.random.seed(seed)
    else:
        keras.utils.set_random_seed(seed)


def assign(variables: Iterable[keras.Variable], values: Iterable[Any]) -> None:
    """Assign a list of values to as many variables."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def states(model: keras.Model) -> list[keras.Variable]:
    """Return the variables that are not trained, with the memories of stateful recurrent layers.

    Keras does not count those memories among a network's variables; `networks.StatefulLSTM` does.
    """
    memories = [memory for layer in _stateful(model) for memory in keras.tree.flatten(layer.states)]
    counted = {id(variable) for variable in model.non_trainable_variables}
    others = [memory for memory in memories if id(memory) not in counted]
    return [*model.non_trainable_variables, *others]


def forget(model: keras.Model) -> None:
    """Set the memories of stateful recurrent layers to zero, as at the start of a text."""
    for layer in _stateful(model):
        layer.reset_state()


def _stateful(model):
    return [layer for layer in model.layers if getattr(layer, "stateful", False)]


def has_convolution(model: keras.Model) -> bool:
    """Tell whether a network has any convolution: XLA's are slow inside a loop on a CPU."""
    from keras.src.layers.convolutional.base_conv import BaseConv

    return any(isinstance(layer, BaseConv) for layer in model._flatten_layers())


def xla_pays(model: keras.Model) -> bool:
    """Tell whether XLA makes an epoch on TensorFlow faster: it does for dense layers, 1.4-fold.

    On a CPU its convolutions inside a loop run 50 to 100 times slower, recurrent layers gain
    nothing, and dropout before a single dense layer is 50 times slower.
    """
    import tensorflow as tf

    def count(kind):
        return sum(isinstance(layer, kind) for layer in model._flatten_layers())

    on_cpu = not tf.config.list_logical_devices("GPU")
    input_dropout = count(keras.layers.Dropout) and count(keras.layers.Dense) < 2
    slow = count(keras.layers.RNN) or input_dropout or has_convolution(model)
    return not (on_cpu and slow)


def _on_tensorflow(model, optimizer, loss, parts):
    """Return a function that runs steps of an epoch as one graph and gives the sum of losses."""
    import tensorflow as tf

    weights = model.trainable_variables
    strategy, devices = tf.distribute.get_strategy(), count_devices()
    if devices > 1 and _stateful(model):
        raise ValueError(
            "On TensorFlow text cannot be shared out over several devices, because a layer's "
            "memory belongs to whole minibatches: set KERAS_BACKEND=jax."
        )

    def in_parts(batch, count):
        return tf.reshape(batch, (count, -1, *batch.shape[1:]))

    def penalties():
        if parts == 1:
            return sum(model.losses)
        return tf.reduce_sum(tf.stack([0.0, *model.losses]))

    def gradient(x, y):
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True)) + penalties()
        # The gradient of an embedding is a list of rows; converting it sums the rows of a word
        # that comes more than once, which the optimizers and clipping need.
        return value, [tf.convert_to_tensor(each) for each in tape.gradient(value, weights)]

    def mean_gradient(x, y):
        if parts == 1:
            return gradient(x, y)
        x, y = in_parts(x, parts), in_parts(y, parts)

        def add(k, total, sums):
            # TensorFlow joins additions in a row. More than two large terms it adds up in a
            # temporary variable, which in this inner loop it makes twice, and fails. The stack of
            # penalties and the division interrupt the rows.
            value, gradients = gradient(x[k], y[k])
            sums = [a + b / parts for a, b in zip(sums, gradients, strict=True)]
            return k + 1, total + value / parts, sums

        zeros = [tf.zeros(weight.shape, weight.dtype) for weight in weights]
        loop = tf.while_loop(lambda k, *_: k < parts, add, (0, 0.0, zeros), parallel_iterations=1)
        return loop[1:]

    def step_on_one(x, y):
        context = tf.distribute.get_replica_context()
        k = context.replica_id_in_sync_group
        value, gradients = mean_gradient(in_parts(x, devices)[k], in_parts(y, devices)[k])
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

    @tf.function(jit_compile=devices == 1 and xla_pays(model), autograph=False)
    def run_steps(x, y, order, first, last):
        def step(i, total):
            return i + 1, total + step_on_all(tf.gather(x, order[i]), tf.gather(y, order[i]))

        return tf.while_loop(lambda i, _: i < last, step, (first, 0.0))[1]

    def run(x, y, order, first, last):
        arguments = x, y, tf.constant(order), tf.constant(first), tf.constant(last)
        # traced by hand: for a fifth algorithm TensorFlow would warn of too many traces
        return run_steps.get_concrete_function(*arguments)(*arguments)

    return run


def _on_jax(model, optimizer, loss, parts):
    """Return a function that runs steps of an epoch as one loop and gives the sum of losses."""
    import jax

    def loss_of(weights, others, x, y):
        outputs, others, penalties = _stateless_call(model, weights, others, x, training=True)
        return loss(y, outputs) + sum(penalties), others

    gradient = jax.value_and_grad(loss_of, has_aux=True)
    distribution = keras.distribution.distribution()

    def shared_out(batch):
        if distribution is None:
            return batch
        layout = distribution.get_data_layout(batch.shape)
        return keras.distribution.distribute_tensor(batch, layout)

    def mean_gradient(weights, others, x, y):
        if parts == 1:
            return gradient(weights, others, shared_out(x), shared_out(y))
        x, y = (batch.reshape(parts, -1, *batch.shape[1:]) for batch in (x, y))

        def add(k, carry):
            total, others, sums = carry
            (value, others), gradients = gradient(
                weights, others, shared_out(x[k]), shared_out(y[k])
            )
            return total + value, others, jax.tree.map(jax.numpy.add, sums, gradients)

        zeros = jax.tree.map(jax.numpy.zeros_like, weights)
        total, others, sums = jax.lax.fori_loop(0, parts, add, (0.0, others, zeros))
        return (total / parts, others), [each / parts for each in sums]

    def step(i, carry, x, y, order):
        weights, others, slots, total = carry
        (value, others), gradients = mean_gradient(weights, others, x[order[i]], y[order[i]])
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
        carry: Any = (*state, 0.0)
        if stepwise:
            for i in range(first, last):
                carry = one_step(carry, x, y, order, i)
        else:
            carry = all_steps(carry, x, y, order, first, last)
        *values, total = carry
        assign(chain(*variables), chain(*values))
        return total

    return run


def _stateless_call(model, weights, others, x, training):
    """Return (outputs, the new values of `states(model)`, penalties) for values of the variables.

    `keras.Model.stateless_call` does the same without the memories of recurrent layers.
    """
    variables = [*model.trainable_variables, *states(model)]
    mapping = list(zip(variables, [*weights, *others], strict=True))
    with keras.StatelessScope(state_mapping=mapping, collect_losses=True) as scope:
        outputs = model(x, training=training)
        penalties = model.losses
    return outputs, [scope.get_current_value(each) for each in states(model)], penalties


def _eagerly(model, optimizer, loss, parts):
    """Return a function that runs step by step (PyTorch) and gives the sum of losses."""
    import torch

    def run(x, y, order, first, last):
        total = 0.0
        for rows in torch.as_tensor(order[first:last]).to(x.device):
            model.zero_grad()
            for part in rows.chunk(parts):
                value = loss(y[part], model(x[part], training=True)) + sum(model.losses)
                (value / parts).backward()  # adds to the gradients
                total += value.detach() / parts
            weights = model.trainable_variables
            with torch.no_grad():
                optimizer.apply([weight.value.grad for weight in weights], weights)
        return total

    return run


def _forward(model, measure):
    """Return a function (x, y) -> what `measure(y, outputs)` gives, compiled where that pays."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        compiled = tf.function(
            lambda x, y: measure(y, model(x, training=False)),
            jit_compile=xla_pays(model),
            autograph=False,
            reduce_retracing=True,
        )

        def run(x, y):
            arguments = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
            # traced by hand: for a third network TensorFlow would warn of too many traces
            return compiled.get_concrete_function(*arguments)(*arguments)

        return run
    if backend == "jax":
        import jax

        @jax.jit
        def stateless(weights, others, x, y):
            outputs, others, _ = _stateless_call(model, weights, others, x, training=False)
            return measure(y, outputs), others

        def run(x, y):
            weights = [variable.value for variable in model.trainable_variables]
            others = [variable.value for variable in states(model)]
            measured, others = stateless(weights, others, x, y)
            assign(states(model), others)  # a text goes on
            return measured

        return run

    import torch

    def without_gradient(x, y):
        with torch.no_grad():
            return measure(ops.convert_to_tensor(y), model(x, training=False))

    return without_gradient
