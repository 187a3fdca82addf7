"""The engine: one program for resident and streamed data, in parts, in order, and evaluated."""

import os
import subprocess
import sys
from functools import partial

import keras
import numpy as np
import pytest
from keras import layers

from ravine import networks
from ravine.data import Dataset
from ravine.optimizers import Adam, GradientDescent
from ravine.training.engine import Evaluator, Trainer, forget, states
from ravine.training.protocol import common_start, compare
from tests.training.test_protocol import BATCH, blobs, cross_entropy, network, penalised, run


class Streamed:
    """Rows that are handed over minibatch by minibatch, shifted by what the epoch says."""

    def __init__(self, x, shift=0.0):
        self.x = x
        self.shift = shift
        self.asked = []

    def __len__(self):
        return len(self.x)

    def batches(self, rows, seed=None, epoch=0):
        for part in rows:
            self.asked.append((seed, epoch, len(part)))
            yield self.x[part] + (0 if seed is None else np.float32(self.shift * epoch))


def streamed(shift=0.0):
    data = blobs()
    return Dataset(
        "blobs",
        "sample",
        Streamed(data.x_train, shift),
        data.y_train,
        Streamed(data.x_test),
        data.y_test,
        provenance="drawn",
    )


@pytest.fixture(scope="module")
def whole():
    return run({"SGD": lambda: GradientDescent(0.2)}, penalised, epochs=3)


def without_seconds(frame):
    return frame.drop(columns="seconds")


def test_streamed_data_train_like_resident_ones(whole):
    data = streamed()
    frame = compare(penalised, data, {"SGD": lambda: GradientDescent(0.2)}, [0], 3, BATCH)
    columns = ["loss", "eval_loss", "accuracy"]
    np.testing.assert_allclose(frame[columns], whole[columns], rtol=1e-5)
    assert data.x_train.asked == [
        (None, 0, 60),
        *[(0, epoch, BATCH) for epoch in (1, 2, 3) for _ in range(3)],
    ]
    moved = compare(penalised, streamed(0.5), {"SGD": lambda: GradientDescent(0.2)}, [0], 1, BATCH)
    assert moved["loss"].iloc[1] != pytest.approx(whole["loss"].iloc[1], rel=1e-3)


@pytest.mark.parametrize("parts", [2, 16])
def test_parts_of_a_minibatch_give_the_same_step(whole, parts):
    frame = run({"SGD": lambda: GradientDescent(0.2)}, penalised, epochs=3, parts=parts)
    np.testing.assert_allclose(frame["loss"], whole["loss"], rtol=1e-5)


def test_a_large_penalised_network_trains_in_parts():
    # TensorFlow adds up terms that need much memory in a variable, which in a loop inside a loop
    # it makes twice. The convolution keeps XLA away, which does not do that.
    images = np.random.default_rng(0).normal(size=(4, 16, 16, 1)).astype("float32")
    labels = blobs().y_train[:4]
    data = Dataset("noise", "sample", images, labels, images, labels, provenance="drawn")
    decay = {"kernel_regularizer": keras.regularizers.L2(1e-4)}
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(1, 3, padding="same", **decay),
            layers.Flatten(),
            layers.Dense(4000, **decay),
            layers.Dense(4000, **decay),
            layers.Dense(10),
        ]
    )
    trainer = Trainer(model, GradientDescent(1e-3), data, 4, parts=2)
    assert all(np.isfinite(trainer.train(0, epoch)[0]) for epoch in (1, 2))


def test_points_divide_an_epoch_without_changing_it(whole):
    frame = run({"SGD": lambda: GradientDescent(0.2)}, penalised, epochs=3, points=2)
    assert frame["epoch"].tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3]
    whole_epochs = frame["epoch"] % 1 == 0
    measured = ["eval_loss", "accuracy"]
    np.testing.assert_array_equal(frame.loc[whole_epochs, measured], whole[measured])
    assert frame.loc[~whole_epochs, measured].isna().all(axis=None)
    # of the three steps of an epoch the first point takes one and the second two
    of_points = [np.average(frame["loss"][i : i + 2], weights=[1, 2]) for i in (1, 3, 5)]
    np.testing.assert_allclose(of_points, whole["loss"][1:], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"points": 4}, "points must be from 1 to the 3 steps"),
        ({"points": 0}, "points must be"),
        ({"parts": 3}, "parts must divide the batch_size 16"),
        ({"parts": 0}, "parts must"),
    ],
)
def test_wrong_arguments(arguments, says):
    with pytest.raises(ValueError, match=says):
        run({"Adam": Adam}, **arguments)


def test_other_loss_and_validation_data():
    """A network that learns to give its input back, by the mean squared error."""
    data = blobs()
    x = data.x_train, data.x_test
    dataset = Dataset(
        "blobs", "sample", x[0], x[0], x[1], x[1], "drawn", x_valid=2 * x[1], y_valid=x[1]
    )

    def make_model():
        return keras.Sequential([keras.Input((4,)), layers.Dense(4)])

    def squared_error(labels, outputs):
        return keras.ops.mean(keras.ops.square(labels - outputs))

    frame = compare(
        make_model, dataset, {"Adam": lambda: Adam(0.02)}, [0], 30, BATCH, loss=squared_error
    )
    assert frame["accuracy"].isna().all()
    assert frame["loss"].iloc[-1] < 0.3 * frame["loss"].iloc[0]
    model = make_model()
    for variable, value in zip(model.variables, common_start(make_model, 0), strict=True):
        variable.assign(value)
    first = frame.iloc[0]
    for column, inputs in (("eval_loss", x[1]), ("valid_loss", 2 * x[1])):
        expected = np.mean(np.square(x[1] - keras.ops.convert_to_numpy(model(inputs))))
        assert first[column] == pytest.approx(expected, rel=1e-5)


STREAMS, STEPS, WORDS = 4, 3, 5


def text(length=200):
    """Return a text in which a word is the one three places earlier plus one, cut into streams."""
    words = (np.arange(length) // 3 % WORDS).astype("int32")

    def unrolled(words):
        per_stream = (len(words) - 1) // STREAMS // STEPS * STEPS
        x, y = (
            words[k : k + per_stream * STREAMS].reshape(STREAMS, -1, STEPS).swapaxes(0, 1)
            for k in (0, 1)
        )
        return x.reshape(-1, STEPS), y.reshape(-1, STEPS)

    train, test = unrolled(words), unrolled(words[:80])
    return Dataset("text", "sample", *train, *test, "made up", streams=STREAMS)


def reader():
    return keras.Sequential(
        [
            keras.Input(batch_shape=(STREAMS, None), dtype="int32"),
            layers.Embedding(WORDS, 4),
            layers.LSTM(6, return_sequences=True, stateful=True),
            layers.Dense(WORDS),
        ]
    )


def language_model():
    """The network of the experiment, which counts its memories among its variables."""
    return networks.lstm(WORDS, units=6, streams=STREAMS, dropout=0, initial=0.5)


def test_a_memory_is_among_the_states_once():
    for make_model, memories in ((reader, 2), (language_model, 4)):
        found = states(make_model())
        assert len({id(state) for state in found}) == len(found)
        assert sum(state.shape == (STREAMS, 6) for state in found) == memories


def test_compiling_leaves_no_trace():
    """Also where the network is not compiled with XLA, and in the noise of dropout."""
    for make_model, data, batch in ((network, blobs(), BATCH), (reader, text(), STREAMS)):
        model = make_model()
        before = [np.array(variable) for variable in [*model.trainable_variables, *states(model)]]
        trainer = Trainer(model, Adam(0.1), data, batch)
        for was, now in zip(before, trainer.state(), strict=False):  # the slots come after
            np.testing.assert_array_equal(was, now)
        assert int(trainer.optimizer.iterations) == 0
        assert not any(np.any(m) for m in trainer.optimizer.m)


def test_a_state_that_starts_as_a_copy_of_the_weights_starts_from_the_new_ones():
    """Schedule-Free has one; a run of a sweep must not begin where another one ended."""
    make = {f"at {rate}": partial(keras.optimizers.ScheduleFreeAdamW, rate) for rate in (0.3, 0.03)}
    together = run(make, seeds=(0, 1)).query("optimizer == 'at 0.03' and seed == 1")
    alone = run({"at 0.03": make["at 0.03"]}, seeds=(1,))
    np.testing.assert_array_equal(together["loss"], alone["loss"])


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the plain loop is written on TensorFlow"
)
def test_text_is_read_in_order_with_its_state_carried_on():
    """The epoch equals a plain loop over the minibatches as they stand, the state kept."""
    import tensorflow as tf

    data = text()
    frame = compare(
        reader,
        data,
        {"clipped": lambda: GradientDescent(0.5, global_clipnorm=0.1)},
        [0],
        2,
        STREAMS,
    )
    model, optimizer = reader(), GradientDescent(0.5, global_clipnorm=0.1)
    for variable, value in zip(model.variables, common_start(reader, 0), strict=True):
        variable.assign(value)
    expected = []
    for _ in range(2):
        model.layers[1].reset_state()
        batch_losses = []
        for i in range(0, len(data.x_train), STREAMS):
            x, y = data.x_train[i : i + STREAMS], data.y_train[i : i + STREAMS]
            with tf.GradientTape() as tape:
                logits = model(x, training=True)
                loss = tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
                )
            weights = model.trainable_variables
            # duplicate words of an embedding's gradient are summed before clipping
            dense = [tf.convert_to_tensor(each) for each in tape.gradient(loss, weights)]
            optimizer.apply(dense, weights)
            batch_losses.append(float(loss))
        expected.append(np.mean(batch_losses))
    np.testing.assert_allclose(frame["loss"][1:], expected, rtol=1e-5)

    model.layers[1].reset_state()
    logits = [model(data.x_test[i : i + STREAMS]) for i in range(0, len(data.x_test), STREAMS)]
    expected = cross_entropy(data.y_test.ravel(), np.concatenate(logits).reshape(-1, WORDS))
    assert frame["eval_loss"].iloc[-1] == pytest.approx(expected, rel=1e-5)


def test_the_memory_is_carried_from_step_to_step():
    """Two steps of almost no length give other losses when the first one is left out."""
    data = text()
    trainer = Trainer(reader(), GradientDescent(1e-12), data, STREAMS)
    trainer.train(0, 1, 0, 1)
    after_one = list(trainer.state())
    carried, _ = trainer.train(0, 1, 1, 2)
    trainer.load_state(after_one)
    assert trainer.train(0, 1, 1, 2)[0] == carried  # a checkpoint holds the memory
    forget(trainer.model)
    assert abs(trainer.train(0, 1, 1, 2)[0] - carried) > 1e-5


def test_batch_size_must_be_the_streams():
    with pytest.raises(ValueError, match="batch_size must be the 4 streams"):
        compare(reader, text(), {"Adam": Adam}, [0], 1, 8)


def test_evaluation_leaves_no_trace_in_the_network():
    model, data = reader(), text()
    trainer = Trainer(model, Adam(), data, STREAMS)
    trainer.train(0, 1, 0, 2)
    before = list(trainer.state())
    assert any(np.any(value) for value in before)
    Evaluator(model, streams=STREAMS)(data.x_test, data.y_test)
    for was, now in zip(before, trainer.state(), strict=True):
        np.testing.assert_array_equal(was, now)


def test_evaluation_over_pieces_is_the_mean_over_rows():
    """Over 700 rows, which are more than are evaluated at once."""
    data, model = blobs(700), network()
    loss, accuracy = Evaluator(model)(data.x_train, data.y_train)
    logits = keras.ops.convert_to_numpy(model(data.x_train))
    assert loss == pytest.approx(cross_entropy(data.y_train, logits), rel=1e-5)
    assert accuracy == pytest.approx(np.mean(logits.argmax(axis=1) == data.y_train))
    first, _ = Evaluator(model)(data.x_train, data.y_train, rows=50)
    assert first == pytest.approx(cross_entropy(data.y_train[:50], logits[:50]), rel=1e-5)


def test_a_network_trained_in_parts_is_evaluated_on_fewer_rows_at_once():
    sizes = []

    class Images:
        def batches(self, pieces):
            for piece in pieces:
                sizes.append(len(piece))
                yield data.x_train[piece]

    data, model = blobs(700), network()
    whole, _ = Evaluator(model)(data.x_train, data.y_train)
    loss, _ = Evaluator(model, parts=8)(Images(), data.y_train)
    assert loss == pytest.approx(whole, rel=1e-6)
    assert max(sizes) == 63  # 500 / 8
    assert sum(sizes) == 700


ON_ANOTHER_BACKEND = """
import keras
from tests.training.test_engine import *
whole = run({"SGD": lambda: GradientDescent(0.2)}, penalised, epochs=3)
test_streamed_data_train_like_resident_ones(whole)
test_parts_of_a_minibatch_give_the_same_step(whole, 2)
test_points_divide_an_epoch_without_changing_it(whole)
test_other_loss_and_validation_data()
test_evaluation_leaves_no_trace_in_the_network()
test_compiling_leaves_no_trace()
test_the_memory_is_carried_from_step_to_step()
for make_model in (reader, language_model):
    frame = compare(make_model, text(), {"Adam": lambda: Adam(0.1)}, [0], 20, STREAMS)
    assert frame["eval_loss"].iloc[-1] < 0.5 * frame["eval_loss"].iloc[0], frame
print("passed on", keras.backend.backend())
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend(backend):
    pytest.importorskip(backend)
    done = subprocess.run(
        [sys.executable, "-c", ON_ANOTHER_BACKEND],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"passed on {backend}" in done.stdout
