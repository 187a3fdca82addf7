"""What holds for all gradients: symmetries, invariances and equivalences."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ravine.optimizers import AdaDelta, AdaGrad, Adam, GradientDescent, Momentum, Nesterov, RMSprop
from tests.optimizers.contract import (
    RATE,
    assert_close,
    every_kind_of_optimizer,
    every_optimizer,
    follow,
)

pytestmark = pytest.mark.usefixtures("float64_file")

# The same examples on every run, few enough for eager steps.
few = settings(max_examples=15, derandomize=True, deadline=None, database=None)

STEPS = 5
# Away from 0, where a relative error would mean nothing.
sizes = st.builds(lambda sign, size: sign * size, st.sampled_from([-1, 1]), st.floats(1e-3, 1e3))
gradients_2d = arrays("float64", (STEPS, 2), elements=sizes)
decays = st.floats(0, 0.99)
angles = st.floats(0, 2 * np.pi)

ORIGIN = np.zeros(2)


def rotation(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def quadratic_path(optimizer, start, curvatures, steps=12):
    """Walk down 0.5 * sum(curvatures * theta^2)."""
    theta = keras.Variable(start)
    path = [start]
    for _ in range(steps):
        optimizer.apply([keras.ops.convert_to_tensor(curvatures * path[-1])], [theta])
        path.append(np.array(theta.numpy()))
    return np.array(path)


@every_optimizer
@few
@given(data=st.data(), gradients=gradients_2d)
def test_recursion_equals_sum(row, data, gradients):
    kwargs = {
        name: data.draw(st.floats(1e-8, 10) if name == "epsilon" else decays, name)
        for name in row.kwargs
    }
    path = follow(row.make(**kwargs), ORIGIN, gradients)
    assert_close(path, row.path(ORIGIN, gradients, **kwargs), 1e-10)


@every_kind_of_optimizer
@few
@given(gradients=gradients_2d)
def test_swapping_and_mirroring_coordinates(row, gradients):
    """No coordinate is special: swap two, turn the sign of one, and the path follows."""
    mirror = np.array([[0.0, 1.0], [-1.0, 0.0]])
    path = follow(row.make(), ORIGIN, gradients)
    assert_close(follow(row.make(), ORIGIN, gradients @ mirror.T), path @ mirror.T, 1e-12)


@pytest.mark.parametrize("optimizer", [GradientDescent, Momentum, Nesterov])
@few
@given(gradients=gradients_2d, angle=angles)
def test_rotated_gradients_give_the_rotated_path(optimizer, gradients, angle):
    R = rotation(angle)
    path = follow(optimizer(RATE), ORIGIN, gradients)
    rotated = follow(optimizer(RATE), ORIGIN, gradients @ R.T)
    np.testing.assert_allclose(rotated, path @ R.T, atol=1e-12 * np.abs(gradients).max())


@pytest.mark.parametrize("optimizer", [AdaGrad, RMSprop, Adam])
def test_rescaled_methods_do_not_rotate(optimizer):
    """The witness: along an axis the step is one unit long, along the diagonal the root of two."""
    along_axis = follow(optimizer(RATE), ORIGIN, [np.array([1.0, 1e-6])])[-1]
    diagonal = follow(optimizer(RATE), ORIGIN, [rotation(np.pi / 4) @ np.array([1.0, 1e-6])])[-1]
    straight = rotation(np.pi / 4) @ along_axis
    assert np.linalg.norm(diagonal - straight) > 0.1 * np.linalg.norm(straight)


@few
@given(gradient=arrays("float64", 3, elements=sizes))
def test_first_step_of_adam_is_the_rate_times_the_sign(gradient):
    step = -follow(Adam(RATE), np.zeros(3), [gradient])[-1]
    np.testing.assert_allclose(step, RATE * np.sign(gradient), rtol=2e-5)


@few
@given(gradient=arrays("float64", 3, elements=sizes), rho=st.floats(0, 0.99))
def test_first_step_of_adadelta_is_a_root_of_epsilon(gradient, rho):
    """Whatever the gradient: only its sign counts, and epsilon starts the walk."""
    step = -follow(AdaDelta(rho=rho, epsilon=1e-14), np.zeros(3), [gradient])[-1]
    np.testing.assert_allclose(step, np.sqrt(1e-14 / (1 - rho)) * np.sign(gradient), rtol=1e-6)


@few
@given(gradients=gradients_2d, unit=st.floats(1e-3, 1e3))
def test_adadelta_has_the_unit_of_the_parameter(gradients, unit):
    """A parameter in another unit takes the same path, in that unit; RMSprop's step has no unit.

    The epsilon beside the squared steps has their unit. The one beside the squares of the gradient
    is so small here that it does not count.
    """
    path = follow(AdaDelta(epsilon=1e-30), ORIGIN, gradients)
    other = follow(AdaDelta(epsilon=1e-30 * unit**2), ORIGIN, gradients / unit)
    assert_close(other, path * unit, 1e-6)


@pytest.mark.parametrize("optimizer", [AdaGrad, RMSprop, Adam])
@few
@given(gradients=gradients_2d, scale=st.floats(1e-6, 1e6))
def test_scale_of_the_gradient_does_not_matter(optimizer, gradients, scale):
    path = follow(optimizer(RATE, epsilon=0), ORIGIN, gradients)
    assert_close(follow(optimizer(RATE, epsilon=0), ORIGIN, scale * gradients), path, 1e-10)


@few
@given(before=st.integers(0, 20), spike=sizes)
def test_step_of_a_lone_spike_is_bounded(before, spike):
    """At most eta (1 - beta_1) / sqrt(1 - beta_2), 3.162 eta at the defaults; zeros around it."""
    gradients = [np.zeros(1)] * before + [np.array([spike])] + [np.zeros(1)] * 3
    steps = np.abs(np.diff(follow(Adam(RATE), np.zeros(1), gradients), axis=0))[:, 0]
    assert np.max(steps) <= RATE * 0.1 / np.sqrt(0.001) * (1 + 1e-12)
    assert np.argmax(steps) == before


@few
@given(start=arrays("float64", 2, elements=st.floats(0.1, 2)), rate=st.floats(0.01, 0.3))
def test_adam_does_not_see_the_condition_number(start, rate):
    """On a diagonal quadratic with epsilon 0 the path for kappa = 1e4 is that for kappa = 1."""
    round_path = quadratic_path(Adam(rate, epsilon=0), start, np.array([1.0, 1.0]))
    ravine_path = quadratic_path(Adam(rate, epsilon=0), start, np.array([1.0, 1e4]))
    np.testing.assert_allclose(ravine_path, round_path, atol=1e-10)


@few
@given(gradients=gradients_2d, beta=decays)
def test_heavy_ball_is_the_running_mean_at_another_rate(gradients, beta):
    """Erratum 4: eta_EMA = eta_HB / (1 - beta)."""
    mean, theta, path = ORIGIN, ORIGIN, [ORIGIN]
    for g in gradients:
        mean = beta * mean + (1 - beta) * g
        theta = theta - RATE / (1 - beta) * mean
        path.append(theta)
    assert_close(follow(Momentum(RATE, beta), ORIGIN, gradients), path, 1e-10)


@few
@given(gradients=gradients_2d, beta=decays)
def test_first_moment_of_adam_is_a_part_of_the_heavy_ball(gradients, beta):
    """Erratum 4 again, in the states: m of Adam is (1 - beta) times m of Momentum."""
    heavy_ball, adam = Momentum(RATE, beta), Adam(RATE, beta_1=beta)
    follow(heavy_ball, ORIGIN, gradients)
    follow(adam, ORIGIN, gradients)
    expected = (1 - beta) * heavy_ball.m[0].numpy()
    np.testing.assert_allclose(adam.m[0].numpy(), expected, atol=1e-10)


@pytest.mark.parametrize("optimizer", [Momentum, Nesterov])
@few
@given(gradients=gradients_2d)
def test_without_memory_momentum_is_gradient_descent(optimizer, gradients):
    path = follow(GradientDescent(RATE), ORIGIN, gradients)
    np.testing.assert_array_equal(follow(optimizer(RATE, beta=0), ORIGIN, gradients), path)


@few
@given(gradients=gradients_2d)
def test_without_memory_rmsprop_and_adam_take_the_sign(gradients):
    """With decays of 0 and epsilon 0 every step is the rate times the sign."""
    path = follow(RMSprop(RATE, rho=0, epsilon=0), ORIGIN, gradients)
    np.testing.assert_allclose(np.diff(path, axis=0), -RATE * np.sign(gradients))
    same = follow(Adam(RATE, beta_1=0, beta_2=0, epsilon=0), ORIGIN, gradients)
    np.testing.assert_allclose(same, path)
