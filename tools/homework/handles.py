"""Stand-ins: what a test holds for an object of the student's process, and for what that raises."""

import builtins
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from tools.homework import messages

# Lines of a cell behind this one are not told: a made-up line can be a number that was hidden.
LAST_LINE = 99


class StudentError(Exception):
    """The student's code raised.

    Attributes:
        kind: the name of the exception's class, if it is one of Python's own.
        line: the line of the cell that raised; None where it is not known.
    """

    def __init__(self, kind: str, text: str, line: int | None):
        super().__init__(f"{kind}{text and f': {text}'}{_where(line)}")
        known = getattr(builtins, kind, None)
        self.kind = kind if isinstance(known, type) and issubclass(known, BaseException) else ""
        self.line = line

    def __str__(self) -> str:
        return self.args[0]

    @property
    def brief(self) -> str:
        """What was raised and where, without a word that the student's code has chosen."""
        line = self.line if self.line is not None and self.line <= LAST_LINE else None
        return f"{self.kind or 'an error'}{_where(line)}"


def _where(line):
    return "" if line is None else f" (line {line} of its cell)"


# A test may ask for these, as NumPy does: that something has no length, say.
RAISED = {
    kind.__name__: type(kind.__name__, (StudentError, kind), {})
    for kind in (
        *(AttributeError, IndexError, KeyError, NotImplementedError, OverflowError, RuntimeError),
        *(TypeError, ValueError, ZeroDivisionError),
    )
}


class Remote(Protocol):
    """Does things with the objects of a student's process."""

    def do(self, operation: str, handle: int, *arguments: Any, **keywords: Any) -> Any:
        """Does something with what a handle stands for: one of the worker's `OPERATIONS`."""


class Handle(np.lib.mixins.NDArrayOperatorsMixin):
    """Stands in a test for an object of the student's process: call it, read what is in it.

    To compare it or to calculate with it, its numbers come over here: an object that calls itself
    equal to everything is not asked.
    """

    __hash__ = object.__hash__

    def __init__(self, session: Remote, number: int, kind: str):
        self._session, self._number, self._kind = session, number, kind

    def _do(self, operation, *arguments, **keywords):
        return self._session.do(operation, self._number, *arguments, **keywords)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Calls it over there."""
        return self._do("call", *arguments, **keywords)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._do("get", name)

    def __getitem__(self, key: Any) -> Any:
        return self._do("item", key)

    def __len__(self) -> int:
        length = self._do("length")
        if not 0 <= length <= messages.LONGEST:
            raise ValueError(f"at most {messages.LONGEST} items are looked at")
        return length

    def __iter__(self) -> Iterator[Any]:
        iterator = self._do("iterate")
        for _ in range(messages.LONGEST):
            items = iterator._do("next")
            if not items:
                return
            yield items[0]
        raise ValueError(f"at most {messages.LONGEST} items are looked at")

    def __bool__(self) -> bool:
        return self._do("truth") is True

    def __float__(self) -> float:
        return float(self._do("float"))

    def __int__(self) -> int:
        return int(self._do("int"))

    def __index__(self) -> int:
        return self._do("index")

    def __round__(self, digits: int | None = None) -> Any:
        return round(float(self), digits)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self._do("array", None if dtype is None else np.dtype(dtype).str)
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{self!r} is no array")
        return array

    def __array_ufunc__(self, function: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        plain = [np.asarray(item) if isinstance(item, Handle) else item for item in inputs]
        return getattr(function, method)(*plain, **keywords)

    def __repr__(self) -> str:
        return f"<a {self._kind}>"


def printable(text: str, longest: int) -> str:
    """Returns a text that every file and terminal takes: its start, without control characters."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}"
        for letter in text[:longest]
    )
