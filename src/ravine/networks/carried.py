"""What a network carries from one minibatch to the next, and how it is put back."""

from collections.abc import Iterable
from typing import Any

import keras


def assign(variables: Iterable[keras.Variable], values: Iterable[Any]) -> None:
    """Assign a list of values to as many variables."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def states(model: keras.Model) -> list[keras.Variable]:
    """Return the variables that are not trained, with the memories of stateful recurrent layers.

    Keras does not count those memories among a network's variables; `StatefulLSTM` does.
    """
    layers = stateful_layers(model)
    memories = [memory for layer in layers for memory in keras.tree.flatten(layer.states)]
    counted = {id(variable) for variable in model.non_trainable_variables}
    others = [memory for memory in memories if id(memory) not in counted]
    return [*model.non_trainable_variables, *others]


def forget(model: keras.Model) -> None:
    """Set the memories of stateful recurrent layers to zero, as at the start of a text."""
    for layer in stateful_layers(model):
        layer.reset_state()


def stateful_layers(model: keras.Model) -> list[keras.Layer]:
    """Return the layers that keep a memory from one minibatch to the next."""
    return [layer for layer in model.layers if getattr(layer, "stateful", False)]
