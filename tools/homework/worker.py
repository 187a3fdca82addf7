"""Runs students' code: one process that has everything imported, and a locked-in fork for each.

    python -m tools.homework.worker CONTROL [LACKING ...]

`CONTROL` is the number of an inherited socket. Each message on it brings a socket to serve, and the
process forks. The fork never sees a test: it runs the cells that it is sent, calls what it is asked
to call, and answers with plain data. What its answers are worth, the grader finds out elsewhere.
The layers of the sandbox that are named as `LACKING` are left out, as on a system without them.
"""

import asyncio
import builtins
import importlib
import itertools
import operator
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tools.homework import kernel, messages, sandbox

# What the assignments use; imported once, before the forks.
PRELOADED = (
    "keras",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "pandas",
    "ravine",
    "ravine.data",
    "ravine.figures",
    "ravine.homework",
    "ravine.networks",
    "ravine.optimizers",
    "ravine.surfaces",
    "ravine.training",
    "scipy.stats",
)


def as_array(value: Any, dtype: str | None = None) -> np.ndarray:
    """Returns a value as an array of numbers or words; numbers of a kind of their own as floats."""
    array = np.asarray(value, dtype)
    if array.dtype.str not in messages.DTYPES and array.dtype.kind != "U":
        array = np.asarray(value, "float64")
    return array


def attribute(target: Any, name: str) -> Any:
    """Reads an attribute; a shape is a tuple, as it is for NumPy, where TensorFlow has its own."""
    value = getattr(target, name)
    return tuple(value) if name == "shape" else value


# What a test may do with an object of the student's code; the rest is arithmetic with its array.
OPERATIONS: dict[str, Callable] = {
    "call": lambda target, *arguments, **keywords: target(*arguments, **keywords),
    "get": attribute,
    "item": operator.getitem,
    "length": len,
    "iterate": iter,
    "next": lambda iterator: list(itertools.islice(iterator, 1)),
    "truth": bool,
    "float": float,
    "int": int,
    "index": operator.index,
    "array": as_array,
}


class Server:
    """Answers the grader's requests in the student's process."""

    def __init__(self, channel: socket.socket, shell: kernel.Kernel):
        self.channel = channel
        self.kernel = shell
        self.kept: list[Any] = []
        self.process = os.getpid()

    async def serve(self) -> None:
        """Answers until the grader hangs up."""
        while True:
            request = messages.receive(self.channel)
            try:
                answer = {"value": self._encode(await self._do(request))}
            except BaseException as error:
                answer = {"error": self.kernel.describe(error)}
            if os.getpid() != self.process:
                os._exit(0)  # a cell has forked, and this is not the process that is asked
            try:
                messages.send(self.channel, {"id": request["id"], **answer})
            except (messages.MessageError, ValueError, TypeError) as error:
                text = {"error": {"type": "ValueError", "text": str(error), "line": None}}
                messages.send(self.channel, {"id": request["id"], **text})

    async def _do(self, request):
        if request["do"] == "run":
            return await self.kernel.run(request["source"])
        if request["do"] == "names":
            return self._names(request["names"], request["helpers"], request["given"])
        operation = OPERATIONS[request["do"]]
        arguments = [self._decode(value) for value in request["arguments"]]
        keywords = {name: self._decode(value) for name, value in request["keywords"].items()}
        return operation(*arguments, **keywords)

    def _names(self, names, helpers, given):
        """Reads names; those of the assignment's functions mean its own, whatever became of them.

        A function of the assignment still sees the variables and classes of the notebook.
        """
        found = self.kernel.namespace
        if given:
            found = dict(found)
            exec(compile(helpers, "helpers", "exec"), found)
        return {name: found[name] for name in [*names, *given] if name in found}

    def _encode(self, value):
        return messages.encode(value, self._keep)

    def _keep(self, value):
        self.kept.append(value)
        return {"handle": len(self.kept) - 1, "type": type(value).__name__}

    def _decode(self, value):
        return messages.decode(value, self._find)

    def _find(self, value):
        if "handle" in value:
            return self.kept[value["handle"]]
        number = value["callback"]

        def callback(*arguments, **keywords):
            encoded = [self._encode(argument) for argument in arguments]
            named = {name: self._encode(item) for name, item in keywords.items()}
            request = {"callback": number, "arguments": encoded, "keywords": named}
            messages.send(self.channel, request)
            reply = messages.receive(self.channel)
            if "raised" in reply:
                kind, text = reply["raised"]
                raise getattr(builtins, kind, ValueError)(text)
            return self._decode(reply["value"])

        return callback


def readable_paths() -> list[Path]:
    """Lists what a student's code may read: Python, its packages, the course and its samples."""
    import ravine

    package = Path(ravine.__file__).parent
    paths = {Path(sys.prefix), Path(sys.base_prefix), package}
    paths.add(package.parent.parent / "data")
    paths.add(Path(os.path.realpath(sys.executable)).parent.parent)
    return sorted(paths)


def fork_for(
    channel: socket.socket,
    folder: Path,
    readable: list[Path],
    shell: kernel.Kernel,
    strength: sandbox.Strength,
) -> None:
    """Becomes the process of one student's code and never returns."""
    try:
        os.closerange(3, channel.fileno())
        os.closerange(channel.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
        null = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(null, stream)

        def announce(process):
            messages.send(channel, {"process": process})

        sandbox.lock_in(readable, folder, announce, strength)
        asyncio.run(Server(channel, shell).serve())
    except BaseException:
        pass  # nobody is there to hear of it: the grader sees that the process has ended
    os._exit(0)


def main() -> None:
    """Forks for each request on the control socket until the grader closes it."""
    sandbox.end_with_parent()
    control = socket.socket(fileno=int(sys.argv[1]))
    strength = sandbox.weakened(sys.argv[2:])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the forks
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's
    for name in PRELOADED:
        importlib.import_module(name)
    readable = readable_paths()
    shell = kernel.Kernel()
    control.send(b"ready")
    while True:
        folder, descriptors, _, _ = socket.recv_fds(control, 4096, 1)
        if not folder:
            return
        channel = socket.socket(fileno=descriptors[0])
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            fork_for(channel, Path(os.fsdecode(folder)), readable, shell, strength)
        channel.close()


if __name__ == "__main__":
    main()
