"""What crosses between the grader and a student's code: plain data as JSON, of limited size.

A message is its length in four bytes, then JSON. Numbers, texts, lists and arrays cross as they
are. Anything else stays where it is, and a number stands for it: an object of the student's code is
a `handle` in the grader, a function of a test is a `callback` in the student's process. Nothing is
pickled, so that no message can run code.
"""

import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np

LARGEST = 4_000_000  # bytes of one message
DEEPEST = 50  # lists within lists

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
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return value.item()
    if isinstance(value, (list, tuple)):
        return {"list": [encode(item, keep, depth + 1) for item in value]}
    if isinstance(value, dict) and all(isinstance(key, (str, int)) for key in value):
        return {"dict": [[key, encode(item, keep, depth + 1)] for key, item in value.items()]}
    if hasattr(value, "__array__") and not isinstance(value, type):
        array = np.asarray(value)
        if array.dtype.kind in "biuf":
            return {"array": array.tolist(), "dtype": array.dtype.name}
    return keep(value)


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
        if "list" in value:
            return [decode(item, find) for item in value["list"]]
        if "dict" in value:
            return {key: decode(item, find) for key, item in value["dict"]}
        if "array" in value:
            return np.array(value["array"], dtype=value["dtype"])
    except (TypeError, ValueError, RecursionError) as error:
        raise MessageError("the message is malformed") from error
    return find(value)
