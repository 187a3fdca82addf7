"""The networks: shapes, sizes, and logits that give a stable loss."""

import keras
import numpy as np
import pytest

from ravine import models


def images(n=4):
    return np.random.default_rng(0).random((n, 28, 28), dtype="float32")


def test_mnist_mlp_is_784_1000_1000_10():
    model = models.mnist_mlp()
    kernels = [tuple(w.shape) for w in model.trainable_variables if len(w.shape) == 2]
    assert kernels == [(784, 1000), (1000, 1000), (1000, 10)]
    assert model.count_params() == 785 * 1000 + 1001 * 1000 + 1001 * 10
    assert model(images()).shape == (4, 10)


@pytest.mark.parametrize(("dropout", "layers"), [(0.5, 2), (0.2, 2), (0, 0)])
def test_dropout_follows_both_hidden_layers(dropout, layers):
    model = models.mnist_mlp(hidden=8, dropout=dropout)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("Dropout") == layers
    assert all(layer.rate == dropout for layer in model.layers if hasattr(layer, "rate"))
    if layers:
        assert kinds == ["Flatten", "Dense", "Dropout", "Dense", "Dropout", "Dense"]


def test_output_is_logits():
    """No softmax at the end: the outputs do not add up to 1, and some are negative."""
    logits = keras.ops.convert_to_numpy(models.mnist_mlp(hidden=32)(images()))
    assert (logits < 0).any() and not np.allclose(logits.sum(axis=1), 1)


def test_initial_weights_have_he_scale():
    keras.utils.set_random_seed(0)
    first, second = (layer.kernel.numpy() for layer in models.mnist_mlp().layers[1:5:2])
    for kernel in (first, second):
        assert kernel.std() == pytest.approx(np.sqrt(2 / len(kernel)), rel=0.02)
