"""Softmax regression on Zipf classes: its closed forms against automatic differentiation."""

import keras
import numpy as np
import pytest
from keras import ops

from ravine import optimizers
from ravine.surfaces import (
    DIRECTIONS,
    ErrorSurface,
    fit,
    frequency_groups,
    zipf_classes,
)

SMALL = zipf_classes([0, 1], classes=6, rows=40, features=3)
STARTS = {
    "equal": np.full(6, 1 / 6),
    "frequencies": SMALL.frequencies,
    "others": np.array([0.3, 0.05, 0.05, 0.2, 0.15, 0.25]),
}


def network_of(theta):
    """Return softmax regression as a network with the weights Θ, shape (d, c), in float64."""
    head = keras.layers.Dense(theta.shape[1], use_bias=False, dtype="float64")
    model = keras.Sequential([keras.Input((theta.shape[0],), dtype="float64"), head])
    model.set_weights([theta])
    return model


def surface_of(problem, seed, theta):
    surface = ErrorSurface(network_of(theta), problem.x[seed], problem.y[seed].astype("int32"))
    return surface, surface.theta


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="float64 on JAX is a switch")
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("seed", [0, 1])
def test_closed_forms_at_the_start_are_the_derivatives(start, seed):
    p = STARTS[start]
    surface, theta = surface_of(SMALL, seed, SMALL.start(p)[seed])
    slope = surface.gradient(theta).reshape(4, 6)
    np.testing.assert_allclose(SMALL.gradient_at(p)[seed], slope, atol=1e-12)
    classes, C = SMALL.hessian_factors_at(p)
    # Θ is flattened row by row: the inputs first, then the classes
    np.testing.assert_allclose(np.kron(C[seed], classes), surface.hessian(theta), atol=1e-12)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="float64 on JAX is a switch")
def test_loss_and_gradient_anywhere_are_those_of_the_network():
    theta = np.random.default_rng(0).normal(size=(2, 4, 6))
    for seed in (0, 1):
        surface, point = surface_of(SMALL, seed, theta[seed])
        assert SMALL.losses(theta)[seed].mean() == pytest.approx(surface.value(point), rel=1e-12)
        slope = surface.gradient(point).reshape(4, 6)
        np.testing.assert_allclose(SMALL.gradient(theta)[seed], slope, atol=1e-12)


def test_the_start_gives_its_probabilities_and_the_entropy():
    assert SMALL.losses(SMALL.start()) == pytest.approx(np.log(6))
    pi = SMALL.frequencies
    entropy = -(pi * np.log(pi)).sum()
    assert SMALL.losses(SMALL.start(pi)).mean(axis=1) == pytest.approx(entropy)


def test_curvature_at_the_frequencies_is_as_unequal_as_they_are():
    """An eigenvalue of diag(π) - ππᵀ lies between each two neighbours of the sorted π."""
    problem = zipf_classes([0], classes=100, rows=1000)
    pi = np.sort(problem.frequencies)
    values = np.linalg.eigvalsh(problem.hessian_factors_at(problem.frequencies)[0])
    assert values[0] == pytest.approx(0, abs=1e-15)  # what all logits have in common
    assert (pi[:-1] <= values[1:] + 1e-12).all() and (values[1:] <= pi[1:] + 1e-12).all()
    equal = np.linalg.eigvalsh(problem.hessian_factors_at(np.full(100, 0.01))[0])
    np.testing.assert_allclose(equal[1:], 0.01, rtol=1e-9)


TWINS = {
    "GD": optimizers.GradientDescent,
    "Momentum": optimizers.Momentum,
    "Sign descent": lambda rate: optimizers.Lion(rate, beta_1=0.0, beta_2=0.0, weight_decay=0.0),
    "Adam": optimizers.Adam,
}


@pytest.mark.parametrize("algorithm", DIRECTIONS)
def test_the_directions_are_those_of_the_classes(algorithm):
    rates = [0.05, 0.2]
    *_, found = fit(SMALL, algorithm, rates, steps=6)
    for rate, theta in zip(rates, found, strict=True):
        optimizer, variable = TWINS[algorithm](rate), keras.Variable(SMALL.start())
        for _ in range(6):
            slope = SMALL.gradient(ops.convert_to_numpy(variable).astype("float64"))
            optimizer.apply([ops.cast(slope, variable.dtype)], [variable])
        np.testing.assert_allclose(theta, ops.convert_to_numpy(variable), atol=2e-5)


def test_another_algorithm_is_refused():
    with pytest.raises(ValueError, match="There is no 'Lion' here; there is GD, Momentum, Sign"):
        next(fit(SMALL, "Lion", [0.1]))


def test_the_classes_follow_zipf_and_the_control_does_not():
    problem = zipf_classes([0], classes=100, rows=10_000)
    counts = problem.frequencies * 10_000
    assert counts.sum() == pytest.approx(10_000) and counts.min() >= 1
    k = np.arange(1, 21)
    np.testing.assert_allclose(counts[:20] * k / counts[0], 1, rtol=0.02)
    control = zipf_classes([0], classes=100, rows=10_000, equal=True)
    np.testing.assert_allclose(control.frequencies, 0.01)


def test_the_data_are_a_function_of_the_seed_alone():
    np.testing.assert_array_equal(zipf_classes([1], 6, 40, 3).x[0], SMALL.x[1])
    assert (SMALL.x[0] != SMALL.x[1])[:, :-1].all()
    assert (SMALL.x[..., -1] == 1).all()


def test_fewer_rows_than_classes_are_refused():
    with pytest.raises(ValueError, match="10 classes need at least as many rows, but there are 9"):
        zipf_classes([0], classes=10, rows=9)


def test_groups_hold_as_many_examples():
    pi = zipf_classes([0], classes=1000, rows=100_000).frequencies
    groups = frequency_groups(pi, 4)
    shares = [pi[groups == k].sum() for k in range(4)]
    assert shares == pytest.approx([0.25] * 4, abs=0.05)
    assert (np.diff(groups) >= 0).all()  # the classes come in the order of their frequency
    shuffled = np.random.default_rng(0).permutation(1000)
    frequent = pi[shuffled] > 0.001
    np.testing.assert_array_equal(
        frequency_groups(pi[shuffled], 4)[frequent], groups[shuffled][frequent]
    )
    assert list(frequency_groups(np.array([0.1, 0.6, 0.3]), 2)) == [1, 0, 1]
