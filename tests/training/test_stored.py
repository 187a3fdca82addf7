"""What was stored before a module moved is read and goes on: things are known by their names.

`stored/` holds checkpoints that version 0.1 wrote, when schedules lay in `ravine.schedules`.
"""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from ravine.optimizers import Adam, DecayAfter, InverseSquareRoot, Momentum
from ravine.training.checkpoints import (
    Checkpoint,
    CheckpointError,
    CheckpointWarning,
    read_checkpoint,
    without_modules,
)
from ravine.training.names import run_name
from ravine.training.protocol import compare
from ravine.training.recipes import recipe_of
from tests.training.test_protocol import BATCH, blobs, losses

STORED = Path(__file__).with_name("stored")
BOTH = {
    "Momentum": lambda: Momentum(InverseSquareRoot(0.2)),
    "Adam": lambda: Adam(DecayAfter(0.05, steps_per_epoch=3, epochs=1, factor=0.5)),
}
on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the stored runs are TensorFlow's"
)


def network():
    return keras.Sequential([keras.Input((4,)), layers.Dense(3)])


def run(epochs, checkpoints):
    return compare(network, blobs(), BOTH, [0], epochs, BATCH, checkpoints=checkpoints)


def name_of_today(path):
    return f"{run_name(path.name.removesuffix('-seed-0.npz').capitalize())}-seed-0.npz"


def from_stored(folder):
    """Copy the stored checkpoints, with the networks as this version of Keras describes them."""
    run(0, folder / "now")
    for path in STORED.glob("*.npz"):
        described, arrays, results = read_checkpoint(path)
        assert "ravine.schedules" in described["optimizer"]
        now, _, _ = read_checkpoint(folder / "now" / name_of_today(path))
        Checkpoint(folder / path.name, described | {"network": now["network"]}).save(
            arrays, results
        )


@on_tensorflow
def test_a_stored_run_goes_on_as_if_it_had_run_today(tmp_path):
    from_stored(tmp_path)
    stored = {path.name: read_checkpoint(path)[2] for path in tmp_path.glob("*.npz")}
    with pytest.warns(CheckpointWarning, match="does not say by which code it was written"):
        on = run(4, tmp_path)
    whole = run(4, None)
    for name in BOTH:
        np.testing.assert_allclose(losses(on, name), losses(whole, name), rtol=1e-4)
        first = [[row["loss"], row["eval_loss"]] for row in stored[f"{name.lower()}-seed-0.npz"]]
        np.testing.assert_array_equal(losses(on, name)[:3], first)  # read, not run again


@on_tensorflow
def test_a_stored_run_with_another_rate_is_refused(tmp_path, monkeypatch):
    from_stored(tmp_path)
    monkeypatch.setitem(BOTH, "Momentum", lambda: Momentum(InverseSquareRoot(0.3)))
    with pytest.raises(CheckpointError, match="another optimizer"):
        run(4, tmp_path)


@on_tensorflow
def test_the_stored_network_is_described_as_today(tmp_path):
    """Nothing of the course's is in it, so only a new Keras may change it."""
    run(0, tmp_path)
    for path in STORED.glob("*.npz"):
        today = tmp_path / name_of_today(path)
        then, now = (read_checkpoint(each)[0] for each in (path, today))
        assert without_modules(then["network"]) == then["network"]
        assert {**then, "optimizer": "", "network": ""} == {**now, "optimizer": "", "network": ""}


def test_a_schedule_that_moves_leaves_checkpoints_as_they_are(tmp_path, monkeypatch):
    before = run(1, tmp_path)
    identities = [read_checkpoint(path)[0] for path in sorted(tmp_path.glob("*-0.npz"))]
    for schedule in (InverseSquareRoot, DecayAfter):
        monkeypatch.setattr(schedule, "__module__", "elsewhere")
    assert recipe_of(BOTH["Adam"]()).config["learning_rate"]["module"] == "elsewhere"
    after = run(2, tmp_path)
    assert identities == [read_checkpoint(path)[0] for path in sorted(tmp_path.glob("*-0.npz"))]
    for name in BOTH:
        np.testing.assert_array_equal(losses(after, name)[:2], losses(before, name))


def test_data_that_were_drawn_by_a_module(tmp_path):
    """As the sample of reviews was described."""
    old = {"seed": 0, "data set": "synthetic bags of words, drawn by ravine.synthetic (SHA-256 1)"}
    Checkpoint(tmp_path / "a.npz", old).save([np.arange(2)], [{"epoch": 0}])
    new = {"seed": 0, "data set": "synthetic bags of words, drawn by code (SHA-256 1)"}
    assert Checkpoint(tmp_path / "a.npz", new).load()[1] == [{"epoch": 0}]


class Unregistered(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.1

    def get_config(self):
        return {}


@pytest.mark.parametrize(
    ("schedule", "module"),
    [
        (keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9), "keras.optimizers.schedules"),
        (Unregistered(), __name__),
    ],
)
def test_what_has_no_registered_name_keeps_its_module(schedule, module):
    """Two schedules of one name and of different authors are different runs."""
    assert f'"module": "{module}"' in recipe_of(Momentum(schedule)).settings
