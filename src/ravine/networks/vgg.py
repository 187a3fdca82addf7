"""VGG16, with its published start and with one that learns."""

import keras
from keras import layers

from ravine.networks.parts import dropout_layers, l2_penalty, scaled

# The mean colour of ImageNet's training images (red, green, blue; 0 to 255), published with VGG's
# weights, and about the standard deviation of their pixels.
IMAGENET_MEAN = (123.68, 116.779, 103.939)
IMAGENET_DEVIATION = 58.0


def vgg16(
    classes: int = 1000,
    width: float = 1.0,
    batch_norm: bool = False,
    image: int = 224,
    dropout: float = 0.5,
    l2: float = 5e-4,
    start: str = "he",
) -> keras.Model:
    """Return VGG16, configuration D of Simonyan and Zisserman (2015), Table 1: 16 weight layers.

    Images of shape (n, image, image, 3) come in, uint8. 13 convolutions with 3×3 filters follow,
    each with ReLU, in five blocks that end in max-pooling over 2×2 pixels; then two hidden layers
    of 4096 ReLU units with dropout. Logits of shape (n, classes) come out. The default has
    138,357,544 parameters.

    The published start does not learn at this depth: after the first, each convolution shrinks the
    signal to between a half and a sixth, so that logits and gradients are nearly 0 and the loss
    sits at ln(classes). The authors first trained a network with 11 weight layers and copied its
    weights; after publication they found that Glorot's scale makes this needless. He's scale suits
    ReLU better (He et al., 2015).

    Args:
        classes: number of logits.
        width: factor on the width of all hidden layers.
        batch_norm: whether each convolution is normalised before its ReLU. The publication is
            older than batch normalisation.
        image: side of the images in pixels, at least 32.
        dropout: share of the hidden layers' units that are set to 0 in training.
        l2: weight decay λ.
        start: "published" draws all weights from N(0, 0.01²) and subtracts the mean colour from the
            pixels. "he" draws the hidden layers' weights with He's scale instead, and divides the
            pixels by their standard deviation as well; the loss then starts near ln(classes).

    Raises:
        ValueError: if `start` is another word or the images are too small.
    """
    if start not in ("he", "published"):
        raise ValueError(f'start must be "he" or "published", but it was {start!r}.')
    if image < 32:
        raise ValueError(f"image must be at least 32, for five poolings, but it was {image}.")
    divisor = IMAGENET_DEVIATION if start == "he" else 1.0

    def weights():
        return {
            "kernel_initializer": "he_normal" if start == "he" else _small(),
            "kernel_regularizer": l2_penalty(l2),
        }

    network = [
        keras.Input((image, image, 3), dtype="uint8"),
        layers.Rescaling(1 / divisor, offset=[-mean / divisor for mean in IMAGENET_MEAN]),
    ]
    for convolutions, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(convolutions):
            network.append(layers.Conv2D(scaled(filters, width), 3, padding="same", **weights()))
            if batch_norm:
                network.append(layers.BatchNormalization())
            network.append(layers.ReLU())
        network.append(layers.MaxPooling2D(2))
    network.append(layers.Flatten())
    for _ in range(2):
        network.append(layers.Dense(scaled(4096, width), activation="relu", **weights()))
        network += dropout_layers(dropout)
    output = layers.Dense(classes, kernel_initializer=_small(), kernel_regularizer=l2_penalty(l2))
    return keras.Sequential([*network, output])


def _small():
    """Return an initializer, a new one for each layer: shared, it would repeat its numbers."""
    return keras.initializers.RandomNormal(stddev=0.01)
