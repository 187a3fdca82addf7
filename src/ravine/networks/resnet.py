"""Residual networks, with skip connections and without."""

import keras
from keras import layers, ops

from ravine.networks.parts import l2_penalty


def resnet(blocks: int = 9, width: int = 16, skips: bool = True, l2: float = 1e-4) -> keras.Model:
    """Return a residual network for CIFAR-10 with 6·blocks + 2 weight layers (He et al., 2016).

    The default is the ResNet-56 of their section 4.2. Images of shape (n, 32, 32, 3) come in,
    logits of shape (n, 10) come out. After a first convolution follow three stages of `blocks`
    blocks, with 32, 16 and 8 pixels a side and `width`, twice and four times `width` filters. A
    block is two convolutions with 3×3 filters, each with batch normalisation, whose result is added
    to what came in. Where the size changes, what came in is taken at every second pixel and filled
    up with zeros. The mean over the pixels leads to the logits.

    Args:
        blocks: per stage.
        width: filters of the first stage.
        skips: whether a block's input is added to its result. Without, it is the plain network
            that Li et al. (2018) compare with.
        l2: weight decay λ.
    """

    def normalised(x, filters, strides=1):
        convolution = layers.Conv2D(
            filters,
            3,
            strides,
            padding="same",
            use_bias=False,  # batch normalisation has one
            kernel_initializer="he_normal",
            kernel_regularizer=l2_penalty(l2),
        )
        return layers.BatchNormalization()(convolution(x))

    images = keras.Input((32, 32, 3))
    x = layers.ReLU()(normalised(images, width))
    for stage in range(3):
        filters = width * 2**stage
        for block in range(blocks):
            strides = 2 if stage and not block else 1
            result = normalised(layers.ReLU()(normalised(x, filters, strides)), filters)
            if skips:
                missing = filters - x.shape[-1]
                x = ops.pad(x[:, ::strides, ::strides], [(0, 0), (0, 0), (0, 0), (0, missing)])
                result = result + x
            x = layers.ReLU()(result)
    head = layers.Dense(10, kernel_initializer="he_normal", kernel_regularizer=l2_penalty(l2))
    return keras.Model(images, head(layers.GlobalAveragePooling2D()(x)))
