"""Ours beside theirs: numbers against an independent calculation, verdicts on planted outcomes."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ravine.results import comparison, published

INF, NAN = math.inf, math.nan


def runs(**losses):
    """Return a frame of runs: for each optimizer one list of losses (epochs 1, 2...) per seed.

    The test loss is twice the training loss, and epoch n of a run takes n seconds.
    """
    rows = []
    for optimizer, seeds in losses.items():
        for seed, curve in enumerate(seeds):
            for epoch, loss in enumerate([9.0, *curve]):
                ended = math.isinf(loss)
                rows.append(
                    {
                        "optimizer": optimizer,
                        "seed": seed,
                        "epoch": epoch,
                        "loss": loss,
                        "eval_loss": 2 * loss,
                        "accuracy": NAN if ended else 0.5,
                        "seconds": NAN if ended else float(epoch),
                        "diverged": ended,
                    }
                )
    return pd.DataFrame(rows)


def theirs(*rows):
    """Return a table of published numbers (source, optimizer, epoch, metric, value)."""
    table = pd.DataFrame(rows, columns=["source", "optimizer", "epoch", "metric", "value"])
    return table.assign(experiment="x", figure="Fig. 1", precision="printed", setting="none")


def claims(*rows):
    """Return a table of published orderings (source, lower, relation, higher)."""
    table = pd.DataFrame(rows, columns=["source", "lower", "relation", "higher"])
    return table.assign(experiment="x", figure="Fig. 1", epoch=50.0, metric="loss", basis="stated")


def only(table, **where):
    """Return the one row of a table in which the columns have these entries."""
    for column, entry in where.items():
        table = table[table[column] == entry]
    assert len(table) == 1
    return table.iloc[0]


ADAM = [[0.5, 0.10], [0.4, 0.12], [0.6, 0.09]]
SGD = [[0.9, 0.30], [0.8, 0.33], [0.7, 0.31]]


def test_our_mean_and_its_interval():
    table = comparison.values(runs(Adam=ADAM), theirs(("kingma2015adam", "Adam", 2, "loss", 0.1)))
    row = only(table, optimizer="Adam")
    last = [0.10, 0.12, 0.09]
    assert row["ours"] == pytest.approx(stats.gmean(last))
    interval = stats.ttest_1samp(np.log(last), 0).confidence_interval()
    assert row["low"] == pytest.approx(math.exp(interval.low))
    assert row["high"] == pytest.approx(math.exp(interval.high))
    assert (row["runs"], row["diverged"], row["epochs"]) == (3, 0, 2)
    assert (row["published"], row["published_epochs"]) == (0.1, 2)


def test_a_shorter_run_says_how_long_it_was():
    table = comparison.values(runs(Adam=ADAM), theirs(("kingma2015adam", "Adam", 200, "loss", 0.1)))
    row = only(table, optimizer="Adam")
    assert (row["epochs"], row["published_epochs"]) == (2, 200)
    text = only(comparison.readable(table), optimizer="Adam")
    assert text["epochs"] == "2" and text["paper, Fig. 1, epoch 200"] == "0.1"


def test_a_longer_run_is_read_at_the_published_epoch():
    table = comparison.values(runs(Adam=ADAM), theirs(("kingma2015adam", "Adam", 1, "loss", 0.1)))
    row = only(table, optimizer="Adam")
    assert row["ours"] == pytest.approx(stats.gmean([0.5, 0.4, 0.6])) and row["epochs"] == 1


def test_one_seed_has_no_interval():
    table = comparison.values(runs(Adam=ADAM[:1]), theirs(("kingma2015adam", "Adam", 2, "loss", 1)))
    row = only(table, optimizer="Adam")
    assert row["ours"] == pytest.approx(0.10) and math.isnan(row["low"]) and math.isnan(row["high"])
    text = only(comparison.readable(table), optimizer="Adam")
    assert (text["ours"], text["interval"]) == ("0.100", "one seed")


def test_a_diverged_run_has_no_finite_mean():
    frame = runs(Adam=[[0.5, 0.1], [0.4, INF], [0.6, 0.1]])
    table = comparison.values(frame, theirs(("kingma2015adam", "Adam", 2, "loss", 0.1)))
    row = only(table, optimizer="Adam")
    assert row["ours"] == INF and math.isnan(row["low"])
    assert (row["runs"], row["diverged"]) == (3, 1)
    text = only(comparison.readable(table), optimizer="Adam")
    assert (text["ours"], text["interval"]) == ("no number", "1 of 3 diverged")


def test_optimizers_that_only_one_side_has():
    frame = runs(Adam=ADAM, SGD=SGD)
    table = comparison.values(
        frame,
        theirs(
            ("kingma2015adam", "Nesterov", 9, "loss", 0.2),
            ("nhu2021training", "Adam", 9, "seconds per epoch", 6.0),
        ),
    )
    # Adam's loss is there although only its seconds were published
    assert only(table, optimizer="Adam", metric="loss")["ours"] == pytest.approx(
        stats.gmean([0.10, 0.12, 0.09])
    )
    sgd = only(table, optimizer="SGD")
    assert math.isnan(sgd["published"]) and sgd["runs"] == 3
    nesterov = only(table, optimizer="Nesterov")
    assert nesterov["published"] == 0.2 and math.isnan(nesterov["ours"]) and nesterov["runs"] == 0
    text = comparison.readable(table)
    assert only(text, optimizer="Nesterov")["ours"] == "not run"
    assert only(text, optimizer="SGD")["paper, Fig. 1, epoch 9"] == ""
    losses = table[table["metric"] == "loss"]
    assert list(losses["optimizer"]) == ["Adam", "SGD", "Nesterov"]  # the lowest of ours first


def test_two_sources_stand_in_one_line():
    table = comparison.values(
        runs(Adam=ADAM),
        theirs(
            ("kingma2015adam", "Adam", 9, "loss", 0.007),
            ("nhu2021training", "Adam", 9, "loss", 0.002),
        ),
    )
    assert len(table) == 2
    text = only(comparison.readable(table), optimizer="Adam")
    assert text["thesis, Fig. 1, epoch 9"] == "0.002"
    assert text["paper, Fig. 1, epoch 9"] == "0.007"


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("loss", 0.2),
        ("lowest loss", 0.1),
        ("training perplexity", math.exp(0.2)),
        ("test perplexity", math.exp(0.4)),
        ("lowest test perplexity", math.exp(0.2)),
        ("validation perplexity", math.exp(0.7)),
        ("seconds per epoch", 2.0),
    ],
)
def test_metrics(metric, expected):
    assert metric in published.METRICS
    frame = runs(Adam=[[0.5, 0.1, 0.2]]).assign(valid_loss=[9, 0.9, 0.8, 0.7])
    table = comparison.values(frame, theirs(("kingma2015adam", "Adam", 3, metric, 1.0)))
    assert only(table, metric=metric)["ours"] == pytest.approx(expected)


def test_every_published_metric_has_a_counterpart():
    assert {*comparison.COLUMNS, "seconds per epoch"} >= set(published.METRICS)


def test_a_metric_that_our_runs_do_not_have():
    table = comparison.values(
        runs(Adam=ADAM), theirs(("kingma2015adam", "Adam", 2, "validation perplexity", 86.2))
    )
    row = only(table, metric="validation perplexity")
    assert math.isnan(row["ours"]) and row["runs"] == 3
    assert only(comparison.readable(table), metric="validation perplexity")["ours"] == "no number"


def test_points_within_an_epoch():
    """Rows per half epoch: seconds add up, and only whole epochs are evaluated."""
    frame = runs(Adam=[[0.8, 0.6, 0.4, 0.2]])
    frame["epoch"] = frame["epoch"] / 2
    frame.loc[frame["epoch"] % 1 > 0, "eval_loss"] = NAN
    table = comparison.values(
        frame,
        theirs(
            ("kingma2015adam", "Adam", 2, "loss", 1),
            ("kingma2015adam", "Adam", 2, "lowest test perplexity", 1),
            ("kingma2015adam", "Adam", 2, "seconds per epoch", 1),
        ),
    )
    assert only(table, metric="loss")["ours"] == pytest.approx(0.2)
    assert only(table, metric="lowest test perplexity")["ours"] == pytest.approx(math.exp(0.4))
    assert only(table, metric="seconds per epoch")["ours"] == pytest.approx((3 + 7) / 2)


def test_a_perplexity_too_large_for_a_float():
    frame = runs(Adam=[[5000.0]])
    table = comparison.values(frame, theirs(("kingma2015adam", "Adam", 1, "test perplexity", 80)))
    assert only(table, metric="test perplexity")["ours"] == INF


def test_an_interval_is_the_paired_one():
    table = comparison.orderings(
        runs(Adam=ADAM, SGD=SGD), claims(("kingma2015adam", "Adam", "below", "SGD"))
    )
    row = only(table, lower="Adam")
    interval = stats.ttest_rel(
        np.log([0.10, 0.12, 0.09]), np.log([0.30, 0.33, 0.31])
    ).confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx(tuple(interval))
    assert row["verdict"] == "yes" and row["reason"] == ""
    assert (row["epochs"], row["published_epochs"]) == (2, 50)


def around(center, half):
    """Return three seeds of A and of B whose paired interval is `center` ± `half`."""
    quantile = stats.t.ppf(0.975, 2)
    spread = half * math.sqrt(3) / quantile  # standard deviation of the differences
    differences = center + spread * np.array([-1, 0, 1])
    return runs(A=[[math.exp(d)] for d in differences], B=[[1.0]] * 3)


@pytest.mark.parametrize(
    ("relation", "center", "half", "verdict"),
    [
        ("below", -0.30, 0.20, "yes"),
        ("below", 0.30, 0.20, "no"),
        ("below", -0.10, 0.20, "no claim"),
        ("below", -0.03, 0.01, "yes"),
        ("below", -0.02, 0.011, "no claim"),  # it may be less than 1 %
        ("below", -0.005, 0.004, "no"),  # it is less than 1 %
        ("below", 0.00, 0.05, "no claim"),
        ("below", 0.05, 0.02, "no"),
        ("level", 0.00, 0.05, "yes"),
        ("level", 0.02, 0.01, "yes"),  # a difference, but smaller than 10 %
        ("level", 0.00, 0.15, "no claim"),
        ("level", 0.30, 0.10, "no"),
        ("level", -0.30, 0.10, "no"),
        ("level", -0.10, 0.05, "no claim"),
        ("not above", -0.50, 0.10, "yes"),
        ("not above", 0.00, 0.05, "yes"),
        ("not above", 0.10, 0.15, "no claim"),
        ("not above", 0.30, 0.10, "no"),
    ],
)
def test_verdicts(relation, center, half, verdict):
    assert relation in published.RELATIONS and relation in comparison.WORDS
    frame = around(center, half)
    table = comparison.orderings(frame, claims(("kingma2015adam", "A", relation, "B")))
    row = only(table, lower="A")
    assert (row["low"], row["high"]) == pytest.approx((center - half, center + half))
    assert row["verdict"] == verdict


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (runs(Adam=ADAM[:1], SGD=SGD[:1]), "one seed, Adam 0.33 times SGD"),
        (runs(Adam=ADAM, SGD=SGD[:1]), "one seed, Adam 0.33 times SGD"),
        (runs(Adam=ADAM, SGD=[[0.9, INF], *SGD[1:]]), "SGD diverged in 1 of 3 runs"),
        (runs(Adam=[[INF, INF]] * 2, SGD=SGD[:2]), "Adam diverged in 2 of 2 runs"),
        (runs(Adam=ADAM), "SGD was not run"),
        (runs(SGD=SGD), "Adam was not run"),
    ],
)
def test_where_there_is_no_interval_there_is_no_claim(frame, reason):
    table = comparison.orderings(frame, claims(("kingma2015adam", "Adam", "below", "SGD")))
    row = only(table, source="kingma2015adam")
    assert (row["verdict"], row["reason"]) == ("no claim", reason)
    assert math.isnan(row["low"]) and math.isnan(row["high"])
    assert f"paper yes, ours no claim, {reason}" in comparison.sentences(table)[0]


def test_seeds_that_do_not_pair():
    frame = runs(Adam=ADAM[:2], SGD=SGD[:2])
    frame.loc[frame["optimizer"] == "SGD", "seed"] += 2
    table = comparison.orderings(frame, claims(("kingma2015adam", "Adam", "below", "SGD")))
    assert only(table, lower="Adam")["reason"] == "no common seed"


def test_runs_of_unequal_length_are_compared_where_both_are():
    frame = runs(Adam=[[0.5, 0.1], [0.4, 0.1]], SGD=[[0.6], [0.5]])
    row = only(
        comparison.orderings(frame, claims(("kingma2015adam", "Adam", "below", "SGD"))),
        lower="Adam",
    )
    interval = stats.ttest_rel(np.log([0.5, 0.4]), np.log([0.6, 0.5])).confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx(tuple(interval))
    assert row["epochs"] == 1


def test_a_longer_run_is_judged_at_the_published_epoch():
    table = claims(("kingma2015adam", "Adam", "below", "SGD")).assign(epoch=1.0)
    frame = runs(Adam=[[0.1, 0.9], [0.1, 0.8]], SGD=[[0.5, 0.5], [0.6, 0.5]])
    row = only(comparison.orderings(frame, table), source="kingma2015adam")
    assert row["verdict"] == "yes" and row["epochs"] == 1


def test_an_ordering_without_a_published_length_is_judged_at_our_last_epoch():
    table = claims(("kingma2015adam", "Adam", "below", "SGD")).assign(epoch=NAN)
    row = only(comparison.orderings(runs(Adam=ADAM, SGD=SGD), table), lower="Adam")
    assert row["verdict"] == "yes" and row["epochs"] == 2


def test_an_ordering_of_test_losses():
    frame = runs(A=[[1.0], [1.1], [0.9]], B=[[2.0], [2.3], [1.9]])
    frame.loc[frame["optimizer"] == "A", "eval_loss"] *= 100
    table = claims(("nhu2021training", "B", "below", "A")).assign(metric="test loss")
    rows = comparison.orderings(frame, table)
    assert only(rows, metric="test loss")["verdict"] == "yes"
    assert only(rows, metric="loss")["lower"] == "A"  # our ranking is by the training loss
    assert comparison.sentences(rows)[0].startswith(
        "B below A in test loss: thesis yes, ours yes ["
    )


def test_our_ranking_is_judged_too():
    final = {"SGD": 0.3, "Adam": 0.1, "Lion": 0.2, "Adamax": 0.9}
    frame = runs(**{name: [[1.0, loss]] * 3 for name, loss in final.items()})
    table = comparison.orderings(frame, claims(("kingma2015adam", "Adam", "below", "SGD")))
    assert list(zip(table["lower"], table["higher"], strict=True)) == [
        ("Adam", "SGD"),
        ("Adam", "Lion"),
        ("Lion", "SGD"),
        ("SGD", "Adamax"),
    ]
    assert table["source"].isna().tolist() == [False, True, True, True]
    assert (table["verdict"] == "yes").all()


def test_more_claims_widen_the_intervals():
    table = claims(("kingma2015adam", "Adam", "below", "SGD"))
    alone = comparison.orderings(runs(SGD=SGD, Adam=ADAM), table)
    among = comparison.orderings(runs(SGD=SGD, Adam=ADAM), table, claims=20)
    assert alone["verdict"].item() == "yes" and among["verdict"].item() == "no claim"
    centre = alone["low"].item() + alone["high"].item()
    assert centre == pytest.approx(among["low"].item() + among["high"].item())


def test_a_published_pair_is_not_listed_again():
    frame = runs(SGD=SGD, Adam=ADAM)
    table = comparison.orderings(frame, claims(("kingma2015adam", "SGD", "level", "Adam")))
    assert len(table) == 1 and table["verdict"].item() == "no"


def test_a_diverged_optimizer_is_last_in_our_ranking():
    frame = runs(SGD=[[0.1, INF], [0.1, 0.05]], Adam=ADAM[:2])
    row = only(comparison.orderings(frame, claims()), lower="Adam")
    assert (row["higher"], row["verdict"]) == ("SGD", "no claim")
    assert row["reason"] == "SGD diverged in 1 of 2 runs"


def test_sentences():
    frame = around(-0.30, 0.05)
    frame = pd.concat([frame, runs(C=[[3.0], [3.3], [3.1]])])
    table = comparison.orderings(
        frame,
        claims(
            ("kingma2015adam", "A", "below", "B"),
            ("kingma2015adam", "C", "below", "B"),
            ("nhu2021training", "A", "level", "B"),
            ("nhu2021training", "B", "below", "C"),
        ),
    )
    first, second = comparison.sentences(table)
    # two claims: t(0.9875, 2) = 6.205 for the 4.303 of one
    assert first == (
        "A below B: paper yes, thesis A level with B, ours yes [-0.37, -0.23] after 1 of 50 epochs"
    )
    assert second.startswith("C below B: paper yes, thesis B below C, ours no [")


@pytest.mark.parametrize("experiment", ["mnist-mlp", "mnist-logistic", "vgg16", "ptb-lstm-clipped"])
def test_the_published_tables_go_with_any_runs(experiment):
    frame = runs(Adam=ADAM, SGD=SGD)
    values, orderings = comparison.compare(experiment, frame)
    assert set(values["optimizer"]) >= {"Adam", "SGD"}
    assert len(values) >= len(published.load(experiment))
    assert len(orderings) >= len(published.orderings(experiment))
    assert len(comparison.sentences(orderings)) and len(comparison.readable(values))


def test_an_experiment_of_which_nothing_is_published():
    with pytest.raises(published.PublishedError, match="Nothing is published"):
        comparison.compare("two-moons", runs(Adam=ADAM))
