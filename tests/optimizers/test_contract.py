"""Values: hand-computed steps, the sums of the slides, Keras' own optimizers, known surfaces."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from tests.optimizers.contract import (
    CONTRACT,
    assert_close,
    compiled,
    compiled_step,
    count_traces,
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
# In float64, but for the rate, which Keras keeps in float32 on its way.
COMPILED = 1e-6

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


HALVED = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.5)


@compiled
@every_optimizer
@pytest.mark.parametrize("rate", [0.1, HALVED], ids=["number", "schedule"])
def test_a_second_call_compiles_nothing(row, rate, float64, monkeypatch):
    """Another gradient, another rate and another t are other values for the same program."""
    gradients, rates = random_gradients(steps=4), [0.1 * 0.5**t for t in range(4)]
    traces = count_traces(row, monkeypatch)
    optimizer, theta = row.make(rate), keras.Variable(np.zeros(4))
    optimizer.build([theta])
    step, path = compiled_step(optimizer, theta), [np.zeros(4)]
    for t in range(4):
        if rate is not HALVED:
            optimizer.learning_rate = rates[t]
        step(ops.convert_to_tensor(gradients[t]))
        path.append(to_numpy(theta))
    assert len(traces) == 1
    assert_close(path, row.path(np.zeros(4), gradients, rates), COMPILED)


@compiled
@every_optimizer
def test_a_second_fit_compiles_nothing(row, monkeypatch):
    """A rate that was set between the two is another value for the same program."""
    traces = count_traces(row, monkeypatch)
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((2,)), layer])
    model.compile(row.make(0.1), loss=lambda y, out: ops.mean(out * y))  # each gradient is 1
    x, y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")
    model.fit(x, y, batch_size=2, verbose=0)
    once = len(traces)
    model.optimizer.learning_rate = 0.01
    model.fit(x, y, batch_size=2, verbose=0)
    assert len(traces) == once > 0
    expected = row.path(np.zeros((2, 1)), np.ones((4, 2, 1)), [0.1, 0.1, 0.01, 0.01])[-1]
    assert to_numpy(layer.kernel) == pytest.approx(expected, rel=1e-5)


@compiled
@every_optimizer
def test_numbers_may_become_variables(row, float64, monkeypatch):
    """A program reads their values at every step, so one serves a sweep over all of them."""
    gradients = random_gradients(steps=4)
    traces = count_traces(row, monkeypatch)
    optimizer, theta = row.make(**row.defaults), keras.Variable(np.zeros(4))
    for name, value in row.defaults.items():
        setattr(optimizer, name, keras.Variable(value, dtype="float64", trainable=False))
    optimizer.build([theta])
    variables = [theta, *optimizer.variables]
    first = [to_numpy(variable) for variable in variables]
    step = compiled_step(optimizer, theta)
    step(ops.convert_to_tensor(gradients[0]))

    for variable, value in zip(variables, first, strict=True):
        variable.assign(value)
    for name, value in row.kwargs.items():
        getattr(optimizer, name).assign(value)
    path = [np.zeros(4)]
    for g in gradients:
        step(ops.convert_to_tensor(g))
        path.append(to_numpy(theta))
    assert len(traces) == 1
    assert_close(path, row.path(np.zeros(4), gradients), COMPILED)


NO_NUMBER = {
    "schedule": lambda: HALVED,
    "callable": lambda: lambda: 0.5,
    "variable": lambda: keras.Variable(0.5),
    "tensor": lambda: ops.convert_to_tensor(0.5),
}


@every_optimizer
@pytest.mark.parametrize("kind", NO_NUMBER)
def test_what_is_no_number_is_refused(row, kind):
    """At the start all are numbers, but the rate, which may be a schedule or a callable as well."""
    value = NO_NUMBER[kind]()
    for name in row.kwargs:
        with pytest.raises(ValueError, match=f"^{name} must be a .*number .*, but it was"):
            row.optimizer(**{name: value})
    if kind in ("schedule", "callable"):
        assert row.optimizer(value)._learning_rate is value
    else:
        with pytest.raises(ValueError, match=r"^learning_rate must be a finite number .*callable"):
            row.optimizer(value)


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
