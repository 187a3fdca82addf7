"""What takes too long for each change is tested once a week, and before a release: `make weekly`.

A test is weekly if it is slow and another of its kind runs with each change: the same on another
backend, the same with other values. A defect of the kind is then found at once, one that only this
test sees within a week.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

weekly = pytest.mark.weekly


def those(cases: Iterable[Any], often: Iterable[Any]) -> list[Any]:
    """Returns the cases of a `parametrize`: weekly, unless they are among those tested often."""
    often = list(often)
    return [case if case in often else pytest.param(case, marks=weekly) for case in cases]


def some_of(cases: Iterable[Any], every: int, ids: Sequence[str] | None = None) -> list[Any]:
    """Returns the cases of a `parametrize`: one in so many is tested with each change.

    Args:
        cases: a tuple holds the values of several arguments.
        every: of so many cases one.
        ids: the name of each case.
    """
    found = []
    for number, case in enumerate(cases):
        values = case if isinstance(case, tuple) else (case,)
        marks = [weekly] if number % every else []
        found.append(pytest.param(*values, marks=marks, id=ids[number] if ids else None))
    return found
