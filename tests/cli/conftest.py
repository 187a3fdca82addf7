"""Runs that cost nothing."""

import pandas as pd
import pytest

from ravine import experiments
from ravine.results import Record


@pytest.fixture
def stub(monkeypatch, tmp_path):
    """Every run and tune returns at once what a run of one seed may have recorded."""
    columns = {"epoch": [0, 1], "loss": [2.3, 0.5], "eval_loss": [2.3, 0.6]}
    columns |= {"accuracy": [0.1, 0.9], "seconds": [0.0, 1.0], "diverged": [False, False]}
    settings = {"optimizers": {"Adam": {"class": "Adam"}}, "seeds": [0], "epochs": 1}
    known = {"settings": settings, "dataset": "drawn", "environment": {}, "date": "2026-01-01"}

    def made(size, **first):
        frame = pd.DataFrame({**first, "seed": 0, **columns})
        frame.attrs["trained"] = stub.trained
        return Record(frame, {"experiment": "mnist-mlp", "size": size, **known, **stub.changed})

    def run(name, size, *_, **__):
        return made(size, optimizer="Adam")

    def tune(name, size, *_, **__):
        return made(f"{size}-grid", optimizer="Adam", learning_rate=0.1)

    stub.trained, stub.changed = 1, {}
    monkeypatch.setattr(experiments, "run", run)
    monkeypatch.setattr(experiments, "tune", tune)
    place = tmp_path / "deep" / "place"
    place.mkdir(parents=True)
    monkeypatch.chdir(place)
    return stub
