"""What the runs of an experiment say: means over the seeds, differences and their intervals."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats  # type: ignore[import-untyped]


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per optimizer, its name as the index, the lowest final loss first.

    Args:
        frame: the table of a record. If more columns stand before `seed`, there is one row for
            each of their combinations.

    Returns:
        The columns loss (geometric mean of the final training losses over the seeds), lowest and
        highest (of them), accuracy (mean, on the test data), seconds (median, per epoch), runs and
        diverged (how many).
    """
    keys = list(frame.columns[: frame.columns.get_loc("seed")])
    last = frame[frame["epoch"] == frame["epoch"].max()].groupby(keys)
    trained = frame[frame["epoch"] > 0]
    epochs = trained.groupby([*keys, "seed", np.ceil(trained["epoch"])])["seconds"]
    table = pd.DataFrame(
        {
            "loss": last["loss"].agg(lambda losses: math.exp(np.log(losses).mean())),
            "lowest": last["loss"].min(),
            "highest": last["loss"].max(),
            "accuracy": last["accuracy"].mean(),
            "seconds": epochs.sum(min_count=1).groupby(keys).median(),
            "runs": last.size(),
            "diverged": last["diverged"].sum(),
        }
    )
    return table.sort_values("loss")


# A difference that counts: 1 % of the loss. What is closer than that is level.
MARGIN = math.log(1.01)


@dataclass(frozen=True)
class Difference:
    """Mean difference over seeds and its confidence interval, in units of ln(loss) or in nats.

    A difference in nats is one of ln(probability), so the margin of the verdict is 1 % of that.
    """

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def verdict(self) -> str:
        """Say what may be claimed of the first, by the second.

        One of "below", "above", "level" and "no claim". "Below" and "above" need the whole
        interval more than 1 % away from equality, and "level" needs it within 1 %.
        """
        if self.high < -MARGIN:
            return "below"
        if self.low > MARGIN:
            return "above"
        return "level" if self.low > -MARGIN and self.high < MARGIN else "no claim"


def together(claims: int, confidence: float = 0.95) -> float:
    """Return the confidence of each of several intervals that hold together (Bonferroni).

    Of 20 intervals with 95 % each, one misses on average; of 20 with 99.75 %, all hold in 95 of
    100 experiments, however they depend on each other.

    Args:
        claims: how many intervals there are, one or more.
        confidence: that all of them hold, between 0 and 1.
    """
    return 1 - (1 - confidence) / claims


def paired_difference(
    frame: pd.DataFrame,
    a: str,
    b: str,
    confidence: float = 0.95,
    column: str = "loss",
    claims: int = 1,
) -> Difference:
    """Compare the final losses of two algorithms, seed by seed.

    Both ran from the same start on the same minibatches, so most of what a seed does to the loss
    cancels in ln(loss of a) - ln(loss of b). `Difference.verdict` says what may be claimed of the
    interval, Student's t over the seeds.

    Args:
        frame: a table made by `training.compare`.
        a: name of an optimizer.
        b: name of another one.
        confidence: of the interval, between 0 and 1.
        column: such as "loss", "eval_loss" or "train_loss_1".
        claims: how many such comparisons are made side by side: their intervals hold together with
            the confidence, see `together`.

    Raises:
        ValueError: if fewer than two seeds are there for both, or if a run diverged.
    """
    last = frame[frame["epoch"] == frame["epoch"].max()]
    losses = last.pivot(index="seed", columns="optimizer", values=column)
    for name in (a, b):
        if name not in losses:
            raise ValueError(f"The table has no runs of {name!r}, only of {list(losses)}.")
    both = losses[[a, b]].dropna()
    if len(both) < 2:
        raise ValueError(f"An interval needs two seeds of {a} and {b}, but there is {len(both)}.")
    if not np.isfinite(both.to_numpy()).all():
        raise ValueError(f"A run of {a} or {b} diverged, so the difference has no interval.")
    difference = np.log(both[a]) - np.log(both[b])
    mean = difference.mean()
    half = half_width(difference, together(claims, confidence))
    return Difference(float(mean), float(mean - half), float(mean + half), len(both))


def verdicts(
    frame: pd.DataFrame,
    pairs: Sequence[tuple[str, str]],
    column: str = "loss",
    claims: int | None = None,
) -> pd.DataFrame:
    """Judge pairs of algorithms; the intervals of the table hold together with 95 %.

    Args:
        frame: a table made by `training.compare`.
        pairs: for each row the names of the two optimizers.
        column: such as "loss", "eval_loss" or "train_loss_1".
        claims: how many verdicts are passed side by side if there are more than these pairs.

    Returns:
        One row per pair with the columns first, verdict ("below", "above", "level" or "no claim",
        see `Difference.verdict`), second, low and high (of ln(loss of first) - ln(loss of second))
        and seeds.

    Raises:
        ValueError: as `paired_difference` does.
    """
    rows = []
    for first, second in pairs:
        pair = paired_difference(frame, first, second, column=column, claims=claims or len(pairs))
        rows.append([first, pair.verdict, second, pair.low, pair.high, pair.seeds])
    return pd.DataFrame(rows, columns=["first", "verdict", "second", "low", "high", "seeds"])


def overturned(table: pd.DataFrame, gains: Mapping[str, float]) -> pd.DataFrame:
    """Return the claims that would be none if their losers' rates were tuned more finely.

    Args:
        table: rows as of `verdicts`, on training losses.
        gains: how much lower the ln(loss) of each loser would end, such as `finer_gains` of
            `ravine.experiments`. The winner gets nothing.

    Returns:
        Those rows that are "below" or "above" and would not be with this gain.
    """
    decided = table[table["verdict"].isin(["below", "above"])]
    keeps = [
        -row["high"] - gains[row["second"]] > MARGIN
        if row["verdict"] == "below"
        else row["low"] - gains[row["first"]] > MARGIN
        for _, row in decided.iterrows()
    ]
    return decided[~np.array(keeps, dtype=bool)]


def finer_grid(losses: pd.Series) -> float:
    """Return how far ln(loss) would fall on a finer grid of learning rates, by a parabola.

    The parabola in ln(rate) goes through the best trial and its two neighbours.

    Args:
        losses: of one algorithm, positive, with the rates as index; those of diverged trials are
            infinite.

    Returns:
        ln(lowest trial) - (lowest point of the parabola), at least 0; not a number where the best
        trial has no finite neighbour on one side.
    """
    logs = np.log(losses.sort_index())
    place = int(logs.to_numpy().argmin())
    three = logs.iloc[max(place - 1, 0) : place + 2]
    if not 0 < place < len(logs) - 1 or not np.isfinite(three).all():
        return math.nan
    bend, slope, height = np.polyfit(np.log(three.index / three.index[1]), three, 2)
    return float(three.iloc[1] - height + slope**2 / (4 * bend))


def half_width(values: Any, confidence: float = 0.95) -> float:
    """Return half the width of the interval around the mean of `values`, Student's t.

    Args:
        values: one for each seed, at least two.
        confidence: of the interval, between 0 and 1.
    """
    return stats.t.ppf(0.5 + confidence / 2, len(values) - 1) * stats.sem(values)


def digits(value: float, count: int = 3) -> str:
    """Return a number with so many digits, such as "0.400" and "12345"; "diverged" if infinite."""
    if math.isinf(value):
        return "diverged"
    rounded = abs(float(f"{value:.{count}g}"))  # 999.96 has four digits, too
    text = f"{value:.0f}" if 10**count <= rounded < 1e9 else f"{value:#.{count}g}"
    return text.rstrip(".")
