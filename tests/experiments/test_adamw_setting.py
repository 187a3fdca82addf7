"""AdamW's customs: what the contestants are, what is left out of the decay, and the texts."""

import keras
import numpy as np
import pytest
from keras import ops

from ravine.data import datasets
from ravine.experiments import adamw, transformer
from ravine.experiments.runs import describe
from ravine.optimizers import Adam
from ravine.training import recipe_of

VECTORS = [1.0, -2.0, 0.5]


def path(optimizer, gradient, steps=5):
    """θ after some steps, of one variable of this name, with a gradient that depends on θ."""
    theta = keras.Variable(VECTORS, dtype="float32", name="kernel")
    for _ in range(steps):
        optimizer.apply([gradient(ops.convert_to_tensor(theta))], [theta])
    return ops.convert_to_numpy(theta)


def test_the_penalty_is_that_of_the_cost():
    """Where it outweighs the cost's gradient, a penalty turns Adam's steps round."""
    found = path(adamw.AdamL2(0.01, weight_decay=0.3), lambda theta: -0.1 * theta)
    expected = path(Adam(0.01), lambda theta: 0.2 * theta)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert (np.abs(found) < np.abs(VECTORS)).all()


@pytest.mark.parametrize("name", adamw.FAMILIES)
def test_biases_and_norms_are_left_out_of_all_decays_but_one(name):
    optimizer = adamw.FAMILIES[name](0.1)
    model = transformer.quick_network()
    variables = model.trainable_variables
    optimizer.build(variables)
    before = [ops.convert_to_numpy(each) + 1 for each in variables]  # biases start at 0
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
    optimizer.apply([ops.zeros_like(each) for each in variables], variables)
    moved = {
        variable.path
        for variable, value in zip(variables, before, strict=True)
        if not np.array_equal(ops.convert_to_numpy(variable), value)
    }
    matrices = {variable.path for variable in variables if len(variable.shape) == 2}
    every = {variable.path for variable in variables}
    expected = {"Adam": set(), "AdamW on all": every}.get(name, matrices)
    assert moved == expected


def test_each_contestant_differs_in_one_thing():
    plain = f"AdamW {adamw.BASE:g}"
    settings = {name: describe(make(0.01)) for name, make in adamw.FAMILIES.items()}
    differences = {
        name: {
            key
            for key in {**found, **settings[plain]}
            if found.get(key) != settings[plain].get(key)
        }
        for name, found in settings.items()
    }
    for name, changed in differences.items():
        if name == plain:
            assert changed == set()
        elif name == "Adam":
            assert changed == {"class", "weight_decay", "no decay on"}
        elif name.startswith("Adam L2"):
            assert changed == {"class", "weight_decay"}
        else:
            assert len(changed) == 1, name
    assert {"beta_2", "global_clipnorm", "no decay on"} <= set().union(*differences.values())


def test_what_is_left_out_is_part_of_the_record_and_of_the_program():
    spared, on_all = (adamw.FAMILIES[name](0.01) for name in ("AdamW 3", "AdamW on all"))
    assert describe(spared)["no decay on"] == sorted(adamw.BIASES_AND_NORMS)
    assert "no decay on" not in describe(on_all)
    assert recipe_of(spared) != recipe_of(on_all)


def test_a_quarter_of_each_part_is_kept():
    text = datasets.load("ptb", "sample")
    whole, kept = transformer.texts(text, transformer.QUICK_STEPS), adamw.quarter(text)
    for part in ("x_train", "y_train", "x_valid", "y_valid", "x_test", "y_test"):
        rows = getattr(whole, part)
        np.testing.assert_array_equal(getattr(kept, part), rows[: len(rows) // 4])
    steps = len(kept.x_train) // adamw.QUICK.batch_size * adamw.QUICK.epochs
    quick = transformer.TRANSFORMER.quick
    assert steps == pytest.approx(len(whole.x_train) // quick.batch_size * quick.epochs, rel=0.01)
    assert whole.provenance in kept.provenance != whole.provenance
