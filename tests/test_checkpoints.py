"""A run that was interrupted, in whatever way, goes on exactly as if it had not been."""

import os
import signal
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest

from ravine.checkpoints import Checkpoint, CheckpointError
from ravine.optimizers import Adam, Momentum
from tests.test_protocol import run

ARRAYS = [np.arange(6.0).reshape(2, 3), np.array(7, "int64"), np.array([1, 2], "uint32")]
RESULTS = [{"epoch": 0, "loss": 0.1}, {"epoch": 1, "loss": float("inf")}]
BOTH = {"Adam": lambda: Adam(0.05), "Momentum": lambda: Momentum(0.05)}
EPOCHS = 4
# PyTorch's dropout draws from a global generator, whose state no variable holds.
exact = pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="dropout is not a function of the state on PyTorch"
)


@pytest.fixture
def checkpoint(tmp_path):
    return Checkpoint(tmp_path / "states" / "adam.npz", {"seed": 0, "batch size": 16})


def test_what_was_saved_comes_back(checkpoint):
    assert checkpoint.load() == ([], [])
    checkpoint.save(ARRAYS, RESULTS)
    arrays, results = checkpoint.load()
    assert results == RESULTS
    for array, saved in zip(arrays, ARRAYS, strict=True):
        assert array.dtype == saved.dtype
        np.testing.assert_array_equal(array, saved)


def test_an_interrupted_save_leaves_the_old_file_and_nothing_else(checkpoint, monkeypatch):
    checkpoint.save(ARRAYS, RESULTS[:1])

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(ARRAYS, RESULTS)
    assert checkpoint.load()[1] == RESULTS[:1]
    assert [file.name for file in checkpoint.path.parent.iterdir()] == ["adam.npz"]


@pytest.mark.parametrize("damage", [lambda b: b[:-40], lambda b: b"", lambda b: b"not a zip" * 9])
def test_a_damaged_file_is_named(checkpoint, damage):
    checkpoint.save(ARRAYS, RESULTS)
    checkpoint.path.write_bytes(damage(checkpoint.path.read_bytes()))
    with pytest.raises(CheckpointError, match=r"adam\.npz is damaged: delete it"):
        checkpoint.load()


def test_a_checkpoint_of_another_run_is_refused(checkpoint):
    checkpoint.save(ARRAYS, RESULTS)
    other = Checkpoint(checkpoint.path, {"seed": 1, "batch size": 16})
    with pytest.raises(CheckpointError, match="belongs to a run with another seed:"):
        other.load()


def without_times(frame):
    return frame.drop(columns="seconds")


@pytest.fixture(scope="module")
def uninterrupted():
    return without_times(run(BOTH, seeds=(0, 1), epochs=EPOCHS))


@exact
@pytest.mark.parametrize("stop", range(1, 2 * 2 * (EPOCHS + 1), 6))
def test_a_run_stopped_at_any_row_goes_on_exactly(uninterrupted, tmp_path, stop):
    rows = []

    def report(row):
        rows.append(row)
        if len(rows) == stop:
            raise KeyboardInterrupt

    arguments = {"seeds": (0, 1), "epochs": EPOCHS, "checkpoints": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        run(BOTH, report=report, **arguments)
    pd.testing.assert_frame_equal(
        without_times(run(BOTH, **arguments)), uninterrupted, check_exact=True
    )


@exact
def test_a_longer_run_goes_on_from_a_shorter_one(uninterrupted, tmp_path):
    run(BOTH, seeds=(0, 1), epochs=2, checkpoints=tmp_path)
    longer = run(BOTH, seeds=(0, 1), epochs=EPOCHS, checkpoints=tmp_path)
    pd.testing.assert_frame_equal(without_times(longer), uninterrupted, check_exact=True)


def test_a_diverged_run_stays_diverged(tmp_path):
    wild = {"wild": lambda: Momentum(1e30)}
    run(wild, epochs=1, checkpoints=tmp_path)
    frame = run(wild, epochs=3, checkpoints=tmp_path)
    assert list(frame["diverged"]) == [False, True, True, True]


def test_other_settings_are_refused(tmp_path):
    run({"Adam": lambda: Adam(0.05)}, epochs=1, checkpoints=tmp_path)
    with pytest.raises(CheckpointError, match="another learning rate:"):
        run({"Adam": lambda: Adam(0.06)}, epochs=1, checkpoints=tmp_path)


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.test_checkpoints import BOTH, EPOCHS, run

def report(row):
    if row["seed"] == 1 and row["epoch"] == 2:
        os.kill(os.getpid(), signal.SIGKILL)

run(BOTH, seeds=(0, 1), epochs=EPOCHS, checkpoints=Path(sys.argv[1]), report=report)
"""


@exact
def test_a_killed_run_goes_on_exactly(uninterrupted, tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path], capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    frame = run(BOTH, seeds=(0, 1), epochs=EPOCHS, checkpoints=tmp_path)
    pd.testing.assert_frame_equal(without_times(frame), uninterrupted, check_exact=True)
