"""Kill runs at 20 moments and see that each goes on exactly: `python -m tests.training.kills`.

`python -m tests.training.kills 3` takes the first three.

A run trains a network with dropout by Adam, with a checkpoint after every epoch. It is stopped by
SIGKILL, which no process can catch, at a random moment or at a chosen one while a checkpoint is
written, and then started again; some runs are killed twice. In the end the weights, the optimizer's
state, the random generators and every row must be bit-identical to those of a run that nothing
interrupted. Only `seconds` may differ, being a duration.
"""

import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from keras import layers

from ravine.data import Dataset
from ravine.optimizers import Adam
from ravine.training.checkpoints import read_checkpoint
from ravine.training.names import run_name
from ravine.training.protocol import compare

EPOCHS = 12
ROW_SECONDS = 0.02


@dataclass(frozen=True)
class Kill:
    """When a run is killed.

    Attributes:
        row: after this many rows were reported.
        seconds: and this much time.
        function: instead of that, when this function of a module is about to be called,
        call: for this time since the row; the process stops there until it is killed.
    """

    row: int
    seconds: float = 0.0
    function: str = ""
    call: int = 1


def moments() -> list[tuple[Kill, ...]]:
    """Return the kills of 20 runs, the first few of every kind."""
    draw = random.Random(0)

    def any_time(first, last):
        return Kill(draw.randrange(first, last), draw.uniform(0, ROW_SECONDS))

    def writing(first, last, function, call=1):
        return Kill(draw.randrange(first, last), function=function, call=call)

    half = EPOCHS // 2
    content = "numpy.save", 4  # when three arrays are in the temporary file
    on_disk = "os.fsync", 1  # when all of it is, but perhaps only in the computer's memory
    between = "os.replace", 2  # when the newest file was renamed, and the new one was not
    renamed = "os.fsync", 2  # when both were
    once = [(any_time(1, EPOCHS + 1),) for _ in range(10)]
    stages = [(writing(1, EPOCHS, *stage),) for stage in (content, on_disk, between, renamed)]
    twice = [(any_time(1, half), any_time(half, EPOCHS + 1)) for _ in range(3)]
    mixed = [
        (writing(1, half, *content), any_time(half, EPOCHS + 1)),
        (any_time(1, half), writing(half, EPOCHS, *between)),
        (writing(1, half, *between), writing(half, EPOCHS, *content)),
    ]
    first = [mixed[2], once[0], stages[1]]
    return first + [kills for kills in once + stages + twice + mixed if kills not in first]


def network() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((5, 1)),
            layers.Dropout(0.2),
            layers.Conv1D(4, 3, activation="relu"),  # keeps XLA off, which compiles for seconds
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(3),
        ]
    )


def blobs() -> Dataset:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 60).astype("int32")
    x = (np.eye(3, 5)[y] + rng.normal(size=(60, 5))).astype("float32")[..., None]
    return Dataset("blobs", "sample", x, y, x[:30], y[:30], provenance="drawn")


def work(directory: Path, rows: Connection, kill: Kill | None) -> None:
    """Start the run, or go on with it; send a message at every row and wait to be killed."""

    def report(row):
        rows.send("row")
        report.count += 1
        if kill is not None and report.count == kill.row and kill.function:
            stop_at(kill, rows)

    report.count = 0
    adam = {"Adam": lambda: Adam(0.05)}
    runs = directory / "runs"
    frame = compare(network, blobs(), adam, [0], EPOCHS, 16, report=report, checkpoints=runs)
    frame.to_pickle(directory / "frame.pkl")
    if kill is not None:  # the kill came late, on a busy machine
        time.sleep(60)


def stop_at(kill: Kill, rows: Connection) -> None:
    """Let the process wait to be killed at the call that `kill` names."""
    module, name = kill.function.split(".")
    function = getattr(sys.modules[module], name)

    def counted(*arguments, **options):
        counted.calls += 1
        if counted.calls == kill.call:
            rows.send("writing")
            time.sleep(60)
        return function(*arguments, **options)

    counted.calls = 0
    setattr(sys.modules[module], name, counted)


def start(directory: Path, kill: Kill | None = None) -> int:
    """Run in a process of its own; kill it, or wait for its end. Return the exit code."""
    # TensorFlow is imported here and takes its first step there: a fork saves the seconds between
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(directory, sender, kill))
    process.start()
    sender.close()
    if kill is not None:
        for _ in range(kill.row):
            receiver.recv()
        if kill.function:
            receiver.recv()
        else:
            time.sleep(kill.seconds)
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return process.exitcode


def outcome(directory: Path) -> dict[str, object]:
    """Return what a finished run left, without the durations."""
    _, arrays, results = read_checkpoint(directory / "runs" / f"{run_name('Adam')}-seed-0.npz")
    return {
        "files": sorted(path.name for path in (directory / "runs").iterdir()),
        "rows": pd.read_pickle(directory / "frame.pkl").drop(columns="seconds").to_dict("list"),
        "history": [{k: v for k, v in row.items() if k != "seconds"} for row in results],
        "arrays": [(array.dtype, array.shape, array.tobytes()) for array in arrays],
    }


def survives(kills: Sequence[Kill], directory: Path, expected: dict[str, object]) -> bool:
    """Kill a run at these moments, let it end, and tell whether all is as expected."""
    for kill in kills:
        if (code := start(directory, kill)) != -signal.SIGKILL:
            raise RuntimeError(f"The run ended with {code} before the kill {kill}.")
    if start(directory) != 0:
        return False
    return outcome(directory) == expected


def main() -> None:
    runs = moments()[: int(sys.argv[1]) if len(sys.argv) > 1 else None]
    with tempfile.TemporaryDirectory() as root:
        whole = Path(root) / "whole"
        start(whole)
        expected = outcome(whole)
        exact = 0
        for number, kills in enumerate(runs, 1):
            passed = survives(kills, Path(root) / str(number), expected)
            exact += passed
            when = ", again ".join(
                f"after row {kill.row} "
                + (f"in call {kill.call} of {kill.function}" if kill.function else "")
                + (f"and {kill.seconds:.3f} s" if kill.seconds else "")
                for kill in kills
            )
            print(f"{number:2} {'exact' if passed else 'DIFFERS'}: killed {when}", flush=True)
    print(f"{exact} of {len(runs)} runs went on exactly")
    sys.exit(exact < len(runs))


if __name__ == "__main__":
    main()
