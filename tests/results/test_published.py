"""Published values: every number has a source, and those that the course quotes are there."""

import itertools
import re
from pathlib import Path

import pytest

from ravine.results import published
from ravine.results.published import PublishedError

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "data" / "published"
EXPERIMENTS = sorted(
    {
        line.split(",")[0]
        for name in ("values", "orderings")
        for line in (TABLES / f"{name}.csv").read_text(encoding="utf-8").splitlines()[1:]
    }
)


def number(experiment, source, optimizer, metric):
    """Return the one value that a publication gives."""
    table = published.load(experiment)
    found = table[
        (table["source"] == source)
        & (table["optimizer"] == optimizer)
        & (table["metric"] == metric)
    ]
    assert len(found) == 1
    return found["value"].item()


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_has_something_published(experiment):
    values, orders = published.load(experiment), published.orderings(experiment)
    assert len(values) + len(orders)
    assert set(values["experiment"]) | set(orders["experiment"]) == {experiment}


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_source_is_in_the_bibliography(experiment):
    keys = set(re.findall(r"^@\w+\{([^,]+),", (ROOT / "book/references.bib").read_text(), re.M))
    for table in (published.load(experiment), published.orderings(experiment)):
        assert set(table["source"]) <= keys


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_no_number_and_no_ordering_comes_twice(experiment):
    values, orders = published.load(experiment), published.orderings(experiment)
    assert not values.duplicated(["source", "figure", "optimizer", "metric"]).any()
    pairs = orders.assign(
        pair=[frozenset(p) for p in zip(orders["lower"], orders["higher"], strict=True)]
    )
    assert not pairs.duplicated(["source", "figure", "pair", "metric"]).any()
    assert (orders["lower"] != orders["higher"]).all()


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_orderings_agree_with_the_values_of_their_source(experiment):
    """Where a source has both, its numbers must not say the opposite of its ordering."""
    values = published.load(experiment)
    for row in published.orderings(experiment).itertuples():
        own = values[
            (values["source"] == row.source)
            & (values["figure"] == row.figure)
            & values["metric"].isin(["loss", "lowest loss"])
        ].set_index("optimizer")["value"]
        if row.metric == "loss" and {row.lower, row.higher} <= set(own.index):
            ratio = own[row.lower] / own[row.higher]
            assert ratio < 1 / 1.1 if row.relation == "below" else 1 / 1.12 < ratio < 1.12, row


# Copied by hand from the sources, not from the tables.
SPOT_CHECKS = [
    ("mnist-mlp", "kingma2015adam", "loss", {"Adam": 0.0070, "AdaGrad": 0.019}),
    ("mnist-mlp", "kingma2015adam", "loss", {"Nesterov": 0.011, "RMSprop": 0.014}),
    ("mnist-mlp", "nhu2021training", "loss", {"Momentum": 0.002, "RMSprop": 0.0054}),
    ("cifar-cnn", "kingma2015adam", "loss", {"Adam": 4e-4, "Nesterov": 5.4e-4, "AdaGrad": 0.61}),
    ("cifar-cnn", "nhu2021training", "lowest loss", {"SGD": 1e-4, "Momentum": 6e-5}),
    ("cifar-cnn", "nhu2021training", "lowest loss", {"AdaGrad": 0.2178, "Adam": 5.4e-5}),
    ("cifar-cnn", "nhu2021training", "lowest loss", {"RMSprop": 0.03307}),
    ("cifar-cnn", "nhu2021training", "seconds per epoch", {"SGD": 6.02, "Adam": 6.19}),
    ("cifar-cnn-dropout", "nhu2021training", "lowest loss", {"SGD": 0.2139, "Adam": 0.1824}),
    ("cifar-cnn-dropout", "nhu2021training", "lowest loss", {"RMSprop": 0.4512}),
    ("cifar-cnn-dropout", "nhu2021training", "lowest loss", {"Momentum": 0.1914}),
    ("cifar-cnn-dropout", "nhu2021training", "lowest loss", {"AdaGrad": 0.7496}),
    ("ptb-lstm-clipped", "tensorflow_ptb", "training perplexity", {"SGD": 48.45}),
    ("ptb-lstm-clipped", "tensorflow_ptb", "validation perplexity", {"SGD": 86.16}),
    ("ptb-lstm-clipped", "tensorflow_ptb", "test perplexity", {"SGD": 82.07}),
    ("ptb-lstm-clipped", "zaremba2014recurrent", "test perplexity", {"SGD": 82.7}),
    ("ptb-small-clipped", "zaremba2014recurrent", "validation perplexity", {"SGD": 120.7}),
    ("ptb-small-clipped", "zaremba2014recurrent", "test perplexity", {"SGD": 114.5}),
    ("aligned-ravine", "nhu2021training", "epochs to the end", {"SGD": 94, "Momentum": 30}),
    ("aligned-ravine", "nhu2021training", "epochs to the end", {"Adam": 11, "RMSprop": 8}),
    ("oblique-ravine", "nhu2021training", "epochs to the end", {"Momentum": 8, "Adam": 16}),
    ("oblique-ravine", "nhu2021training", "epochs to the end", {"RMSprop": 26}),
    ("sparse-ravine", "nhu2021training", "epochs to an error of 1e-5", {"Adam": 8}),
    ("sparse-ravine", "nhu2021training", "epochs to an error of 1e-5", {"RMSprop": 19.5}),
    ("sparse-ravine", "nhu2021training", "error", {"Momentum": 8e-5, "SGD": 8e-4}),
]


@pytest.mark.parametrize(("experiment", "source", "metric", "numbers"), SPOT_CHECKS)
def test_quoted_numbers(experiment, source, metric, numbers):
    for optimizer, value in numbers.items():
        assert number(experiment, source, optimizer, metric) == value


def test_the_thesis_perplexities():
    for optimizer, rounded in {
        "Momentum": 81.8,
        "Adam": 87.8,
        "AdaGrad": 110.9,
        "RMSprop": 111.4,
        "SGD": 134.3,
    }.items():
        value = number("ptb-lstm", "nhu2021training", optimizer, "lowest test perplexity")
        assert round(value, 1) == rounded


def test_the_thesis_cost_of_adam_over_sgd():
    seconds = [
        number("cifar-cnn", "nhu2021training", n, "seconds per epoch") for n in ("Adam", "SGD")
    ]
    assert seconds[0] / seconds[1] == pytest.approx(1.028, abs=5e-4)


@pytest.mark.parametrize(
    ("experiment", "chain"),
    [
        ("vgg16", ["Adam", "RMSprop", "Momentum", "AdaGrad"]),
        ("ptb-lstm", ["Adam", "Momentum", "RMSprop", "AdaGrad", "SGD"]),
    ],
)
def test_quoted_orderings(experiment, chain):
    orders = published.orderings(experiment)
    below = orders[(orders["relation"] == "below") & (orders["metric"] == "loss")]
    pairs = set(zip(below["lower"], below["higher"], strict=True))
    assert set(itertools.pairwise(chain)) <= pairs


def test_level_orderings():
    for experiment, pair in [
        ("mnist-logistic", {"Adam", "Nesterov"}),
        ("bag-of-words", {"Adam", "AdaGrad"}),
        ("cifar-cnn", {"Adam", "Momentum"}),  # erratum 15: one run each is no ranking
    ]:
        orders = published.orderings(experiment)
        level = orders[orders["relation"] == "level"]
        assert pair in [set(p) for p in zip(level["lower"], level["higher"], strict=True)]


def test_unknown_experiment():
    with pytest.raises(PublishedError, match=r"^Nothing is published .* 'mnist'; there is ali"):
        published.load("mnist")


@pytest.fixture
def copies(tmp_path):
    for name in (published.VALUES, published.ORDERINGS):
        (tmp_path / name).write_text((TABLES / name).read_text())
    return tmp_path


def test_tables_from_another_directory(copies):
    assert published.load("mnist-mlp", copies).equals(published.load("mnist-mlp"))


@pytest.mark.parametrize("file", [published.VALUES, published.ORDERINGS])
@pytest.mark.parametrize("reader", [published.load, published.orderings])
def test_missing_table(copies, file, reader):
    (copies / file).unlink()
    with pytest.raises(PublishedError, match=rf"{file} is missing: get it again"):
        reader("mnist-mlp", copies)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b'a,b\n"1,2\n', b"a,b\n1,2,3\n4,5\n6,7,8,9"]
)
def test_what_is_no_table(copies, content):
    (copies / published.VALUES).write_bytes(content)
    with pytest.raises(PublishedError, match=r"values.csv cannot be read as a table: get"):
        published.load("mnist-mlp", copies)


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        (",0.0070,", ",-0.0070,", "value"),
        (",0.0070,", ",0,", "value"),
        (",0.0070,", ",low,", "value"),
        (",0.0070,", ",,", "value"),
        ("Adam,200,", "Adam,,", "epoch"),
        ("kingma2015adam,Fig. 2a,Adam", "nobody2015,Fig. 2a,Adam", "source"),
        ("Fig. 2a,Adam", ",Adam", "figure"),
        (",loss,0.0070", ",losses,0.0070", "metric"),
        ('"read off, ±10 %"', "guessed", "precision"),
    ],
)
def test_a_wrong_entry(copies, old, new, column):
    path = copies / published.VALUES
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(PublishedError, match=rf"values.csv has a wrong {column} in line 2: get"):
        published.load("mnist-mlp", copies)


@pytest.mark.parametrize(("old", "new"), [("level", "above"), ("stated", "felt"), (",45,", ",x,")])
def test_a_wrong_ordering(copies, old, new):
    path = copies / published.ORDERINGS
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(PublishedError, match=r"orderings.csv has a wrong \w+ in line 2"):
        published.orderings("mnist-mlp", copies)


def test_an_ordering_may_leave_out_its_epoch():
    assert published.orderings("vgg16")["epoch"].isna().all()


@pytest.mark.parametrize(
    ("old", "new"), [(",setting", ",settings"), ("experiment,source", "source")]
)
def test_other_columns(copies, old, new):
    path = copies / published.VALUES
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(PublishedError, match=r"values.csv should have the columns experiment, so"):
        published.load("mnist-mlp", copies)
