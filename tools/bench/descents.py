"""Walks down the narrow ravine: one compiled program, eager steps, and plain loops in NumPy."""

from collections.abc import Callable

import numpy as np

from ravine import surfaces
from tools.bench.workers import Run

SURFACE = surfaces.ravine()
Rule = Callable[[np.ndarray, dict[str, np.ndarray], int], np.ndarray]


def descend(name: str, steps: int) -> dict[str, Run]:
    """Return all walks at once by `surfaces.descend`, as a contestant of this name."""
    from ravine.surfaces import descend

    optimizers = _optimizers()
    return {name: lambda: descend(SURFACE, optimizers, steps=steps)}


def eager(steps: int) -> dict[str, Run]:
    """Return the walks of the same optimizers, applied step by step from Python."""
    import keras

    def walk(optimizer):
        theta = keras.Variable(SURFACE.start, dtype="float64")
        for _ in range(steps):
            optimizer.apply([SURFACE.gradient(theta.value, xp=keras.ops)], [theta])

    return {"Keras, step by step": lambda: [walk(each) for each in _optimizers().values()]}


def loops(steps: int) -> dict[str, Run]:
    """Return the walks as loops in NumPy."""
    return {"NumPy loops": lambda: [walk(rule, steps) for rule in RULES.values()]}


def walk(rule: Rule, steps: int) -> np.ndarray:
    """Return the points θ_0 ... θ_T of a rule on the surface, shape (T + 1, 2)."""
    theta, state = np.array(SURFACE.start), {"m": np.zeros(2), "v": np.zeros(2)}
    points = [theta]
    for t in range(1, steps + 1):
        theta = theta - rule(SURFACE.gradient(theta), state, t)
        points.append(theta)
    return np.stack(points)


def _optimizers():
    from ravine import optimizers

    return {name: getattr(optimizers, name)() for name in RULES}


# Each of the following returns the step of an optimizer of the course at its defaults.


def _gradient_descent(g, state, t):
    return 0.01 * g


def _momentum(g, state, t):
    state["m"] = 0.9 * state["m"] + g
    return 0.01 * state["m"]


def _adagrad(g, state, t):
    state["v"] = state["v"] + g**2
    return 0.01 * g / np.sqrt(state["v"] + 1e-8)


def _rmsprop(g, state, t):
    state["v"] = 0.9 * state["v"] + 0.1 * g**2
    return 0.001 * g / np.sqrt(state["v"] + 1e-8)


def _adam(g, state, t):
    state["m"] = 0.9 * state["m"] + 0.1 * g
    state["v"] = 0.999 * state["v"] + 0.001 * g**2
    m, v = state["m"] / (1 - 0.9**t), state["v"] / (1 - 0.999**t)
    return 0.001 * m / (np.sqrt(v) + 1e-8)


RULES: dict[str, Rule] = {
    "GradientDescent": _gradient_descent,
    "Momentum": _momentum,
    "AdaGrad": _adagrad,
    "RMSprop": _rmsprop,
    "Adam": _adam,
}
