"""A run that was interrupted, in whatever way, goes on exactly as if it had not been."""

import errno
import hashlib
import os
import re
import subprocess
import sys
import tracemalloc
import warnings

import keras
import numpy as np
import pandas as pd
import pytest

from ravine.files import WriteError
from ravine.optimizers import Adam, Momentum
from ravine.training.checkpoints import Checkpoint, CheckpointError, CheckpointWarning
from ravine.training.names import run_name
from ravine.training.protocol import compare
from tests.accounts import ordinary_user
from tests.training.kills import blobs, network

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
    assert files(checkpoint) == ["adam.npz"]


def files(checkpoint):
    return sorted(file.name for file in checkpoint.path.parent.iterdir())


def test_a_save_killed_between_its_two_renames(checkpoint):
    checkpoint.save(ARRAYS, RESULTS[:1])
    os.replace(checkpoint.path, checkpoint.previous)
    assert checkpoint.load()[1] == RESULTS[:1]
    checkpoint.save(ARRAYS, RESULTS)
    assert checkpoint.load()[1] == RESULTS
    assert files(checkpoint) == ["adam.npz", "adam.previous.npz"]


def test_arrays_are_written_and_read_one_by_one(checkpoint):
    """Each array has 40 MB, all ten have 400, and numpy writes through 16."""
    tracemalloc.start()
    checkpoint.save((np.full(5_000_000, float(k)) for k in range(10)), RESULTS)
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.reset_peak()
    arrays, _ = checkpoint.load()
    assert tracemalloc.get_traced_memory()[1] < 400e6 + 10e6
    tracemalloc.stop()
    assert [array.mean() for array in arrays] == list(range(10))


@pytest.fixture
def two(checkpoint):
    """A checkpoint of the second epoch and, before it, one of the first."""
    checkpoint.save(ARRAYS, RESULTS[:1])
    checkpoint.save([array + 1 for array in ARRAYS], RESULTS)
    return checkpoint


def flip(position, bit=0):
    def damage(content):
        return b"".join(
            (content[:position], bytes([content[position] ^ 1 << bit]), content[position + 1 :])
        )

    return damage


DAMAGE = {
    "truncated": lambda content: content[:-40],
    "empty": lambda content: b"",
    "longer": lambda content: content + b"\0",
    "zeros": lambda content: bytes(len(content)),
    "another file": lambda content: b"<html>404</html>" * 99,
    "a bit of the checksum": flip(0),
    "a bit of the settings": flip(200),
    "the last bit": lambda content: flip(len(content) - 1, 7)(content),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_with_a_damaged_file_the_run_goes_on_from_the_one_before(two, damage):
    content = damage(two.path.read_bytes())
    two.path.write_bytes(content)
    with pytest.warns(CheckpointWarning) as caught:
        arrays, results = two.load()
    assert results == RESULTS[:1]
    np.testing.assert_array_equal(arrays[0], ARRAYS[0])
    aside, previous = files(two)
    assert re.fullmatch(r"adam\.npz\.damaged-\d+", aside) and previous == "adam.previous.npz"
    assert (two.path.parent / aside).read_bytes() == content  # nothing is deleted
    (warning,) = caught
    assert str(warning.message) == (
        f"{two.path} is damaged: it is now called {aside}, and the run goes on from the checkpoint "
        "before it, to the same result."
    )

    with warnings.catch_warnings():  # none any more
        assert two.load()[1] == RESULTS[:1]
    two.save(ARRAYS, RESULTS)
    assert two.load()[1] == RESULTS
    assert files(two) == ["adam.npz", aside, "adam.previous.npz"]


def test_any_flipped_bit_is_found(two):
    whole = two.path.read_bytes()
    for position in range(len(whole)):
        two.path.write_bytes(flip(position, position % 8)(whole))
        with pytest.warns(CheckpointWarning):
            assert two.load()[1] == RESULTS[:1], position


def test_of_two_damaged_files_both_are_named(two):
    for path in (two.path, two.previous):
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError) as caught:
        two.load()
    assert str(caught.value) == (
        f"{two.path} and {two.previous} are damaged: delete them, and the run starts again from "
        "epoch 0."
    )
    assert files(two) == ["adam.npz", "adam.previous.npz"]


def test_a_damaged_file_with_none_before_it_is_named(checkpoint):
    checkpoint.save(ARRAYS, RESULTS)
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=r"adam\.npz is damaged: delete it, and the run star"):
        checkpoint.load()
    assert files(checkpoint) == ["adam.npz"]


def test_a_file_that_may_not_be_read_is_not_called_damaged(two):
    os.chmod(two.path, 0)
    with ordinary_user(), pytest.raises(CheckpointError) as caught:
        two.load()
    assert str(caught.value) == (
        f"{two.path} cannot be read (Permission denied): see that this account may read it, and "
        "that its disk is sound."
    )
    assert files(two) == ["adam.npz", "adam.previous.npz"]


def test_a_disk_that_fails_is_not_called_damage(two, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(hashlib, "file_digest", fail)
    with pytest.raises(CheckpointError, match=r"cannot be read \(Input/output error\): see"):
        two.load()


def test_a_checkpoint_of_another_run_is_refused(checkpoint):
    checkpoint.save(ARRAYS, RESULTS)
    other = Checkpoint(checkpoint.path, {"seed": 1, "batch size": 16})
    with pytest.raises(CheckpointError, match="belongs to a run with another seed:"):
        other.load()


def run(optimizers, seeds=(0,), **arguments):
    return compare(network, blobs(), optimizers, seeds, batch_size=16, **arguments)


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
    with pytest.raises(CheckpointError, match="another learning_rate: start over with --no-resume"):
        run({"Adam": lambda: Adam(0.06)}, epochs=1, checkpoints=tmp_path)


@exact
def test_a_run_with_a_damaged_checkpoint_goes_on_exactly(uninterrupted, tmp_path):
    run(BOTH, seeds=(0, 1), epochs=2, checkpoints=tmp_path)
    newest = tmp_path / f"{run_name('Adam')}-seed-1.npz"
    newest.write_bytes(newest.read_bytes()[:1000])
    with pytest.warns(CheckpointWarning, match=r"-seed-1\.npz is damaged"):
        frame = run(BOTH, seeds=(0, 1), epochs=EPOCHS, checkpoints=tmp_path)
    pd.testing.assert_frame_equal(without_times(frame), uninterrupted, check_exact=True)


@exact
def test_a_run_goes_on_exactly_after_the_disk_was_full(uninterrupted, tmp_path, monkeypatch):
    calls = []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == 27:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    arguments = {"seeds": (0, 1), "epochs": EPOCHS, "checkpoints": tmp_path}
    with pytest.raises(WriteError, match=r"\.npz could not be written \(No space left on device\)"):
        run(BOTH, **arguments)
    assert not list(tmp_path.glob("*.tmp"))
    pd.testing.assert_frame_equal(
        without_times(run(BOTH, **arguments)), uninterrupted, check_exact=True
    )


@exact
def test_killed_runs_go_on_exactly():
    """Three of the twenty of `python -m tests.training.kills`."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.kills", "3"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 of 3 runs went on exactly" in done.stdout
