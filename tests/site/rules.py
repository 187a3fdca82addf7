"""Random rules for the playground, and the steps of the classes that are made of rules."""

import random

import keras
import numpy as np

from ravine.optimizers import AdaGrad, Adam, GradientDescent, Momentum, Nesterov, RMSprop

# The classes of the algorithms that the playground has.
CLASSES = {
    "GD": GradientDescent,
    "Momentum": Momentum,
    "Nesterov": Nesterov,
    "AdaGrad": AdaGrad,
    "RMSprop": RMSprop,
    "Adam": Adam,
}
NUMBERS = ("2", "0.5", "3", "1e-3", "7.25", "1")
FUNCTIONS = ("sqrt", "abs", "sign", "exp", "log", "norm", "max", "min")


def random_rule(seed: int) -> str:
    """Returns the lines of a rule that no one would write, but that is one."""
    draw = random.Random(seed)
    states = draw.sample(("m", "v", "G", "lambda", "name", "m_1"), draw.randint(0, 3))
    values = draw.sample(("m_hat", "a", "step", "iterations", "l"), draw.randint(0, 3))
    known = ["theta", "g", "g", "t", *states, *draw.sample(("eta", "beta_1", "c", "epsilon"), 3)]
    lines = []
    for name in draw.sample([*states, *values], len(states) + len(values)):
        first = f"0.5*{name} + " if name in states else ""
        lines.append(f"{name} = {first}{expression(draw, known, draw.randint(1, 4))}")
        known.append(name)
    if states and draw.random() < 0.3:
        lines.append(f"{states[0]} = {expression(draw, known, 1)}  # once more")
    step = expression(draw, known, draw.randint(1, 4))
    lines.insert(draw.randint(len(lines) // 2, len(lines)), f"theta = theta - eta*({step})")
    assigned = [line.partition(" ")[0] for line in lines]
    # a value that is read above its line would be state
    return "\n".join(lines) if len(set(assigned)) <= 9 else random_rule(seed + 1000)


def expression(draw: random.Random, known: list[str], depth: int) -> str:
    """Returns an expression of at most so many levels."""
    if depth == 0 or draw.random() < 0.15:
        return draw.choice(known) if draw.random() < 0.75 else draw.choice(NUMBERS)

    def inner():
        return expression(draw, known, depth - 1)

    kind = draw.random()
    if kind < 0.2:
        name = draw.choice(FUNCTIONS)
        return f"{name}({inner()}, {inner()})" if name in ("max", "min") else f"{name}({inner()})"
    if kind < 0.3:
        return f"-{inner()}" if draw.random() < 0.5 else f"({inner()})"
    if kind < 0.4:
        return f"({inner()} {draw.choice(('<', '>', '<=', '>='))} {inner()})"
    if kind < 0.55:
        return (
            f"({inner()}){draw.choice(('^', '**'))}{draw.choice(('2', '2', '3', '0.5', '-1', 't'))}"
        )
    left, right = inner(), inner()
    return (
        f"({left}) {draw.choice('+-*/*+')} ({right})"
        if draw.random() < 0.5
        else (f"{left}{draw.choice('+-*')}{right}")
    )


def made(source: str, class_name: str = "MyRule") -> type[keras.optimizers.Optimizer]:
    """Returns the class of a source, which is executed by itself as in a cell of a notebook."""
    scope: dict[str, object] = {}
    exec(compile(source, "<made from a rule>", "exec"), scope)
    return scope[class_name]


def steps_of(optimizer, start, steps: int, gradient) -> np.ndarray:
    """Returns θ_0 ... θ_T of an optimizer in float64, shape (T + 1, 2)."""
    theta = keras.Variable(np.array(start), dtype="float64")
    points = [np.array(start)]
    for t in range(1, steps + 1):
        g = np.asarray(gradient(points[-1], t))
        optimizer.apply([keras.ops.convert_to_tensor(g, "float64")], [theta])
        points.append(keras.ops.convert_to_numpy(theta).copy())
    return np.array(points)
