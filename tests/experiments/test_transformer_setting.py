"""The transformer's experiment: its texts, and what Muon leaves to Adam."""

import keras
import numpy as np
import pytest

from ravine.data import datasets
from ravine.experiments import transformer
from ravine.experiments.successors import muon


def test_texts_are_cut_in_their_order_and_come_in_any():
    text = datasets.load("ptb", "sample")
    cut = transformer.texts(text, steps=32)
    assert cut.x_train.shape == (len(text.x_train) // 32, 32) and cut.streams is None
    for part in ("x_train", "y_train", "x_valid", "y_valid", "x_test", "y_test"):
        rows = getattr(cut, part)
        np.testing.assert_array_equal(rows.ravel(), getattr(text, part)[: rows.size])
    np.testing.assert_array_equal(cut.x_train[:, 1:], cut.y_train[:, :-1])
    assert text.provenance in cut.provenance != text.provenance


def test_groups_of_words_make_up_as_much_of_the_text():
    text = datasets.load("ptb", "sample")
    cut = transformer.texts_in_groups(text, steps=32, groups=4)
    assert cut.groups.shape == (len(text.labels),) and cut.streams is None
    share = np.bincount(cut.groups[cut.y_train].ravel()) / cut.y_train.size
    np.testing.assert_allclose(share, 0.25, atol=0.02)
    heard = np.bincount(cut.y_train.ravel(), minlength=len(text.labels))
    least, most = ([f(heard[cut.groups == k]) for k in range(4)] for f in (np.min, np.max))
    assert all(low >= high for low, high in zip(least[:-1], most[1:], strict=True))
    assert cut.provenance.endswith("texts of 32, words in 4 groups by frequency")


@pytest.mark.parametrize("size", ["quick", "full"])
def test_the_network_knows_the_words_and_the_length_of_the_texts(size):
    setting = transformer.TRANSFORMER.setting(size)
    network = setting.make_model.keywords, setting.make_model.args
    assert network[0]["steps"] == setting.prepare.keywords["steps"]
    assert network[1] == ({"quick": 2000, "full": 10_000}[size],)
    if size == "quick":
        assert len(datasets.load("ptb", "sample").labels) == 2000


def test_muon_moves_the_matrices_of_the_blocks_alone():
    model = transformer.quick_network()
    optimizer = muon(0.01)
    optimizer.build(model.trainable_variables)
    moved = [
        variable
        for variable, velocity in zip(
            model.trainable_variables, optimizer.adam_velocities, strict=True
        )
        if velocity is None
    ]
    attention = [layer for layer in model.layers if hasattr(layer, "heads")]
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)][:-1]
    expected = [getattr(layer, name).kernel for layer in attention for name in PARTS]
    expected += [layer.kernel for layer in dense]
    assert {variable.path for variable in moved} == {variable.path for variable in expected}
    assert len(moved) == 2 * 6


PARTS = ("query", "key", "value", "output_projection")
