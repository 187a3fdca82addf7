"""Values: hand-computed steps, the sums of the slides, Keras' own optimizers, known surfaces."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from tests.optimizers.contract import (
    CONTRACT,
    assert_close,
    every_optimizer,
    follow,
    random_gradients,
    to_numpy,
    walk,
)

# Error of a path against the distance it covers; about ten times what was seen.
FLOAT64 = 1e-12
FLOAT32 = 2e-6
# 1 - 0.999^t is 0.001 with an error of 6e-8 in float32: a relative 3e-5 in Adam's first steps.
FLOAT32_AT_DEFAULTS = 5e-5
# 1000 steps in float32; Keras also passes its hyperparameters through float32.
TWIN = 5e-6

HYPERPARAMETERS = {
    "plain": lambda row: row.kwargs,
    "large-epsilon": lambda row: row.large_epsilon,
    "defaults": lambda row: row.defaults,
}
every_kind = pytest.mark.parametrize("kind", HYPERPARAMETERS)


@every_optimizer
def test_golden_first_steps(row):
    path = follow(
        row.make(0.1, **row.golden.kwargs), [1.0], [np.array([g]) for g in row.golden.gradients]
    )
    assert path[1:, 0] == pytest.approx(row.golden.iterates, abs=3e-7)


@every_optimizer
@every_kind
def test_oracle_in_float64(row, kind, float64):
    kwargs, gradients = HYPERPARAMETERS[kind](row), random_gradients(steps=12)
    path = follow(row.make(**kwargs), np.zeros(4), gradients)
    assert_close(path, row.path(np.zeros(4), gradients, **kwargs), FLOAT64)


@every_optimizer
@every_kind
def test_oracle_in_float32(row, kind):
    kwargs, gradients = HYPERPARAMETERS[kind](row), random_gradients(steps=12)
    path = follow(row.make(**kwargs), np.zeros(4, "float32"), gradients)
    tolerance = FLOAT32_AT_DEFAULTS if kind == "defaults" else FLOAT32
    assert_close(path, row.path(np.zeros(4), gradients, **kwargs), tolerance)


@every_optimizer
def test_tiny_gradients_with_large_epsilon(row, float64):
    """With g = 1e-4 and epsilon = 1e-3 the place of epsilon decides the size of the step."""
    gradients = [np.array([1e-4])] * 3
    path = follow(row.make(**row.large_epsilon), np.zeros(1), gradients)
    assert_close(path, row.path(np.zeros(1), gradients, **row.large_epsilon), FLOAT64)


@every_optimizer
def test_built_in_after_converting_epsilon(row):
    """1000 steps beside Keras' own optimizer, at an epsilon that matters."""
    gradients = ops.convert_to_tensor(random_gradients(steps=1000), "float32")
    if row.twin is None:
        pytest.skip("Keras has none that takes the same steps; test_optax has another source")
    ours, twin = row.make(**row.large_epsilon), row.twin()

    def gradient(t, theta):
        return ops.take(gradients, t - 1, axis=0)

    def convert_epsilon(t):
        if row.twin_epsilon:
            twin.epsilon = row.twin_epsilon(t)

    start = np.zeros(4, "float32")
    path = walk(ours, start, gradient, 1000)
    assert_close(path, walk(twin, start, gradient, 1000, before_step=convert_epsilon), TWIN)


def quadratic(theta):
    return 0.5 * (theta[0] ** 2 + 10 * theta[1] ** 2)


def quadratic_gradient(t, theta):
    return ops.stack([theta[0], 10 * theta[1]])


def rosenbrock(theta):
    return (1 - theta[0]) ** 2 + 100 * (theta[1] - theta[0] ** 2) ** 2


def rosenbrock_gradient(t, theta):
    x, y = theta[0], theta[1]
    return ops.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])


@every_optimizer
def test_descends_on_a_quadratic(row):
    start = np.array([1.0, 1.0], "float32")
    end = walk(row.make(row.quadratic_rate), start, quadratic_gradient, 300)[-1]
    assert quadratic(end) < 1e-3 * quadratic(start)


@every_optimizer
def test_descends_on_rosenbrock(row):
    start = np.array([-1.2, 1.0], "float32")
    end = walk(row.make(row.rosenbrock_rate), start, rosenbrock_gradient, 1000)[-1]
    assert rosenbrock(end) < 0.1 * rosenbrock(start)


@every_optimizer
def test_variables_of_different_shapes_keep_separate_state(row, float64):
    shapes = [(), (3,), (2, 3), (3,)]
    rng = np.random.default_rng(1)
    starts = [rng.normal(size=shape) for shape in shapes]
    gradients = [[rng.normal(size=shape) for shape in shapes] for _ in range(4)]
    variables = [keras.Variable(start) for start in starts]
    optimizer = row.make()

    for step in gradients:
        optimizer.apply([ops.convert_to_tensor(g) for g in step], variables)

    for i, variable in enumerate(variables):
        expected = row.path(starts[i], [step[i] for step in gradients])[-1]
        assert to_numpy(variable) == pytest.approx(expected, abs=1e-12)


@every_optimizer
def test_variables_that_get_no_gradient_stay(row):
    """The others are updated as if they were alone; Keras warns once."""
    used, unused = keras.Variable([1.0]), keras.Variable([1.0])
    optimizer = row.make()
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        optimizer.apply([None, ops.ones((1,))], [unused, used])
    assert to_numpy(unused) == [1.0]
    assert to_numpy(used) == pytest.approx(row.path([1.0], [np.ones(1)])[-1], abs=1e-6)


@every_optimizer
def test_nan_gradient_gives_nan_parameters(row):
    """A broken loss must be seen, in the coordinate where it broke, and must not crash."""
    path = follow(row.make(), np.zeros(2, "float32"), [np.array([math.nan, 1.0])])
    assert np.isnan(path[-1]).tolist() == [True, False]


@every_optimizer
@pytest.mark.parametrize("shape", [(1,), (), (3, 1), (2,)], ids=str)
def test_gradient_of_another_shape_is_refused(row, shape):
    """Broadcasting would train something else without a word."""
    theta = keras.Variable(np.zeros(3, "float32"))
    with pytest.raises(ValueError, match=r"gradient for variable .* has shape .* variable has"):
        row.make().apply([ops.ones(shape)], [theta])
    assert to_numpy(theta).tolist() == [0, 0, 0]


OUT_OF_RANGE = {
    "learning_rate": [0, 0.0, -0.1, math.nan, math.inf, True, "0.1", None],
    "epsilon": [-1e-8, math.nan, math.inf, "1e-8", None],
    "weight_decay": [-1e-8, math.nan, math.inf, "0.1", None],
    "decay": [1, 1.0, -0.1, 1.5, math.nan, True, "0.9", None],
}
RANGES = {
    "learning_rate": "a finite number above 0",
    "epsilon": "a finite number of at least 0",
    "weight_decay": "a finite number of at least 0",
    "decay": r"a number in \[0, 1\)",
}
INVALID = [
    pytest.param(row, name, value, id=f"{row.name}-{name}-{value!r}")
    for row in CONTRACT
    for name in ["learning_rate", *row.kwargs]
    for value in OUT_OF_RANGE.get(name, OUT_OF_RANGE["decay"])
]


@pytest.mark.parametrize("row, name, value", INVALID)
def test_argument_out_of_range_is_refused(row, name, value):
    """One sentence names the argument, its range and what was given."""
    expected = RANGES.get(name, RANGES["decay"])
    with pytest.raises(ValueError, match=f"^{name} must be {expected}") as error:
        row.optimizer(**{name: value})
    message = str(error.value)
    assert message.endswith(f"but it was {value!r}.")
    assert ". " not in message


@every_optimizer
def test_defaults_are_the_published_ones(row):
    config = row.optimizer().get_config()
    assert {name: config[name] for name in row.kwargs} == row.defaults


@every_optimizer
def test_numbers_on_the_edge_of_the_range_are_accepted(row):
    edges = dict.fromkeys(row.kwargs, 0)
    config = row.optimizer(learning_rate=1, **edges).get_config()
    assert config["learning_rate"] == 1.0
    assert all(config[name] == 0.0 for name in edges)
