"""The grader's side of a student's process: run cells, read names, call what they define."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import ravine
from tools.book.notebooks import ROOT
from tools.homework import messages, sandbox
from tools.homework.handles import RAISED, Handle, StudentError, printable

STARTED_WITHIN = 120.0  # seconds for the worker's imports, which a cold disk makes slow


class SessionEndedError(Exception):
    """The student's process ended or sent nonsense."""


class TooSlowError(SessionEndedError):
    """The student's process did not answer in time."""


class WorkerError(RuntimeError):
    """The process that all others are forked from does not start."""


class Workshop:
    """Starts the process of each submission from one that has imported everything already.

    Use it as a context: leaving it ends the worker and all that it started.
    """

    def __init__(self, lacking: Iterable[str] = ()) -> None:
        """Takes the layers of the sandbox to leave out, as on a system that lacks them."""
        self._lacking = tuple(lacking)
        self._lock = threading.Lock()
        self._folders = tempfile.TemporaryDirectory(prefix="homework-")
        self._worker: subprocess.Popen[bytes] | None = None
        self.starts = 0

    @property
    def alive(self) -> bool:
        """Whether the process that the others are forked from runs."""
        return self._worker is not None and self._worker.poll() is None

    def __enter__(self) -> "Workshop":
        return self

    def __exit__(self, *error: object) -> None:
        self._end_worker()
        self._folders.cleanup()

    def _end_worker(self):
        if self._worker is not None:
            self._control.close()
            self._worker.kill()
            self._worker.wait()

    def _start_worker(self):
        self._end_worker()
        self.starts += 1
        self._control, theirs = socket.socketpair()
        kept = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment |= {
            "HOME": self._folders.name,
            "CUDA_VISIBLE_DEVICES": "-1",
            "KERAS_BACKEND": "tensorflow",
            "MPLBACKEND": "Agg",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            # The grader's own package, also where another checkout's is installed.
            "PYTHONPATH": str(Path(ravine.__file__).parents[1]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        if not sandbox.weakened(self._lacking).files:
            sandbox.hide_memory()
        self._worker = subprocess.Popen(
            [sys.executable, "-m", "tools.homework.worker", str(theirs.fileno()), *self._lacking],
            cwd=ROOT,
            env=environment,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        theirs.close()
        self._control.settimeout(STARTED_WITHIN)
        try:
            problem = "" if self._control.recv(5) == b"ready" else "does not start"
        except TimeoutError:
            problem = f"did not start within {STARTED_WITHIN:g} seconds"
        if problem:
            raise WorkerError(
                f"The worker that runs students' code {problem}: run the command again "
                "where the machine has less to do, or `.venv/bin/python -m tools.homework.worker "
                "0` and read its error."
            )

    def open(self) -> "Session":
        """Starts a process that nothing has run in."""
        with self._lock:
            if not self.alive:
                self._start_worker()
            ours, theirs = socket.socketpair()
            folder = tempfile.mkdtemp(dir=self._folders.name)
            socket.send_fds(self._control, [os.fsencode(folder)], [theirs.fileno()])
        theirs.close()
        return Session(ours, Path(folder))


class Session:
    """One process of a student's code."""

    def __init__(self, channel: socket.socket, folder: Path):
        self._channel = channel
        self.folder = folder
        self._callbacks: list[Any] = []
        self._process: int | None = None
        self.deadline = time.monotonic() + STARTED_WITHIN
        with self._ending():
            self._process = int(messages.receive(channel, self.deadline)["process"])

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            self._process = None
        self._channel.close()

    def _ending(self):
        return _Ending(self)

    def run(self, source: str) -> None:
        """Runs a cell.

        Raises:
            StudentError: if it raises; the message names the error and the line.
            SessionEndedError: if the process ends, or is not done at the deadline.
        """
        self._ask({"do": "run", "source": source})

    def names(
        self, names: Iterable[str], helpers: str = "", given: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Reads those of the names that are defined: plain data, or handles for all else.

        Args:
            names: of the notebook.
            helpers: code of the assignment.
            given: functions that this code defines, which count whatever became of them.
        """
        request = {"names": sorted(names), "helpers": helpers, "given": sorted(given)}
        return self._ask({"do": "names", **request})

    def do(self, operation: str, handle: int, *arguments: Any, **keywords: Any) -> Any:
        """Does something with what a handle stands for: one of the worker's `OPERATIONS`."""
        target = {"handle": handle}
        encoded = [target, *(self._encode(argument) for argument in arguments)]
        named = {name: self._encode(value) for name, value in keywords.items()}
        return self._ask({"do": operation, "arguments": encoded, "keywords": named})

    def _ask(self, request):
        # A number that cannot be guessed: an answer sent ahead of its question is none.
        number = secrets.token_hex(8)
        with self._ending():
            messages.send(self._channel, {"id": number, **request})
            while "callback" in (answer := messages.receive(self._channel, self.deadline)):
                self._call_back(answer)
            if answer["id"] != number:
                raise messages.MessageError("an answer to no question")
            if "error" not in answer:
                return messages.decode(answer["value"], self._find)
            error = answer["error"]
            kind, text = (printable(str(error[key]), 500) for key in ("type", "text"))
            line = error["line"] if type(error["line"]) is int else None
        raise RAISED.get(kind, StudentError)(kind, text, line)

    def _call_back(self, request):
        callback = self._callbacks[request["callback"]]
        arguments = [messages.decode(item, self._find) for item in request["arguments"]]
        keywords = {
            name: messages.decode(item, self._find) for name, item in request["keywords"].items()
        }
        try:
            reply = {"value": self._encode(callback(*arguments, **keywords))}
        except Exception as error:  # the student's code called it with the wrong things
            reply = {"raised": [type(error).__name__, str(error)]}
        messages.send(self._channel, reply)

    def _encode(self, value):
        return messages.encode(value, self._keep)

    def _keep(self, value):
        if isinstance(value, Handle):
            return {"handle": value._number}
        if not callable(value):
            raise TypeError(f"a test cannot send {value!r} to the student's code")
        self._callbacks.append(value)
        return {"callback": len(self._callbacks) - 1}

    def _find(self, value):
        return Handle(self, int(value["handle"]), printable(str(value["type"]), 80))


class _Ending:
    """Turns whatever is wrong with the other side into SessionEndedError, and ends it."""

    def __init__(self, session):
        self.session = session

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None or issubclass(kind, (StudentError, SessionEndedError)):
            return
        self.session.close()
        if isinstance(error, TimeoutError):
            raise TooSlowError("it was not done in time") from error
        nonsense = (messages.MessageError, KeyError, TypeError, ValueError, IndexError)
        if isinstance(error, (*nonsense, AttributeError, OSError)):
            raise SessionEndedError("its process ended") from error
