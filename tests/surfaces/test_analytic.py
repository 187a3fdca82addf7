"""The surfaces: exact derivatives, true minima, and quadratics of the asked-for shape."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from ravine import surfaces
from ravine.surfaces.analytic import SURFACES, bowl, many_minima, plateau, quadratic, ravine

ALL = {name: make() for name, make in SURFACES.items()}
ALL["oblique quadratic"] = quadratic(34, 45, minimum=(1.0, -2.0), smallest_curvature=0.5)
ALL["narrow plateau"] = plateau(0.5)
ALL["deep dimples"] = many_minima(2.0)

surface_of = st.sampled_from(list(ALL)).map(ALL.get)
fraction = st.floats(0, 1)


def place(surface, fx, fy):
    """Return the point that lies at these fractions of the window's sides."""
    low, high = np.array(surface.window).T
    return low + np.array([fx, fy]) * (high - low)


@given(surface_of, fraction, fraction)
def test_gradient_is_the_slope_of_the_value(surface, fx, fy):
    theta, h = place(surface, fx, fy), 1e-5
    slope = [(surface.value(theta + d) - surface.value(theta - d)) / (2 * h) for d in h * np.eye(2)]
    size = 1 + np.abs(surface.value(theta))
    np.testing.assert_allclose(surface.gradient(theta), slope, rtol=1e-6, atol=1e-7 * size)


@given(surface_of, fraction, fraction)
def test_hessian_is_the_slope_of_the_gradient(surface, fx, fy):
    theta, h = place(surface, fx, fy), 1e-5
    slope = [
        (surface.gradient(theta + d) - surface.gradient(theta - d)) / (2 * h) for d in h * np.eye(2)
    ]
    hessian = surface.hessian(theta)
    np.testing.assert_allclose(hessian, slope, rtol=1e-6, atol=1e-7 * (1 + np.abs(hessian).max()))
    assert (hessian == hessian.T).all()
    assert surface.curvatures(theta) == pytest.approx(np.linalg.eigvalsh(slope), rel=1e-5, abs=1e-4)


@pytest.mark.parametrize("name", ALL)
def test_minima(name):
    """At each the gradient is 0 and the surface bends up; none in the window lies lower."""
    surface = ALL[name]
    for minimum in surface.minima:
        size = np.abs(surface.hessian(minimum)).max()
        np.testing.assert_allclose(surface.gradient(minimum), 0, atol=1e-12 * size)
        assert surface.curvatures(minimum)[0] > 0
    if len(surface.minima):
        heights = surface.value(surface.minima)
        assert heights[0] <= surface.grid()[2].min() + 1e-12
        assert (np.diff(heights) > -1e-12).all()  # the lowest first


@pytest.mark.parametrize("name", ["saddle", "monkey saddle"])
def test_saddles_have_no_minimum(name):
    surface = ALL[name]
    assert surface.minima.shape == (0, 2)
    np.testing.assert_array_equal(surface.gradient((0.0, 0.0)), 0)
    smallest, largest = surface.curvatures()
    assert smallest < 0 < largest or smallest == largest == 0
    assert surface.value(surface.start) > surface.grid()[2].min()


def test_all_minima_of_the_dimples_are_found():
    """A descent from anywhere ends in one of the 25 minima of the list."""
    surface = ALL["many minima"]
    assert surface.minima.shape == (25, 2)
    theta = np.random.default_rng(0).uniform(-2.4, 2.4, (50, 2))
    for _ in range(2000):
        theta = theta - 0.01 * surface.gradient(theta)
    distance = np.linalg.norm(theta[:, None] - surface.minima, axis=-1).min(axis=1)
    assert (distance < 1e-6).all()


@pytest.mark.parametrize("name", ALL)
def test_window_and_start(name):
    surface = ALL[name]
    (x_low, x_high), (y_low, y_high) = surface.window
    assert x_low < surface.start[0] < x_high and y_low < surface.start[1] < y_high
    assert np.abs(surface.gradient(surface.start)).max() > 0
    x, y, e = surface.grid(7)
    assert x.shape == y.shape == e.shape == (7, 7)
    assert (x[0, 0], x[0, -1], y[0, 0], y[-1, 0]) == (x_low, x_high, y_low, y_high)
    assert e[2, 5] == surface.value((x[2, 5], y[2, 5]))


@pytest.mark.parametrize("name", ALL)
def test_tensors_and_arrays_give_the_same(name):
    surface = ALL[name]
    theta = np.random.default_rng(0).uniform(-2, 2, (3, 4, 2))
    tensor = ops.convert_to_tensor(theta)
    for method in (surface.value, surface.gradient):
        found = ops.convert_to_numpy(method(tensor, xp=ops))
        np.testing.assert_allclose(found, method(theta), rtol=1e-12, atol=1e-12)
    assert surface.value(theta).shape == (3, 4)
    assert surface.gradient(theta).shape == (3, 4, 2)
    np.testing.assert_array_equal(surface.gradient(theta)[1, 2], surface.gradient(theta[1, 2]))


@given(st.floats(1, 1e4), st.floats(-180, 180), st.floats(1e-2, 1e2))
def test_quadratic_has_the_asked_curvatures(condition_number, angle, mu):
    surface = quadratic(condition_number, angle, (0.5, -1.0), mu)
    expected = mu, mu * condition_number
    assert surface.curvatures() == pytest.approx(expected, rel=1e-6)
    assert surface.value((0.5, -1.0)) == 0


@given(st.floats(1.01, 1e4), st.floats(-180, 180))
def test_the_flat_axis_is_turned_by_the_angle(condition_number, angle):
    surface = quadratic(condition_number, angle)
    flat = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    along = surface.hessian((0, 0)) @ flat
    np.testing.assert_allclose(along, flat, atol=1e-9 * condition_number)


@given(st.floats(1, 1e3), st.floats(-90, 90), st.floats(-2, 2), st.floats(-2, 2))
def test_turning_the_surface_turns_the_values(condition_number, angle, x, y):
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turned = np.array([c * x - s * y, s * x + c * y])
    aligned = quadratic(condition_number).value((x, y))
    assert quadratic(condition_number, angle).value(turned) == pytest.approx(
        aligned, rel=1e-8, abs=1e-8
    )


def test_the_start_shares_the_error_between_both_axes():
    for angle in (0, 30):
        surface = quadratic(100, angle)
        values, vectors = np.linalg.eigh(surface.hessian((0, 0)))
        along, across = values * (vectors.T @ np.array(surface.start)) ** 2 / 2
        assert along == pytest.approx(across)


def test_an_aligned_quadratic_has_exact_zeros():
    for angle in (0, 90, 180, -90):
        assert quadratic(34, angle).hessian((0, 0))[0, 1] == 0


def test_the_ravine_of_the_course():
    surface = ravine()
    assert surface.curvatures()[1] / surface.curvatures()[0] == pytest.approx(34)
    assert surface.hessian((0, 0))[0, 0] < surface.hessian((0, 0))[1, 1]  # flat along x
    (x_low, x_high), (y_low, y_high) = surface.window
    assert y_high - y_low < x_high - x_low  # drawn as narrow as it is


def test_bowl():
    hessian = np.array([[3.0, 1.0], [1.0, 2.0]])
    surface = bowl(hessian, np.array([1.0, 2.0]), 5.0, "b", "", ((0, 2), (1, 3)), (0.0, 0.0))
    d = np.array([0.5, -0.25])
    assert surface.value(d + np.array([1, 2])) == pytest.approx(5 + d @ hessian @ d / 2)
    assert (surface.minima == [[1.0, 2.0]]).all()


@pytest.mark.parametrize("condition_number", [0.5, 0, -1, float("nan")])
def test_condition_number_below_one(condition_number):
    with pytest.raises(ValueError, match="condition_number must be at least 1"):
        quadratic(condition_number)


@pytest.mark.parametrize("mu", [0, -1, float("nan")])
def test_curvature_not_above_zero(mu):
    with pytest.raises(ValueError, match="smallest_curvature must be above 0"):
        quadratic(2, smallest_curvature=mu)


def test_surfaces_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        surfaces.saddle().name = "other"
