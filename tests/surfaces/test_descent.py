"""Descents: a compiled walk is the plain recursion, for any optimizer, start and learning rate."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from ravine.optimizers import Adam, GradientDescent, Momentum
from ravine.surfaces import descent
from ravine.surfaces.analytic import quadratic, ravine, rosenbrock
from ravine.surfaces.descent import Path, descend, walk
from ravine.surfaces.regression import LinearRegression, minibatches
from tests.weekly import some_of

RAVINE, BENT = ravine(), rosenbrock()
START = np.array([-2.0, 0.4])


def float32(value):
    """Learning rates pass through float32."""
    return float(np.float32(value))


def plain(surface, name, rate, steps, start=START):
    """Walk down a surface with a loop in NumPy; return the points, shape (steps + 1, 2)."""
    theta, m, v = np.array(start, dtype=float), 0.0, 0.0
    points = [theta]
    for t in range(1, steps + 1):
        g = surface.gradient(theta)
        if name == "GD":
            theta = theta - rate * g
        elif name == "Momentum":
            m = 0.9 * m + g
            theta = theta - rate * m
        else:
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
            theta = theta - rate * m_hat / (np.sqrt(v_hat) + 1e-8)
        points.append(theta)
    return np.array(points)


MAKE = {"GD": GradientDescent, "Momentum": Momentum, "Adam": Adam}
RATES = {"GD": 0.03, "Momentum": 0.004, "Adam": 0.1}


def optimizers():
    return {name: MAKE[name](rate) for name, rate in RATES.items()}


@pytest.fixture(scope="module")
def walks():
    return descend(RAVINE, optimizers(), start=START, steps=60)


@pytest.mark.parametrize("name", MAKE)
def test_a_walk_is_the_recursion(walks, name):
    expected = plain(RAVINE, name, float32(RATES[name]), 60)
    np.testing.assert_allclose(walks[name].points, expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(walks[name].points[0], START)
    np.testing.assert_array_equal(walks[name].losses, RAVINE.value(walks[name].points))


def test_on_a_bent_ravine():
    found = walk(BENT, Adam(0.02), steps=100)
    expected = plain(BENT, "Adam", float32(0.02), 100, BENT.start)
    np.testing.assert_allclose(found.points, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.optimizers.Nadam(0.05),
        lambda: keras.optimizers.SGD(
            keras.optimizers.schedules.PiecewiseConstantDecay([5, 9], [0.03, 0.003, 0.0])
        ),
        lambda: keras.optimizers.Adam(0.1, clipnorm=0.5, weight_decay=0.01),
        lambda: keras.optimizers.ScheduleFreeAdamW(0.1),
    ],
    ids=["Nadam", "schedule", "clipped", "a state that starts as the weights"],
)
def test_any_keras_optimizer(make):
    """It walks as it does step by step, outside a compiled program."""
    found = walk(RAVINE, make(), start=START, steps=15).points
    optimizer, theta = make(), keras.Variable(START, dtype="float64")
    for point in found[1:]:
        gradient = RAVINE.gradient(keras.ops.convert_to_numpy(theta))
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [theta])
        np.testing.assert_allclose(point, keras.ops.convert_to_numpy(theta), rtol=1e-6, atol=1e-9)


def test_a_schedule_is_followed():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([5, 9], [0.03, 0.003, 0.0])
    found = walk(RAVINE, keras.optimizers.SGD(schedule), start=START, steps=15)
    expected = plain(RAVINE, "GD", float32(0.03), 6)
    np.testing.assert_allclose(found.points[:7], expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(found.points[10:], found.points[10:11].repeat(6, axis=0))


def test_the_callers_optimizers_are_only_read():
    fresh, used = Adam(0.1), Momentum(0.004)
    variable = keras.Variable([1.0, 1.0])
    used.apply([keras.ops.ones(2)], [variable])
    before = [keras.ops.convert_to_numpy(v) for v in used.variables]
    twice = [descend(RAVINE, {"a": fresh, "b": used}, START, 20) for _ in range(2)]
    assert not fresh.built
    for v, value in zip(used.variables, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(v), value)
    for name in "ab":
        np.testing.assert_array_equal(twice[0][name].points, twice[1][name].points)
    np.testing.assert_allclose(
        twice[0]["b"].points, plain(RAVINE, "Momentum", float32(0.004), 20), rtol=1e-6, atol=1e-9
    )


def test_many_walks_side_by_side_are_single_walks(walks):
    starts = np.array([START, [1.0, -0.5], [-0.3, 0.1]])
    together = descend(RAVINE, optimizers(), start=starts, steps=60)
    for name, path in together.items():
        assert path.points.shape == (61, 3, 2) and path.losses.shape == (61, 3)
        np.testing.assert_allclose(path.points[:, 0], walks[name].points, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(
            path.points[:, 1],
            plain(RAVINE, name, float32(RATES[name]), 60, starts[1]),
            rtol=1e-6,
            atol=1e-9,
        )


@pytest.fixture(scope="module")
def regression():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2)) * [0.3, 1.0]
    y = x @ np.array([0.5, -1.0]) + 0.1 * rng.normal(size=60)
    return LinearRegression("small", x, y, (-1.0, 1.0), ((-2, 2), (-2, 2)))


@pytest.mark.parametrize("seeds", [[3], [3, 4]])
def test_minibatch_walks_are_the_recursion(regression, seeds):
    order = minibatches(60, 20, 5, seeds)
    found = descend(regression, {"SGD": GradientDescent(0.1)}, batches=order)["SGD"]
    assert found.points.shape == (16, len(seeds), 2)
    for run in range(len(seeds)):
        theta = np.array(regression.start)
        for t, rows in enumerate(order[:, run]):
            np.testing.assert_allclose(found.points[t, run], theta, rtol=1e-6, atol=1e-9)
            x, y = regression.x[rows], regression.y[rows]
            theta = theta - float32(0.1) * 2 * x.T @ (x @ theta - y) / len(rows)
    losses = np.mean((found.points @ regression.x.T - regression.y) ** 2, axis=-1)
    np.testing.assert_allclose(found.losses, losses, rtol=1e-9)


def test_one_order_of_batches_without_a_seed_axis(regression):
    order = minibatches(60, 20, 2, [3])
    found = descend(regression, {"SGD": GradientDescent(0.1)}, batches=order[:, 0])["SGD"]
    with_axis = descend(regression, {"SGD": GradientDescent(0.1)}, batches=order)["SGD"]
    assert found.points.shape == (7, 2)
    np.testing.assert_allclose(found.points, with_axis.points[:, 0], rtol=1e-12)


def test_divergence():
    """Beyond the limit 2/L the walk grows by the factor |1 - ηL| along the steep axis."""
    rate = float32(2.5 / 34)
    found = walk(RAVINE, GradientDescent(rate), start=START, steps=1000)
    factor = rate * 34 - 1
    expected = int(np.ceil(np.log(descent.BEYOND / 0.4) / np.log(factor)))
    assert found.diverged_at == expected
    assert np.abs(found.points[expected - 1]).max() < descent.BEYOND
    assert walk(RAVINE, GradientDescent(1.9 / 34), start=START, steps=1000).diverged_at is None


@pytest.mark.parametrize("bad", [np.nan, np.inf, -2e6])
def test_diverged_at_finds_the_first_bad_point(bad):
    points = np.ones((5, 3, 2))
    points[2, 1, 0] = bad
    assert Path(points, np.ones((5, 3))).diverged_at == 2
    assert Path(points[:2], np.ones((2, 3))).diverged_at is None


def test_path():
    path = Path(np.array([[0.0, 0.0], [1.0, 2.0], [1.5, 1.0]]), np.array([3.0, 0.5, 0.25]))
    np.testing.assert_array_equal(path.updates, [[1, 2], [0.5, -1]])
    assert (path.steps_to(0.5), path.steps_to(3.0), path.steps_to(0.1)) == (1, 0, None)


def test_a_second_learning_rate_uses_the_same_program_and_is_right():
    descent._program.cache_clear()
    for rate in (0.03, 0.01, 0.05):
        found = walk(RAVINE, GradientDescent(rate), start=START, steps=25).points
        expected = plain(RAVINE, "GD", float32(rate), 25)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    assert descent._program.cache_info().misses == 1


def test_other_settings_are_another_program():
    half, full = (walk(RAVINE, Momentum(0.01, beta), START, 10).points for beta in (0.5, 0.9))
    assert np.abs(half - full).max() > 0.01
    schedules = [keras.optimizers.schedules.InverseTimeDecay(0.02, 1, r) for r in (0.1, 10.0)]
    slow, fast = (walk(RAVINE, GradientDescent(s), START, 10).points for s in schedules)
    assert np.abs(slow - fast).max() > 0.01


def test_another_surface_is_another_program():
    """Also where it has the same name."""
    first, second = quadratic(34), quadratic(34, smallest_curvature=0.1)
    assert first.name == second.name
    for surface in (first, second, first):
        found = walk(surface, GradientDescent(0.02), start=START, steps=10).points
        expected = plain(surface, "GD", float32(0.02), 10)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_a_class_defined_again_is_not_confused():
    """In a notebook a reader edits a class and runs its cell again."""

    def defined(factor):
        class Mine(GradientDescent):
            def update_step(self, gradient, variable, learning_rate):
                rate = factor * keras.ops.cast(learning_rate, variable.dtype)
                self.assign_sub(variable, rate * gradient)

        return Mine

    for factor in (1.0, -1.0):
        found = walk(RAVINE, defined(factor)(0.01), start=START, steps=1).points[1]
        expected = START - factor * float32(0.01) * RAVINE.gradient(START)
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "start", [[1.0], [1.0, 2.0, 3.0], np.zeros((2, 2, 2)), [np.nan, 0.0], [np.inf, 0.0]]
)
def test_wrong_start(start):
    with pytest.raises(ValueError, match="start must be finite numbers"):
        walk(RAVINE, GradientDescent(), start=start)


def test_batches_where_they_belong(regression):
    with pytest.raises(ValueError, match="needs batches"):
        descend(regression, optimizers())
    with pytest.raises(ValueError, match="takes none"):
        descend(RAVINE, optimizers(), batches=np.zeros((3, 1, 5), "int32"))


def test_many_programs_print_nothing(capfd):
    for steps in range(3, 9):
        walk(RAVINE, GradientDescent(), steps=steps)
    assert capfd.readouterr() == ("", "")


ON_ANOTHER_BACKEND = """
import numpy as np, keras
from tests.surfaces.test_descent import *
found = descend(RAVINE, optimizers(), start=START, steps=60)
single = keras.backend.backend() == "jax" and os.environ["JAX_ENABLE_X64"] == "0"
for name in MAKE:
    expected = plain(RAVINE, name, float32(RATES[name]), 60)
    # PyTorch takes Adam's powers of beta in float32
    atol = {"jax": 1e-5 if single else 1e-9, "torch": 1e-6}[keras.backend.backend()]
    rtol = 1e-4 if single else 1e-6
    np.testing.assert_allclose(found[name].points, expected, rtol=rtol, atol=atol)
if not single:
    test_a_second_learning_rate_uses_the_same_program_and_is_right()
    test_a_schedule_is_followed()
print("passed on", keras.backend.backend())
"""


@pytest.mark.parametrize(
    ("backend", "x64"), some_of([("jax", "0"), ("jax", "1"), ("torch", "0")], 3)
)
def test_another_backend(backend, x64):
    """On JAX in float32, and in float64 where that is switched on; no warning either way."""
    pytest.importorskip(backend)
    done = subprocess.run(
        [sys.executable, "-c", ON_ANOTHER_BACKEND],
        env={**os.environ, "KERAS_BACKEND": backend, "JAX_ENABLE_X64": x64},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "Warning" not in done.stderr, done.stderr
    assert f"passed on {backend}" in done.stdout
