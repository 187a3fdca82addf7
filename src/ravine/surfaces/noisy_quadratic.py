r"""The noisy quadratic model: what a minibatch's size does to training, computed exactly.

The error is a bowl, $E(\theta) = \frac12 \sum_i h_i \theta_i^2$, and a minibatch of $B$ examples
gives the gradient $h_i\theta_i + \xi_i$. The noise $\xi_i$ has mean 0 and variance $c_i/B$, and is
independent from step to step (Zhang et al., 2019). For gradient descent and momentum the expected
error then follows from a linear recursion, without simulation; Adam, which divides by what it has
seen, is simulated.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]


@dataclass(frozen=True, eq=False)
class NoisyQuadratic:
    r"""A bowl and the noise of its gradient.

    Attributes:
        h: curvatures $h_i > 0$, shape (n,).
        c: variances $c_i \ge 0$ of the gradient of a single example, shape (n,).
        start: standard deviations of the random start $\theta_0$, which has mean 0, shape (n,).

    Raises:
        ValueError: if the shapes differ, a curvature is not positive or a variance is negative.
    """

    h: np.ndarray
    c: np.ndarray
    start: np.ndarray

    def __post_init__(self) -> None:
        if not (np.ndim(self.h) == 1 and self.h.shape == self.c.shape == self.start.shape):
            raise ValueError(
                "h, c and start must be vectors of one length, but their shapes were "
                f"{np.shape(self.h)}, {np.shape(self.c)} and {np.shape(self.start)}."
            )
        if not (self.h > 0).all() or not (self.c >= 0).all():
            raise ValueError("All curvatures h must be positive, and all variances c at least 0.")

    def loss(self, second_moments: np.ndarray) -> np.ndarray:
        r"""Return the expected error, given $\mathbb E[\theta_i^2]$ of shape (..., n)."""
        return 0.5 * (second_moments * self.h).sum(axis=-1)


class Best(NamedTuple):
    """The fewest steps to a target, and the place of the setting that needed them."""

    steps: int
    place: tuple[int, ...]


def expected_losses(
    model: NoisyQuadratic, batch_size: float, eta: Any, beta: Any = 0.0
) -> Iterator[np.ndarray]:
    r"""Yield the expected error at the start and after every step of momentum, without end.

    With $m' = \beta m + h\theta + \xi$ and $\theta' = \theta - \eta m'$, in every coordinate,

    $$
    \begin{aligned}
    \mathbb E[\theta m'] &= \beta\, \mathbb E[\theta m] + h\, \mathbb E[\theta^2] \\
    \mathbb E[m'^2] &= \beta^2\, \mathbb E[m^2] + 2\beta h\, \mathbb E[\theta m]
                       + h^2\, \mathbb E[\theta^2] + c/B \\
    \mathbb E[\theta' m'] &= \mathbb E[\theta m'] - \eta\, \mathbb E[m'^2] \\
    \mathbb E[\theta'^2] &= \mathbb E[\theta^2] - 2\eta\, \mathbb E[\theta m']
                            + \eta^2\, \mathbb E[m'^2]
    \end{aligned}
    $$

    Args:
        model: the bowl.
        batch_size: $B > 0$; `numpy.inf` for the whole gradient.
        eta: learning rates; an array runs many settings side by side.
        beta: momentum factors, 0 is gradient descent; of a shape that goes with that of `eta`.

    Yields:
        One error per setting, in the common shape of `eta` and `beta`. Too large a learning rate
        gives infinity or no number.

    Raises:
        ValueError: if `batch_size` is not positive.
    """
    noise = _noise(model, batch_size)
    eta, beta = np.broadcast_arrays(eta, beta)
    eta, beta = eta[..., None], beta[..., None]
    h = model.h
    theta2 = np.broadcast_to(model.start**2, (*eta.shape[:-1], len(h)))
    theta_m = np.zeros_like(theta2)
    m2 = np.zeros_like(theta2)
    while True:
        yield model.loss(theta2)
        with np.errstate(over="ignore", invalid="ignore"):
            m2 = beta**2 * m2 + 2 * beta * h * theta_m + h**2 * theta2 + noise
            theta_m_next = beta * theta_m + h * theta2
            theta_m = theta_m_next - eta * m2
            theta2 = theta2 - 2 * eta * theta_m_next + eta**2 * m2


def expected_loss(
    model: NoisyQuadratic, batch_size: float, eta: float, steps: int, beta: float = 0.0
) -> float:
    r"""Return the expected error after `steps` steps in closed form.

    The recursion of `expected_losses` is $s_t = M s_{t-1} + u$ with a 3×3 matrix $M$ for every
    coordinate and $s = (\mathbb E[\theta^2], \mathbb E[\theta m], \mathbb E[m^2])$. So
    $s_t = s_\infty + M^t (s_0 - s_\infty)$, where $s_\infty = (I - M)^{-1} u$.

    Args:
        model: the bowl.
        batch_size: $B > 0$.
        eta: learning rate.
        steps: $t \ge 0$.
        beta: momentum factor.

    Raises:
        ValueError: if `batch_size` is not positive.
    """
    h, noise = model.h, _noise(model, batch_size)
    zero, one = np.zeros_like(h), np.ones_like(h)
    # rows of E[θm'] and E[m'²] over the columns E[θ²], E[θm], E[m²]
    theta_m = np.stack([h, beta * one, zero], axis=-1)
    m2 = np.stack([h**2, 2 * beta * h, beta**2 * one], axis=-1)
    theta2 = np.stack([one, zero, zero], axis=-1)
    M = np.stack([theta2 - 2 * eta * theta_m + eta**2 * m2, theta_m - eta * m2, m2], axis=-2)
    u = noise[:, None] * np.array([eta**2, -eta, 1.0])
    last = np.linalg.solve(np.eye(3) - M, u[..., None])
    first = np.stack([model.start**2, zero, zero], axis=-1)[..., None]
    return float(model.loss((last + np.linalg.matrix_power(M, steps) @ (first - last))[:, 0, 0]))


def steady_loss(model: NoisyQuadratic, batch_size: float, eta: float, beta: float = 0.0) -> float:
    r"""Return the expected error at which the noise stops progress; infinite if unstable.

    $$
    E_\infty = \frac{1}{2} \sum_i
        \frac{\eta\, c_i}{B} \cdot \frac{1+\beta}{(1-\beta)\,(2(1+\beta) - \eta h_i)}
    $$

    Raises:
        ValueError: if `batch_size` is not positive.
    """
    room = 2 * (1 + beta) - eta * model.h
    if (room <= 0).any():
        return np.inf
    noise = _noise(model, batch_size)
    return float(0.5 * (eta * noise * (1 + beta) / ((1 - beta) * room)).sum())


def adam_losses(
    model: NoisyQuadratic,
    batch_size: float,
    eta: Any,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    replicas: int = 32,
    seed: int = 0,
) -> Iterator[np.ndarray]:
    """Yield the mean error of simulated runs of Adam at the start and after every step.

    Args:
        model: the bowl. Adam sees its coordinates, along which the bowl is aligned: an advantage
            that no network gives it.
        batch_size: B > 0.
        eta: learning rates, shape (k,). All see the same starts and the same noise, both normally
            distributed.
        beta_1: decay of the first moment.
        beta_2: decay of the second moment.
        epsilon: as in `optimizers.Adam`.
        replicas: runs to average over.
        seed: of the starts and the noise.

    Yields:
        The mean errors, shape (k,).

    Raises:
        ValueError: if `batch_size` is not positive.
    """
    deviation = np.sqrt(_noise(model, batch_size))
    rng = np.random.default_rng(seed)
    rates = np.asarray(eta, float)[:, None, None]
    start = rng.normal(size=(replicas, len(model.h))) * model.start
    theta = np.broadcast_to(start, (len(rates), *start.shape))
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    t = 0
    while True:
        yield model.loss(theta**2).mean(axis=-1)
        t += 1
        g = model.h * theta + deviation * rng.normal(size=theta.shape[1:])
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
        theta = theta - rates * m_hat / (np.sqrt(v_hat) + epsilon)


def first_below(losses: Iterable[np.ndarray], target: float, limit: int) -> Best:
    """Walk many settings side by side and return the first that comes below the target.

    The search for the best setting is exact over the settings walked: the first below the target
    needs the fewest steps. Of several at the same step the one with the lowest error wins.

    Args:
        losses: yields an array of errors after 0, 1, 2, ... steps.
        target: the error to reach.
        limit: give up after so many steps.

    Raises:
        ValueError: if none has reached the target after `limit` steps.
    """
    for steps, values in enumerate(losses):
        values = np.where(np.isnan(values), np.inf, values)
        if values.min() <= target:
            return Best(
                steps, tuple(int(i) for i in np.unravel_index(values.argmin(), values.shape))
            )
        if steps >= limit:
            break
    raise ValueError(f"No setting has reached {target:g} after {limit} steps.")


def critical_batch(batch_sizes: Any, steps: Any) -> tuple[float, float]:
    r"""Fit $S(B) = S_{\min}\,(1 + B_c/B)$ to steps S at batch sizes B, least squares in ln S.

    Args:
        batch_sizes: shape (k,), at least two of them.
        steps: shape (k,), positive.

    Returns:
        The floor $S_{\min}$ and the critical batch size $B_c$, at which twice as many steps are
        needed.

    Raises:
        ValueError: if the shapes differ, or a number is not positive and finite.
    """
    B, S = np.asarray(batch_sizes, float), np.asarray(steps, float)
    if B.shape != S.shape or B.ndim != 1 or len(B) < 2:
        raise ValueError(f"B and S must be vectors of one length, but were {B.shape}, {S.shape}.")
    if not (np.isfinite([B, S]).all() and (B > 0).all() and (S > 0).all()):
        raise ValueError("Batch sizes and steps must be positive and finite.")

    def gaps(log_critical):
        return np.log(S) - np.log1p(np.exp(log_critical) / B)

    bounds = np.log(B.min()) - 10, np.log(B.max()) + 10
    found = minimize_scalar(
        lambda x: gaps(x).var(), bounds=bounds, method="bounded", options={"xatol": 1e-9}
    )
    return float(np.exp(gaps(found.x).mean())), float(np.exp(found.x))


def _noise(model, batch_size):
    """Return the variance of the gradient's noise, shape (n,)."""
    if not batch_size > 0:
        raise ValueError(f"batch_size must be positive, but it was {batch_size}.")
    return model.c / batch_size
