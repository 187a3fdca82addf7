"""The two halves of the paper's figure 1: how rates fall, and the full size on IMDB's format."""

import dataclasses
from functools import partial

import numpy as np
import pytest

from ravine import experiments
from ravine.data import SOURCES

NAMES = ("mnist-logistic", "bag-of-words")


@pytest.mark.parametrize("size", ["quick", "full"])
@pytest.mark.parametrize("name", NAMES)
def test_all_rates_fall_as_one_over_root_t_but_one(name, size):
    for optimizer, make in experiments.find(name).setting(size).optimizers.items():
        made = make()
        rates = []
        for steps_before in (0, 3, 99):
            made.iterations.assign(steps_before)
            rates.append(float(made.learning_rate))
        falls = [1, 1, 1] if optimizer == "AdaGrad constant rate" else [1, 1 / 2, 1 / 10]
        np.testing.assert_allclose(np.divide(rates, rates[0]), falls, rtol=1e-6)
        assert rates[0] in [np.float32(rate) for rate in experiments.find(name).grids[optimizer]]


def lists_of_words(rows, rng):
    """Return reviews as lists of word numbers: word 9,000 makes a review positive."""
    labels = np.arange(rows) % 2
    reviews = np.empty(rows, object)
    for row, label in enumerate(labels):
        # some words beyond the vocabulary, as in the file of IMDB
        reviews[row] = [1, 9_000 if label else 42, *rng.integers(1, 88_000, 20).tolist()]
    return reviews, labels


def test_full_size_on_a_small_file_in_the_format_of_imdb(monkeypatch, tmp_path):
    rng = np.random.default_rng(0)
    x_train, y_train = lists_of_words(1280, rng)
    x_test, y_test = lists_of_words(100, rng)
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    np.savez(tmp_path / "imdb.npz", allow_pickle=True, **arrays)
    full = SOURCES["imdb"]["full"]
    read = partial(full.read, rows=(1280, 100))
    small = dataclasses.replace(full, read=read, downloads=())
    monkeypatch.setitem(SOURCES["imdb"], "full", small)
    monkeypatch.setenv("RAVINE_DATA", str(tmp_path))

    record = experiments.run("bag-of-words", "full", seeds=[0], epochs=2)
    assert record.provenance["settings"]["parameters"] == 2 * (10_000 + 1)
    assert "1,280 training and 100 test reviews" in record.provenance["dataset"]
    frame = record.frame
    assert set(frame["optimizer"]) == set(experiments.find("bag-of-words").grids)
    assert not frame["diverged"].any()
    assert (frame.loc[frame["epoch"] == 2, "accuracy"] > 0.95).all()
