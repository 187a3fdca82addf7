"""Shampoo on matrices; on everything else it is AdaGrad, and the contract says so."""

import keras
import numpy as np
import pytest
from keras import ops

from ravine.optimizers import Shampoo
from tests.optimizers import oracle
from tests.optimizers.contract import (
    assert_close,
    compiled,
    compiled_step,
    follow,
    random_gradients,
    to_numpy,
)

SHAPE = (3, 4)
EPSILONS = (1e-7, 1e-3, 10.0)


def matrices(steps=6, shape=SHAPE):
    """Gradients of very different sizes, of shape (steps, rows, columns)."""
    scales = np.logspace(-2, 1, shape[0] * shape[1])
    return random_gradients(steps, scales).reshape(steps, *shape)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_oracle_of_matrices(epsilon, float64):
    gradients = matrices()
    path = follow(Shampoo(0.1, epsilon), np.ones(SHAPE), gradients)
    steps = oracle.shampoo(gradients, 0.1, epsilon)
    assert_close(path, oracle.iterates(np.ones(SHAPE), steps), 1e-10)


def test_oracle_of_matrices_in_float32():
    gradients = matrices()
    path = follow(Shampoo(0.1, 1e-3), np.zeros(SHAPE, "float32"), gradients)
    steps = oracle.shampoo(gradients, 0.1, 1e-3)
    assert_close(path, oracle.iterates(np.zeros(SHAPE), steps), 1e-3)


@compiled
def test_a_compiled_step_of_a_matrix(float64):
    gradients, theta, optimizer = matrices(), keras.Variable(np.zeros(SHAPE)), Shampoo(0.1, 1e-3)
    optimizer.build([theta])
    step = compiled_step(optimizer, theta)
    for g in gradients:
        step(ops.convert_to_tensor(g))
    expected = oracle.iterates(np.zeros(SHAPE), oracle.shampoo(gradients, 0.1, 1e-3))[-1]
    assert to_numpy(theta) == pytest.approx(expected, rel=1e-6)


def test_first_steps_by_hand(float64):
    """A diagonal gradient: each entry is divided by (its sum of squares + 7)^(1/4), twice."""
    gradients = [np.diag([3.0, 3.0]), np.diag([-3.0, 0.0])]
    path = follow(Shampoo(0.1, epsilon=7.0), np.eye(2), gradients)
    # 1 - 0.1 * 3 / sqrt(9 + 7); then 0.925 + 0.1 * 3 / sqrt(18 + 7), the other one rests
    assert np.diagonal(path[1]) == pytest.approx([0.925, 0.925], abs=1e-7)
    assert np.diagonal(path[2]) == pytest.approx([0.985, 0.925], abs=1e-7)
    assert path[:, 0, 1] == pytest.approx(0, abs=1e-12)


def test_the_first_step_has_singular_values_of_one(float64):
    """U S V^T, divided by the roots of U S^2 U^T and V S^2 V^T, is U V^T."""
    g = matrices(steps=1)[0]
    path = follow(Shampoo(1.0, 1e-12), np.zeros(SHAPE), [g])
    U, _, Vt = np.linalg.svd(g, full_matrices=False)
    assert -path[1] == pytest.approx(U @ Vt, abs=1e-5)


def test_a_turn_turns_the_steps_and_nothing_else(float64):
    rng = np.random.default_rng(5)
    left, right = (np.linalg.qr(rng.normal(size=(n, n)))[0] for n in SHAPE)
    gradients = matrices()
    path = follow(Shampoo(0.1, 1e-3), np.zeros(SHAPE), gradients)
    turned = follow(Shampoo(0.1, 1e-3), np.zeros(SHAPE), left @ gradients @ right.T)
    assert turned == pytest.approx(left @ path @ right.T, abs=1e-9)


def test_rounding_below_zero_gives_no_nan():
    """Eigenvalues that should be 0 come out at about -1e-7 of the largest in float32."""
    rng = np.random.default_rng(6)
    gradients = [100 * np.outer(rng.normal(size=6), rng.normal(size=5)) for _ in range(2)]
    path = follow(Shampoo(0.1, 1e-8), np.zeros((6, 5), "float32"), gradients)
    assert np.isfinite(path).all()
    assert np.abs(path[1]).max() > 1e-3


def test_a_broken_loss_is_seen_in_a_matrix():
    g = np.ones((2, 3))
    g[0, 0] = np.nan
    path = follow(Shampoo(), np.zeros((2, 3), "float32"), [g])
    assert np.isnan(path[-1]).any()


def test_state_of_a_matrix_in_low_precision():
    theta = keras.Variable(np.zeros((2, 3)), dtype="bfloat16")
    optimizer = Shampoo()
    path = follow(optimizer, theta, [np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 2.0]])] * 5)
    assert [optimizer.L[0].dtype, optimizer.R[0].dtype] == ["float32", "float32"]
    assert np.abs(path[-1]).max() > 0.1
