"""The noisy quadratic model: closed form, recursion and simulation say the same."""

from itertools import islice

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from ravine.optimizers import Adam
from ravine.surfaces.noisy_quadratic import (
    NoisyQuadratic,
    adam_losses,
    critical_batch,
    expected_loss,
    expected_losses,
    first_below,
    steady_loss,
)

H = np.array([1.0, 0.3, 0.05])
BOWL = NoisyQuadratic(h=H, c=np.array([2.0, 0.5, 1.0]), start=np.array([1.0, 2.0, 0.0]))
SETTINGS = [(1.0, 0.1, 0.0), (4.0, 1.2, 0.0), (2.0, 0.05, 0.9), (8.0, 2.5, 0.5)]


def after(losses, steps):
    """Return the errors after so many steps."""
    return next(islice(losses, steps, None))


@pytest.mark.parametrize(("batch_size", "eta", "beta"), SETTINGS)
def test_closed_form_is_the_recursion(batch_size, eta, beta):
    walked = list(islice(expected_losses(BOWL, batch_size, eta, beta), 40))
    closed = [expected_loss(BOWL, batch_size, eta, steps, beta) for steps in range(40)]
    np.testing.assert_allclose(walked, closed, rtol=1e-9)


@pytest.mark.parametrize(("batch_size", "eta", "beta"), SETTINGS)
def test_closed_form_is_the_mean_of_runs(batch_size, eta, beta):
    runs, rng = 20_000, np.random.default_rng(0)
    theta = rng.normal(size=(runs, 3)) * BOWL.start
    m = np.zeros_like(theta)
    for _ in range(12):
        g = BOWL.h * theta + np.sqrt(BOWL.c / batch_size) * rng.normal(size=theta.shape)
        m = beta * m + g
        theta = theta - eta * m
    losses = BOWL.loss(theta**2)
    # four settings, one false alarm in a thousand seeds for all of them together
    half = stats.norm.ppf(1 - 0.001 / 4 / 2) * losses.std(ddof=1) / np.sqrt(runs)
    assert abs(losses.mean() - expected_loss(BOWL, batch_size, eta, 12, beta)) < half


def test_one_dimension_by_hand():
    bowl = NoisyQuadratic(h=np.array([2.0]), c=np.array([3.0]), start=np.array([1.0]))
    # θ₁ = θ₀ - 0.25·(2θ₀ + ξ): E[θ₁²] = 0.5² + 0.25²·3/6, then the same again
    first = 0.25 + 0.03125
    second = 0.25 * first + 0.03125
    walked = list(islice(expected_losses(bowl, 6, 0.25), 3))
    np.testing.assert_allclose(walked, [1.0, first, second], rtol=1e-12)
    # momentum without noise: m₁ = 2, θ₁ = 0.5; m₂ = 0.5·2 + 2·0.5 = 2, θ₂ = 0
    walked = list(islice(expected_losses(bowl, np.inf, 0.25, 0.5), 3))
    np.testing.assert_allclose(walked, [1.0, 0.25, 0.0], atol=1e-12)


@pytest.mark.parametrize(("eta", "beta"), [(0.5, 0.0), (1.9, 0.0), (0.3, 0.9), (3.9, 0.99)])
def test_steady_loss_is_where_the_recursion_ends(eta, beta):
    assert expected_loss(BOWL, 3, eta, 20_000, beta) == pytest.approx(
        steady_loss(BOWL, 3, eta, beta), rel=1e-8
    )


def test_limit_of_stability():
    for beta in (0.0, 0.9):
        limit = 2 * (1 + beta)  # over the largest curvature, which is 1
        assert np.isfinite(steady_loss(BOWL, 1, 0.99 * limit, beta))
        assert steady_loss(BOWL, 1, 1.01 * limit, beta) == np.inf
        assert expected_loss(BOWL, np.inf, 0.99 * limit, 3000, beta) < 1e-3
        assert after(expected_losses(BOWL, np.inf, 1.01 * limit, beta), 2000) > 1e3


def test_without_noise_the_error_falls_at_the_deterministic_rate():
    eta, steps = 2 / (H.max() + H.min()), 50
    expected = 0.5 * (H * ((1 - eta * H) ** steps * BOWL.start) ** 2).sum()
    assert expected_loss(BOWL, np.inf, eta, steps) == pytest.approx(expected, rel=1e-9)
    # the noise fades as 1/B
    gaps = [expected_loss(BOWL, B, eta, steps) - expected for B in (1e6, 1e7)]
    assert gaps[0] / gaps[1] == pytest.approx(10, rel=1e-3)


def test_a_larger_batch_never_needs_more_steps():
    etas = 2.0 ** np.arange(-8, 2)
    steps = [
        first_below(expected_losses(BOWL, B, etas[:, None], np.array([0, 0.9])), 0.1, 10_000).steps
        for B in 4.0 ** np.arange(8)
    ]
    assert (np.diff(steps) <= 0).all()
    assert steps[0] > 10 * steps[-1]


def test_first_below_takes_the_first_and_then_the_lowest():
    losses = np.array([[9, 9, 9], [5, np.nan, 4], [2, np.inf, 1], [0, 0, 0]], float)
    assert first_below(losses, 2, 10) == (2, (2,))
    assert first_below(losses, 5, 10) == (1, (2,))
    assert first_below(losses.reshape(4, 3, 1), 9, 10) == (0, (0, 0))
    with pytest.raises(ValueError, match="No setting has reached -1 after 2 steps"):
        first_below(losses, -1, 2)


def test_adam_is_the_optimizer_of_the_course():
    bowl = NoisyQuadratic(H, np.zeros(3), np.array([1.0, -2.0, 0.5]))
    simulated = list(islice(adam_losses(bowl, 1, [0.1, 0.01], seed=3, replicas=1), 30))
    start = np.random.default_rng(3).normal(size=(1, 3)) * bowl.start
    for k, eta in enumerate([0.1, 0.01]):
        theta = keras.Variable(start[0], dtype="float32")
        optimizer = Adam(eta)
        for step in range(30):
            assert simulated[step][k] == pytest.approx(bowl.loss(theta.numpy() ** 2), rel=1e-4)
            optimizer.apply([ops.convert_to_tensor(theta) * H.astype("float32")], [theta])


def test_adam_stops_at_a_noise_that_falls_with_the_batch():
    ends = [after(adam_losses(BOWL, B, [0.05], replicas=200), 300)[0] for B in (1, 16, 256)]
    # far below the critical size Adam normalises the noise away: its steps stay of size η
    assert 0.5 < ends[0] / ends[1] < 4
    assert ends[2] < ends[0]


def test_critical_batch_finds_what_made_the_curve():
    sizes = np.array([8, 32, 128, 512, 2048])
    floor, critical = critical_batch(sizes, 30 * (1 + 400 / sizes))
    assert floor == pytest.approx(30, rel=1e-5)
    assert critical == pytest.approx(400, rel=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: NoisyQuadratic(H, H[:2], H), "vectors of one length"),
        (lambda: NoisyQuadratic(-H, H, H), "must be positive"),
        (lambda: NoisyQuadratic(H, -H, H), "at least 0"),
        (lambda: next(expected_losses(BOWL, 0, 0.1)), "batch_size must be positive"),
        (lambda: expected_loss(BOWL, -1, 0.1, 3), "batch_size must be positive"),
        (lambda: next(adam_losses(BOWL, 0, [0.1])), "batch_size must be positive"),
        (lambda: critical_batch([8, 16], [3]), "of one length"),
        (lambda: critical_batch([8, 16], [3, np.inf]), "positive and finite"),
    ],
)
def test_refuses_what_cannot_be_meant(call, message):
    with pytest.raises(ValueError, match=message):
        call()
