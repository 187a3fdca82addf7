"""What several networks need: a penalty, dropout, and a width that scales."""

import keras


def l2_penalty(l2: float) -> keras.regularizers.Regularizer | None:
    """Return the penalty λ/2 · Σw²; `keras.regularizers.L2` is without the half."""
    return keras.regularizers.L2(l2 / 2) if l2 else None


def dropout_layers(rate: float) -> list[keras.layers.Layer]:
    """Return a dropout layer in a list, or an empty list for a rate of 0."""
    return [keras.layers.Dropout(rate)] if rate else []


def scaled(units: int, width: float) -> int:
    """Return the units of a layer in a network that is `width` times as wide."""
    return max(1, round(units * width))
