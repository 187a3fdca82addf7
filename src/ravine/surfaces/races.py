"""Races down a ravine: each learning rate is chosen on some minibatch orders, and judged on others.

All algorithms get the same trials. A lead may still be luck with one rate, so each algorithm also
walks at the next rates below and above its own, and a comparison holds for those of the loser, too.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import keras
import numpy as np
from scipy import stats  # type: ignore[import-untyped]

from ravine.results import MARGIN
from ravine.surfaces.descent import Path, descend
from ravine.surfaces.regression import LinearRegression

RATES = 10 ** (np.arange(-24, 9) / 8)  # 33 learning rates, 8 per factor of ten
FINER = 10 ** (np.arange(-3, 4) / 32)  # 7 factors around 1, each 1.075 times the one before
NEXT = FINER[2:5]  # the rate below, its own, and the rate above

Makers = Mapping[str, Callable[[float], keras.optimizers.Optimizer]]
Walks = dict[str, Path]


@dataclass(frozen=True, eq=False)
class Race:
    """What `tuned_race` returns.

    Attributes:
        trials: the walks of the tuning, by rate, all of `RATES`.
        rates: the chosen rate of each algorithm.
        around: the walks on the reported orders, three times: at the rate below each chosen one,
            at the chosen one, and at the rate above.
    """

    trials: dict[float, Walks]
    rates: dict[str, float]
    around: tuple[Walks, Walks, Walks]

    @property
    def walks(self) -> Walks:
        """The walks on the reported orders at the chosen rates."""
        return self.around[1]

    def measure(self, quantity: Callable[[Path], np.ndarray]) -> dict[str, np.ndarray]:
        """Return a quantity of the walks below, at and above each chosen rate, shape (3, ...)."""
        return {
            name: np.array([quantity(walks[name]) for walks in self.around]) for name in self.rates
        }


class MedianRatio(NamedTuple):
    """The median of paired ratios and its interval, see `compare_ends`."""

    ratio: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Say whether the first ends before the other or after it.

        One of "before", "after" and "no difference found". "Before" and "after" need the whole
        interval more than 1 % away from 1.
        """
        if self.high < math.exp(-MARGIN):
            return "before"
        return "after" if self.low > math.exp(MARGIN) else "no difference found"

    def __str__(self) -> str:
        unclear = "" if self.verdict in ("before", "after") else f"   {self.verdict}"
        return f"{self.ratio:.2f}  [{self.low:.2f}, {self.high:.2f}]{unclear}"


def race(
    problem: LinearRegression,
    makers: Makers,
    rates: Mapping[str, float],
    batches: np.ndarray,
    factor: float = 1.0,
) -> Walks:
    """Walk each algorithm, at its rate times the factor, from the problem's start.

    Args:
        problem: where they walk.
        makers: for each name a function of the learning rate that makes the optimizer.
        rates: the learning rates of those that walk.
        batches: the minibatch orders, shape (T, n, b), see `surfaces.minibatches`.
        factor: what all rates are multiplied by.
    """
    optimizers = {name: makers[name](rate * factor) for name, rate in rates.items()}
    return descend(problem, optimizers, batches=batches)


def tuned_race(
    problem: LinearRegression,
    makers: Makers,
    score: Callable[[Path], float],
    tuning: np.ndarray,
    reported: np.ndarray,
    trials: dict[float, Walks] | None = None,
) -> Race:
    """Choose each rate on the tuning orders, in two stages, and race on the reported ones.

    The best of `RATES`, 33 from 0.001 to 10, is chosen first; then the best of seven around it, a
    factor of 1.075 apart.

    Args:
        problem: where they walk.
        makers: for each name a function of the learning rate that makes the optimizer.
        score: of the walks of one algorithm at one rate; the lowest is the best.
        tuning: minibatch orders to choose on, shape (T, n, b).
        reported: those to report on, of the same shape.
        trials: those of a race on the same problem that was judged by another score.
    """
    if trials is None:
        trials = {r: race(problem, makers, dict.fromkeys(makers, r), tuning) for r in RATES}
    rates = _best(trials, score)
    finer = {factor: race(problem, makers, rates, tuning, factor) for factor in FINER}
    rates = {name: rates[name] * factor for name, factor in _best(finer, score).items()}
    below, own, above = (race(problem, makers, rates, reported, factor) for factor in NEXT)
    return Race(trials, rates, (below, own, above))


def _best(trials, score):
    """Return for each algorithm the rate, or the factor, whose walks have the lowest score."""
    names, *_ = trials.values()
    return {name: min(trials, key=lambda rate: score(trials[rate][name])) for name in names}


def compare_ends(one: np.ndarray, other: np.ndarray) -> MedianRatio:
    """Compare two algorithms' end times on common orders: the median ratio and its interval.

    The interval needs no mean and no bell curve: each ratio lies below the true median with
    probability 1/2, like a coin, so of 20 sorted ratios the 4th and the 17th hold it between
    them with 99.7 %. A walk that does not end is infinitely late. The interval reaches over the
    intervals at the loser's rate and at the two next to it.

    Args:
        one: end times at the rate below its own, at its own and at the one above, shape (3, n),
            infinite where a walk does not end, see `Race.measure` and `Path.steps_to_stay`.
        other: those of the other algorithm, on the same n orders; n is 8 or more.

    Returns:
        The median of one / other with its interval of at least 99 %.
    """
    with np.errstate(invalid="ignore"):  # of two that do not end the ratio is not a number
        ratio = np.nanmedian(one[1] / other[1])
        ratios = one[1] / other if ratio < 1 else one / other[1]  # (3 rates of the loser, n)
    unknown = np.isnan(ratios)  # it may be anything
    low = min(_interval(each).low for each in np.where(unknown, 0, ratios))
    high = max(_interval(each).high for each in np.where(unknown, np.inf, ratios))
    return MedianRatio(float(ratio), low, high)


def _interval(values):
    """Return the bounds of the median of (n,) values, with a confidence of at least 99 %."""
    return stats.quantile_test(values, p=0.5).confidence_interval(0.99)
