"""Editions of the homework: other numbers, other tables, drawn from a secret word.

An assignment holds placeholders, `{{eta}}`, and a function `draw(pick, shuffled)` that fills them:
`pick(what, options)` takes one of several options, `shuffled(what, items)` an order. The public
edition takes the first of everything. An edition of a class, or of a student, takes what a keyed
hash (HMAC) of the secret word says, so the same word gives the same edition on every machine.
Text, stub, answer, tests and wrong answers are filled from one draw.

A released notebook carries the edition's name. It tells nothing of the word, and whoever has the
word can say that the name was made with it, and fill the assignment again.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

SECRET_VARIABLE = "RAVINE_HOMEWORK_EDITION"
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
NAMED = re.compile(r"Edition `([0-9a-f]{16})`\.?")
HALF = 8  # digits of an edition's name that say whose it is; as many prove where it comes from


class EditionError(ValueError):
    """A draw does not fit its assignment, or a notebook's edition is none of this secret word."""


@dataclass(frozen=True)
class Edition:
    """A way to choose.

    Attributes:
        name: what a released notebook carries; "" for the public edition.
        choose: takes what is chosen and how many options there are, and returns a place from 0.
    """

    name: str
    choose: Callable[[str, int], int]


PUBLIC = Edition("", lambda what, count: 0)


def line(number: int) -> Edition:
    """Returns the edition that takes everywhere the option of this place, to prove them all."""
    return Edition(f"line {number}", lambda what, count: number % count)


@lru_cache
def _key(secret: str) -> bytes:
    # Slow on purpose: a word is easier to guess than a key.
    return hashlib.scrypt(secret.encode(), salt=b"ravine homework", n=2**14, r=8, p=1)


def _digits(secret: str, *parts: str) -> str:
    text = "\0".join(parts).encode()
    return hmac.new(_key(secret), text, hashlib.sha256).hexdigest()


def edition(secret: str, student: str = "") -> Edition:
    """Returns the edition of a class, or of one of its students."""
    whose = _digits(secret, "whose", student)[:HALF]
    return _drawn(secret, whose + _digits(secret, "proof", whose)[:HALF])


def _drawn(secret: str, name: str) -> Edition:
    def choose(what: str, count: int) -> int:
        return int(_digits(secret, "choice", name, what), 16) % count

    return Edition(name, choose)


def issued(name: str, secret: str) -> Edition:
    """Returns the edition of a notebook that was handed in.

    Args:
        name: what the notebook carries.
        secret: the secret word of the class; "" where it has none.

    Raises:
        EditionError: if it was not made with this word.
    """
    if not name and not secret:
        return PUBLIC
    if not name:
        raise EditionError("it is of the public edition, and your class has one of its own")
    if not secret:
        raise EditionError(f"it is of edition {name}: name its secret word with EDITION")
    proof = _digits(secret, "proof", name[:HALF])[:HALF]
    if not hmac.compare_digest(name[HALF:].encode(), proof.encode()):
        raise EditionError(f"it is of edition {name}, which was not made with this secret word")
    return _drawn(secret, name)


def carried(mark: object, texts: Iterable[str]) -> str:
    """Reads the edition of a notebook from its mark, else from the line that students see."""
    if isinstance(mark, str) and mark:
        return mark
    found = (NAMED.search(text) for text in texts)
    return next((match[1] for match in found if match), "")


def draw(assignment: str, code: str, chosen: Edition) -> tuple[dict[str, str], int]:
    """Runs an assignment's own `draw`.

    Args:
        assignment: its name, so that two assignments do not choose alike.
        code: the text that defines `draw`; "" for an assignment without placeholders.
        chosen: the edition.

    Returns:
        What to put for each placeholder, and the largest number of options that one choice has.

    Raises:
        EditionError: if the code gives no table of values.
    """
    most = 1

    def choose(what: str, count: int) -> int:
        nonlocal most
        most = max(most, count)
        return chosen.choose(f"{assignment} {what}", count)

    def pick(what: str, options: Iterable[Any]) -> Any:
        options = list(options)
        return options[choose(what, len(options))]

    def shuffled(what: str, items: Iterable[Any]) -> list[Any]:
        left, result = list(items), []
        while left:
            result.append(left.pop(choose(f"{what} {len(left)}", len(left))))
        return result

    if not code:
        return {}, most
    namespace: dict[str, Any] = {}
    exec(compile(code, f"{assignment}.py", "exec"), namespace)
    values = namespace["draw"](pick, shuffled) if "draw" in namespace else None
    if not isinstance(values, Mapping):
        raise EditionError("defines no draw(pick, shuffled) that returns a dictionary")
    return {name: written(value) for name, value in values.items()}, most


def written(value: Any) -> str:
    """Writes a value as Python reads it and a student does: 0.6 and not 0.6000000000000001."""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(written(item) for item in value)}]"
    if isinstance(value, (bool, int)):
        return repr(value)
    return f"{float(value):.10g}"


def fill(text: str, values: Mapping[str, str], used: set[str]) -> str:
    """Puts the values for the placeholders of a text, and adds their names to `used`.

    Raises:
        EditionError: if a placeholder has no value.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in values:
            raise EditionError(f"draw gives nothing for {{{{{name}}}}}, add it there")
        used.add(name)
        return values[name]

    return PLACEHOLDER.sub(value, text)
