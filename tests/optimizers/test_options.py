"""What Keras offers to every optimizer: rates, clipping, decay, averaging, precision, sparsity."""

import keras
import numpy as np
import pytest
from keras import ops

from ravine.optimizers import GradientDescent
from tests.optimizers.contract import (
    BACKEND,
    RATE,
    assert_close,
    every_kind_of_optimizer,
    every_optimizer,
    follow,
    only_tensorflow,
    random_gradients,
    to_numpy,
)

# In float64 up to the options, which Keras computes partly in float32.
TOLERANCE = 1e-6


def apply_all(optimizer, starts, gradients):
    """Apply gradients[step][variable]; return the final values of all variables."""
    variables = [keras.Variable(start) for start in starts]
    for step in gradients:
        optimizer.apply([ops.convert_to_tensor(g) for g in step], variables)
    return [to_numpy(v) for v in variables]


@every_optimizer
def test_schedule(row, float64):
    """Step t runs at the rate that the schedule gives for t - 1 steps done."""
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.5)
    gradients = random_gradients(steps=5)
    path = follow(row.make(schedule), np.zeros(4), gradients)
    assert_close(
        path, row.path(np.zeros(4), gradients, [0.1 * 0.5**t for t in range(5)]), TOLERANCE
    )


@every_optimizer
def test_callable_rate(row, float64):
    rates = iter([0.1, 0.2, 0.3])
    gradients = random_gradients(steps=3)
    path = follow(row.make(lambda: next(rates)), np.zeros(4), gradients)
    assert_close(path, row.path(np.zeros(4), gradients, [0.1, 0.2, 0.3]), TOLERANCE)


@every_optimizer
def test_rate_changed_on_the_way(row, float64):
    """The new rate multiplies the whole step: no old rate stays in the state."""
    optimizer, theta = row.make(0.1), keras.Variable(np.zeros(4))
    gradients = random_gradients(steps=6)
    path = [to_numpy(theta)]
    for t, g in enumerate(gradients):
        if t == 3:
            optimizer.learning_rate = 0.01
        optimizer.apply([ops.convert_to_tensor(g)], [theta])
        path.append(to_numpy(theta))
    assert_close(path, row.path(np.zeros(4), gradients, [0.1] * 3 + [0.01] * 3), TOLERANCE)


def clip_each_norm(step):
    return [g * min(1, 1 / np.linalg.norm(g)) for g in step]


def clip_value(step):
    return [np.clip(g, -1, 1) for g in step]


def clip_global_norm(step):
    norm = np.sqrt(sum(np.sum(g**2) for g in step))
    return [g * min(1, 1 / norm) for g in step]


@every_optimizer
@pytest.mark.parametrize(
    "option, clip",
    [
        ("clipnorm", clip_each_norm),
        ("clipvalue", clip_value),
        ("global_clipnorm", clip_global_norm),
    ],
)
def test_clipping(row, option, clip, float64):
    """Clipping to 1 is the same as feeding clipped gradients; one step is below the limit."""
    rng = np.random.default_rng(2)
    gradients = [
        [scale * rng.normal(size=3), scale * rng.normal(size=(2, 2))] for scale in (5.0, 0.1, 2.0)
    ]
    starts = [np.zeros(3), np.zeros((2, 2))]
    ends = apply_all(row.make(**{option: 1.0}), starts, gradients)
    for i, end in enumerate(ends):
        expected = row.path(starts[i], [clip(step)[i] for step in gradients])[-1]
        assert end == pytest.approx(expected, rel=TOLERANCE, abs=1e-9)


@every_optimizer
def test_weight_decay_is_decoupled(row, float64):
    """Theta shrinks by the rate times the decay; gradients and state do not see it."""
    gradients = random_gradients(steps=5)
    path = follow(row.make(weight_decay=0.1), np.full(4, 2.0), gradients)
    expected = row.path(np.full(4, 2.0), gradients, weight_decay=0.1)
    assert_close(path, expected, TOLERANCE)


@every_optimizer
def test_average_of_the_parameters(row, float64):
    """`use_ema`: at the end the parameters are replaced by their running mean."""
    gradients = random_gradients(steps=4)
    optimizer, theta = row.make(use_ema=True, ema_momentum=0.5), keras.Variable(np.zeros(4))
    for g in gradients:
        optimizer.apply([ops.convert_to_tensor(g)], [theta])
    path = row.path(np.zeros(4), gradients)
    assert to_numpy(theta) == pytest.approx(path[-1], rel=TOLERANCE)

    optimizer.finalize_variable_values([theta])
    # The mean starts at theta_1, so that theta_1 and theta_2 weigh 1/8 each.
    mean = np.array([1 / 8, 1 / 8, 1 / 4, 1 / 2]) @ path[1:]
    assert to_numpy(theta) == pytest.approx(mean, rel=TOLERANCE)


@every_optimizer
def test_gradient_accumulation(row, float64):
    """Three minibatches make one update by their mean, and t counts updates."""
    gradients = random_gradients(steps=9)
    path = follow(row.make(gradient_accumulation_steps=3), np.zeros(4), gradients)
    updates = row.path(np.zeros(4), gradients.reshape(3, 3, 4).mean(axis=1))
    assert_close(path[::3], updates, TOLERANCE)
    np.testing.assert_array_equal(path[2], path[0])
    np.testing.assert_array_equal(path[5], path[3])


@pytest.mark.skipif(BACKEND == "jax", reason="Keras' wrapper fails on JAX outside of fit")
@every_optimizer
def test_loss_scale_optimizer(row):
    """Gradients arrive multiplied by the scale; a step with an infinite one does not count."""
    gradients = random_gradients(steps=3, scales=(1e-4, 1.0))
    inner, theta = row.make(), keras.Variable(np.zeros(2, "float32"))
    optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=1024.0)
    optimizer.build([theta])

    optimizer.apply([ops.convert_to_tensor([np.inf, 1.0], "float32")], [theta])
    assert to_numpy(theta).tolist() == [0, 0]
    assert int(optimizer.iterations) == 0
    path = [to_numpy(theta)]
    for g in gradients:  # the scale is now 512
        optimizer.apply([ops.convert_to_tensor(512 * g, "float32")], [theta])
        path.append(to_numpy(theta))
    assert_close(path, row.path(np.zeros(2), gradients), 5e-6)


@every_optimizer
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_low_precision_variables_move(row, dtype):
    """The state stays in float32: in bfloat16 the factor 0.999 would round to 1.

    Theta starts at 0, where its own rounding does not swallow a step.
    """
    theta = keras.Variable(np.zeros(3), dtype=dtype)
    gradients = [np.array([1.0, -0.5, 0.25])] * 20
    optimizer = row.make(**row.defaults)
    path = follow(optimizer, theta, gradients)
    expected = row.path(np.zeros(3), gradients, **row.defaults)
    assert_close(path, expected, 0.02)
    for symbol in row.slots:
        assert [slot.dtype for slot in getattr(optimizer, symbol)] == ["float32"]


@every_kind_of_optimizer
def test_mixed_precision_policy(row):
    """Computing in bfloat16 changes the gradient by under 1 % and leaves float32 variables."""
    ends = {}
    for policy in ("float32", "mixed_bfloat16"):
        layer = keras.layers.Dense(1, dtype=policy, kernel_initializer="ones")
        model = keras.Sequential([keras.Input((2,)), layer])
        model.compile(row.make(), loss="mse")
        x, y = np.array([[1.0, 0.5], [0.25, 1.0]], "float32"), np.zeros((2, 1), "float32")
        for _ in range(3):
            model.train_on_batch(x, y)
        ends[policy] = to_numpy(layer.kernel)
        assert layer.kernel.dtype == "float32"
    assert np.all(ends["float32"] < 1 - RATE / 2)
    assert ends["mixed_bfloat16"] == pytest.approx(ends["float32"], abs=0.01)


@only_tensorflow
@every_optimizer
def test_repeated_rows_are_summed_before_squaring(row, float64):
    """An embedding's gradient names a row once for every time that its token occurs."""
    import tensorflow as tf

    rng = np.random.default_rng(3)
    values = [rng.normal(size=(4, 2)) for _ in range(3)]
    rows = [1, 3, 1, 1]
    theta = keras.Variable(np.zeros((5, 2)))
    optimizer = row.make()
    dense = []
    for value in values:
        optimizer.apply([tf.IndexedSlices(value, rows, dense_shape=(5, 2))], [theta])
        dense.append(np.zeros((5, 2)))
        np.add.at(dense[-1], rows, value)
    assert to_numpy(theta) == pytest.approx(row.path(np.zeros((5, 2)), dense)[-1], abs=1e-12)


@only_tensorflow
@pytest.mark.xfail(reason="Keras clips the rows as listed, before the optimizer can sum them")
def test_repeated_rows_are_summed_before_clipping():
    import tensorflow as tf

    theta = keras.Variable(np.zeros((3, 1)))
    gradient = tf.IndexedSlices(np.ones((3, 1), "float32"), [1, 1, 1], dense_shape=(3, 1))
    GradientDescent(1.0, global_clipnorm=1.0).apply([gradient], [theta])
    assert np.linalg.norm(to_numpy(theta)) == pytest.approx(1.0)


@only_tensorflow
@every_optimizer
def test_gradient_of_unknown_length(row):
    """Inside a tf.function a shape can be known in part only."""
    import tensorflow as tf

    theta = keras.Variable(np.zeros((3, 1), "float32"))
    optimizer = row.make()
    optimizer.build([theta])

    @tf.function(input_signature=[tf.TensorSpec((None, 1))], autograph=False)
    def step(g):
        optimizer.apply([g], [theta])

    step(np.ones((3, 1), "float32"))
    expected = row.path(np.zeros((3, 1)), [np.ones((3, 1))])[-1]
    assert to_numpy(theta) == pytest.approx(expected, rel=1e-5)


@only_tensorflow
@every_optimizer
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_variables_made_by_tensorflow(row, dtype):
    import tensorflow as tf

    theta = tf.Variable([0.0, 0.0], dtype=dtype)
    row.make().apply([tf.constant([1.0, -0.5], dtype)], [theta])
    expected = row.path(np.zeros(2), [np.array([1.0, -0.5])])[-1]
    assert tf.cast(theta, "float32").numpy() == pytest.approx(expected, rel=0.01)


@every_kind_of_optimizer
def test_embedding_model(row):
    """Token 1 occurs three times; the output is the sum of the four vectors."""
    embedding = keras.layers.Embedding(4, 2, embeddings_initializer="zeros")
    model = keras.Sequential([keras.Input((4,), dtype="int32"), embedding])
    model.compile(row.make(), loss=lambda y, out: ops.sum(out * y))
    tokens = np.array([[1, 1, 2, 1]], "int32")
    weights = np.array([[[1.0, 2.0], [0.5, -1.0], [1.0, 1.0], [0.25, 3.0]]], "float32")
    for _ in range(2):
        model.train_on_batch(tokens, weights)
    g = np.zeros((4, 2))
    np.add.at(g, tokens[0], weights[0])
    expected = row.path(np.zeros((4, 2)), [g, g])[-1]
    assert to_numpy(embedding.embeddings) == pytest.approx(expected, abs=1e-6)
