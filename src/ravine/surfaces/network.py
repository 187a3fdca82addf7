"""The error surface of a real network: heights, slopes and curvatures over all its weights at once.

A network with n trained weights is a point θ of n dimensions. `ErrorSurface` gives E(θ), its
gradient and its Hessian there; the functions choose directions in which to look at it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy.sparse.linalg import LinearOperator, eigsh  # type: ignore[import-untyped]

from ravine import backends
from ravine.backends import Loss
from ravine.training import cross_entropy

# Points of a plane whose errors one call computes: on two CPU cores 4 to 5 times faster than one
# call per point, for dense networks. Convolutions, of filters that differ from point to point,
# would be slow together, and are left to one call per point.
AT_ONCE = 10


class ErrorSurface:
    """E(θ): the error of a network on given data as a function of all its trained weights.

    θ is one vector: the trained weights in the order of `model.trainable_variables`, each flattened
    row by row. The network is evaluated as it predicts, without dropout and with the running
    averages of batch normalisation that it has now; its penalties count. The network's own weights
    stay untouched.

    All functions take and return NumPy arrays, in the precision of the network. They are compiled
    on first use, on TensorFlow and JAX.

    Args:
        model: the network.
        x: inputs, shape (N, ...).
        y: labels, shape (N, ...).
        loss: function (labels, outputs) -> scalar, a mean over the rows.
        rows_at_once: pass this many rows through the network at once, to need less memory; all by
            default.
    """

    def __init__(
        self,
        model: keras.Model,
        x: np.ndarray,
        y: np.ndarray,
        loss: Loss = cross_entropy,
        rows_at_once: int | None = None,
    ) -> None:
        self.model = model
        self.shapes = [tuple(weight.shape) for weight in model.trainable_variables]
        self.dtype = model.trainable_variables[0].dtype
        self.size = sum(int(np.prod(shape)) for shape in self.shapes)
        self._loss = loss
        step = len(x) if rows_at_once is None else rows_at_once
        self._pieces = [
            (ops.convert_to_tensor(x[k : k + step]), ops.convert_to_tensor(y[k : k + step]))
            for k in range(0, len(x), step)
        ]
        self._shares = [len(piece[1]) / len(x) for piece in self._pieces]

    @property
    def theta(self) -> np.ndarray:
        """The weights that the network has now, shape (n,)."""
        return flatten([ops.convert_to_numpy(each) for each in self.model.trainable_variables])

    def value(self, theta: np.ndarray) -> float:
        """Return E(θ)."""
        return float(self._mean(self._programs.value, theta))

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """Return the gradient of E at θ, shape (n,)."""
        return self._mean(self._programs.gradient, theta)

    def hessian_times(self, theta: np.ndarray, vector: np.ndarray) -> np.ndarray:
        """Return H(θ)·v, shape (n,), for about twice the work of a gradient.

        H, with n² entries, is never made: the product is the derivative of gradient·v
        (Pearlmutter, 1994).
        """
        return self._mean(self._programs.hessian_times, theta, vector)

    def hessian(self, theta: np.ndarray) -> np.ndarray:
        """Return the Hessian at θ, shape (n, n); for small networks only."""
        return self._mean(self._programs.hessian, theta)

    def plane(
        self, origin: np.ndarray, first: np.ndarray, second: np.ndarray, a: Any, b: Any
    ) -> np.ndarray:
        """Return E(origin + a·first + b·second) over a grid.

        Args:
            origin: θ at the middle, shape (n,).
            first: direction of the first axis, shape (n,).
            second: direction of the second axis, shape (n,).
            a: coordinates along the first axis, shape (p,).
            b: coordinates along the second axis, shape (q,).

        Returns:
            Heights, shape (q, p): a row per b, as `Axes.contour` takes them.
        """
        points = np.array([(u, v) for v in b for u in a])
        directions = np.stack([first, second])
        if self._programs.values is None:
            heights = [self.value(origin + point @ directions) for point in points]
        else:
            # the last batch is filled up, so that all have the shape that is compiled
            filled = np.resize(points, (-(-len(points) // AT_ONCE) * AT_ONCE, 2))
            heights = [
                self._mean(self._programs.values, some, origin, directions)
                for some in filled.reshape(-1, AT_ONCE, 2)
            ]
        return np.ravel(heights)[: len(points)].reshape(len(b), len(a))

    def _mean(self, program, *vectors):
        """Return the mean over all rows of what `program` gives for each piece of them."""
        tensors = [ops.convert_to_tensor(vector, dtype=self.dtype) for vector in vectors]
        others = [variable.value for variable in self.model.non_trainable_variables]
        pieces = ((others, *piece) for piece in self._pieces)
        results = [ops.convert_to_numpy(program(*tensors, *piece)) for piece in pieces]
        return np.average(results, axis=0, weights=self._shares)

    def _error(self, theta, others, x, y):
        weights, start = [], 0
        for shape in self.shapes:
            end = start + int(np.prod(shape))
            weights.append(ops.reshape(theta[start:end], shape))
            start = end
        outputs, _, penalties = self.model.stateless_call(
            weights, others, x, training=False, return_losses=True
        )
        return self._loss(y, outputs) + sum(penalties)

    @cached_property
    def _programs(self):
        return backends.surface_programs(self._error, self.model)


def flatten(arrays: list[np.ndarray]) -> np.ndarray:
    """Return the numbers of several arrays as one vector: weights as a θ of an `ErrorSurface`."""
    return np.concatenate([np.ravel(array) for array in arrays])


def random_direction(model: keras.Model, seed: int) -> np.ndarray:
    """Draw a direction in which to look at a network's error surface, normalised per filter.

    A ReLU network stays the same when one layer's weights are doubled and the next one's halved, so
    a step of fixed length says nothing by itself. Here every filter d of the direction is as long
    as the filter w of the network: d ← d·‖w‖/(‖d‖ + 1e-10). A filter is all that leads to one
    output: a column of a dense layer, or one filter of a convolution. Biases and the parameters of
    batch normalisation stay as they are: there the direction is 0 (Li et al., 2018).

    Args:
        model: the network, at the weights around which to look.
        seed: of the draw.

    Returns:
        A vector like `ErrorSurface.theta`, shape (n,).
    """
    generator = np.random.default_rng(seed)
    pieces = []
    for variable in model.trainable_variables:
        w = ops.convert_to_numpy(variable)
        d = np.zeros_like(w)
        if w.ndim > 1:
            d = generator.normal(size=w.shape).astype(w.dtype)
            within = tuple(range(w.ndim - 1))  # a filter's own axes; the last counts the filters
            lengths = [np.sqrt((each**2).sum(axis=within)) for each in (w, d)]
            d *= lengths[0] / (lengths[1] + 1e-10)
        pieces.append(d)
    return flatten(pieces)


@dataclass(frozen=True, eq=False)
class MainPlane:
    """The plane in which most of a training path lies, through the path's last point.

    Attributes:
        directions: the two main directions, orthonormal, shape (2, n).
        coordinates: the path in the plane, shape (T + 1, 2); its last point is (0, 0).
        explained: share of the path's variance along each of the two directions, shape (2,).
    """

    directions: np.ndarray
    coordinates: np.ndarray
    explained: np.ndarray


def main_plane(path: np.ndarray) -> MainPlane:
    """Find the plane of a training path by principal component analysis of θ_t - θ_T.

    Args:
        path: θ_0 ... θ_T, shape (T + 1, n).
    """
    steps = np.asarray(path, dtype="float64") - path[-1]
    _, lengths, directions = np.linalg.svd(steps, full_matrices=False)
    main = directions[:2]
    return MainPlane(main, steps @ main.T, lengths[:2] ** 2 / (lengths**2).sum())


def plane_curvatures(heights: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest and the largest curvature of a surface at the inner points of a grid.

    They are the two eigenvalues of the Hessian within the plane, taken from central differences.

    Args:
        heights: as `ErrorSurface.plane` returns them, shape (q, p).
        step: distance of neighbouring points, the same in both directions.

    Returns:
        Two arrays of shape (q - 2, p - 2).
    """
    middle = heights[1:-1, 1:-1]
    across = (heights[1:-1, 2:] - 2 * middle + heights[1:-1, :-2]) / step**2
    along = (heights[2:, 1:-1] - 2 * middle + heights[:-2, 1:-1]) / step**2
    mixed = heights[2:, 2:] - heights[2:, :-2] - heights[:-2, 2:] + heights[:-2, :-2]
    H = np.array([[across, mixed / (4 * step**2)], [mixed / (4 * step**2), along]])
    smallest, largest = np.moveaxis(np.linalg.eigvalsh(np.moveaxis(H, (0, 1), (2, 3))), -1, 0)
    return smallest, largest


def largest_eigenpairs(
    surface: ErrorSurface, theta: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find the eigenvalues of largest size of the Hessian at θ, and their directions.

    Found from products H·v alone, by ARPACK's Lanczos method.

    Args:
        surface: the error surface.
        theta: where to look, shape (n,).
        count: k, how many.

    Returns:
        The eigenvalues in falling order, shape (k,), and orthonormal eigenvectors as the columns
        of an array of shape (n, k).
    """
    H = LinearOperator(
        (surface.size, surface.size),
        matvec=lambda v: surface.hessian_times(theta, np.ravel(v)),
        dtype=surface.dtype,
    )
    start = np.random.default_rng(0).normal(size=surface.size).astype(surface.dtype)
    values, vectors = eigsh(H, k=count, which="LM", v0=start)
    falling = np.argsort(-values)
    return values[falling], vectors[:, falling]


def spectrum(
    surface: ErrorSurface, theta: np.ndarray, steps: int = 80, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate where the eigenvalues of the Hessian at θ lie, by Lanczos quadrature.

    After m steps of Lanczos' method from a random start the outermost of the m numbers found are
    eigenvalues of H, and all together stand for the n eigenvalues: a share of about weight_k of
    them lies near value_k (Ghorbani et al., 2019).

    Args:
        surface: the error surface.
        theta: where to look, shape (n,).
        steps: m, products with H.
        seed: of the random start.

    Returns:
        The values in rising order and their weights, which sum to 1, shape (m,) each.
    """
    V = np.zeros((min(steps, surface.size), surface.size))  # the directions found, one per row
    w = np.random.default_rng(seed).normal(size=surface.size)
    diagonal, beside = [], [np.linalg.norm(w)]
    for k in range(len(V)):
        V[k] = w / beside[-1]
        w = surface.hessian_times(theta, V[k]).astype("float64")
        diagonal.append(w @ V[k])
        found = V[: k + 1]
        for _ in range(2):  # rounding would otherwise bring found directions back
            w -= (found @ w) @ found
        beside.append(np.linalg.norm(w))
        if beside[-1] < 1e-10 * np.abs(diagonal).max():  # all of the space that w reaches is found
            break
    T = np.diag(diagonal) + np.diag(beside[1:-1], 1) + np.diag(beside[1:-1], -1)
    values, vectors = np.linalg.eigh(T)
    return values, vectors[0] ** 2
