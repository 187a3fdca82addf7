"""Muon is that of Keras, where Keras has the one that the records were made with."""

import keras
import numpy as np
import pytest

from ravine.experiments.successors import has_muon, muon


def test_muon_has_no_weight_decay():
    assert has_muon()
    optimizer = muon(0.1)
    assert isinstance(optimizer, keras.optimizers.Muon)
    assert optimizer.weight_decay == optimizer.adam_weight_decay == 0


class EarlierMuon:
    """As in Keras 3.10: one weight decay, and steps that are scaled otherwise."""

    def __init__(self, learning_rate=0.001, weight_decay=0.1):
        raise AssertionError("it is not made")


@pytest.mark.parametrize("found", [EarlierMuon, None])
def test_an_earlier_muon_is_refused_in_one_sentence(monkeypatch, found):
    monkeypatch.delattr(keras.optimizers, "Muon")
    if found:
        monkeypatch.setattr(keras.optimizers, "Muon", found, raising=False)
    assert not has_muon()
    with pytest.raises(ValueError, match=r"install a newer Keras, or leave Muon out\.$"):
        muon(0.1)


def test_the_head_is_left_to_adam():
    """The first step: Adam's is the rate times the sign, Muon's has about equal singular values."""
    rng = np.random.default_rng(0)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(5), keras.layers.Dense(4)])
    before = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_variables]
    gradients = [rng.normal(size=weight.shape).astype("float32") for weight in before]
    optimizer = muon(0.01)
    optimizer.apply([keras.ops.convert_to_tensor(g) for g in gradients], model.trainable_variables)
    steps = [
        old - keras.ops.convert_to_numpy(new)
        for old, new in zip(before, model.trainable_variables, strict=True)
    ]
    body, *rest = (s / 0.01 for s in steps)
    spread = [values[0] / values[-1] for values in map(np.linalg.svdvals, (body, gradients[0]))]
    assert spread[0] < 2 < spread[1]
    for step, gradient in zip(rest, gradients[1:], strict=True):
        np.testing.assert_allclose(step, np.sign(gradient), atol=0.01)
    again = type(optimizer).from_config(optimizer.get_config())
    again.build(model.trainable_variables)
    assert again.exclude_layers == optimizer.exclude_layers
