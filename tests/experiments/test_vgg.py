"""VGG16: the folder of images that the full size trains on."""

import dataclasses
from functools import partial

import numpy as np
from PIL import Image

from ravine import experiments, networks
from ravine.experiments import EXPERIMENTS


def test_a_small_folder_has_as_many_points_as_steps(monkeypatch, tmp_path):
    """Twelve images in minibatches of four: three steps, where the full setting has 20 points."""
    for k in range(12):
        folder = tmp_path / "imagenet" / f"n0000000{k % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 40), (20 * k, 0, 0)).save(folder / f"{k}.jpg")
    monkeypatch.setenv("RAVINE_DATA", str(tmp_path))
    experiment = EXPERIMENTS["vgg16-batch-norm"]
    full = dataclasses.replace(
        experiment.full,
        make_model=partial(networks.vgg16, classes=2, width=1 / 64, batch_norm=True),
        batch_size=4,
        parts=2,
    )
    monkeypatch.setitem(EXPERIMENTS, "vgg16-batch-norm", dataclasses.replace(experiment, full=full))
    record = experiments.run("vgg16-batch-norm", "full", ["Adam"], [0], epochs=1)
    assert record.frame["epoch"].tolist() == [0, 1 / 3, 2 / 3, 1]
    assert np.isfinite(record.frame["loss"]).all()
    assert record.frame["accuracy"].notna().tolist() == [True, False, False, True]
    assert record.provenance["settings"]["parts"] == 2
    assert "12 training" in record.provenance["dataset"]
