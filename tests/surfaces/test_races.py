"""Races: rates chosen by their trials alone, and leads that outlive the rates of the loser."""

import numpy as np
import pytest

from ravine.optimizers import GradientDescent, Momentum
from ravine.surfaces import RATES, Path, aligned_ravine, compare_ends, descend, minibatches
from ravine.surfaces.races import FINER, MedianRatio, race, tuned_race

MAKERS = {"SGD": GradientDescent, "Momentum": Momentum}
PROBLEM = aligned_ravine(rows=200)
TUNING, REPORTED = (minibatches(200, 50, epochs=2, seeds=seeds) for seeds in ([5, 6, 7], [0, 1, 2]))


def final(walk):
    """The mean last loss: infinite where a walk diverged."""
    return np.nan_to_num(walk.losses[-1], nan=np.inf).mean()


@pytest.fixture(scope="module")
def won():
    return tuned_race(PROBLEM, MAKERS, final, TUNING, REPORTED)


def test_all_rates_are_tried_on_the_tuning_orders(won):
    assert len(RATES) == 33 and RATES[[0, -1]] == pytest.approx([1e-3, 10])
    assert list(won.trials) == list(RATES)
    for rate in RATES[[3, 12]]:
        walks = descend(PROBLEM, {"SGD": GradientDescent(rate)}, batches=TUNING)
        assert won.trials[rate]["SGD"].losses == pytest.approx(walks["SGD"].losses, rel=1e-9)


@pytest.mark.parametrize("name", MAKERS)
def test_the_rate_has_the_lowest_score_of_both_stages(won, name):
    coarse = min(RATES, key=lambda rate: final(won.trials[rate][name]))

    def score(factor):
        return final(race(PROBLEM, MAKERS, {name: coarse}, TUNING, factor)[name])

    assert won.rates[name] == coarse * min(FINER, key=score)
    assert FINER[1:] / FINER[:-1] == pytest.approx(1.0746, abs=1e-4)


def test_it_is_reported_on_the_other_orders_at_three_rates(won):
    for walks, factor in zip(won.around, FINER[2:5], strict=True):
        expected = race(PROBLEM, MAKERS, won.rates, REPORTED, factor)
        for name in MAKERS:
            np.testing.assert_array_equal(walks[name].losses, expected[name].losses)
    assert won.walks is won.around[1] and FINER[3] == 1
    measured = won.measure(lambda walk: walk.losses[-1])
    assert measured["SGD"].shape == (3, 3)
    np.testing.assert_array_equal(measured["SGD"][1], won.walks["SGD"].losses[-1])


def test_another_score_uses_the_same_trials(won):
    again = tuned_race(PROBLEM, MAKERS, final, TUNING, REPORTED, won.trials)
    assert again.trials is won.trials and again.rates == won.rates
    highest = tuned_race(
        PROBLEM, MAKERS, lambda walk: -walk.losses[1].mean(), TUNING, REPORTED, won.trials
    )
    assert all(highest.rates[name] > 9 for name in MAKERS)


@pytest.mark.parametrize("stay", [1, 2, 5])
def test_a_walk_has_ended_where_it_stays(stay):
    losses = np.random.default_rng(0).choice([0.5, 1.5, np.nan], size=(40, 30), p=[0.8, 0.15, 0.05])
    losses[:, 0], losses[-1, 1], losses[:, 1] = 1.0, 0.5, 1.5  # the threshold counts as low
    for k, found in enumerate(Path(np.zeros((40, 30, 2)), losses).steps_to_stay(1.0, stay)):
        low = [all(losses[t : t + stay, k] <= 1) for t in range(40 - stay + 1)]
        assert found == (low.index(True) if any(low) else np.inf)


def alike(values):
    """End times that are the same at all three rates, shape (3, n)."""
    return np.tile(np.asarray(values, dtype=float), (3, 1))


def test_the_interval_goes_from_the_4th_to_the_17th_of_twenty():
    ratios = np.random.default_rng(1).permutation(np.arange(1, 21) / 100)
    found = compare_ends(alike(ratios), alike(np.ones(20)))
    assert found == MedianRatio(pytest.approx(0.105), 0.04, 0.17)


def test_the_interval_holds_the_true_median_as_often_as_it_says():
    draws = np.random.default_rng(2).exponential(size=(2000, 20)) / np.log(2)  # their median is 1
    holds = [
        (each := compare_ends(alike(d), alike(np.ones(20)))).low < 1 < each.high for d in draws
    ]
    assert 0.99 < np.mean(holds) < 1


def test_a_walk_that_does_not_end_is_infinitely_late():
    one, other = np.full(20, 50.0), np.full(20, 100.0)
    other[:3] = np.inf
    assert compare_ends(alike(one), alike(other)) == MedianRatio(0.5, 0.5, 0.5)
    other[3] = np.inf
    assert compare_ends(alike(one), alike(other)).low == 0


def test_where_neither_ends_the_ratio_may_be_anything():
    one, other = np.full(20, 50.0), np.full(20, 100.0)
    one[:3] = other[:3] = np.inf
    assert compare_ends(alike(one), alike(other)) == MedianRatio(0.5, 0.5, 0.5)
    one[3] = other[3] = np.inf
    assert compare_ends(alike(one), alike(other)) == MedianRatio(0.5, 0, np.inf)


def test_a_lead_has_to_outlive_the_next_rates_of_the_loser_alone():
    fast, slow = alike(np.full(20, 80.0)), alike(np.full(20, 100.0))
    assert compare_ends(fast, slow).verdict == "before"
    assert compare_ends(slow, fast).verdict == "after"
    lucky = slow.copy()
    lucky[2] = 81.0  # the loser's rate above its own would do as well
    found = compare_ends(fast, lucky)
    assert found.ratio == 0.8 and found.high == pytest.approx(80 / 81)
    assert found.verdict == "before"
    lucky[2] = 80.0
    assert compare_ends(fast, lucky).verdict == "no difference found"
    assert compare_ends(lucky, fast).verdict == "no difference found"
    winner = fast.copy()
    winner[0] = 200.0  # the winner may have another bad rate: it did not choose it
    assert compare_ends(winner, slow).verdict == "before"
    assert compare_ends(slow, winner).verdict == "after"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.5, 0.98, "before"),
        (0.5, 0.995, "no difference found"),
        (1.02, 3, "after"),
        (1.005, 3, "no difference found"),
        (0.9, 1.1, "no difference found"),
    ],
)
def test_a_difference_is_more_than_a_hundredth(low, high, verdict):
    ratio = MedianRatio(0.75, low, high)
    assert ratio.verdict == verdict
    assert str(ratio).endswith("no difference found") == verdict.startswith("no")
