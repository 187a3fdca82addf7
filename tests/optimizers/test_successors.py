"""What sets each successor of Adam apart from Adam, measured on the classes."""

import keras
import numpy as np
import pytest
from keras import ops

from ravine.optimizers import AdaBelief, Adam, AdaMax, AdamW, AMSGrad, Lion, NAdam, RAdam
from ravine.surfaces import descend, ravine
from ravine.surfaces.descent import _program
from tests.optimizers.contract import (
    assert_close,
    every_optimizer,
    follow,
    random_gradients,
    to_numpy,
    walk,
)

pytestmark = pytest.mark.usefixtures("float64_file")


def steps_of(optimizer, gradients):
    """Return theta_{t-1} - theta_t from theta = 0, shape (T, n)."""
    gradients = np.asarray(gradients, "float64").reshape(len(gradients), -1)
    return -np.diff(follow(optimizer, np.zeros(gradients.shape[1]), gradients), axis=0)


def late_path(optimizer, gradients):
    """Return the path of steps 100,001 on, where what fades with t has faded."""
    theta = keras.Variable(np.zeros(gradients.shape[1]))
    optimizer.build([theta])
    optimizer.iterations.assign(100_000)
    if hasattr(optimizer, "_u_product"):  # of Keras' Nadam: the product of all factors so far
        optimizer._u_product.assign(0.0)
    path = [to_numpy(theta)]
    for g in gradients:
        optimizer.apply([ops.convert_to_tensor(g)], [theta])
        path.append(to_numpy(theta))
    return path


@pytest.mark.parametrize(
    "ours, theirs",
    [
        (AMSGrad, lambda: keras.optimizers.Adam(0.05, amsgrad=True, epsilon=1e-3)),
        (NAdam, lambda: keras.optimizers.Nadam(0.05, epsilon=1e-3)),
    ],
    ids=["AMSGrad", "NAdam"],
)
def test_built_in_at_a_late_step(ours, theirs):
    """Keras' correction and its schedule have faded, and both take the same steps."""
    gradients = random_gradients(steps=12)
    paths = [late_path(each, gradients) for each in (ours(0.05, epsilon=1e-3), theirs())]
    assert_close(*paths, 2e-5)  # 1 - 0.999 in float32, which Keras passes its numbers through


# Reddi, Kale and Kumar: one good gradient of C = 3, two bad ones of -1.
C = 3.0


class FallingRate(keras.optimizers.schedules.LearningRateSchedule):
    """0.5 * sqrt(1 - beta_2) / sqrt(t)."""

    def __call__(self, step):
        return 0.5 * np.sqrt(1 - 1 / (1 + C**2)) / ops.sqrt(ops.cast(step, "float64") + 1)

    def get_config(self):
        return {}


@pytest.mark.parametrize("optimizer, end", [(Adam, 1.0), (AMSGrad, -1.0)])
def test_counterexample_of_reddi(optimizer, end):
    """Adam goes to the worst point of [-1, 1], AMSGrad to the best."""

    def gradient(t, theta):
        # Beyond the ends the gradient points back, much as a projection would.
        inside = ops.where(t % 3 == 1, C, -1.0) * ops.ones_like(theta)
        return ops.where(ops.abs(theta) > 1, C * ops.sign(theta), inside)

    rate = FallingRate()
    path = walk(optimizer(rate, 0.0, 1 / (1 + C**2), 0.0), np.zeros(1), gradient, 3000)
    assert path[-1, 0] == pytest.approx(end, abs=0.05)


def test_largest_v_of_amsgrad_never_falls():
    gradients = [[5.0]] + [[0.1]] * 8 + [[7.0]] + [[0.1]] * 5
    optimizer, v, largest = AMSGrad(beta_2=0.5), [], []
    theta = keras.Variable(np.zeros(1))
    for g in gradients:
        optimizer.apply([ops.convert_to_tensor(g)], [theta])
        v.append(to_numpy(optimizer.v[0])[0])
        largest.append(to_numpy(optimizer.v_max[0])[0])
    assert np.diff(v).min() < 0
    np.testing.assert_array_equal(largest, np.maximum.accumulate(v))


def test_decay_of_adamw_does_not_see_the_gradients():
    """With epsilon 0 a thousandfold gradient gives the same path; an L2 penalty does not."""
    gradients = random_gradients(10, scales=(1.0, 1.0))
    start = np.array([1.0, -2.0])
    paths = [
        follow(AdamW(0.01, epsilon=0, weight_decay=5.0), start, scale * gradients)
        for scale in (1.0, 1000.0)
    ]
    assert_close(*paths, 1e-12)

    adam = follow(Adam(0.01, epsilon=0), start, gradients)
    steps, keep = np.diff(adam, axis=0), 1 - 0.01 * 5.0
    expected = keep**10 * start + sum(keep ** (9 - i) * steps[i] for i in range(10))
    assert paths[0][-1] == pytest.approx(expected, rel=1e-12)


def test_adamw_is_adam_with_the_decay_that_keras_offers():
    gradients, start = random_gradients(6), np.full(4, 2.0)
    path = follow(AdamW(0.05, weight_decay=0.2), start, gradients)
    assert_close(path, follow(Adam(0.05, weight_decay=0.2), start, gradients), 1e-7)


def test_variables_can_be_kept_from_the_decay_of_adamw():
    weight, bias = (keras.Variable(np.ones(1), name=name) for name in ("weight", "bias"))
    optimizer = AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply([ops.zeros((1,)), ops.zeros((1,))], [weight, bias])
    assert (to_numpy(weight), to_numpy(bias)) == (pytest.approx(0.95), 1.0)


def test_nadam_looks_one_step_ahead():
    """It steps to where Adam's mean would be if the same gradient came once more, half-heartedly.

    m_bar_t is Adam's m_hat_{t+1} for the gradient g_t (1 - beta_1^{t+1}) / (1 - beta_1^t).
    """
    gradients = random_gradients(5, scales=(1.0,))
    for t in range(1, 6):
        again = gradients[t - 1] * (1 - 0.9 ** (t + 1)) / (1 - 0.9**t)
        optimizer, theta = Adam(), keras.Variable(np.zeros(1))
        for g in [*gradients[:t], again]:
            optimizer.apply([ops.convert_to_tensor(g)], [theta])
        ahead = to_numpy(optimizer.m[0])[0] / (1 - 0.9 ** (t + 1))
        v_hat = np.average(gradients[:t, 0] ** 2, weights=0.999 ** np.arange(t)[::-1])
        step = steps_of(NAdam(1.0, epsilon=0), gradients[:t])[-1, 0]
        assert step * np.sqrt(v_hat) == pytest.approx(ahead, rel=1e-9)


def test_step_of_adamax_is_bounded():
    """By (1 - beta_1) / (1 - beta_1 / beta_2) times eta, 1.00909; the paper says 1."""
    bound = 0.1 / (1 - 0.9 / 0.999)
    assert bound == pytest.approx(1.00909, abs=1e-5)
    spiky = random_gradients(60, scales=(1.0, 1.0)) ** 3
    assert np.abs(steps_of(AdaMax(1.0, epsilon=0), spiky)).max() <= bound
    # Gradients that shrink exactly as fast as the maximum fades come closest.
    slowest = steps_of(AdaMax(1.0, epsilon=0), 0.999 ** np.arange(150))
    assert 1.009 < slowest.max() < bound


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_rectification_of_radam(precision):
    """rho_inf = 1999; four steps of momentum, then r_5 = 0.0173 of Adam's step, and so on.

    In float32 1999 - 2 t beta_2^t / (1 - beta_2^t) would keep one digit of rho_5 - 4.
    """
    rho_inf, t = 2 / (1 - 0.999) - 1, np.arange(1, 11)
    assert rho_inf == pytest.approx(1999)
    rho = rho_inf - 2 * t * 0.999**t / (1 - 0.999**t)
    assert (rho > 4).tolist() == [False] * 4 + [True] * 6
    path = follow(RAdam(1.0, epsilon=0), np.zeros(1, precision), [np.array([3.0])] * 10)
    steps = -np.diff(path[:, 0])
    assert steps[:4] == pytest.approx(3.0, rel=1e-6)
    rho = rho[4:]
    r = np.sqrt((rho - 4) * (rho - 2) * 1999 / (1995 * 1997 * rho))
    assert r[0] == pytest.approx(0.0173115, abs=1e-7)
    assert steps[4:] == pytest.approx(r, rel=1e-9 if precision == "float64" else 1e-3)


def test_radam_becomes_adam():
    gradients = random_gradients(5)
    paths = [late_path(kind(0.05, epsilon=1e-3), gradients) for kind in (RAdam, Adam)]
    assert_close(*paths, 1e-9)


def test_adabelief_takes_larger_steps_where_gradients_agree():
    """A constant slope: s_hat falls towards zero. Signs that alternate: about Adam's steps."""
    constant, alternating = np.ones(60), (-1.0) ** np.arange(60)
    belief, adam = AdaBelief(1.0), Adam(1.0)
    steps = steps_of(belief, constant)[:, 0]
    t = np.arange(1, 61)
    weights = np.tril(0.999 ** (t[:, None] - t))
    s_hat = 0.001 * weights @ 0.9 ** (2 * t) / (1 - 0.999**t)
    assert steps == pytest.approx(1 / np.sqrt(s_hat), rel=1e-6)
    assert steps[-1] > 3 * steps_of(adam, constant)[-1, 0]
    ratio = steps_of(AdaBelief(1.0), alternating)[-1, 0] / steps_of(Adam(1.0), alternating)[-1, 0]
    assert ratio == pytest.approx(1.05, abs=0.05)


def test_every_step_of_lion_is_the_rate():
    steps = steps_of(Lion(0.01), random_gradients(20))
    np.testing.assert_allclose(np.abs(steps), 0.01, rtol=1e-12)


@every_optimizer
def test_one_program_serves_a_sweep(row):
    """Hyperparameters are read from variables: another value, also of beta_2, compiles nothing."""
    surface, values = ravine(), row.make(0.02)
    misses = _program.cache_info().misses
    descend(surface, {"defaults": row.optimizer()}, steps=8)
    swept = descend(surface, {"swept": values}, steps=8)["swept"].points
    assert _program.cache_info().misses == misses + 1
    theta, expected = keras.Variable(np.array(surface.start)), [np.array(surface.start)]
    for _ in range(8):
        values.apply([ops.convert_to_tensor(surface.gradient(expected[-1]))], [theta])
        expected.append(to_numpy(theta))
    assert_close(swept, expected, 1e-7)
