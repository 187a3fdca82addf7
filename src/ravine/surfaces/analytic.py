"""The error surfaces over two parameters that the course walks on.

Every surface is a `Surface`, made by the function of its name. The narrow ravine, `ravine()`, is
the one the course returns to in every chapter.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ravine.surfaces.surface import Surface, Window


def bowl(
    hessian: np.ndarray,
    minimum: np.ndarray,
    lowest: float,
    name: str,
    formula: str,
    window: Window,
    start: tuple[float, float],
) -> Surface:
    """Return the quadratic surface with this Hessian, shape (2, 2), and minimum, shape (2,)."""
    (hxx, hxy), (_, hyy) = hessian.tolist()
    x0, y0 = minimum.tolist()

    def value(x, y, xp):
        dx, dy = x - x0, y - y0
        return lowest + 0.5 * (hxx * dx * dx + 2 * hxy * dx * dy + hyy * dy * dy)

    def gradient(x, y, xp):
        dx, dy = x - x0, y - y0
        return hxx * dx + hxy * dy, hxy * dx + hyy * dy

    return Surface(
        name=name,
        formula=formula,
        value_xy=value,
        gradient_xy=gradient,
        hessian_xy=lambda x, y: hessian,
        minima=minimum[None, :],
        window=window,
        start=start,
    )


def quadratic(
    condition_number: float,
    angle: float = 0.0,
    minimum: tuple[float, float] = (0.0, 0.0),
    smallest_curvature: float = 1.0,
) -> Surface:
    """Return the bowl whose curvatures are μ along one axis and κμ across it.

    Args:
        condition_number: κ >= 1, the ratio of the two curvatures.
        angle: degrees, counter-clockwise, by which the flat axis is turned away from the x axis.
        minimum: where the bowl has its lowest point; E is 0 there.
        smallest_curvature: μ > 0, the curvature along the flat axis.

    Raises:
        ValueError: if κ < 1 or μ <= 0.
    """
    if not condition_number >= 1:
        raise ValueError(f"condition_number must be at least 1, but it was {condition_number!r}.")
    if not smallest_curvature > 0:
        raise ValueError(f"smallest_curvature must be above 0, but it was {smallest_curvature!r}.")
    turn = np.radians(angle)
    flat, steep = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    h = smallest_curvature * (np.outer(flat, flat) + condition_number * np.outer(steep, steep))
    # exact zeros for an aligned bowl: cos(90 degrees) is 6e-17 in floating point
    h[np.abs(h) < 1e-12 * smallest_curvature * condition_number] = 0.0
    x0, y0 = minimum
    # the start lies up the flat axis, with a share of the steep one that is worth as much error
    start = np.array(minimum) - 2.5 * flat + 2.5 / np.sqrt(condition_number) * steep
    turned = "" if angle == 0 else f", turned by {angle:g}°"
    return bowl(
        h,
        np.array(minimum, dtype=float),
        lowest=0.0,
        name=f"quadratic with κ = {condition_number:g}{turned}",
        formula=r"\tfrac12 (\theta-\theta^*)^\top H (\theta-\theta^*)",
        window=((x0 - 3, x0 + 3), (y0 - 3, y0 + 3)),
        start=(float(start[0]), float(start[1])),
    )


def ravine(condition_number: float = 34.0, angle: float = 0.0) -> Surface:
    """Return the narrow ravine of the course: flat along x, 34 times more curved along y.

    Args:
        condition_number: κ >= 1.
        angle: degrees by which the flat axis is turned away from the x axis.
    """
    surface = quadratic(condition_number, angle)
    if angle % 180 == 0:
        half_width = max(6.0 / np.sqrt(condition_number), 0.25)
        return replace(surface, window=((-3.0, 1.0), (-half_width, half_width)))
    return surface


def saddle() -> Surface:
    """Return 5x² - y²: a minimum along x, a maximum along y, unbounded below."""
    return Surface(
        name="saddle",
        formula="5x^2 - y^2",
        value_xy=lambda x, y, xp: 5 * x * x - y * y,
        gradient_xy=lambda x, y, xp: (10 * x, -2 * y),
        hessian_xy=lambda x, y: ((10.0, 0.0), (0.0, -2.0)),
        minima=np.empty((0, 2)),
        window=((-1.5, 1.5), (-2.0, 2.0)),
        start=(-1.2, 0.01),
    )


def monkey_saddle() -> Surface:
    """Return x³ - 3xy²: three valleys meet at the origin, where even the Hessian is zero."""
    return Surface(
        name="monkey saddle",
        formula="x^3 - 3xy^2",
        value_xy=lambda x, y, xp: x * x * x - 3 * x * y * y,
        gradient_xy=lambda x, y, xp: (3 * x * x - 3 * y * y, -6 * x * y),
        hessian_xy=lambda x, y: ((6 * x, -6 * y), (-6 * y, -6 * x)),
        minima=np.empty((0, 2)),
        window=((-1.5, 1.5), (-1.5, 1.5)),
        start=(1.0, 0.01),
    )


def plateau(width: float = 1.0) -> Surface:
    """Return 1 - exp(-(x² + y²) / 2w²): a pit of width w in a plain that is almost flat."""
    c = 1.0 / (width * width)

    def pit(x, y, xp):
        return xp.exp(-0.5 * c * (x * x + y * y))

    def hessian(x, y):
        e = pit(x, y, np)
        return (
            (c * e * (1 - c * x * x), -c * c * x * y * e),
            (-c * c * x * y * e, c * e * (1 - c * y * y)),
        )

    return Surface(
        name="plateau",
        formula=r"1 - e^{-(x^2+y^2)/2w^2}",
        value_xy=lambda x, y, xp: 1 - pit(x, y, xp),
        gradient_xy=lambda x, y, xp: (c * x * pit(x, y, xp), c * y * pit(x, y, xp)),
        hessian_xy=hessian,
        minima=np.zeros((1, 2)),
        window=((-4.0 * width, 4.0 * width), (-4.0 * width, 4.0 * width)),
        start=(-3.2 * width, 1.6 * width),
    )


def many_minima(depth: float = 0.5) -> Surface:
    """Return a wide bowl covered with dimples one unit apart (Rastrigin's function, scaled).

    Args:
        depth: a > 0 of (x² + y²)/4 + a(2 - cos 2πx - cos 2πy).
    """
    k = 2 * np.pi

    def hessian(x, y):
        return (
            (0.5 + depth * k * k * np.cos(k * x), 0.0),
            (0.0, 0.5 + depth * k * k * np.cos(k * y)),
        )

    # the surface is a sum of one function of x and the same of y: so are its minima
    side = np.arange(-2.0, 3.0)
    for _ in range(20):  # Newton's method, from each dimple's centre to machine precision
        slope = 0.5 * side + depth * k * np.sin(k * side)
        side = side - slope / (0.5 + depth * k * k * np.cos(k * side))
    minima = np.array([(x, y) for x in side for y in side])
    return Surface(
        name="many minima",
        formula=r"\tfrac14(x^2+y^2) + a(2 - \cos 2\pi x - \cos 2\pi y)",
        value_xy=lambda x, y, xp: (
            0.25 * (x * x + y * y) + depth * (2 - xp.cos(k * x) - xp.cos(k * y))
        ),
        gradient_xy=lambda x, y, xp: (
            0.5 * x + depth * k * xp.sin(k * x),
            0.5 * y + depth * k * xp.sin(k * y),
        ),
        hessian_xy=hessian,
        minima=minima[np.argsort((minima**2).sum(axis=1), kind="stable")],
        window=((-2.5, 2.5), (-2.5, 2.5)),
        start=(-2.2, 1.7),
    )


def rosenbrock() -> Surface:
    """Return (1 - x)² + 100(y - x²)²: a ravine that bends (Rosenbrock 1960)."""
    return Surface(
        name="Rosenbrock",
        formula="(1-x)^2 + 100(y-x^2)^2",
        value_xy=lambda x, y, xp: (1 - x) * (1 - x) + 100 * (y - x * x) * (y - x * x),
        gradient_xy=lambda x, y, xp: (
            -2 * (1 - x) - 400 * x * (y - x * x),
            200 * (y - x * x),
        ),
        hessian_xy=lambda x, y: ((2 - 400 * (y - 3 * x * x), -400 * x), (-400 * x, 200.0)),
        minima=np.array([[1.0, 1.0]]),
        window=((-2.0, 2.0), (-1.0, 3.0)),
        start=(-1.2, 1.0),
    )


def himmelblau() -> Surface:
    """Return (x² + y - 11)² + (x + y² - 7)²: four minima of equal depth (Himmelblau 1972)."""

    def gradient(x, y, xp):
        a, b = x * x + y - 11, x + y * y - 7
        return 4 * x * a + 2 * b, 2 * a + 4 * y * b

    def hessian(x, y):
        return (
            (12 * x * x + 4 * y - 42, 4 * (x + y)),
            (4 * (x + y), 4 * x + 12 * y * y - 26),
        )

    minima = np.array([(3.0, 2.0), (-2.805, 3.131), (-3.779, -3.283), (3.584, -1.848)])
    for _ in range(5):  # Newton's method, from the table's three digits to machine precision
        minima = np.array(
            [[x, y] - np.linalg.solve(hessian(x, y), gradient(x, y, np)) for x, y in minima]
        )
    return Surface(
        name="Himmelblau",
        formula="(x^2+y-11)^2 + (x+y^2-7)^2",
        value_xy=lambda x, y, xp: (
            (x * x + y - 11) * (x * x + y - 11) + (x + y * y - 7) * (x + y * y - 7)
        ),
        gradient_xy=gradient,
        hessian_xy=hessian,
        minima=minima,
        window=((-5.0, 5.0), (-5.0, 5.0)),
        start=(-0.3, -0.9),
    )


SURFACES: dict[str, Callable[[], Surface]] = {
    "ravine": ravine,
    "saddle": saddle,
    "monkey saddle": monkey_saddle,
    "plateau": plateau,
    "many minima": many_minima,
    "Rosenbrock": rosenbrock,
    "Himmelblau": himmelblau,
}
