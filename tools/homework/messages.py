"""What crosses between the grader and a student's code: plain data as JSON, of limited size.

A message is its length in four bytes, then JSON. Numbers, texts, collections and arrays cross as
they are. Anything else stays where it is, and a number stands for it: an object of the student's
code is a `handle` in the grader, a function of a test is a `callback` in the student's process.
Nothing is pickled, so that no message can run code, and no claim of a message is believed: an
array's type is one of a list, and its shape must fit the bytes that were sent.
"""

import json
import math
import socket
import struct
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import numpy as np

LARGEST = 4_000_000  # bytes of one message
DEEPEST = 50  # lists within lists
LONGEST = 100_000  # items of a list, and along each axis of an array
# Keys of a set or a dictionary: each of them may be made to fall onto all others.
MOST_KEYS = 5_000
MOST_AXES = 32
# Numbers whose bytes mean the same on both sides; words are checked by their own lengths.
DTYPES = {
    f"{order}{kind}{size}"
    for order in "<>|"
    for kind, sizes in {"b": "1", "i": "1248", "u": "1248", "f": "248", "c": ("8", "16")}.items()
    for size in sizes
}

HEADER = struct.Struct(">I")


class MessageError(Exception):
    """The other side sent what is no message, or nothing any more."""


def send(channel: socket.socket, message: Any) -> None:
    """Sends one message.

    Raises:
        MessageError: if it is too large or the other side is gone.
    """
    data = json.dumps(message).encode()
    if len(data) > LARGEST:
        raise MessageError(f"a value of {len(data)} bytes is too large, {LARGEST} are allowed")
    try:
        channel.sendall(HEADER.pack(len(data)) + data)
    except OSError as error:
        raise MessageError("the process has ended") from error


def receive(channel: socket.socket, deadline: float | None = None) -> Any:
    """Waits for one message.

    Args:
        channel: a connected stream socket.
        deadline: the time by `time.monotonic()` until which to wait, in seconds; None means for
            ever.

    Raises:
        TimeoutError: if the deadline passes.
        MessageError: if the message is too large or malformed, or the other side is gone.
    """
    (length,) = HEADER.unpack(_exactly(channel, HEADER.size, deadline))
    if length > LARGEST:
        raise MessageError(f"a message of {length} bytes is too large, {LARGEST} are allowed")
    try:
        return json.loads(_exactly(channel, length, deadline))
    except (ValueError, RecursionError) as error:
        raise MessageError("the message is malformed") from error


def _exactly(channel, length, deadline):
    data = bytearray()
    while len(data) < length:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            channel.settimeout(left)
        try:
            chunk = channel.recv(min(65536, length - len(data)))
        except TimeoutError:
            raise
        except OSError as error:
            raise MessageError("the process has ended") from error
        if not chunk:
            raise MessageError("the process has ended")
        data += chunk
    return bytes(data)


def encode(value: Any, keep: Callable[[Any], dict], depth: int = 0) -> Any:
    """Turns a value into what JSON can say.

    Args:
        value: the value.
        keep: takes what cannot cross and returns what stands for it.
        depth: how many lists it lies in.

    Raises:
        MessageError: if it is nested too deeply.
    """
    if depth > DEEPEST:
        raise MessageError("a value is nested too deeply")

    def inside(items):
        return [encode(item, keep, depth + 1) for item in items]

    if isinstance(value, np.generic) or type(value) is np.ndarray:
        array = np.asarray(value)
        form = _array_form(array, inside)
        if form is not None:
            return {**form, "scalar": True} if isinstance(value, np.generic) else form
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    for kind in (list, tuple, set, frozenset):
        if isinstance(value, kind):
            return {kind.__name__: inside(value)}
    if isinstance(value, dict):
        return {"dict": [inside(pair) for pair in value.items()]}
    return keep(value)


def _array_form(array, inside):
    """Returns what stands for an array; None where no form fits."""
    shape = list(array.shape)
    if array.dtype.str in DTYPES:
        data = b64encode(array.tobytes()).decode()
        return {"array": data, "dtype": array.dtype.str, "shape": shape}
    if array.dtype.kind == "U":
        return {"words": array.ravel().tolist(), "shape": shape}
    if array.dtype.kind in "OT" and array.size <= LONGEST:
        return {"objects": inside(array.ravel().tolist()), "shape": shape}
    return None


def decode(value: Any, find: Callable[[dict], Any]) -> Any:
    """Turns what JSON said back into a value.

    Args:
        value: what `encode` made.
        find: takes what stands for something kept and returns it.

    Raises:
        MessageError: if it is none of what `encode` makes.
    """
    if isinstance(value, list):
        raise MessageError("the message is malformed")
    if not isinstance(value, dict):
        return value
    try:
        for form, rebuild in FORMS.items():
            if form in value:
                return rebuild(value, lambda item: decode(item, find))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise MessageError("the message is malformed") from error
    return find(value)


def _items(items, most=LONGEST):
    if not isinstance(items, list) or len(items) > most:
        raise MessageError(f"at most {most} items may cross")
    return items


def _shape(value, count):
    """Returns a shape that holds exactly as many items as there are."""
    shape = _items(value["shape"], MOST_AXES)
    if not all(type(length) is int and 0 <= length <= LARGEST for length in shape):
        raise MessageError("a shape is none")
    if math.prod(shape) != count or (count == 0 and max(shape) > LONGEST):
        raise MessageError("a shape does not fit its array")
    return tuple(shape)


def _finished(value, array):
    array = array.reshape(_shape(value, array.size))
    return array[()] if value.get("scalar") is True and array.ndim == 0 else array


def _numbers(value, _):
    if value["dtype"] not in DTYPES:
        raise MessageError("an array has a type that does not cross")
    dtype = np.dtype(value["dtype"])
    data = b64decode(value["array"], validate=True)
    if dtype.kind == "b":  # a byte other than 0 and 1 would be a truth value of its own
        return _finished(value, np.frombuffer(data, "u1") != 0)
    return _finished(value, np.frombuffer(data, dtype).copy())


def _words(value, _):
    words = _items(value["words"], LARGEST)
    longest = max(map(len, words), default=1)
    if not all(isinstance(word, str) for word in words) or longest * len(words) > LARGEST:
        raise MessageError("an array of words is too large")
    return _finished(value, np.array(words, dtype=f"U{max(longest, 1)}"))


def _objects(value, decoded):
    items = _items(value["objects"])
    array = np.empty(len(items), dtype=object)
    for place, item in enumerate(items):
        array[place] = decoded(item)
    return _finished(value, array)


def _dictionary(value, decoded):
    pairs = _items(value["dict"], MOST_KEYS)
    return {decoded(key): decoded(item) for key, item in pairs}


FORMS: dict[str, Callable[[dict, Callable[[Any], Any]], Any]] = {
    "array": _numbers,
    "words": _words,
    "objects": _objects,
    "dict": _dictionary,
    "list": lambda value, decoded: [decoded(item) for item in _items(value["list"])],
    "tuple": lambda value, decoded: tuple(decoded(item) for item in _items(value["tuple"])),
    "set": lambda value, decoded: {decoded(item) for item in _items(value["set"], MOST_KEYS)},
    "frozenset": lambda value, decoded: frozenset(
        decoded(item) for item in _items(value["frozenset"], MOST_KEYS)
    ),
    "complex": lambda value, _: complex(*map(float, _items(value["complex"], 2))),
}
