r"""Softmax regression whose classes are as unequally frequent as words: language as a ravine.

The smallest problem on which Adam leaves gradient descent behind for the reason that it does so on
language (Kunstner et al., 2024). Where the logits do not depend on the input, as at any start
that knows at most how frequent the classes are, gradient and Hessian have a closed form.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class SoftmaxRegression:
    r"""Fit classes by the mean cross-entropy $E(\Theta) = -\frac1N \sum_i \ln p_i(y_i)$.

    The probabilities are $p_i = \mathrm{softmax}(x_i\Theta)$. Several data sets of one size, drawn
    with different seeds, lie side by side.

    Attributes:
        x: inputs, shape (seeds, N, d); the last of the d is the constant 1 of the bias.
        y: classes from 0 to c - 1, shape (seeds, N), equally frequent in all data sets.
        classes: how many, c.
    """

    x: np.ndarray
    y: np.ndarray
    classes: int

    @property
    def frequencies(self) -> np.ndarray:
        r"""The share $\pi_k$ of each class in the examples, shape (c,)."""
        return np.bincount(self.y[0], minlength=self.classes) / self.y.shape[1]

    def start(self, probabilities: np.ndarray | None = None) -> np.ndarray:
        """Return the Θ that gives every example these probabilities, by its biases alone.

        Args:
            probabilities: of the classes, positive, shape (c,); equal ones by default, Θ = 0.

        Returns:
            Shape (seeds, d, c).
        """
        theta = np.zeros((len(self.x), self.x.shape[2], self.classes))
        if probabilities is not None:
            theta[:, -1] = np.log(probabilities)
        return theta

    def losses(self, theta: np.ndarray) -> np.ndarray:
        """Return the loss of every example, in nats.

        Args:
            theta: Θ, shape (..., seeds, d, c).

        Returns:
            Shape (..., seeds, N).
        """
        logits = self._logits(theta)
        of_label = np.take_along_axis(
            logits, np.broadcast_to(self.y[..., None], (*logits.shape[:-1], 1)), axis=-1
        )
        return np.log(np.exp(logits).sum(axis=-1)) - of_label[..., 0]

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """Return the gradient of E; `theta` and the result have the shape (..., seeds, d, c)."""
        surprise = np.exp(self._logits(theta))
        surprise /= surprise.sum(axis=-1, keepdims=True)
        rows = np.arange(self.y.shape[1])
        for each, labels in zip(np.moveaxis(surprise, -3, 0), self.y, strict=True):
            each[..., rows, labels] -= 1  # p - 1 for the class that it is, p for the others
        return self.x.swapaxes(-1, -2).astype(surprise.dtype) @ surprise / self.y.shape[1]

    def _logits(self, theta):
        """Return the logits in the precision of Θ, the largest of every example moved to 0."""
        logits = self.x.astype(theta.dtype) @ theta
        logits -= logits.max(axis=-1, keepdims=True)
        return logits

    def gradient_at(self, probabilities: np.ndarray) -> np.ndarray:
        r"""Return the gradient where all examples have the same probabilities, in closed form.

        For class k it is $p_k \bar x - \pi_k \bar x_k$, with the mean $\bar x$ of all inputs and
        the mean $\bar x_k$ of the inputs of class k.

        Args:
            probabilities: $p$, shape (c,).

        Returns:
            Shape (seeds, d, c).
        """
        counts = np.bincount(self.y[0], minlength=self.classes)
        members = np.eye(self.classes)[self.y] / np.maximum(counts, 1)
        means = self.x.swapaxes(1, 2) @ members
        return probabilities * self.x.mean(axis=1)[..., None] - self.frequencies * means

    def hessian_factors_at(self, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        r"""Return the factors of the Hessian where all examples have the same probabilities.

        The second derivative by the weights of the classes k and l is
        $p_k (\delta_{kl} - p_l)\, C$ with $C = \frac1N \sum_i x_i x_i^\top$, so that every
        eigenvalue of the Hessian is one of the first factor times one of C.

        Args:
            probabilities: $p$, shape (c,).

        Returns:
            $\mathrm{diag}(p) - p p^\top$, shape (c, c), and C, shape (seeds, d, d).
        """
        p = np.asarray(probabilities)
        return np.diag(p) - np.outer(p, p), self.x.swapaxes(1, 2) @ self.x / self.x.shape[1]


def zipf_classes(
    seeds: Sequence[int],
    classes: int = 100,
    rows: int = 1000,
    features: int = 8,
    equal: bool = False,
) -> SoftmaxRegression:
    """Draw data whose k-th class is 1/k times as frequent as the first, as words are (Zipf's law).

    Each class has a random centre, and its examples lie around it at the distance of other centres,
    so that no Θ tells all of them apart. A class has at least one example.

    Args:
        seeds: one data set each.
        classes: how many, c.
        rows: how many, N.
        features: inputs beside the constant, d - 1.
        equal: whether all classes are equally frequent instead: the control.

    Raises:
        ValueError: if there are fewer rows than classes.
    """
    if rows < classes:
        raise ValueError(f"{classes} classes need at least as many rows, but there are {rows}.")
    shares = np.ones(classes) if equal else 1 / np.arange(1, classes + 1)
    # each has one row, and the others are shared out by the largest remainder
    wanted = shares / shares.sum() * (rows - classes)
    counts = 1 + wanted.astype(int)
    counts[np.argsort(counts - 1 - wanted, kind="stable")[: rows - counts.sum()]] += 1
    y = np.repeat(np.arange(classes), counts)
    inputs = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        centres = rng.normal(size=(classes, features))
        x = (centres[y] + rng.normal(size=(rows, features))) / np.sqrt(features)
        inputs.append(np.concatenate([x, np.ones((rows, 1))], axis=1))
    return SoftmaxRegression(np.stack(inputs), np.tile(y, (len(inputs), 1)), classes)


def frequency_groups(frequencies: np.ndarray, groups: int) -> np.ndarray:
    """Number the groups of classes, from 0, the most frequent: each holds as many examples.

    Args:
        frequencies: share of the examples of each class, shape (c,), in any order.
        groups: how many, such as 10 for deciles.

    Returns:
        The group of each class, shape (c,): that in which the middle of its examples lies, when
        the classes stand in the order of their frequency.
    """
    order = np.argsort(-np.asarray(frequencies), kind="stable")
    shares = np.asarray(frequencies)[order] / np.sum(frequencies)
    middles = np.cumsum(shares) - shares / 2
    found = np.empty(len(order), dtype=int)
    found[order] = np.minimum((middles * groups).astype(int), groups - 1)
    return found


def _gd(g, state, t):
    return g


def _momentum(g, state, t, beta=0.9):
    state["m"] = beta * state.get("m", 0) + g  # eq. (3.1)
    return state["m"]


def _sign_descent(g, state, t):
    return np.sign(g)


def _adam(g, state, t, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    state["m"] = beta_1 * state.get("m", 0) + (1 - beta_1) * g  # eq. (5.1)
    state["v"] = beta_2 * state.get("v", 0) + (1 - beta_2) * g**2  # eq. (5.2)
    m_hat = state["m"] / (1 - beta_1**t)  # eq. (5.3)
    v_hat = state["v"] / (1 - beta_2**t)
    return m_hat / (np.sqrt(v_hat) + epsilon)  # eq. (5.4)


# What is multiplied by the learning rate: function (gradient, state, step from 1). The classes of
# `ravine.optimizers` take the same steps, but one rate at a time; here a whole grid runs at once.
DIRECTIONS: dict[str, Callable[[Any, dict[str, Any], int], Any]] = {
    "GD": _gd,
    "Momentum": _momentum,
    "Sign descent": _sign_descent,
    "Adam": _adam,
}


def fit(
    problem: SoftmaxRegression,
    algorithm: str,
    rates: Sequence[float],
    steps: int = 100,
    start: np.ndarray | None = None,
) -> Iterator[np.ndarray]:
    """Train with all examples in every step, at all rates side by side; yield every Θ.

    Args:
        problem: the data.
        algorithm: a key of `DIRECTIONS`.
        rates: learning rates η.
        steps: number of updates T.
        start: Θ_0, shape (seeds, d, c); 0 by default.

    Yields:
        Θ_0 ... Θ_T, float32, shape (rates, seeds, d, c). A run that diverges is not finite.

    Raises:
        ValueError: if there is no such algorithm.
    """
    if algorithm not in DIRECTIONS:
        raise ValueError(f"There is no {algorithm!r} here; there is {', '.join(DIRECTIONS)}.")
    eta = np.asarray(rates, "float32")[:, None, None, None]
    theta = np.repeat(
        (problem.start() if start is None else start)[None].astype("float32"), len(eta), axis=0
    )
    state: dict[str, Any] = {}
    yield theta
    for t in range(1, steps + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            theta = theta - eta * DIRECTIONS[algorithm](problem.gradient(theta), state, t)
        yield theta
