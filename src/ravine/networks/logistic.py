"""Logistic regression, on images and on bags of words: the networks without a hidden layer."""

import keras
from keras import layers, ops

from ravine.networks.parts import l2_penalty


def logistic_regression(
    shape: tuple[int, ...] = (28, 28), classes: int = 10, l2: float = 1e-4
) -> keras.Model:
    """Return multi-class logistic regression (Adam paper, Fig. 1a): 784-10 on MNIST.

    Images of shape (n, *shape) come in, logits of shape (n, classes) come out. All weights start at
    0. The cost is convex and has one minimum, so the start decides nothing but the first steps, and
    at 0 all classes are equally likely. Hidden units would stay equal from such a start; here there
    are none. The paper gives neither the start nor the strength of its L2 penalty.

    Args:
        shape: of one image.
        classes: number of logits.
        l2: weight decay λ.
    """
    head = layers.Dense(classes, kernel_initializer="zeros", kernel_regularizer=l2_penalty(l2))
    return keras.Sequential([keras.Input(shape), layers.Flatten(), head])


def bag_of_words(words: int, dropout: float = 0.5) -> keras.Model:
    """Return logistic regression on bags of words with dropout on them (Adam paper, Fig. 1b).

    Rows of 0 and 1 of shape (n, words) come in, uint8: which of the words a text contains. Logits
    of shape (n, 2) come out. All weights start at 0, for the reason in `logistic_regression`; the
    paper does not say where its weights start.

    Args:
        words: size of the vocabulary; the paper's has 10,000.
        dropout: share of the inputs that are set to 0 in training.
    """
    bags = keras.Input((words,), dtype="uint8")
    kept = layers.Dropout(dropout)(ops.cast(bags, keras.config.floatx()))
    return keras.Model(bags, layers.Dense(2, kernel_initializer="zeros")(kept))
