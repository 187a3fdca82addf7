"""The regression problems: their surfaces, and minibatches that serve every row once an epoch."""

import numpy as np
import pytest
from keras import ops

from ravine.surfaces.regression import aligned_ravine, minibatches, oblique_ravine, sparse_ravine

PROBLEMS = {
    "aligned": aligned_ravine,
    "oblique": oblique_ravine,
    "sparse": sparse_ravine,
}


@pytest.fixture(params=PROBLEMS)
def problem(request):
    return PROBLEMS[request.param]()


def test_surface_is_the_mean_squared_error(problem):
    surface = problem.surface()
    for theta in np.random.default_rng(0).uniform(-3, 3, (5, 2)):
        error = np.mean((problem.x @ theta - problem.y) ** 2)
        assert surface.value(theta) == pytest.approx(error, rel=1e-10)


def test_gradient_of_all_rows_is_the_surface_s(problem):
    surface, rows = problem.surface(), np.arange(len(problem.y))
    for theta in np.random.default_rng(0).uniform(-3, 3, (5, 2)):
        np.testing.assert_allclose(
            problem.gradient(theta, rows), surface.gradient(theta), rtol=1e-9, atol=1e-10
        )


def test_minibatch_gradient_on_tensors_and_side_by_side(problem):
    rng = np.random.default_rng(0)
    theta, batch = rng.normal(size=(4, 2)), rng.integers(0, 1000, (4, 50))
    found = problem.gradient(theta, batch)
    assert found.shape == (4, 2)
    on_tensors = problem.gradient(ops.convert_to_tensor(theta), ops.convert_to_tensor(batch), ops)
    np.testing.assert_allclose(ops.convert_to_numpy(on_tensors), found, rtol=1e-12)
    for one, rows, expected in zip(theta, batch, found, strict=True):
        x, y = problem.x[rows], problem.y[rows]
        np.testing.assert_allclose(2 * x.T @ (x @ one - y) / 50, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("make", [aligned_ravine, oblique_ravine])
def test_condition_number_of_the_ravines(make):
    """κ is 34 for the distribution the 10,000 rows are drawn from, and near 34 for each draw."""
    for seed in range(3):
        assert make(seed).condition_number() == pytest.approx(34, rel=0.08)


def test_minima_and_axes():
    aligned, oblique = aligned_ravine().surface(), oblique_ravine().surface()
    assert aligned.minima[0] == pytest.approx([0, 1.5], abs=0.02)
    assert oblique.minima[0] == pytest.approx([0, 0], abs=0.02)
    _, axes = np.linalg.eigh(aligned.hessian((0, 0)))
    assert abs(axes[0, 0]) > 0.999  # flat along the first weight
    _, axes = np.linalg.eigh(oblique.hessian((0, 0)))
    assert abs(axes[:, 0]) == pytest.approx([np.sqrt(0.5)] * 2, abs=0.02)


def test_sparse_problem():
    problem = sparse_ravine()
    feature, constant = problem.x.T
    assert (constant == 1).all()
    assert 0.85 < (feature == 0).mean() < 0.95
    assert problem.surface().minima[0] == pytest.approx([1, 1])
    assert problem.surface().value((1.0, 1.0)) == pytest.approx(0, abs=1e-15)
    for scale, tolerance in ((1.0, 0.25), (0.1, 0.25)):  # 100 rows carry the feature
        kappa = sparse_ravine(scale=scale).condition_number()
        assert kappa == pytest.approx(30 / scale**2, rel=tolerance)


def test_starts_and_minima_lie_in_the_window(problem):
    low, high = np.array(problem.window).T
    for point in (problem.start, *problem.surface().minima):
        assert (low < point).all() and (point < high).all()


def test_the_data_are_a_function_of_the_seed(problem):
    make = next(make for make in PROBLEMS.values() if make().name == problem.name)
    assert (make(0).x == problem.x).all() and (make(0).y == problem.y).all()
    assert (make(1).x != problem.x).any()


def test_every_row_once_per_epoch():
    order = minibatches(rows=60, batch_size=20, epochs=4, seeds=[0, 7])
    assert order.shape == (12, 2, 20) and order.dtype == "int32"
    for run in range(2):
        for epoch in order[:, run].reshape(4, 60):
            assert sorted(epoch) == list(range(60))


def test_order_is_a_function_of_seed_and_epoch():
    order = minibatches(60, 20, 4, [0, 7])
    np.random.seed(3)
    longer = minibatches(60, 20, 6, [5, 7, 0])
    np.testing.assert_array_equal(longer[:12, 2], order[:, 0])
    np.testing.assert_array_equal(longer[:12, 1], order[:, 1])
    epochs = {epoch.tobytes() for run in (0, 1) for epoch in order[:, run].reshape(4, 60)}
    assert len(epochs) == 8  # no two alike


def test_batch_size_must_divide_the_rows():
    with pytest.raises(ValueError, match="batch_size 7 does not divide the 60 rows"):
        minibatches(60, 7, 1, [0])
