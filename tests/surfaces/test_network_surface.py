"""The error surface of a network: against closed forms, differences and dense linear algebra."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from ravine.surfaces import network as landscape
from ravine.surfaces.network import ErrorSurface

# JAX computes in float32 unless it is asked before it starts
DOUBLE = keras.backend.backend() == "tensorflow"
DTYPE, CLOSE = ("float64", 1e-10) if DOUBLE else ("float32", 1e-4)
RNG = np.random.default_rng(0)


def squared_error(labels, outputs):
    return ops.mean(ops.square(outputs - labels))


@pytest.fixture(scope="module")
def quadratic():
    """Linear regression: E(w) = wᵀAw - 2bᵀw + c, with A = XᵀX/N."""
    X, y = RNG.normal(size=(30, 4)), RNG.normal(size=(30, 1))
    model = keras.Sequential(
        [keras.Input((4,), dtype=DTYPE), layers.Dense(1, use_bias=False, dtype=DTYPE)]
    )
    surface = ErrorSurface(model, X.astype(DTYPE), y.astype(DTYPE), squared_error, rows_at_once=7)
    return surface, X.T @ X / 30, X.T @ y[:, 0] / 30, (y**2).mean()


@pytest.fixture(scope="module")
def curved():
    """A small network with everything that bends a surface, and a penalty."""
    keras.utils.set_random_seed(1)
    penalty = keras.regularizers.L2(0.01)
    model = keras.Sequential(
        [
            keras.Input((5, 5, 1), dtype=DTYPE),
            layers.Conv2D(3, 3, dtype=DTYPE),
            layers.BatchNormalization(dtype=DTYPE),
            layers.Activation("tanh", dtype=DTYPE),
            layers.Dropout(0.5, dtype=DTYPE),
            layers.Flatten(dtype=DTYPE),
            layers.Dense(3, kernel_regularizer=penalty, dtype=DTYPE),
        ]
    )
    x = RNG.normal(size=(20, 5, 5, 1)).astype(DTYPE)
    surface = ErrorSurface(model, x, RNG.integers(0, 3, 20).astype("int32"))
    theta = surface.theta
    return surface, theta, surface.hessian(theta)


def test_plane_of_a_quadratic_is_the_closed_form(quadratic):
    surface, A, b, c = quadratic
    origin, first, second = RNG.normal(size=(3, 4))
    x, y = np.linspace(-1, 1, 5), np.linspace(-2, 2, 4)
    heights = surface.plane(origin, first, second, x, y)
    assert heights.shape == (4, 5)
    for i, j in [(0, 0), (1, 4), (3, 2)]:
        w = origin + x[j] * first + y[i] * second
        assert heights[i, j] == pytest.approx(w @ A @ w - 2 * b @ w + c, rel=CLOSE)


def test_planes_are_the_same_point_by_point():
    """Also where convolutions keep the points from being computed together."""
    dense = [layers.Flatten(dtype=DTYPE), layers.Dense(3, activation="tanh", dtype=DTYPE)]
    for hidden in (dense, [layers.Conv2D(2, 2, dtype=DTYPE), layers.Flatten(dtype=DTYPE)]):
        model = keras.Sequential(
            [keras.Input((3, 3, 1), dtype=DTYPE), *hidden, layers.Dense(2, dtype=DTYPE)]
        )
        x = RNG.normal(size=(9, 3, 3, 1)).astype(DTYPE)
        surface = ErrorSurface(model, x, RNG.integers(0, 2, 9).astype("int32"), rows_at_once=4)
        origin, first, second = RNG.normal(size=(3, surface.size))
        a, b = np.linspace(-1, 1, 4), np.linspace(0, 1, 3)  # 12 points: more than one call takes
        expected = [[surface.value(origin + u * first + v * second) for u in a] for v in b]
        heights = surface.plane(origin, first, second, a, b)
        np.testing.assert_allclose(heights, expected, rtol=10 * CLOSE)


def test_derivatives_of_a_quadratic_are_the_closed_form(quadratic):
    surface, A, b, _ = quadratic
    w, v = RNG.normal(size=(2, 4))
    np.testing.assert_allclose(surface.gradient(w), 2 * (A @ w - b), rtol=10 * CLOSE)
    np.testing.assert_allclose(surface.hessian_times(w, v), 2 * A @ v, rtol=10 * CLOSE)
    np.testing.assert_allclose(surface.hessian(w), 2 * A, rtol=10 * CLOSE, atol=CLOSE)


def test_theta_is_the_weights_row_by_row(curved):
    surface, theta, _ = curved
    weights = [ops.convert_to_numpy(each) for each in surface.model.trainable_variables]
    assert theta.shape == (surface.size,) == (sum(each.size for each in weights),)
    np.testing.assert_array_equal(theta[: weights[0].size], weights[0].ravel())
    np.testing.assert_array_equal(theta[-3:], weights[-1])


def test_value_is_the_error_of_the_network_in_prediction_with_its_penalty(curved):
    surface, theta, _ = curved
    (x, y), model = surface._pieces[0], surface.model
    outputs = ops.convert_to_numpy(model(x, training=False))
    chosen = np.take_along_axis(outputs, ops.convert_to_numpy(y)[:, None], axis=1)[:, 0]
    entropy = (np.log(np.exp(outputs).sum(axis=1)) - chosen).mean()
    penalty = 0.01 * (ops.convert_to_numpy(model.layers[-1].kernel) ** 2).sum()
    # Keras rounds the strength of a penalty to float32
    assert surface.value(theta) == pytest.approx(entropy + penalty, rel=1e-6)


def test_running_averages_are_those_the_network_has_now(curved):
    surface, theta, _ = curved
    mean = surface.model.layers[1].moving_mean
    before = surface.value(theta)
    mean.assign(np.ones(3))
    assert surface.value(theta) != pytest.approx(before, rel=1e-3)
    mean.assign(np.zeros(3))
    assert surface.value(theta) == before


def test_looking_leaves_the_network_alone(curved):
    surface, theta, _ = curved
    surface.value(theta + 1)
    np.testing.assert_array_equal(surface.theta, theta)


@pytest.mark.skipif(not DOUBLE, reason="differences need float64")
def test_derivatives_equal_differences(curved):
    surface, theta, H = curved
    v, h = RNG.normal(size=theta.size), 1e-5
    slope = (surface.value(theta + h * v) - surface.value(theta - h * v)) / (2 * h)
    assert surface.gradient(theta) @ v == pytest.approx(slope, rel=1e-7)
    change = (surface.gradient(theta + h * v) - surface.gradient(theta - h * v)) / (2 * h)
    np.testing.assert_allclose(surface.hessian_times(theta, v), change, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(H @ v, change, rtol=1e-5, atol=1e-7)


def test_eigenvalues_are_those_of_the_dense_hessian(curved):
    surface, theta, H = curved
    exact = np.linalg.eigvalsh(H)
    by_size = exact[np.argsort(-np.abs(exact))][:3]
    values, vectors = landscape.largest_eigenpairs(surface, theta, 3)
    np.testing.assert_allclose(values, np.sort(by_size)[::-1], rtol=1e-4)
    np.testing.assert_allclose(H @ vectors, values * vectors, atol=1e-3 * abs(values).max())
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-4)


def test_spectrum_has_the_ends_and_the_moments_of_the_dense_hessian(curved):
    surface, theta, H = curved
    exact = np.linalg.eigvalsh(H)
    values, weights = landscape.spectrum(surface, theta, steps=30)
    np.testing.assert_allclose(values[[0, -1]], exact[[0, -1]], rtol=1e-3)
    assert weights.sum() == pytest.approx(1)
    # the mean over starts of Σ weight·value is the mean eigenvalue, trace/n
    means = [np.multiply(*landscape.spectrum(surface, theta, 8, seed)).sum() for seed in range(60)]
    error = np.std(means) / np.sqrt(60)
    assert abs(np.mean(means) - exact.mean()) < 4 * error < 0.2 * exact.std()


def test_lanczos_ends_where_the_space_ends(quadratic):
    surface, A, _, _ = quadratic
    values, weights = landscape.spectrum(surface, np.zeros(4), steps=9)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(2 * A), rtol=100 * CLOSE)
    assert len(weights) == 4


def test_directions_are_as_long_as_their_filters(curved):
    model = curved[0].model
    direction = landscape.random_direction(model, seed=3)
    start = 0
    for variable in model.trainable_variables:
        w = ops.convert_to_numpy(variable)
        d = direction[start : start + w.size].reshape(w.shape)
        start += w.size
        if w.ndim == 1:  # biases, and the scale and shift of batch normalisation
            assert not d.any()
        else:
            filters = [np.linalg.norm(each.reshape(-1, each.shape[-1]), axis=0) for each in (w, d)]
            np.testing.assert_allclose(*filters, rtol=1e-6)
    assert start == len(direction)
    np.testing.assert_array_equal(direction, landscape.random_direction(model, seed=3))
    other = landscape.random_direction(model, seed=4)
    cosine = direction @ other / np.linalg.norm(direction) / np.linalg.norm(other)
    assert abs(cosine) < 0.5


def test_main_plane_finds_the_plane_of_a_path():
    axes = np.linalg.qr(RNG.normal(size=(50, 2)))[0].T
    inside = np.cumsum(RNG.normal(size=(12, 2)) * (3, 1), axis=0)
    path = RNG.normal(size=50) + inside @ axes
    plane = landscape.main_plane(path)
    assert plane.explained.sum() == pytest.approx(1)
    lengths = ((inside - inside[-1]) ** 2).sum()
    np.testing.assert_allclose(plane.explained, (plane.coordinates**2).sum(axis=0) / lengths)
    assert plane.explained[0] > plane.explained[1]
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(path[-1] + plane.coordinates @ plane.directions, path, atol=1e-10)
    np.testing.assert_allclose(plane.coordinates[-1], 0, atol=1e-12)


def test_plane_curvatures_of_a_tilted_saddle():
    x, y = np.meshgrid(np.arange(5) * 0.5, np.arange(4) * 0.5)
    H = np.array([[3.0, -2.0], [-2.0, 1.0]])
    heights = 0.5 * (H[0, 0] * x * x + 2 * H[0, 1] * x * y + H[1, 1] * y * y) + x - 4 * y
    smallest, largest = landscape.plane_curvatures(heights, 0.5)
    assert smallest.shape == largest.shape == (2, 3)
    np.testing.assert_allclose(smallest, np.linalg.eigvalsh(H)[0])
    np.testing.assert_allclose(largest, np.linalg.eigvalsh(H)[1])
