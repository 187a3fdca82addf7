"""What the modules of the backends share, written with Keras alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from ravine.networks import states

Loss = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class SurfacePrograms:
    """An error and its derivatives: functions of θ, for one also v, and then of other things.

    `values` gives the errors at several points of a plane, from their coordinates, its origin and
    its directions, or is None where one call per point is faster.
    """

    value: Callable
    gradient: Callable
    hessian_times: Callable
    hessian: Callable
    values: Callable | None = None


def in_a_plane(error: Callable) -> Callable:
    """Return a function that gives the errors at several points of a plane, all in one step."""

    def values(points, origin, directions, *rest):
        return ops.vectorized_map(
            lambda point: error(origin + ops.matmul(point, directions), *rest), points
        )

    return values


def stateless_call(
    model: keras.Model, weights: Sequence[Any], others: Sequence[Any], x: Any, training: bool
) -> tuple[Any, list[Any], list[Any]]:
    """Return (outputs, the new values of `states(model)`, penalties) for values of the variables.

    `keras.Model.stateless_call` does the same without the memories of recurrent layers.
    """
    variables = [*model.trainable_variables, *states(model)]
    mapping = list(zip(variables, [*weights, *others], strict=True))
    with keras.StatelessScope(state_mapping=mapping, collect_losses=True) as scope:
        outputs = model(x, training=training)
        penalties = model.losses
    return outputs, [scope.get_current_value(each) for each in states(model)], penalties


def exactly(outputs: Any) -> Any:
    """Return a network's outputs in at least float32, in which a loss is taken, as `fit` does."""

    def exact(tensor):
        dtype = keras.backend.standardize_dtype(tensor.dtype)
        return ops.cast(tensor, "float32") if dtype in ("float16", "bfloat16") else tensor

    return keras.tree.map_structure(exact, outputs)


def precision_of(model: keras.Model) -> str:
    """Return what the losses of a network are summed in: float64 for one of float64."""
    dtypes = {weight.dtype for weight in model.trainable_variables}
    return "float64" if "float64" in dtypes else "float32"


def total_loss(value: Any, penalties: Sequence[Any], precision: str) -> Any:
    """Return a loss with its penalties, all in one precision."""
    return ops.cast(value, precision) + sum(ops.cast(each, precision) for each in penalties)


def has_convolution(model: keras.Model) -> bool:
    """Tell whether a network has any convolution: XLA's are slow inside a loop on a CPU."""
    from keras.src.layers.convolutional.base_conv import BaseConv

    return any(isinstance(layer, BaseConv) for layer in model._flatten_layers())


def first_devices(count: int) -> list[str]:
    """Return the names of `count` devices that shall share the minibatches.

    Raises:
        ValueError: if there are fewer, or if it is only one.
    """
    devices = keras.distribution.list_devices()  # GPUs where there are any
    if len(devices) < 2:
        raise ValueError(
            f"The number of devices must be at least 2, and this machine has 1; it was {count}."
        )
    if not 2 <= count <= len(devices):
        raise ValueError(
            f"The number of devices must be from 2 to the {len(devices)} that this machine has, "
            f"but it was {count}."
        )
    return devices[:count]
