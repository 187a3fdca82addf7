"""The networks that the experiments train. All of them return logits.

A loss computed from logits is stable: softmax and logarithm are taken together, so a confident
network never takes the logarithm of a probability that was rounded to 0.
"""

import keras
from keras import layers


def mnist_mlp(hidden: int = 1000, dropout: float = 0.5) -> keras.Model:
    """Return the paper's multilayer network, 784-1000-1000-10 with ReLU and dropout (Fig. 2).

    Images of shape (n, 28, 28) come in and are flattened, logits of shape (n, 10) come out.

    Args:
        hidden: width of the two hidden layers.
        dropout: share of the hidden units that are set to 0 in training; 0 leaves the layers out.
    """
    network = [keras.Input((28, 28)), layers.Flatten()]
    for _ in range(2):
        # He's scale keeps the signal's variance through ReLU, which zeroes half of it
        network.append(layers.Dense(hidden, activation="relu", kernel_initializer="he_normal"))
        if dropout:
            network.append(layers.Dropout(dropout))
    return keras.Sequential([*network, layers.Dense(10)])
