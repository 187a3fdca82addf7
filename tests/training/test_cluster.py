"""Runs that are shared out over a Ray cluster are the runs of one process."""

import builtins
import os

import keras
import pandas as pd
import pytest

from ravine.optimizers import Adam, GradientDescent
from ravine.training import losses
from ravine.training.checkpoints import CheckpointError
from ravine.training.cluster import ClusterError, compare_on_cluster, on_every_place
from ravine.training.protocol import compare
from tests.training.test_protocol import BATCH, blobs, network
from tests.weekly import weekly

OPTIMIZERS = {"Adam": lambda: Adam(0.05), "SGD": lambda: GradientDescent(0.2)}


@pytest.fixture
def ray(monkeypatch):
    """Ray, with the cores of this machine as its cluster."""
    ray = pytest.importorskip("ray")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # or it warns
    monkeypatch.setenv("RAY_DEDUP_LOGS", "0")
    yield ray
    ray.shutdown()


# Ray's own processes are still running when its objects are collected
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@weekly
def test_shared_out_runs_are_bit_identical(ray, tmp_path):
    arguments = network, blobs(), OPTIMIZERS, [0, 1], 2, BATCH, losses.cross_entropy, 1, 1
    rows = []
    shared = compare_on_cluster(*arguments, report=rows.append, checkpoints=tmp_path)
    alone = compare(*arguments)
    pd.testing.assert_frame_equal(
        shared.drop(columns="seconds"), alone.drop(columns="seconds"), check_exact=True
    )
    assert len(rows) == len(alone)
    assert len(list(tmp_path.glob("*-seed-[01].npz"))) == 4
    assert not ray.is_initialized(), "what was started for one call has ended with it"

    # each task goes on where it stopped; one that cannot says why in its own words
    ray.init(num_cpus=1, log_to_driver=False, include_dashboard=False)
    adam = {"Adam": OPTIMIZERS["Adam"]}
    longer = network, blobs(), adam, [0], 3, BATCH, losses.cross_entropy, 1, 1
    on = compare_on_cluster(*longer, checkpoints=tmp_path)
    pd.testing.assert_frame_equal(
        on.drop(columns="seconds"), compare(*longer).drop(columns="seconds"), check_exact=True
    )
    first = alone["seed"].eq(0) & alone["optimizer"].eq("Adam")
    assert on.loc[on["epoch"] < 3, "seconds"].tolist() == shared.loc[first, "seconds"].tolist()
    with pytest.raises(CheckpointError, match="another batch size"):
        other = network, blobs(), adam, [0], 3, 8, losses.cross_entropy, 1, 1
        compare_on_cluster(*other, checkpoints=tmp_path)
    assert ray.is_initialized(), "a cluster that was there before stays"


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_work_on_every_place(ray):
    ray.init(num_cpus=2, log_to_driver=False, include_dashboard=False)
    assert on_every_place(lambda: os.environ["KERAS_BACKEND"]) == [keras.backend.backend()] * 2

    def fails():
        raise OSError("The disk is full.")

    with pytest.raises(OSError, match=r"^The disk is full\.$"):
        on_every_place(fails)


def test_without_ray(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **keywords):
        if name == "ray":
            raise ImportError(name)
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ClusterError, match="pip install"):
        compare_on_cluster(network, blobs(), OPTIMIZERS, [0], 1)
    with pytest.raises(ClusterError, match="pip install"):
        on_every_place(dict)
