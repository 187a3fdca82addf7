"""What an error surface over two parameters is: value, exact gradient and Hessian, window."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

Window = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Surface:
    """An error surface E(x, y).

    Attributes:
        name: what the figures call it.
        formula: E(x, y) in LaTeX.
        value_xy: function (x, y, xp) -> E, elementwise.
        gradient_xy: function (x, y, xp) -> (dE/dx, dE/dy), elementwise.
        hessian_xy: function (x, y) -> ((Exx, Exy), (Exy, Eyy)) at one point.
        minima: array of shape (k, 2), the minima in the window, the lowest first; k may be 0.
        window: ((x_low, x_high), (y_low, y_high)), the part worth drawing.
        start: a point from which a descent shows what is special about the surface.
    """

    name: str
    formula: str
    value_xy: Callable[[Any, Any, Any], Any] = field(repr=False)
    gradient_xy: Callable[[Any, Any, Any], tuple[Any, Any]] = field(repr=False)
    hessian_xy: Callable[[float, float], Any] = field(repr=False)
    minima: np.ndarray
    window: Window
    start: tuple[float, float]

    def value(self, theta: Any, xp: ModuleType = np) -> Any:
        """Return E, shape (...), at the points `theta`, shape (..., 2).

        Args:
            theta: points; an array, or a tensor together with the `xp` that handles it.
            xp: the module with the array functions, `numpy` or `keras.ops`.
        """
        theta = np.asarray(theta, dtype=float) if xp is np else theta
        return self.value_xy(theta[..., 0], theta[..., 1], xp)

    def gradient(self, theta: Any, xp: ModuleType = np) -> Any:
        """Return the gradient, shape (..., 2), at the points `theta`, shape (..., 2)."""
        theta = np.asarray(theta, dtype=float) if xp is np else theta
        return xp.stack(self.gradient_xy(theta[..., 0], theta[..., 1], xp), axis=-1)

    def hessian(self, theta: Any) -> np.ndarray:
        """Return the Hessian, shape (2, 2), at the point `theta`, shape (2,)."""
        x, y = theta
        return np.array(self.hessian_xy(x, y), dtype=float)

    def curvatures(self, theta: Any = (0.0, 0.0)) -> np.ndarray:
        """Return the two eigenvalues of the Hessian at `theta`, the smaller first."""
        return np.linalg.eigvalsh(self.hessian(theta))

    def grid(self, points: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return x, y and E on a square grid over the window, each of shape (points, points)."""
        x, y = np.meshgrid(*(np.linspace(*side, points) for side in self.window))
        return x, y, self.value(np.stack([x, y], axis=-1))
