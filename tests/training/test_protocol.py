"""The protocol: everything but the algorithm is the same, and what is recorded is what happened."""

import os
import subprocess
import sys
from functools import partial
from itertools import product

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from ravine import backends
from ravine.data import Dataset
from ravine.optimizers import Adam, GradientDescent
from ravine.training import engine, protocol
from ravine.training.engine import minibatch_order
from ravine.training.protocol import compare
from tests.weekly import weekly

ROWS, BATCH = 60, 16


def blobs(rows=ROWS):
    """Return three clouds of points in four dimensions, easy to tell apart."""
    rng = np.random.default_rng(0)

    def draw(n):
        y = rng.integers(0, 3, n)
        x = rng.normal(size=(n, 4)) + 2 * np.eye(4)[y]
        return x.astype("float32"), y.astype("int32")

    return Dataset("blobs", "sample", *draw(rows), *draw(30), provenance="drawn")


def network(dropout=0.5, penalty=None):
    regularizer = None if penalty is None else keras.regularizers.L2(penalty)
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(8, activation="relu", kernel_regularizer=regularizer),
            *([layers.Dropout(dropout)] if dropout else []),
            layers.Dense(3),
        ]
    )


def run(optimizers, make_model=network, seeds=(0,), epochs=2, **arguments):
    return compare(make_model, blobs(), optimizers, seeds, epochs, BATCH, **arguments)


def losses(frame, name):
    return frame[frame["optimizer"] == name][["loss", "eval_loss"]].to_numpy()


def cross_entropy(labels, logits):
    """Return the mean cross-entropy, in NumPy and float64."""
    logits = np.asarray(logits, dtype="float64")
    log_total = np.log(np.exp(logits).sum(axis=1))
    return np.mean(log_total - logits[np.arange(len(labels)), labels])


@pytest.fixture(scope="module")
def table():
    """Two algorithms that train, two whose steps have almost no length, two seeds, two epochs."""
    return run(FOUR, seeds=(0, 1))


FOUR = {
    "Adam": lambda: Adam(0.05),
    "SGD": lambda: GradientDescent(0.2),
    "resting Adam": lambda: Adam(1e-12),
    "resting SGD": lambda: GradientDescent(1e-12),
}


def test_table(table):
    assert list(table) == [
        *("optimizer", "seed", "epoch", "loss", "eval_loss", "accuracy", "seconds", "diverged")
    ]
    keys = table[["optimizer", "seed", "epoch"]]
    assert len(keys.drop_duplicates()) == len(table) == 4 * 2 * 3
    assert (table.groupby(["optimizer", "seed"])["epoch"].agg(tuple) == (0, 1, 2)).all()
    assert table["diverged"].dtype == bool and not table["diverged"].any()
    assert (table["seconds"] > 0).equals(table["epoch"] > 0)
    assert table["accuracy"].between(0, 1).all()


def test_all_algorithms_start_alike_and_seeds_differ(table):
    start = table[table["epoch"] == 0].groupby("seed")[["loss", "eval_loss", "accuracy"]]
    assert (start.nunique() == 1).all(axis=None)
    assert start.first()["loss"].is_unique


def test_dropout_noise_is_the_same_for_all_algorithms(table):
    """With steps of almost no length the loss depends on the batches and the noise alone."""
    resting = losses(table, "resting Adam")
    np.testing.assert_allclose(resting, losses(table, "resting SGD"), rtol=1e-6)
    training, without = resting[1:3, 0], resting[0, 0]
    assert abs(training - without).max() > 1e-2  # there is noise


def test_two_runs_are_bit_identical(table):
    """And so a run does not depend on which others ran before it: here there are fewer."""
    again = run({"wild": lambda: GradientDescent(1e6), "Adam": FOUR["Adam"]}, seeds=(1,))
    before = table[(table["optimizer"] == "Adam") & (table["seed"] == 1)]
    np.testing.assert_array_equal(losses(before, "Adam"), losses(again, "Adam"))
    assert np.isinf(losses(again, "wild")[-1]).all()


def test_a_sweep_compiles_once_and_equals_its_runs_one_by_one(monkeypatch):
    made = []
    monkeypatch.setattr(
        protocol, "Trainer", lambda *arguments: made.append(engine.Trainer(*arguments)) or made[-1]
    )
    grid = {
        f"{rate} {beta_1} {beta_2}": partial(Adam, rate, beta_1=beta_1, beta_2=beta_2)
        for rate, beta_1, beta_2 in product((0.01, 0.1), (0.0, 0.9), (0.9, 0.999))
    }
    sweep = run(grid, seeds=(0, 1))
    assert len(made) == 1
    assert sweep[sweep["epoch"] == 2]["loss"].is_unique
    for name in list(grid)[::3]:
        alone = run({name: grid[name]}, seeds=(1,))
        together = sweep[(sweep["optimizer"] == name) & (sweep["seed"] == 1)]
        np.testing.assert_allclose(losses(alone, name), losses(together, name), rtol=1e-6)


def test_start_is_the_loss_of_the_common_start(uncompiled):
    frame = run({"a": GradientDescent}, seeds=(4,), epochs=0)
    data, model = blobs(), network()
    for variable, value in zip(model.variables, protocol.common_start(network, 4), strict=True):
        variable.assign(value)
    expected = [
        cross_entropy(y, model(x))
        for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test))
    ]
    np.testing.assert_allclose(losses(frame, "a")[0], expected, rtol=1e-5)


def test_order_is_a_shuffle_and_a_function_of_seed_and_epoch():
    order = minibatch_order(ROWS, BATCH, seed=2, epoch=5)
    assert order.shape == (3, BATCH) and order.dtype == "int32"
    assert len(np.unique(order)) == 48  # no row twice; 12 of the 60 are left out
    minibatch_order(ROWS, BATCH, seed=9, epoch=9)
    keras.utils.set_random_seed(1)
    np.testing.assert_array_equal(order, minibatch_order(ROWS, BATCH, seed=2, epoch=5))
    for seed, epoch in ((2, 6), (3, 5), (5, 2)):
        assert (order != minibatch_order(ROWS, BATCH, seed, epoch)).any()
    left_out = [set(range(ROWS)) - set(minibatch_order(ROWS, BATCH, 0, e).flat) for e in (1, 2)]
    assert left_out[0] != left_out[1]


@pytest.fixture
def uncompiled(monkeypatch):
    """Let each algorithm's epoch only note its minibatches and return a sum of losses of 1.0."""
    served, sums = [], {}

    def program(model, optimizer, loss, parts):
        orders = []
        served.append(orders)

        def epoch(x, y, order, first, last):
            if last - first > 1:  # the single step compiles
                orders.append(order.tolist())
            return sums.get((optimizer.name, len(orders)), 1.0) * (last - first)

        return epoch

    monkeypatch.setattr(backends, "steps_of_epoch", program)
    return served, sums


def test_all_algorithms_are_served_the_same_batches(uncompiled):
    run({"a": Adam, "b": GradientDescent}, seeds=(0, 1), epochs=3)
    first, second = uncompiled[0]
    assert first == second
    assert first[4] == minibatch_order(ROWS, BATCH, seed=1, epoch=2).tolist()
    assert len({str(epoch) for epoch in first}) == 6


def test_dropout_noise_moves_on():
    """On a network of zero steps, two epochs over all rows differ by their noise alone."""
    data = blobs(64)
    frame = compare(network, data, {"a": lambda: GradientDescent(1e-12)}, [0], 3, 64)
    assert frame["loss"][1:].is_unique
    assert frame["loss"][1:].std() > 1e-4


PLAIN = {
    "SGD": lambda: GradientDescent(0.5),
    "Adam": lambda: Adam(0.05),
    "schedule": lambda: keras.optimizers.Adam(
        keras.optimizers.schedules.InverseTimeDecay(0.05, 1, 1.0)
    ),
    "clipped": lambda: keras.optimizers.SGD(0.1, momentum=0.9, clipnorm=0.5),
}


def penalised():
    return network(dropout=0, penalty=0.1)


EPOCHS = 34  # of 3 steps


@pytest.fixture(scope="module")
def compiled():
    return run(PLAIN, penalised, seeds=(7,), epochs=EPOCHS)


@pytest.mark.parametrize("name", PLAIN)
def test_compiled_epoch_equals_a_plain_loop(compiled, name):
    import tensorflow as tf

    frame = compiled[compiled["optimizer"] == name]
    data, model, optimizer = blobs(), penalised(), PLAIN[name]()
    for variable, value in zip(model.variables, protocol.common_start(penalised, 7), strict=True):
        variable.assign(value)
    expected = [cross_entropy(data.y_train, model(data.x_train))]
    for epoch in range(1, EPOCHS + 1):
        batch_losses = []
        for rows in minibatch_order(ROWS, BATCH, 7, epoch):
            with tf.GradientTape() as tape:
                logits = model(data.x_train[rows])
                loss = tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(data.y_train[rows], logits)
                )
                loss += 0.1 * tf.reduce_sum(tf.square(model.trainable_variables[0].value))
            weights = model.trainable_variables
            optimizer.apply(tape.gradient(loss, weights), weights)
            batch_losses.append(float(loss))
        expected.append(np.mean(batch_losses))
    np.testing.assert_allclose(frame["loss"], expected, rtol=2e-5)
    logits = model(data.x_test)
    np.testing.assert_allclose(
        frame["eval_loss"].iloc[-1], cross_entropy(data.y_test, logits), rtol=2e-5
    )
    accuracy = np.mean(np.argmax(logits, axis=1) == data.y_test)
    assert frame["accuracy"].iloc[-1] == pytest.approx(accuracy)


def test_algorithms_learn():
    frame = run(
        {"own": lambda: Adam(0.02), "Keras": lambda: keras.optimizers.Nadam(0.02)}, epochs=15
    )
    last = frame[frame["epoch"] == 15]
    assert (last["loss"] < 0.8).all() and (last["accuracy"] > 0.7).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 2 * protocol.DIVERGED])
def test_divergence_is_recorded(uncompiled, bad):
    """Adam's second epoch goes wrong: its run ends there, and nothing else does."""
    served, sums = uncompiled
    sums["adam", 2] = bad
    frame = run({"Adam": Adam, "SGD": GradientDescent}, seeds=(0, 1), epochs=4)
    first = frame[(frame["optimizer"] == "Adam") & (frame["seed"] == 0)]
    assert first["diverged"].tolist() == [False, False, True, True, True]
    assert np.isinf(first[["loss", "eval_loss"]][2:]).all(axis=None)
    assert first[["accuracy", "seconds"]][2:].isna().all(axis=None)
    assert len(served[0]) == 2 + 4  # no epoch is trained after the one that diverged
    rest = frame.drop(first.index)
    assert not rest["diverged"].any() and np.isfinite(rest[["loss", "eval_loss"]]).all(axis=None)


def convolution():
    return keras.Sequential(
        [keras.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)]
    )


def images():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(32, 6, 6, 1)).astype("float32"), np.arange(32, dtype="int32") % 2
    return Dataset("noise", "sample", x + y[:, None, None, None], y, x, y, provenance="drawn")


def test_a_convolutional_network_trains():
    frame = compare(convolution, images(), {"Adam": lambda: Adam(0.02)}, [0], 5, 8)
    assert frame["loss"].iloc[-1] < frame["loss"].iloc[0]


def test_report_gets_every_row_and_nothing_is_printed(capfd):
    rows = []
    frame = run({"a": GradientDescent}, report=rows.append)
    pd.testing.assert_frame_equal(pd.DataFrame(rows), frame)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"optimizers": {"a": Adam()}}, TypeError, "function that makes"),
        ({"optimizers": {"a": "adam"}}, TypeError, "'adam'"),
        ({"optimizers": {"a": Adam}, "seeds": (1, 1)}, ValueError, "once"),
    ],
)
def test_wrong_arguments(arguments, error, says):
    with pytest.raises(error, match=says):
        run(**arguments)


@pytest.mark.parametrize("batch_size", [0, ROWS + 1])
def test_wrong_batch_size(batch_size):
    with pytest.raises(ValueError, match="batch_size must be from 1 to the 60"):
        compare(network, blobs(), {"a": Adam}, [0], 1, batch_size)


ON_ANOTHER_BACKEND = """
import numpy as np, keras
from tests.training.test_protocol import *
frame = run({name: FOUR[name] for name in ("Adam", "resting Adam", "resting SGD")}, seeds=(1,))
assert (np.diff(losses(frame, "Adam")[:, 1]) < 0).all(), frame
test_dropout_noise_is_the_same_for_all_algorithms(frame)
test_two_runs_are_bit_identical(frame)
print("passed on", keras.backend.backend())
"""


@weekly
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
