"""The multilayer network for digits."""

import keras
from keras import layers

from ravine.networks.parts import dropout_layers, l2_penalty


def mnist_mlp(hidden: int = 1000, dropout: float = 0.5, l2: float = 0.0) -> keras.Model:
    """Return the Adam paper's multilayer network, 784-1000-1000-10 with ReLU (Fig. 2).

    Images of shape (n, 28, 28) come in and are flattened, logits of shape (n, 10) come out. The
    paper trains it with dropout (Fig. 2a) and, without, with an L2 penalty (Fig. 2b). It gives
    neither the share that drops out nor the strength of the penalty nor the initial weights.

    Args:
        hidden: width of the two hidden layers.
        dropout: share of the hidden units that are set to 0 in training; 0 leaves the layers out.
        l2: weight decay λ.
    """
    network = [keras.Input((28, 28)), layers.Flatten()]
    for _ in range(2):
        # He's scale keeps the signal's variance through ReLU, which zeroes half of it
        network.append(
            layers.Dense(
                hidden,
                activation="relu",
                kernel_initializer="he_normal",
                kernel_regularizer=l2_penalty(l2),
            )
        )
        network += dropout_layers(dropout)
    return keras.Sequential([*network, layers.Dense(10, kernel_regularizer=l2_penalty(l2))])
