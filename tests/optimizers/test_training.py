"""Whole trainings: eager, compiled, compiled by XLA, and spread over two devices."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.optimizers.contract import BACKEND, KINDS, every_kind_of_optimizer, only_tensorflow
from tests.weekly import weekly

STEPS = 3
# Each way of compiling rounds the gradients differently; a step is 0.05 long.
TOLERANCE = 1e-5


def train(row, **compile_kwargs):
    """Fit a small network for three steps and return its weights, flat."""
    rng = np.random.default_rng(0)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)]
    )
    model.set_weights([rng.normal(size=w.shape).astype("float32") for w in model.weights])
    x = rng.normal(size=(4 * STEPS, 3)).astype("float32")
    y = np.sin(x.sum(axis=1, keepdims=True))
    model.compile(row.make(), loss="mse", **compile_kwargs)
    model.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    assert int(model.optimizer.iterations) == STEPS
    return np.concatenate([w.ravel() for w in model.get_weights()])


@every_kind_of_optimizer
@pytest.mark.skipif(BACKEND == "torch", reason="PyTorch's fit is eager")
def test_compiled_fit_equals_eager_fit(row):
    """The step count lives in a variable: a Python counter would count traces."""
    eager = train(row, run_eagerly=True)
    assert train(row, jit_compile=False) == pytest.approx(eager, abs=TOLERANCE)
    assert train(row, jit_compile=True) == pytest.approx(eager, abs=TOLERANCE)


@weekly
@only_tensorflow
def test_two_devices_equal_one():
    """`MirroredStrategy`; in a process of its own, as devices must be made before the first use."""
    script = Path(__file__).with_name("two_devices.py")
    finished = subprocess.run(
        [sys.executable, "-m", "tests.optimizers.two_devices"],
        cwd=script.parents[2],
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    differences = json.loads(finished.stdout.splitlines()[-1])
    assert set(differences) == {row.name for row in KINDS}
    assert max(differences.values()) < TOLERANCE, differences
