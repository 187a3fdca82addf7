"""A result belongs to the code that made it: after an edit a run starts anew, and says so."""

import functools
import json
import re
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers, ops

from ravine.training.checkpoints import (
    Checkpoint,
    CheckpointError,
    CheckpointWarning,
    without_automatic_names,
)
from ravine.training.fingerprints import fingerprint
from ravine.training.losses import cross_entropy
from ravine.training.protocol import compare
from tests.training.test_protocol import BATCH, blobs

FIRST = '''
SIZE = 2.0
def helper(x):
    return x * SIZE
def step(x, y=1):
    """Step."""
    # towards the valley
    return helper(x) - y
class Walker:
    pace = 3
    def go(self, x):
        return step(x)
'''
SAME = {
    "comment": ("    # towards the valley\n", ""),
    "docstring": ('"""Step."""', '"""Step downhill."""'),
    "no docstring": ('    """Step."""\n', ""),
    "formatting": ("helper(x) - y", "(\n        helper( x ) - y\n    )"),
    "what is not used": ("class Walker", "UNUSED = 1\nclass Walker"),
}
OTHER = {
    "sign": ("helper(x) - y", "helper(x) + y"),
    "a constant of the module": ("SIZE = 2.0", "SIZE = 2.5"),
    "a function that it calls": ("x * SIZE", "x / SIZE"),
    "a default": ("y=1", "y=2"),
    "a constant of the class": ("pace = 3", "pace = 4"),
    "a method more": ("    pace = 3", "    pace = 3\n    def rest(self): pass"),
}


def of(source):
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(source, names)
    return fingerprint(names["Walker"], names["step"])


@pytest.mark.parametrize("edit", SAME.values(), ids=SAME)
def test_what_changes_no_result_changes_no_fingerprint(edit):
    assert edit[0] in FIRST and of(FIRST) == of(FIRST.replace(*edit))


@pytest.mark.parametrize("edit", OTHER.values(), ids=OTHER)
def test_what_may_change_a_result_changes_the_fingerprint(edit):
    assert edit[0] in FIRST and of(FIRST) != of(FIRST.replace(*edit))


def test_code_behind_wrappers_is_found():
    def plain(x):
        return x + 1

    def other(x):
        return x + 2

    for wrap in (functools.partial, functools.cache, lambda f: lambda x: f(x), lambda f: [f]):
        assert fingerprint(wrap(plain)) != fingerprint(wrap(other))
        assert fingerprint(wrap(plain)) == fingerprint(wrap(plain))


def descent(direction):
    """Return a class as a student writes it: before and after an edit it has one name."""

    class Descent(keras.optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            step = ops.cast(learning_rate, variable.dtype) * gradient
            self.assign(variable, direction(variable, step))

    return lambda: Descent(0.1)


down = descent(lambda theta, step: theta - step)
up = descent(lambda theta, step: theta + step)


def network(activation="relu"):
    return keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Activation(activation)])


def another_network():
    return network()


def run(folder, make=down, make_model=network, name="mine", loss=cross_entropy, epochs=1):
    return compare(make_model, blobs(), {name: make}, [0], epochs, BATCH, loss, checkpoints=folder)


def values(frame):
    return frame[["loss", "eval_loss"]].to_numpy()


def test_a_run_that_trained_nothing_says_so(tmp_path):
    first = run(tmp_path)
    assert first.attrs["trained"] == 2
    again = run(tmp_path)
    assert again.attrs["trained"] == 0
    pd.testing.assert_frame_equal(first, again)  # the durations, too
    assert run(tmp_path, epochs=3).attrs["trained"] == 2


def test_an_edited_optimizer_starts_anew_and_the_old_state_is_kept(tmp_path):
    old = run(tmp_path)
    content = (tmp_path / "mine-seed-0.npz").read_bytes()
    with pytest.warns(CheckpointWarning) as caught:
        new = run(tmp_path, up)
    (warning,) = (each for each in caught if each.category is CheckpointWarning)
    found = re.fullmatch(
        r"The code of the optimizer has changed since \S+mine-seed-0\.npz was written: the run "
        r"starts anew, and the old state is kept as (\S+) and (\S+)\.",
        str(warning.message),
    )
    assert (tmp_path / found[1]).read_bytes() == content and (tmp_path / found[2]).exists()
    assert new.attrs["trained"] == 2
    np.testing.assert_array_equal(values(new), values(run(None, up)))
    assert values(new)[1, 1] > values(old)[1, 1]
    assert run(tmp_path, up).attrs["trained"] == 0  # and no warning any more


def test_another_loss_of_one_name_starts_anew(tmp_path):
    def loss(labels, outputs):
        return cross_entropy(labels, outputs)

    run(tmp_path, loss=loss)

    def loss(labels, outputs):
        return 2 * cross_entropy(labels, outputs)

    with pytest.warns(CheckpointWarning, match=r"code of the loss has changed since"):
        assert run(tmp_path, loss=loss).attrs["trained"] == 2


def test_an_edited_network_of_the_same_layers_starts_anew(tmp_path):
    run(tmp_path)
    with pytest.warns(CheckpointWarning, match=r"code of the network has changed since"):
        run(tmp_path, make_model=another_network)


def test_a_changed_setting_is_refused_even_where_the_code_changed(tmp_path):
    run(tmp_path)
    with pytest.raises(CheckpointError, match="another network: start over with --no-resume"):
        run(tmp_path, make_model=lambda: network("tanh"))


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (None, "does not say by which code"),
        ({"python": "3.9", "optimizer": "1"}, r"does not say other than by Python 3\.9 by which"),
    ],
)
def test_of_unknown_code_the_run_goes_on_and_says_so(tmp_path, code, says):
    arrays, results = [np.arange(2)], [{"epoch": 0}]
    Checkpoint(tmp_path / "a.npz", {"seed": 0}, code).save(arrays, results)
    with pytest.warns(CheckpointWarning, match=says):
        found = Checkpoint(tmp_path / "a.npz", {"seed": 0}, {"python": "3.11", "optimizer": "2"})
        assert found.load()[1] == results


def nested():
    inside = keras.Sequential([layers.Dense(4, activation="relu"), layers.Dense(4, name="mine")])
    entered = keras.Input((4,))
    left = layers.Dense(4)(entered)
    beside = keras.Model(entered, layers.Add()([left, entered]))
    return keras.Sequential(
        [
            keras.Input((4,)),
            inside,
            beside,
            layers.Reshape((2, 2)),
            layers.Bidirectional(layers.SimpleRNN(2)),
            layers.Dense(3),
        ]
    )


def test_a_network_with_layers_inside_layers_goes_on(tmp_path):
    """In one process, as in a notebook, where every network has names of its own."""
    run(tmp_path, make_model=nested)
    assert run(tmp_path, make_model=nested, epochs=2).attrs["trained"] == 1


def test_only_automatic_names_are_dropped():
    def described(**arguments):
        model = keras.Sequential([layers.Dense(4, **arguments), layers.Dense(4)])
        return without_automatic_names(json.loads(json.dumps([model.get_config()["layers"]])))

    assert described() == described()
    for other in ({"name": "mine"}, {"dtype": "float64"}, {"activation": "tanh"}):
        assert described() != described(**other)
