"""Muon is that of Keras, where Keras has the one that the records were made with."""

import keras
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
