"""The numbers that theory predicts, measured on the classes themselves."""

import keras
import numpy as np
import pytest
from keras import ops

from ravine.optimizers import AdaGrad, Adam, GradientDescent, Momentum, Nesterov, RMSprop
from tests.optimizers.contract import follow, to_numpy, walk

pytestmark = pytest.mark.usefixtures("float64_file")

KAPPA = 34.0  # of the first ravine of the course
MU, L = 1.0, KAPPA
GD_RATE = (KAPPA - 1) / (KAPPA + 1)

# Polyak's best rate and momentum, and what they reach.
ROOT = np.sqrt(KAPPA)
HEAVY_BALL_RATE = (ROOT - 1) / (ROOT + 1)
BEST_BETA = HEAVY_BALL_RATE**2
BEST_ETA = (2 / (np.sqrt(L) + np.sqrt(MU))) ** 2


def quadratic_walk(optimizer, steps, curvatures=(MU, L), start=(1.0, 1.0)):
    curvatures = ops.convert_to_tensor(np.array(curvatures))

    def gradient(t, theta):
        return curvatures * theta

    return walk(optimizer, np.array(start), gradient, steps)


def iteration_matrix(make, curvature):
    """Read the linear map (m, theta) -> (m, theta) of one step off the class, column by column."""
    columns = []
    for m, theta in ((1.0, 0.0), (0.0, 1.0)):
        optimizer, variable = make(), keras.Variable(np.array([theta]))
        optimizer.build([variable])
        optimizer.m[0].assign(np.array([m]))
        optimizer.apply([ops.convert_to_tensor(np.array([curvature * theta]))], [variable])
        columns.append([to_numpy(optimizer.m[0])[0], to_numpy(variable)[0]])
    return np.array(columns).T


def spectral_radius(make, curvatures):
    return max(np.max(np.abs(np.linalg.eigvals(iteration_matrix(make, c)))) for c in curvatures)


def test_rate_of_gradient_descent():
    """At eta = 2 / (L + mu) both directions shrink by (kappa - 1) / (kappa + 1) every step."""
    path = quadratic_walk(GradientDescent(2 / (L + MU)), 50)
    lengths = np.linalg.norm(path, axis=1)
    np.testing.assert_allclose(lengths[1:] / lengths[:-1], GD_RATE, rtol=1e-9)
    assert pytest.approx(0.942857, abs=5e-7) == GD_RATE


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_other_rates_of_gradient_descent_are_slower(factor):
    path = quadratic_walk(GradientDescent(factor * 2 / (L + MU)), 50)
    assert np.linalg.norm(path[-1]) / np.linalg.norm(path[-2]) > GD_RATE + 1e-3


def test_spectral_radius_of_the_heavy_ball():
    """(sqrt(kappa) - 1) / (sqrt(kappa) + 1) at Polyak's eta and beta."""
    radius = spectral_radius(lambda: Momentum(BEST_ETA, BEST_BETA), [MU, 10.0, L])
    # Double eigenvalues at both ends: they move by the root of a rounding.
    assert radius == pytest.approx(HEAVY_BALL_RATE, abs=1e-6)
    assert radius == pytest.approx(0.707215, abs=1e-6)


def test_contraction_of_the_heavy_ball():
    """A path shrinks as t times radius^t, since the eigenvalues are double."""
    path = quadratic_walk(Momentum(BEST_ETA, BEST_BETA), 600)
    lengths = np.linalg.norm(path, axis=1)
    measured = (lengths[600] / 600 / (lengths[300] / 300)) ** (1 / 300)
    assert measured == pytest.approx(HEAVY_BALL_RATE, abs=1e-4)


@pytest.mark.parametrize(
    "make, limit",
    [
        (GradientDescent, 2.0),
        (lambda rate: Momentum(rate, beta=0.9), 3.8),
        (lambda rate: Momentum(rate, beta=0.5), 3.0),
    ],
    ids=["gradient descent", "heavy ball 0.9", "heavy ball 0.5"],
)
def test_stability_limit(make, limit):
    """2 (1 + beta) / L: half a per cent below it a path converges, half a per cent above not."""
    below = quadratic_walk(make(0.995 * limit / L), 3000)
    above = quadratic_walk(make(1.005 * limit / L), 3000)
    assert np.abs(below[-1]).max() < 1e-3
    assert np.abs(above[-1]).max() > 1e3


def test_nesterov_looks_ahead():
    """The class keeps theta = phi - eta beta m; the ball phi moves by momentum alone.

    m_t = beta m_{t-1} + grad(phi_{t-1} - eta beta m_{t-1}), phi_t = phi_{t-1} - eta m_t.
    """
    curvatures, eta, beta = np.array([MU, L]), 0.01, 0.9
    phi, m, looked_at = np.ones(2), np.zeros(2), []
    for _ in range(30):
        looked_at.append(phi - eta * beta * m)
        m = beta * m + curvatures * looked_at[-1]
        phi = phi - eta * m
    path = quadratic_walk(Nesterov(eta, beta), 29)
    np.testing.assert_allclose(path, looked_at, atol=1e-12)


def test_steady_gradient_makes_momentum_faster():
    """By 1 / (1 - beta) in the end, and alternating signs make it slower by 1 / (1 + beta)."""
    steady = np.diff(follow(Momentum(1.0, 0.9), np.zeros(1), [np.array([1.0])] * 200), axis=0)
    assert abs(steady[-1, 0]) == pytest.approx(1 / (1 - 0.9), rel=1e-6)
    flips = [np.array([(-1.0) ** t]) for t in range(200)]
    alternating = np.diff(follow(Momentum(1.0, 0.9), np.zeros(1), flips), axis=0)
    assert abs(alternating[-1, 0]) == pytest.approx(1 / (1 + 0.9), rel=1e-6)


def uncorrected_over_corrected(steps):
    """Measure how much longer eta m / sqrt(v) is than the step that Adam takes, at its last step.

    The gradients are random: the factor depends on t alone.
    """
    eta = 0.01
    gradients = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(steps, 1)) + 0.5)
    optimizer = Adam(eta, epsilon=0)
    path = walk(optimizer, np.zeros(1), lambda t, _: ops.take(gradients, t - 1, axis=0), steps)
    if keras.backend.backend() == "jax":  # its loop leaves the variables as they were
        pytest.skip("reads the state after a compiled loop")
    m, v = to_numpy(optimizer.m[0])[0], to_numpy(optimizer.v[0])[0]
    return (eta * m / np.sqrt(v)) / (path[-2, 0] - path[-1, 0])


@pytest.mark.parametrize(
    "t, published", [(1, 3.16), (2, None), (12, 6.57), (100, None), (2374, None), (2375, 1.05)]
)
def test_bias_correction_factor(t, published):
    """(1 - beta_1^t) / sqrt(1 - beta_2^t): without correction the early steps are too long."""
    factor = (1 - 0.9**t) / np.sqrt(1 - 0.999**t)
    assert uncorrected_over_corrected(t) == pytest.approx(factor, rel=1e-9)
    if published:
        assert factor == pytest.approx(published, abs=5e-3)


def test_bias_correction_factor_peaks_and_fades():
    """Highest at t = 12; below 1.05 from t = 2375 on and not before."""
    t = np.arange(1, 10_001)
    factor = (1 - 0.9**t) / np.sqrt(1 - 0.999**t)
    assert t[np.argmax(factor)] == 12
    assert t[factor >= 1.05].max() == 2374


def test_bias_correction_makes_the_means_unbiased():
    """E[m_t] = (1 - beta_1^t) E[g]: for a constant gradient m_hat = g and v_hat = g^2 exactly."""
    g, eta = np.array([3.0, -0.02]), 0.01
    steps = np.diff(follow(Adam(eta, epsilon=0), np.zeros(2), [g] * 10), axis=0)
    np.testing.assert_allclose(steps, np.broadcast_to(-eta * np.sign(g), (10, 2)), rtol=1e-12)


def test_late_lone_spike_reaches_the_bound():
    """After 5000 zeros one gradient moves its parameter by 3.162 eta."""

    def gradient(t, theta):
        return ops.cast(t == 5001, "float64") * ops.ones_like(theta)

    path = walk(Adam(1.0), np.zeros(1), gradient, 5001)
    measured = path[-2, 0] - path[-1, 0]
    assert measured == pytest.approx(0.1 / np.sqrt(0.001), rel=5e-3)
    assert measured < 3.1623


def test_adagrad_slows_down_as_the_root_of_t():
    """A constant gradient gives steps eta / sqrt(t), whatever its size."""
    steps = -np.diff(follow(AdaGrad(0.1, epsilon=0), np.zeros(1), [np.array([7.0])] * 50), axis=0)[
        :, 0
    ]
    np.testing.assert_allclose(steps, 0.1 / np.sqrt(np.arange(1, 51)), rtol=1e-12)


@pytest.mark.parametrize("rho", [0.9, 0.99])
def test_first_step_of_rmsprop(rho):
    """1 / sqrt(1 - gamma) times eta, 3.16 at 0.9: nothing corrects the start at 0."""
    path = follow(RMSprop(0.1, rho, epsilon=0), np.zeros(1), [np.array([5.0])])
    assert -path[-1, 0] == pytest.approx(0.1 / np.sqrt(1 - rho), rel=1e-12)


def test_rmsprop_recovers_where_adagrad_stalls():
    """After one huge gradient RMSprop's rate comes back; AdaGrad's never does."""
    gradients = [np.array([1000.0])] + [np.array([1.0])] * 200
    rmsprop = -np.diff(follow(RMSprop(0.1), np.zeros(1), gradients), axis=0)[:, 0]
    adagrad = -np.diff(follow(AdaGrad(0.1), np.zeros(1), gradients), axis=0)[:, 0]
    assert rmsprop[-1] == pytest.approx(0.1, rel=1e-3)
    assert adagrad[-1] < 1e-3 * 0.1


@pytest.mark.parametrize(
    "optimizer, first_step",
    [(Adam, 0.99), (keras.optimizers.Adam, 0.24)],
    ids=["Algorithm 1", "Keras"],
)
def test_first_step_for_a_tiny_gradient(optimizer, first_step):
    """At g = 1e-6 the two conventions for epsilon differ fourfold."""
    path = follow(optimizer(1.0), np.zeros(1), [np.array([1e-6])])
    assert -path[-1, 0] == pytest.approx(first_step, abs=0.005)
