"""Start four runs at once on one folder: one works, three say why not. `python -m tests.writers`.

`python -m tests.writers 3` does it three times instead of twenty. What runs is the command line, up
to the training, for which a stand-in writes checkpoints until the others have ended. Afterwards
four processes save one record over and over, while it is read.
"""

import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pandas as pd
from typer.testing import CliRunner

from ravine import experiments
from ravine.cli import app
from ravine.files import InUseError, write_whole
from ravine.results import Record, records

FORK = multiprocessing.get_context("fork")
SIZE = ("mnist-mlp", "quick")
WORKS = 0.5  # seconds
LONGEST = 60  # seconds until all of four that are started at once have ended, on a busy machine
ended = FORK.Value("i", 0)  # of four runs
COMMAND = ["run", SIZE[0], "--out", "runs"]


def record(loss: float) -> Record:
    frame = pd.DataFrame({"optimizer": "Adam", "seed": 0, "epoch": range(200), "loss": loss})
    frame = frame.assign(eval_loss=loss, accuracy=0.5, seconds=1.0, diverged=False)
    settings = {"optimizers": {"Adam": {}}, "seeds": [0]}
    known = {"settings": settings, "dataset": "drawn", "environment": {}, "date": "2026-01-01"}
    return Record(frame, {"experiment": SIZE[0], "size": SIZE[1], **known})


def stand_in(*_, checkpoints: Path, **__) -> Record:
    end = time.monotonic() + LONGEST
    while True:  # once at least: the others may have ended before this began
        write_whole(checkpoints / "adam-seed-0.npz", os.urandom(10_000))
        if ended.value == 3 or time.monotonic() > end:
            break
    return record(1.0)


def at_once(work: Callable[..., object], count: int = 4) -> list[object]:
    """Call a function in several processes at one moment; return what it returned there."""
    barrier, queue = FORK.Barrier(count), FORK.Queue()

    def begin(number):
        barrier.wait()
        queue.put(work(number))

    processes = [FORK.Process(target=begin, args=(number,)) for number in range(count)]
    for process in processes:
        process.start()
    found = [queue.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    return found


def run(_) -> tuple[int, str]:
    experiments.run = stand_in  # in this process alone
    result = CliRunner().invoke(app, COMMAND)
    with ended:
        ended.value += 1
    return result.exit_code, result.stderr


def save(number: int) -> Counter:
    """Save and read a record for half a second; count what came of it."""
    end, said = time.monotonic() + WORKS, Counter()
    while time.monotonic() < end:
        try:
            records.save(record(number + 1.0), Path("saved"))
            said["saved"] += 1
        except InUseError:
            said["in use"] += 1
        if (Path("saved") / SIZE[0] / SIZE[1] / records.PROVENANCE).exists():
            losses = set(records.load(*SIZE, Path("saved")).frame["loss"])
            said["read" if len(losses) == 1 else "mixed"] += 1
    return said


def complaints() -> list[str]:
    """What is wrong after one round in the working directory; empty if all is right."""
    ended.value = 0
    found = sorted(at_once(run))
    says = "Error: runs/checkpoints/mnist-mlp/quick is in use, another run writes there: "
    wrong = [] if [code for code, _ in found] == [0, 2, 2, 2] else [f"the runs ended as {found}"]
    wrong += [text for code, text in found if code and not text.startswith(says)]
    if set(records.load(*SIZE, Path("runs")).frame["loss"]) != {1.0}:
        wrong.append("the record of the runs is damaged")
    total = sum(at_once(save), Counter())
    if total["mixed"] or not total["saved"] or not total["read"]:
        wrong.append(f"the saves ended as {total}")
    left = {path.name for path in Path().rglob("*") if path.is_file()}
    if left != {"adam-seed-0.npz", records.TABLE, records.PROVENANCE}:
        wrong.append(f"there are left {sorted(left)}")
    return wrong


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    import_module("ravine.experiments.runs")  # with Keras, for seconds: once, before the forks
    failed = 0
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            wrong = complaints()
            os.chdir("/")
        failed += bool(wrong)
        print(f"{number:2} {'; '.join(wrong) or 'one worked, three said why not'}", flush=True)
    print(f"{rounds - failed} of {rounds} rounds were right")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
