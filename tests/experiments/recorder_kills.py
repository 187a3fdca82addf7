"""Kill a recorder ten times and compare: `python -m tests.experiments.recorder_kills`.

With a number it takes the first so many kills. Each is a SIGKILL, which no process can catch, at
some moment of a row, while a checkpoint is written or inside a merge. Called again after each, the
recorder must leave in the end the records that one leaves which nothing interrupted, bit for bit
but for dates and durations.
"""

import dataclasses
import multiprocessing
import os
import signal
import sys
import tempfile
from functools import partial
from pathlib import Path

from ravine import networks
from ravine.experiments import EXPERIMENTS, plan, record
from ravine.experiments.plan import Known, Line
from ravine.results import machine, records

# At which reported row, and so many seconds later or at which call of a function of `os` after it;
# or at which `fsync` of the next merge, which has two for each of its two files.
KILLS = [
    (3, "replace", 2),  # between two renames of a checkpoint
    (0, "merge", 2),  # inside a merge
    (1, "later", 0.01),
    (4, "later", 0.001),
    (2, "later", 0.02),
    (1, "fsync", 1),
    (2, "fsync", 2),
    (1, "later", 0.005),
    (1, "replace", 1),
    (0, "merge", 4),
]


def tiny() -> None:
    """Put an experiment of seconds into the place of all others."""
    mlp = EXPERIMENTS["mnist-mlp"]
    network = partial(networks.mnist_mlp, hidden=4, dropout=0.1)
    full = dataclasses.replace(
        mlp.full, data="sample", make_model=network, batch_size=500, epochs=3, points=2
    )
    EXPERIMENTS["tiny"] = dataclasses.replace(mlp, name="tiny", full=full)
    plan.EXPERIMENTS["tiny"] = Known(3, 1)
    machine.commit_of = lambda _: "0123abc"  # which may change meanwhile
    plan.PLAN = (Line("a", "", "tiny", 3, ("SGD", "Adam"), (0, 1)),)


def work(directory: Path, kill: tuple[int, str, float] | None) -> None:
    """Record, and die at the moment that `kill` names."""
    row, name, value = kill or (0, "", 0)
    seen = 0

    def watch(moment):
        nonlocal seen
        seen += 1
        if seen == row and name == "later":
            signal.setitimer(signal.ITIMER_REAL, value)
        elif seen == row:
            die_at(name, value)

    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    if name == "merge":
        in_merge(value)
    record(1, directory / "results", directory / "states", watch=watch)


def die_at(name: str, call: int) -> None:
    """Kill this process in a call of a function of `os`, counted from now on."""
    function, calls = getattr(os, name), 0

    def counted(*arguments, **options):
        nonlocal calls
        calls += 1
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    setattr(os, name, counted)


def in_merge(call: int) -> None:
    """Kill this process in a step of the first merge."""
    save = records.save

    def killed(*arguments):
        die_at("fsync", call)
        return save(*arguments)

    records.save = killed


def start(directory: Path, kill: tuple[int, str, float] | None = None) -> int:
    """Record in a process of its own and return its exit code."""
    # TensorFlow is imported here and takes its first step there: a fork saves the seconds between
    process = multiprocessing.get_context("fork").Process(target=work, args=(directory, kill))
    process.start()
    process.join()
    return process.exitcode


def outcome(directory: Path) -> object:
    """Return what the records hold, without dates and durations."""
    root = directory / "results"
    saved = records.load("tiny", "full", root)
    provenance = saved.provenance
    for entry in [provenance, *provenance["units"], *provenance["summary"]]:
        entry.pop("date", None)
        entry.pop("seconds")
    files = sorted(path.name for path in (root / "tiny").rglob("*"))
    return saved.frame.drop(columns="seconds").to_csv(), provenance, files


def main() -> None:
    kills = KILLS[: int(sys.argv[1]) if len(sys.argv) > 1 else None]
    tiny()
    with tempfile.TemporaryDirectory() as root:
        whole, killed = Path(root) / "whole", Path(root) / "killed"
        start(whole)
        for kill in kills:
            code = start(killed, kill)
            print(f"{kill}: ended with {code}", flush=True)
            if code != -signal.SIGKILL:
                sys.exit("The recorder ended before its kill.")
        same = start(killed) == 0 and outcome(killed) == outcome(whole)
    print("The records are the same." if same else "The records DIFFER.")
    sys.exit(not same)


if __name__ == "__main__":
    main()
