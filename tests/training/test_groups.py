"""The losses of groups of classes: means over the labels of each, whatever pieces they come in."""

import os
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest

from ravine.networks import assign
from ravine.optimizers import Adam, GradientDescent
from ravine.training import CheckpointError, Evaluator, common_start, compare
from tests.training.test_engine import STREAMS, WORDS, reader, text
from tests.training.test_protocol import BATCH, blobs, cross_entropy, network
from tests.weekly import weekly

GROUPS = np.array([1, 0, 1])  # of the three clouds


def grouped(groups=GROUPS):
    return replace(blobs(), groups=groups)


def run(data, **arguments):
    return compare(network, data, {"Adam": lambda: Adam(0.05)}, [0], 2, BATCH, **arguments)


def test_losses_of_groups_stand_beside_what_is_recorded_without():
    data = grouped()
    frame, plain = run(data), run(blobs())
    columns = [f"{part}_loss_{k}" for part in ("train", "eval") for k in (1, 2)]
    assert list(frame.drop(columns=list(plain))) == columns
    pd.testing.assert_frame_equal(
        frame[list(plain)].drop(columns="seconds"), plain.drop(columns="seconds"), check_exact=True
    )
    share = np.bincount(GROUPS[data.y_test]) / len(data.y_test)
    mean = frame[["eval_loss_1", "eval_loss_2"]].to_numpy() @ share
    np.testing.assert_allclose(mean, frame["eval_loss"], rtol=1e-5)
    model = network()
    assign(model.variables, common_start(network, 0))
    logits = keras.ops.convert_to_numpy(model(data.x_train))
    for k in (0, 1):
        rows = GROUPS[data.y_train] == k
        expected = cross_entropy(data.y_train[rows], logits[rows])
        assert frame[f"train_loss_{k + 1}"][0] == pytest.approx(expected, rel=1e-5)


def test_a_group_is_the_mean_over_its_labels():
    """The pieces of a text are its minibatches, which carry a memory; those of points 500 rows."""
    groups = np.arange(WORDS) % 2
    for model, data, streams in ((network(), blobs(700), None), (reader(), text(), STREAMS)):
        evaluate = Evaluator(model, streams=streams, groups=groups)
        for rows in (None, 12):
            x, y = data.x_train[:rows], data.y_train[:rows]
            size = streams or len(x)
            outputs = [
                keras.ops.convert_to_numpy(model(x[i : i + size], training=False))
                for i in range(0, len(x), size)
            ]
            logits = np.concatenate(outputs)
            for layer in model.layers:
                if getattr(layer, "stateful", False):
                    layer.reset_states()
            found = evaluate.by_group(data.x_train, data.y_train, rows)
            for k in (0, 1):
                mine = groups[y] == k
                expected = cross_entropy(y[mine], logits[mine])
                assert found[k] == pytest.approx(expected, rel=1e-5)


@weekly
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend(backend):
    pytest.importorskip(backend)
    script = "from tests.training.test_groups import *; test_a_group_is_the_mean_over_its_labels()"
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)


def test_a_diverged_run_has_no_loss_of_a_group():
    frame = compare(network, grouped(), {"SGD": lambda: GradientDescent(1e9)}, [0], 2, BATCH)
    columns = [name for name in frame if "loss" in name]
    assert len(columns) == 6 and np.isinf(frame[columns].iloc[-1]).all()


def test_groups_that_cannot_be_evaluated():
    with pytest.raises(ValueError, match="Group 0 of the classes has no labels in the test data"):
        run(replace(grouped(), y_test=np.zeros(30, dtype="int32")))
    with pytest.raises(
        ValueError, match="Group 1 of the classes has no labels in the training data"
    ):
        run(grouped(np.array([2, 0, 2])))
    for wrong in (GROUPS[:2], np.array([0, -1, 1])):
        with pytest.raises(ValueError, match="a number from 0 for each of the 3 classes"):
            run(grouped(wrong))
    with pytest.raises(ValueError, match="leave groups out with another loss"):
        run(grouped(), loss=lambda labels, logits: cross_entropy(labels, logits))
    with pytest.raises(TypeError, match="give them to Evaluator"):
        Evaluator(network()).by_group(blobs().x_test, blobs().y_test)


def test_a_checkpoint_of_other_groups_does_not_go_on(tmp_path):
    run(grouped(), checkpoints=tmp_path)
    with pytest.raises(CheckpointError, match="groups"):
        run(grouped(1 - GROUPS), checkpoints=tmp_path)
