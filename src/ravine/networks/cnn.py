"""The small convolutional network for CIFAR-10."""

import math

import keras
from keras import layers

from ravine.networks.parts import dropout_layers, initial_weights, scaled


def cifar_cnn(
    dropout: float = 0.0,
    input_dropout: float = 0.0,
    width: float = 1.0,
    image: int = 32,
    start: str = "he",
) -> keras.Model:
    """Return the Adam paper's convolutional network for CIFAR-10, c64-c64-c128-1000 (Fig. 3).

    Images of shape (n, image, image, 3) come in, whitened. Three stages follow, each a convolution
    with 5×5 filters, ReLU, and max-pooling over 3×3 pixels in steps of 2, then a hidden layer of
    1000 ReLU units. Logits of shape (n, 10) come out. Borders are padded, so that the stages leave
    16, 8 and 4 pixels a side of 32.

    The paper puts "dropout noise" on the input and on the hidden layer, without its rates. The
    usual ones are 0.2 for inputs and 0.5 for hidden units (Srivastava et al., 2014). Padding, ReLU
    after the convolutions and He's initial weights are this course's reading too.

    Args:
        dropout: share of the hidden layer's units that are set to 0 in training.
        input_dropout: share of the input values that are set to 0 in training.
        width: factor on the width of all hidden layers.
        image: side of the images in pixels.
        start: "he", or "pytorch" as the thesis behind the course has it, see
            `parts.initial_weights`.

    Raises:
        ValueError: if `start` is another word.
    """
    network = [keras.Input((image, image, 3)), *dropout_layers(input_dropout)]
    channels, side = 3, image
    for filters in (scaled(64, width), scaled(64, width), scaled(128, width)):
        network += [
            layers.Conv2D(
                filters,
                5,
                padding="same",
                activation="relu",
                **initial_weights(start, 5 * 5 * channels),
            ),
            layers.MaxPooling2D(3, strides=2, padding="same"),
        ]
        channels, side = filters, math.ceil(side / 2)
    hidden = scaled(1000, width)
    network += [
        layers.Flatten(),
        layers.Dense(hidden, activation="relu", **initial_weights(start, side * side * channels)),
        *dropout_layers(dropout),
        layers.Dense(10, **initial_weights(start, hidden, relu=False)),
    ]
    return keras.Sequential(network)
