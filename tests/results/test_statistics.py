"""Intervals over seeds: against worked examples, and how often they miss."""

import math

import numpy as np
import pandas as pd
import pytest

from ravine.results import (
    MARGIN,
    Difference,
    digits,
    finer_grid,
    overturned,
    paired_difference,
    together,
    verdicts,
)


def ended(**by_name):
    """Return the last rows of runs with these final losses, one per seed."""
    return pd.DataFrame(
        [
            {"optimizer": name, "seed": seed, "epoch": 1, "loss": loss, "eval_loss": 2 * loss}
            for name, values in by_name.items()
            for seed, loss in enumerate(values)
        ]
    )


def test_paired_difference():
    """Against a worked example: differences ln 2 · (1, 2, 3), t(0.975, 2) = 4.3027."""
    found = paired_difference(ended(a=[2.0, 4.0, 8.0], b=[1.0, 1.0, 1.0]), "a", "b")
    half = 4.302653 * np.log(2) / np.sqrt(3)
    np.testing.assert_allclose(
        [found.mean, found.low, found.high], 2 * np.log(2) + np.array([0, -half, half]), rtol=1e-6
    )
    assert found.seeds == 3 and found.verdict == "no claim"
    assert paired_difference(ended(a=[2.0, 2.1, 2.0], b=[1.0, 1.0, 1.1]), "a", "b").low > 0


def test_paired_difference_is_antisymmetric_and_widens_with_confidence():
    frame = ended(a=[0.2, 0.3, 0.25], b=[0.5, 0.6, 0.5])
    one, other = paired_difference(frame, "a", "b"), paired_difference(frame, "b", "a")
    assert (one.mean, one.low, one.high) == pytest.approx((-other.mean, -other.high, -other.low))
    assert one.verdict == "below"
    wider = paired_difference(frame, "a", "b", confidence=0.999)
    assert wider.low < one.low and wider.mean == one.mean
    assert paired_difference(frame, "a", "b", column="eval_loss").mean == pytest.approx(one.mean)


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (ended(a=[1.0, 2.0], c=[1.0, 2.0]), "no runs of 'b'"),
        (ended(a=[1.0], b=[2.0]), "two seeds"),
        (ended(a=[1.0, np.inf], b=[2.0, 2.0]), "diverged"),
    ],
)
def test_paired_difference_errors(frame, says):
    with pytest.raises(ValueError, match=says):
        paired_difference(frame, "a", "b")


def test_confidence_interval_covers_as_often_as_it_says():
    """200 experiments of 5 seeds with no true difference: 90 % intervals miss 0 in about 20."""
    rng = np.random.default_rng(0)
    missed = sum(
        paired_difference(
            ended(a=np.exp(rng.normal(size=5)), b=np.exp(rng.normal(size=5))), "a", "b", 0.9
        ).verdict
        != "no claim"
        for _ in range(200)
    )
    assert 7 <= missed <= 36  # 1 in 1000 of a binomial on either side; the seed is fixed anyway


def test_intervals_that_hold_together():
    """200 times ten comparisons without a difference: in about 10 of them one interval misses."""
    assert together(1) == 0.95 and together(20) == pytest.approx(0.9975)
    assert together(2, confidence=0.9) == pytest.approx(0.95)
    rng = np.random.default_rng(0)
    missed = sum(
        any(
            paired_difference(
                ended(a=np.exp(rng.normal(size=4)), b=np.exp(rng.normal(size=4))),
                "a",
                "b",
                claims=10,
            ).verdict
            != "no claim"
            for _ in range(10)
        )
        for _ in range(200)
    )
    assert 1 <= missed <= 22  # about 80 with 95 % each


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.3, -0.1, "below"),
        (-0.3, -0.005, "no claim"),  # it may be less than 1 %
        (-0.009, -0.001, "level"),
        (-0.009, 0.009, "level"),
        (-0.02, 0.009, "no claim"),
        (-0.1, 0.1, "no claim"),
        (0.005, 0.1, "no claim"),
        (0.011, 0.1, "above"),
    ],
)
def test_verdict(low, high, verdict):
    assert Difference((low + high) / 2, low, high, 5).verdict == verdict


def test_verdicts_of_a_table_hold_together():
    frame = ended(a=[0.2, 0.3, 0.25], b=[0.5, 0.7, 0.6], c=[0.6, 0.7, 0.9])
    pairs = [("a", "b"), ("c", "a"), ("b", "c")]
    table = verdicts(frame, pairs)
    assert list(zip(table["first"], table["second"], strict=True)) == pairs
    assert list(table["verdict"]) == ["below", "above", "no claim"]
    for row, (first, second) in zip(table.itertuples(), pairs, strict=True):
        pair = paired_difference(frame, first, second, claims=3)
        assert (row.low, row.high, row.seeds) == (pair.low, pair.high, 3)
    assert verdicts(frame, pairs, claims=300)["verdict"].tolist() == ["no claim"] * 3
    test = verdicts(frame, pairs[:1], column="eval_loss")
    assert test["low"].item() == pytest.approx(paired_difference(frame, "a", "b").low)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.4, "0.400"), (0.00173, "0.00173"), (27, "27.0"), (111, "111"), (999.96, "1000")),
        *((12345.6, "12346"), (-0.5, "-0.500"), (2e-7, "2.00e-07"), (math.inf, "diverged")),
    ],
)
def test_three_digits(value, text):
    assert digits(value) == text


def test_other_digits():
    assert (digits(0.58291, 4), digits(1234.5, 4), digits(0.5, 1)) == ("0.5829", "1234", "0.5")


def test_claims_that_their_losers_gain_would_overturn():
    frame = ended(a=[0.2, 0.21, 0.2], b=[0.3, 0.31, 0.3], c=[0.3, 0.35, 0.25])
    table = verdicts(frame, [("a", "b"), ("b", "a"), ("b", "c")])
    assert list(table["verdict"]) == ["below", "above", "no claim"]
    assert overturned(table, {"b": 0.0}).empty  # nobody asks for a winner, nor for what is no claim
    spare = -table["high"][0] - MARGIN
    assert overturned(table, {"b": spare - 1e-9}).empty
    fallen = overturned(table, {"b": spare + 1e-9})
    assert list(fallen["verdict"]) == ["below", "above"]


def test_finer_grid():
    """On a parabola in ln(rate) itself, the lowest point is known."""
    rates = np.array([0.3, 0.001, 0.003, 0.01, 0.03, 0.1])  # in any order
    for lowest in (0.0025, 0.003, 0.004):
        losses = pd.Series(2 * np.exp(0.3 * np.log(rates / lowest) ** 2), index=rates)
        assert finer_grid(losses) == pytest.approx(0.3 * np.log(0.003 / lowest) ** 2)
    losses[0.3] = np.inf
    assert finer_grid(losses) == pytest.approx(0.3 * np.log(0.003 / 0.004) ** 2)
    losses[0.01] = np.inf
    assert np.isnan(finer_grid(losses))
    assert np.isnan(finer_grid(pd.Series([1.0, 2.0, 3.0], index=[0.1, 0.3, 1.0])))
