"""The multilayer network for digits."""

import keras
from keras import layers

from ravine.networks.parts import dropout_layers, initial_weights, l2_penalty


def mnist_mlp(
    hidden: int = 1000, dropout: float = 0.5, l2: float = 0.0, start: str = "he"
) -> keras.Model:
    """Return the Adam paper's multilayer network, 784-1000-1000-10 with ReLU (Fig. 2).

    Images of shape (n, 28, 28) come in and are flattened, logits of shape (n, 10) come out. The
    paper trains it with dropout (Fig. 2a) and, without, with an L2 penalty (Fig. 2b). It gives
    neither the share that drops out nor the strength of the penalty nor the initial weights.

    Args:
        hidden: width of the two hidden layers.
        dropout: share of the hidden units that are set to 0 in training; 0 leaves the layers out.
        l2: weight decay λ.
        start: "he", or "pytorch" as the thesis behind the course has it, see
            `parts.initial_weights`.

    Raises:
        ValueError: if `start` is another word.
    """
    network = [keras.Input((28, 28)), layers.Flatten()]
    for fan_in in (28 * 28, hidden):
        network.append(
            layers.Dense(
                hidden,
                activation="relu",
                kernel_regularizer=l2_penalty(l2),
                **initial_weights(start, fan_in),
            )
        )
        network += dropout_layers(dropout)
    output = layers.Dense(
        10, kernel_regularizer=l2_penalty(l2), **initial_weights(start, hidden, relu=False)
    )
    return keras.Sequential([*network, output])
