"""Runs students' code: one process that has everything imported, and a locked-in fork for each.

    python -m tools.homework.worker CONTROL

`CONTROL` is the number of an inherited socket. Each message on it brings a socket to serve, and the
process forks. The fork never sees a test: it runs the cells that it is sent, calls what it is asked
to call, and answers with plain data. What its answers are worth, the grader finds out elsewhere.
"""

import importlib
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from tools.homework import messages, sandbox

# What the assignments use; imported once, before the forks.
PRELOADED = (
    "IPython.core.inputtransformer2",
    "keras",
    "matplotlib.pyplot",
    "pandas",
    "ravine",
    "ravine.homework",
    "ravine.optimizers",
    "ravine.surfaces",
    "scipy.stats",
)
LONGEST_TEXT = 500  # characters of an error's text


class Server:
    """Answers the grader's requests in the student's process."""

    def __init__(self, channel: socket.socket):
        self.channel = channel
        self.namespace: dict[str, Any] = {"__name__": "__main__", "get_ipython": lambda: Ignored()}
        self.kept: list[Any] = []

    def serve(self) -> None:
        """Answers until the grader hangs up."""
        while True:
            request = messages.receive(self.channel)
            try:
                answer = {"value": self._encode(self._do(request))}
            except BaseException as error:
                answer = {"error": describe(error)}
            try:
                messages.send(self.channel, {"id": request["id"], **answer})
            except (messages.MessageError, ValueError, TypeError) as error:
                text = {"error": {"type": "ValueError", "text": str(error), "line": None}}
                messages.send(self.channel, {"id": request["id"], **text})

    def _do(self, request):
        if request["do"] == "run":
            self._run(request["source"], request["label"])
            return None
        if request["do"] == "names":
            return {name: self.namespace[name] for name in request["names"] if self._has(name)}
        target = self.kept[request["handle"]]
        if request["do"] == "get":
            return getattr(target, request["name"])
        arguments = [self._decode(value) for value in request["arguments"]]
        keywords = {name: self._decode(value) for name, value in request["keywords"].items()}
        return target(*arguments, **keywords)

    def _has(self, name):
        return name in self.namespace

    def _run(self, source, label):
        from IPython.core.inputtransformer2 import TransformerManager

        code = compile(TransformerManager().transform_cell(source), label, "exec")
        exec(code, self.namespace)

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

        def callback(*arguments):
            encoded = [self._encode(argument) for argument in arguments]
            messages.send(self.channel, {"callback": number, "arguments": encoded})
            reply = messages.receive(self.channel)
            if "raised" in reply:
                raise ValueError(reply["raised"])
            return self._decode(reply["value"])

        return callback


class Ignored:
    """Stands for IPython: magics and shell commands of a notebook do nothing here."""

    def __getattr__(self, name):
        return lambda *arguments, **keywords: None


def describe(error: BaseException) -> dict[str, Any]:
    """Says what was raised, and in which line of the student's cell."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith("cell ")
    ]
    if isinstance(error, SyntaxError):
        lines = [error.lineno]
        text = error.msg
    else:
        text = str(error)
    name = type(error).__name__
    return {"type": name[:80], "text": text[:LONGEST_TEXT], "line": lines[-1] if lines else None}


def readable_paths() -> list[Path]:
    """Lists what a student's code may read: Python, its packages, the course and its samples."""
    import ravine

    package = Path(ravine.__file__).parent
    paths = {Path(sys.prefix), Path(sys.base_prefix), package}
    paths.add(package.parent.parent / "data")
    paths.add(Path(os.path.realpath(sys.executable)).parent.parent)
    return sorted(paths)


def fork_for(channel: socket.socket, folder: Path, readable: list[Path]) -> None:
    """Becomes the process of one student's code and never returns."""
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(null, stream)

        def announce(process):
            messages.send(channel, {"process": process})

        sandbox.lock_in(readable, folder, announce)
        Server(channel).serve()
    except BaseException:
        pass  # nobody is there to hear of it: the grader sees that the process has ended
    os._exit(0)


def main() -> None:
    """Forks for each request on the control socket until the grader closes it."""
    sandbox.end_with_parent()
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the forks
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's
    for name in PRELOADED:
        importlib.import_module(name)
    readable = readable_paths()
    control.send(b"ready")
    while True:
        folder, descriptors, _, _ = socket.recv_fds(control, 4096, 1)
        if not folder:
            return
        channel = socket.socket(fileno=descriptors[0])
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            fork_for(channel, Path(os.fsdecode(folder)), readable)
        channel.close()


if __name__ == "__main__":
    main()
