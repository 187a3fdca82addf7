"""What every optimizer of the course needs besides its equations: checks, state and precision.

The algorithm files use these few functions so that each of them can hold its algorithm and nothing
else.
"""

import functools
import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, TypeAlias

import keras
from keras import ops

# What the backend calculates with. TensorFlow's, JAX's and PyTorch's have no type in common.
Tensor: TypeAlias = Any
LearningRate: TypeAlias = (
    float | keras.optimizers.schedules.LearningRateSchedule | Callable[[], Tensor]
)
Build: TypeAlias = Callable[[Any, list[keras.Variable]], None]


def check_learning_rate(learning_rate: LearningRate) -> LearningRate:
    """Return the learning rate in the form Keras takes, or say what is wrong with it.

    Args:
        learning_rate: a finite number above 0, a `LearningRateSchedule`, or a callable that returns
            the rate.

    Returns:
        The same, with a plain number turned into a `float` (Keras refuses an integer).

    Raises:
        ValueError: for a number that is not finite and above 0, or for any other object.
    """
    if callable(learning_rate):
        return learning_rate
    if not _is_number(learning_rate) or not learning_rate > 0:
        raise ValueError(
            "learning_rate must be a finite number above 0, a schedule or a callable, "
            f"but it was {learning_rate!r}."
        )
    return float(learning_rate)


def check_decay(name: str, value: float) -> float:
    """Return `value` as a float, or raise `ValueError` unless 0 <= value < 1.

    A factor of 1 would never forget: the sum would grow for ever (momentum) or the mean would
    stay at its first value 0 (RMSprop, Adam).
    """
    if not _is_number(value) or not 0 <= value < 1:
        raise ValueError(f"{name} must be a number in [0, 1), but it was {value!r}.")
    return float(value)


def check_epsilon(value: float) -> float:
    """Return `value` as a float, or raise `ValueError` unless it is finite and at least 0."""
    return _at_least_0("epsilon", value)


def check_weight_decay(value: float) -> float:
    """Return `value` as a float, or raise `ValueError` unless it is finite and at least 0."""
    return _at_least_0("weight_decay", value)


def check_rate(value: float, name: str = "initial_learning_rate") -> float:
    """Return the rate of a schedule as a float, or raise `ValueError` unless it is above 0."""
    if not _is_number(value) or not value > 0:
        raise ValueError(f"{name} must be a finite number above 0, but it was {value!r}.")
    return float(value)


def check_count(name: str, value: int, least: int) -> int:
    """Return a number of steps or epochs, or raise `ValueError` unless it is whole and enough."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(
            f"{name} must be a whole number of at least {least}, but it was {value!r}."
        )
    return int(value)


def check_factor(value: float) -> float:
    """Return what a rate is multiplied by, or raise `ValueError` unless 0 < value <= 1."""
    if not _is_number(value) or not 0 < value <= 1:
        raise ValueError(f"factor must be a number in (0, 1], but it was {value!r}.")
    return float(value)


def _at_least_0(name: str, value: float) -> float:
    if not _is_number(value) or value < 0:
        raise ValueError(f"{name} must be a finite number of at least 0, but it was {value!r}.")
    return float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def once(build: Build) -> Build:
    """Make a `build` that builds once: a second call for the same variables does nothing.

    Building twice would make a second set of state variables beside the first. For other variables
    the call raises a `ValueError`, since the state belongs to those the optimizer was built for.
    """

    @functools.wraps(build)
    def build_once(optimizer: keras.optimizers.Optimizer, variables: list[keras.Variable]) -> None:
        if not optimizer.built:
            build(optimizer, variables)
        elif [id(v) for v in optimizer._trainable_variables] != [id(v) for v in variables]:
            raise ValueError(
                f"This {type(optimizer).__name__} already holds the state of another model's "
                "variables; make a new optimizer for each model."
            )

    return build_once


def state_like(
    optimizer: keras.optimizers.Optimizer, variables: list[keras.Variable], name: str
) -> list[keras.Variable]:
    """Make one state variable per model variable, of the same shape, starting at zero.

    The state has the variable's dtype, but at least float32: in bfloat16 the factor 0.999 rounds
    to 1 and a running mean would never move.

    Args:
        optimizer: the optimizer that owns the state.
        variables: list of model variables.
        name: name of the state, the symbol of the equation ("m", "v", "G").

    Returns:
        List of `keras.Variable`, in the order of `variables`.
    """
    state = []
    for variable in variables:
        if working_dtype(variable) == keras.backend.standardize_dtype(variable.dtype):
            state.append(optimizer.add_variable_from_reference(variable, name=name))
        else:
            state.append(
                optimizer.add_variable(
                    shape=variable.shape,
                    initializer="zeros",
                    dtype=working_dtype(variable),
                    name=f"{_plain_name(variable)}_{name}",
                    layout=getattr(variable, "_layout", None),
                )
            )
    return state


def _plain_name(variable: keras.Variable) -> str:
    path = getattr(variable, "path", variable.name)  # TensorFlow's own variables have no path
    return path.replace("/", "_").replace(":", "_")


def working_dtype(variable: keras.Variable) -> str:
    """Return the dtype the update is computed in: float64 for float64, otherwise float32."""
    dtype = keras.backend.standardize_dtype(variable.dtype)
    return "float64" if dtype == "float64" else "float32"


def rate_dtype() -> str:
    """Return the dtype a schedule is computed in: float16 could not count beyond 65504 steps."""
    return "float64" if keras.config.floatx() == "float64" else "float32"


def share_left(step: Tensor, end: int, of: int) -> Tensor:
    """Return how many of the steps up to `end` are left, at least 0, as a share of `of`.

    Counted in whole numbers: float32 knows them only up to 2²⁴.
    """
    left = ops.maximum(end - ops.cast(step, "int32"), 0)
    return ops.cast(left, rate_dtype()) / of


def share_risen(step: Tensor, of: int) -> Tensor:
    """Return which share of the first `of` steps is taken with the one after `step`, at most 1.

    Counted in whole numbers; the minimum first, since step + 1 may be too large for one.
    """
    t = ops.minimum(ops.cast(step, "int32"), of - 1) + 1
    return ops.cast(t, rate_dtype()) / of


def working_precision(
    gradient: Tensor, variable: keras.Variable, learning_rate: Tensor
) -> tuple[Tensor, Tensor]:
    """Return gradient and learning rate as dense tensors in the dtype the update is computed in.

    An embedding's gradient on TensorFlow lists rows, and one row several times when its token
    occurs several times; the rows are summed here, before any of them is squared.

    Raises:
        ValueError: if gradient and variable differ in shape.
    """
    if hasattr(gradient, "dense_shape"):
        gradient = ops.add(ops.zeros_like(variable), gradient)
    if not _same_shape(tuple(gradient.shape), tuple(variable.shape)):
        raise ValueError(
            f"The gradient for variable '{variable.name}' has shape {tuple(gradient.shape)}, but "
            f"the variable has shape {tuple(variable.shape)}; pass the gradients in the order of "
            "the variables."
        )
    dtype = working_dtype(variable)
    return ops.cast(gradient, dtype), ops.cast(learning_rate, dtype)


def maximum(old: Tensor, new: Tensor) -> Tensor:
    """Return the larger of two, in their dtype, and NaN where `new` is NaN.

    On PyTorch `ops.maximum` makes float32 of two float64.
    """
    old, new = ops.convert_to_tensor(old), ops.convert_to_tensor(new)
    return ops.where(old > new, old, new)


def sign(tensor: Tensor) -> Tensor:
    """Return the sign, and NaN for NaN, so that a broken loss is seen; PyTorch returns 0 there."""
    return ops.where(ops.isnan(tensor), tensor, ops.sign(tensor))


def _same_shape(gradient_shape: tuple[int | None, ...], shape: tuple[int, ...]) -> bool:
    # Inside a tf.function a length may be unknown, None.
    return len(gradient_shape) == len(shape) and all(
        given in (None, length) for given, length in zip(gradient_shape, shape, strict=True)
    )
