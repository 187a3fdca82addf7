"""The small regression problems behind the ravine experiments.

A linear regression with two parameters has a quadratic error surface, and its shape is set by the
inputs: their covariance is (half) the Hessian. So a ravine of any condition number and direction
is a matter of drawing the right inputs.
"""

from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from ravine.surfaces.analytic import bowl
from ravine.surfaces.surface import Surface, Window


@dataclass(frozen=True, eq=False)
class LinearRegression:
    """Fit y ≈ x·θ by the mean squared error E(θ) = (1/N) Σ (x_i·θ - y_i)².

    Attributes:
        name: what the figures call it.
        x: inputs, shape (N, 2).
        y: targets, shape (N,).
        start: θ_0, where every algorithm starts.
        window: the part of the (θ_1, θ_2) plane worth drawing.
    """

    name: str
    x: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)
    start: tuple[float, float]
    window: Window

    def gradient(self, theta: Any, batch: Any, xp: ModuleType = np) -> Any:
        """Return the gradient of the minibatch error.

        Args:
            theta: parameters, shape (..., 2).
            batch: row numbers of the minibatch, shape (..., b), whose leading axes are the last
                ones of `theta` (or are missing: then all share the minibatch).
            xp: the module with the array functions, `numpy` or `keras.ops`.

        Returns:
            Array or tensor of the shape of `theta`.
        """
        x, y = xp.take(self.x, batch, axis=0), xp.take(self.y, batch, axis=0)
        error = xp.sum(x * theta[..., None, :], axis=-1) - y
        return 2 * xp.mean(x * error[..., None], axis=-2)

    def surface(self) -> Surface:
        """Return the error over all rows, as a surface with its exact minimum."""
        minimum = np.linalg.lstsq(self.x, self.y, rcond=None)[0]
        return bowl(
            2 * self.x.T @ self.x / len(self.x),
            minimum,
            lowest=float(np.mean((self.x @ minimum - self.y) ** 2)),
            name=self.name,
            formula=r"\frac1N\sum_i (x_i\cdot\theta - y_i)^2",
            window=self.window,
            start=self.start,
        )

    def condition_number(self) -> float:
        """Return κ, the ratio of the two curvatures of the error surface."""
        smallest, largest = self.surface().curvatures()
        return float(largest / smallest)


def aligned_ravine(seed: int = 0, rows: int = 10_000, noise: float = 0.1) -> LinearRegression:
    """Return the regression whose ravine runs along the first weight (slide 44).

    Two independent inputs whose variances differ 34-fold; minimum near (0, 1.5), start (-2, -2).

    Args:
        seed: of the drawn data.
        rows: how many, N.
        noise: standard deviation of what the targets cannot explain, in units of y.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, 2)) * np.sqrt([1 / 34, 1.0])
    y = x @ np.array([0.0, 1.5]) + noise * rng.standard_normal(rows)
    return LinearRegression("aligned ravine", x, y, (-2.0, -2.0), ((-2.6, 1.6), (-2.6, 4.4)))


def oblique_ravine(seed: int = 0, rows: int = 10_000, noise: float = 0.1) -> LinearRegression:
    """Return the same ravine turned by 45°, minimum near (0, 0), start (1, -4) (slide 45)."""
    rng = np.random.default_rng(seed)
    turn = np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2)
    x = (rng.standard_normal((rows, 2)) * np.sqrt([1 / 34, 1.0])) @ turn
    y = noise * rng.standard_normal(rows)
    return LinearRegression("oblique ravine", x, y, (1.0, -4.0), ((-3.0, 5.0), (-5.0, 3.0)))


def sparse_ravine(seed: int = 0, rows: int = 1_000, scale: float = 0.1) -> LinearRegression:
    """Return y = wx + b with nine in ten x set to zero (slide 46).

    The bias b is felt by every row, the weight w only by one row in ten, and by those the less
    the smaller the feature is. The zeros make the ravine 10 times narrower, the scale s of the
    feature 1/s² times: κ ≈ 30/s², about 28 at s = 1 and 2,800 at s = 0.1. There is no noise, so
    the minimum is 0, at (w, b) = (1, 1). The columns of `x` are the feature and the constant 1 of
    the bias.

    Args:
        seed: of the drawn data.
        rows: how many, N.
        scale: s; where x is not zero it is uniform in [-s, s].
    """
    rng = np.random.default_rng(seed)
    feature = scale * rng.uniform(-1.0, 1.0, rows) * (rng.random(rows) < 0.1)
    x = np.stack([feature, np.ones(rows)], axis=1)
    return LinearRegression(
        "sparse features", x, x @ np.array([1.0, 1.0]), (-1.0, -1.0), ((-1.5, 2.0), (-1.5, 2.5))
    )


def minibatches(rows: int, batch_size: int, epochs: int, seeds: list[int]) -> np.ndarray:
    """Return the minibatch order: every epoch a fresh shuffle, the same for every algorithm.

    Args:
        rows: number of rows of the data.
        batch_size: b, a divisor of `rows`.
        epochs: number of passes.
        seeds: one independent order per seed.

    Returns:
        Row numbers, int32, shape (epochs * rows / b, len(seeds), b). The order of an epoch is a
        function of (seed, epoch) alone.

    Raises:
        ValueError: if `batch_size` does not divide `rows`.
    """
    if rows % batch_size:
        raise ValueError(f"batch_size {batch_size} does not divide the {rows} rows.")
    order = np.stack(
        [
            np.stack([np.random.default_rng([s, e]).permutation(rows) for e in range(epochs)])
            for s in seeds
        ],
        axis=1,
    )  # (epochs, seeds, rows)
    order = order.reshape(epochs, len(seeds), rows // batch_size, batch_size)
    return order.swapaxes(1, 2).reshape(-1, len(seeds), batch_size).astype("int32")
