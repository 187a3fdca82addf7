"""Checks of the homework that say in words what is wrong.

The tests in a homework notebook are written with these two functions and `assert`.
"""

from typing import Any

import numpy as np

__all__ = ["expect", "expect_close"]


def expect(condition: bool, message: str) -> None:
    """Checks that something holds.

    Args:
        condition: what must be true; an array or a word is not a condition.
        message: what to tell the student where it is not.

    Raises:
        AssertionError: if the condition is not true, or is not a single truth value.
    """
    if not isinstance(condition, (bool, np.bool_)) or not condition:
        raise AssertionError(message)


def expect_close(
    actual: Any,
    expected: Any,
    name: str,
    message: str = "",
    rtol: float = 1e-4,
    atol: float = 1e-6,
    show: bool = False,
) -> None:
    """Checks that a number or an array is what it should be.

    Args:
        actual: the student's result, a number or numbers in lists or an array.
        expected: the right result, with the same shape.
        name: what it is, for the message.
        message: what to tell the student where it is another number.
        rtol: relative tolerance.
        atol: absolute tolerance.
        show: whether the message tells the two values. A test of an answer that the student finds
            by thinking keeps them for itself.

    Raises:
        AssertionError: if it is no number, has another shape, is not finite or not close. The
            message names it and says which.
    """
    expected = np.asarray(expected, dtype="float64")
    if actual is None:
        raise AssertionError(f"{name} is None: give it a value.")
    try:
        actual = np.asarray(actual, dtype="float64")
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{name} must be numbers, and is not.") from error
    if actual.shape != expected.shape:
        wanted = f"an array of shape {expected.shape}" if expected.shape else "a single number"
        given = f"an array of shape {actual.shape}" if actual.shape else "a single number"
        raise AssertionError(f"{name} should be {wanted}, and is {given}.")
    if not np.all(np.isfinite(actual) | ~np.isfinite(expected)):
        raise AssertionError(f"{name} is not finite: it holds nan or inf.")
    if not np.allclose(actual, expected, rtol=rtol, atol=atol):
        values = f" It is {_short(actual)}, expected is {_short(expected)}." if show else ""
        raise AssertionError(f"{name} is not right. {message}".rstrip() + values)


def _short(values):
    """Writes an array in at most a line or two."""
    return np.array2string(values, precision=6, threshold=8, separator=", ")
