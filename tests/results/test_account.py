"""The account of a record: its length, seeds, data and cost, each as the record has it."""

import pandas as pd
import pytest

from ravine.results import account, records
from ravine.results.records import Record


def made(epochs, seconds=5400.0, **seeds):
    rows = [(name, seed, 1, 0.5) for name, listed in seeds.items() for seed in listed]
    frame = pd.DataFrame(rows, columns=["optimizer", "seed", "epoch", "loss"])
    provenance = {
        "settings": {"epochs": epochs},
        "dataset": "100 digits (SHA-256 abc)",
        "environment": {"device": "CPU, x86_64, 2 cores, Abacus"},
        "seconds": seconds,
    }
    return Record(frame, provenance)


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (made(200, Adam=[0, 1], SGD=[0, 1]), "200 epochs, 2 seeds"),
        (made(5, Adam=[3]), "5 of 200 epochs, one seed"),
        (made(199, Adam=[0, 1, 2], SGD=[0]), "199 of 200 epochs, 1 to 3 seeds"),
    ],
)
def test_length(record, says):
    assert account.length(record, of=200) == says


def test_account_of_a_record_that_is_whole():
    assert account.lines(made(45, Adam=[2, 0, 1], SGD=[0, 2, 1]), of=45) == [
        "45 epochs, as published",
        "seeds 0 to 2",
        "100 digits",
        "1.5 hours on a CPU",
    ]


def test_account_names_who_has_which_seeds():
    found = account.lines(made(3, seconds=90, Adam=[0, 2], Nesterov=[1], SGD=[0, 2]), of=45)
    assert found[0] == "3 of the 45 published epochs"
    assert found[1:3] == ["seeds 0, 2 of Adam, SGD", "seed 1 of Nesterov"]
    assert found[-1] == "2 minutes on a CPU"


def test_account_of_a_record_of_the_course():
    record = records.load("batch-size-8", "full")
    settings = record.provenance["settings"]
    found = account.lines(record, settings["epochs"])
    assert found[:2] == [f"{settings['epochs']} epochs, as published", "seeds 0 to 4"]
    assert settings["seeds"] == [0, 1, 2, 3, 4]
