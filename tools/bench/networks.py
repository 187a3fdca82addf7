"""The networks whose training is timed: their sizes, their products, and noise to train on.

Nothing here needs Keras, so that the matrix products can be timed without it.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ravine.data import Dataset


@dataclass(frozen=True)
class Product:
    """The matrix product of a layer's forward pass; a convolution is the product it amounts to.

    Attributes:
        rows: of the left matrix, which holds the inputs.
        inner: columns of the left and rows of the right matrix, which holds the weights.
        columns: of the right matrix.
        times: how often it is taken, one after the other, as a recurrent layer does.
        first: whether nobody needs the gradient with respect to the inputs.
    """

    rows: int
    inner: int
    columns: int
    times: int = 1
    first: bool = False

    @property
    def forward(self) -> int:
        """Multiplications of the forward pass."""
        return self.rows * self.inner * self.columns * self.times


@dataclass(frozen=True)
class Network:
    """A network to time.

    Attributes:
        maker: the function of `ravine.networks` that makes it.
        arguments: what that function takes.
        batch: rows of a minibatch.
        steps: minibatches in one run of a contestant.
        inputs: "values" from N(0, 1), "pixels" from 0 to 255, or "words".
        shape: of one input.
        classes: number of labels, or of words.
        products: of one minibatch.
        decay: weight decay λ.
    """

    maker: str
    batch: int
    steps: int
    shape: tuple[int, ...]
    products: tuple[Product, ...]
    arguments: tuple = ()
    inputs: str = "values"
    classes: int = 10
    decay: float = 0.0

    def make(self) -> Any:
        """Return the network in Keras."""
        from ravine import networks  # imports Keras

        return getattr(networks, self.maker)(*self.arguments)

    def noise(self) -> Dataset:
        """Return random inputs and labels for `steps` minibatches: no time depends on them."""
        rng = np.random.default_rng(0)
        rows = self.steps * self.batch
        size = rows, *self.shape
        words = self.inputs == "words"
        if words:
            x = rng.integers(0, self.classes, size, "int32")
        elif self.inputs == "pixels":
            x = rng.integers(0, 256, size, "uint8")
        else:
            x = rng.standard_normal(size, "float32")
        y = rng.integers(0, self.classes, size if words else rows, "int32")
        streams = self.batch if words else None
        some = x[: self.batch], y[: self.batch]
        return Dataset("noise", "sample", x, y, *some, "random numbers", streams=streams)

    def order(self) -> np.ndarray:
        """Return row numbers, shape (steps, batch)."""
        return np.arange(self.steps * self.batch, dtype="int32").reshape(self.steps, self.batch)


def _dense(rows, *widths):
    """Return the products of dense layers, one after the other."""
    return [Product(rows, *pair) for pair in pairwise(widths)]


def _convolutions(batch, side, inputs, kernel, filters, pools):
    """Return the products of convolutions; those in `pools` are followed by halving the side."""
    products = []
    for number, outputs in enumerate(filters):
        rows, inner = batch * side * side, kernel * kernel * inputs
        products.append(Product(rows, inner, outputs, first=number == 0))
        inputs, side = outputs, side // 2 if number in pools else side
    return products


def _lstm(streams, steps, units, layers):
    """Return the products of LSTM layers: of all steps' inputs at once, and the recurrent one."""
    gates = 4 * units
    layer = [Product(streams * steps, units, gates), Product(streams, units, gates, times=steps)]
    return layer * layers


VGG16_FILTERS = (*2 * (64,), *2 * (128,), *3 * (256,), *6 * (512,))
VGG16_POOLS = (1, 3, 6, 9, 12)  # the convolutions, counted from 0, that are followed by pooling

NETWORKS = {
    "logistic regression": Network(
        maker="logistic_regression",
        batch=128,
        steps=40,
        shape=(28, 28),
        products=(Product(128, 784, 10, first=True),),
        decay=1e-4,
    ),
    "MLP": Network(
        maker="mnist_mlp",
        batch=128,
        steps=40,
        shape=(28, 28),
        products=(Product(128, 784, 1000, first=True), *_dense(128, 1000, 1000, 10)),
    ),
    "CNN": Network(
        maker="cifar_cnn",
        batch=128,
        steps=4,
        shape=(32, 32, 3),
        products=(
            *_convolutions(128, 32, 3, 5, filters=(64, 64, 128), pools=(0, 1, 2)),
            *_dense(128, 2048, 1000, 10),
        ),
    ),
    "LSTM": Network(
        maker="lstm",
        arguments=(10_000,),
        batch=20,
        steps=2,
        inputs="words",
        shape=(35,),
        classes=10_000,
        products=(*_lstm(20, 35, 650, layers=2), *_dense(20 * 35, 650, 10_000)),
    ),
    # The published minibatch of 256 takes minutes per step on a CPU.
    "VGG16": Network(
        maker="vgg16",
        batch=8,
        steps=1,
        inputs="pixels",
        shape=(224, 224, 3),
        classes=1000,
        products=(
            *_convolutions(8, 224, 3, 3, filters=VGG16_FILTERS, pools=VGG16_POOLS),
            *_dense(8, 512 * 7 * 7, 4096, 4096, 1000),
        ),
        decay=5e-4,
    ),
}
