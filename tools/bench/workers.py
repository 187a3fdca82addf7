"""How contestants are timed: each framework in a process of its own, all of them taking turns.

A shared machine is faster in one minute than in the next, so what counts is the ratio of two times
within a round. Frameworks are kept apart because the compiler that PyTorch brings along and
TensorFlow crash each other, and because Keras has one backend per process.

A worker answers its first message unasked: which contestants it has and which versions it runs.
After that, the name of a contestant is answered with seconds. It ends when its pipe closes.
"""

import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, nullcontext, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pkgutil import resolve_name
from typing import Any

Run = Callable[[], object]


class Seconds(float):
    """What a run returns that has measured its time itself."""


class WorkerError(Exception):
    """A worker could not do its work; one sentence says which one and why."""


@dataclass(frozen=True)
class Team:
    """Contestants that share a process.

    Attributes:
        make: "module:function" that returns a run by the name of its contestant. It is imported in
            the worker alone, once Keras has its backend.
        arguments: what that function takes.
        backend: of Keras; None for contestants that do without Keras.
        steps: in one run. What is written down is seconds per step.
        warm_ups: runs of each contestant before its first turn.
        fresh: whether every round has a new process.
        threads: of NumPy's products; None leaves the number to NumPy.
    """

    make: str
    arguments: tuple = ()
    backend: str | None = None
    steps: int = 1
    warm_ups: int = 2
    fresh: bool = False
    threads: int | None = None

    def __str__(self) -> str:
        return f"{self.make}({', '.join(map(repr, self.arguments))})"


class Worker:
    """The process of a team, ready to run.

    Attributes:
        names: of its contestants.
        environment: the versions it runs.

    Raises:
        WorkerError: if the contestants cannot be made or warmed up.
    """

    def __init__(self, team: Team):
        self._team = team
        context = multiprocessing.get_context("spawn")
        self._connection, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, team), daemon=True)
        self._process.start()
        there.close()  # now the pipe closes when the worker dies
        self.names, self.environment = self._answer("getting ready")

    def seconds(self, name: str) -> float:
        """Run a contestant once and return the seconds per step."""
        with suppress(OSError):  # of a worker that died; waiting for its answer tells
            self._connection.send(name)
        return self._answer(f"running {name!r}")

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join()

    def _answer(self, doing: str) -> Any:
        try:
            answer = self._connection.recv()
        except (EOFError, OSError):
            self._process.join()
            code = self._process.exitcode
            text = f"The worker for {self._team} died with exit code {code} while {doing}."
            raise WorkerError(text) from None
        if isinstance(answer, WorkerError):
            self.close()
            raise WorkerError(f"The worker for {self._team} failed while {doing}: {answer}")
        return answer


def take_turns(teams: Sequence[Team], rounds: int) -> tuple[list[dict], dict[str, dict]]:
    """Let the contestants of all teams run, one after the other, round after round.

    Returns:
        A row (contestant, round, seconds) per run, and for each backend its versions.

    Raises:
        WorkerError: if a worker fails or dies.
    """
    rows, environments = [], {}
    with ExitStack() as stack:
        lasting = {
            team: stack.enter_context(closing(Worker(team))) for team in teams if not team.fresh
        }
        for number in range(rounds):
            for team in teams:
                mine = nullcontext(lasting[team]) if team in lasting else closing(Worker(team))
                with mine as worker:
                    environments[team.backend or "without Keras"] = worker.environment
                    for name in worker.names:
                        seconds = worker.seconds(name)
                        rows.append({"contestant": name, "round": number, "seconds": seconds})
    return rows, environments


def _serve(connection, team):
    """Make and warm up the contestants, and run one for every message."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    if team.backend:
        os.environ["KERAS_BACKEND"] = team.backend
    if team.threads:
        os.environ["OPENBLAS_NUM_THREADS"] = str(team.threads)
    try:
        runs = resolve_name(team.make)(*team.arguments)
        for run in runs.values():
            for _ in range(team.warm_ups):
                run()
        connection.send((list(runs), _environment(team.backend)))
        for name in _messages(connection):
            began = time.perf_counter()
            measured = runs[name]()
            passed = time.perf_counter() - began
            connection.send((measured if isinstance(measured, Seconds) else passed) / team.steps)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())  # on one line
        connection.send(WorkerError(reason))


def _messages(connection):
    with suppress(EOFError):
        while True:
            yield connection.recv()


def _environment(backend):
    if backend is None:
        return {"python": platform.python_version(), "numpy": version("numpy")}
    from ravine.results import machine  # imports Keras

    optax = {"optax": version("optax")} if "optax" in sys.modules else {}
    return {**machine.environment(), **optax}
