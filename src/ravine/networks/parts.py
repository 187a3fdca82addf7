"""What several networks need: a start, a penalty, dropout, and a width that scales."""

import math
from typing import Any

import keras


def initial_weights(start: str, fan_in: int, relu: bool = True) -> dict[str, Any]:
    """Return the initializers of a dense or convolutional layer, as its keywords.

    Args:
        start: "he" draws the kernel of a layer with ReLU with He's scale, which keeps the signal's
            variance through ReLU, and that of another with Glorot's; biases are 0. "pytorch" draws
            kernels and biases from U(-1/√fan_in, 1/√fan_in), as PyTorch does unless told otherwise.
        fan_in: inputs of each unit.
        relu: whether ReLU follows.

    Raises:
        ValueError: if `start` is another word.
    """
    if start not in ("he", "pytorch"):
        raise ValueError(f'start must be "he" or "pytorch", but it was {start!r}.')
    if start == "he":
        return {"kernel_initializer": "he_normal" if relu else "glorot_uniform"}
    bound = 1 / math.sqrt(fan_in)
    return {  # one for each: shared, it would repeat its numbers
        f"{part}_initializer": keras.initializers.RandomUniform(-bound, bound)
        for part in ("kernel", "bias")
    }


def l2_penalty(l2: float) -> keras.regularizers.Regularizer | None:
    """Return the penalty λ/2 · Σw²; `keras.regularizers.L2` is without the half."""
    return keras.regularizers.L2(l2 / 2) if l2 else None


def dropout_layers(rate: float) -> list[keras.layers.Layer]:
    """Return a dropout layer in a list, or an empty list for a rate of 0."""
    return [keras.layers.Dropout(rate)] if rate else []


def scaled(units: int, width: float) -> int:
    """Return the units of a layer in a network that is `width` times as wide."""
    return max(1, round(units * width))
