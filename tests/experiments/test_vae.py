"""The variational autoencoder: what its optimizers are, and what their names say."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import ops

from ravine.data import datasets
from ravine.experiments import vae
from ravine.training import run_name


def follow(optimizer, gradients):
    """Return the steps of one parameter."""
    theta = keras.Variable([0.0], dtype="float64")
    points = [0.0]
    for g in gradients:
        optimizer.apply([ops.convert_to_tensor([g], dtype="float64")], [theta])
        points.append(float(ops.convert_to_numpy(theta)[0]))
    return np.diff(points)


@pytest.mark.parametrize(("beta_1", "beta_2"), [(0.0, 0.99), (0.9, 0.999), (0.9, 0.9999)])
def test_without_correction_the_steps_are_longer_by_the_known_factor(beta_1, beta_2):
    gradients = np.random.default_rng(0).normal(size=30)
    settings = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": 0}
    corrected = follow(vae.Adam(0.1, **settings), gradients)
    uncorrected = follow(vae.UncorrectedAdam(0.1, **settings), gradients)
    t = np.arange(1, 31)
    factor = (1 - beta_1**t) / np.sqrt(1 - beta_2**t)  # eq. (5.12)
    np.testing.assert_allclose(uncorrected / corrected, factor, rtol=1e-4)


def test_names_say_what_is_made():
    assert len(vae.VARIANTS) == 12
    for name, make in vae.FAMILIES.items():
        optimizer = make(0.02)
        words = name.split()
        assert words[:3] == ["Adam", f"{optimizer.beta_1:g}", f"{optimizer.beta_2:g}"]
        kind = vae.UncorrectedAdam if words[3:] == ["uncorrected"] else vae.Adam
        assert type(optimizer) is kind
        assert float(optimizer.learning_rate) == pytest.approx(0.02)


def test_every_trial_of_the_grid_has_a_checkpoint_of_its_own():
    trials = [f"{name}, {rate:g}" for name in vae.VARIANTS for rate in vae.RATES]
    assert len({run_name(trial) for trial in trials}) == len(trials)


def test_variants_become_columns():
    frame = pd.DataFrame({"optimizer": ["Adam 0.9 0.99", "Adam 0 0.9999 uncorrected"], "loss": 1.0})
    table = vae.by_variant(frame)
    assert table.to_dict("list") == {
        "optimizer": ["Adam", "Adam, uncorrected"],
        "loss": [1.0, 1.0],
        "beta_1": [0.9, 0.0],
        "beta_2": [0.99, 0.9999],
    }


@pytest.mark.parametrize("size", ["quick", "full"])
def test_the_images_are_the_labels(size):
    dataset = vae.VAE.setting(size).prepare(datasets.load("mnist"))
    assert dataset.y_train is dataset.x_train and dataset.y_test is dataset.x_test
    assert len(dataset.x_train) > len(dataset.x_test)
