"""Start four recorders at once on one folder: `python -m tests.experiments.recorders_at_once`.

`... recorders_at_once 3` does it three times instead of twenty. First there is one run to record:
one recorder does, and three say why not. Then there are four: they share them out, and the record
is that of a recorder who was alone.
"""

import os
import sys
import tempfile
from pathlib import Path

from ravine.experiments import plan, record
from ravine.experiments.plan import Line
from ravine.results import records
from tests.experiments.recorder_kills import outcome, tiny
from tests.writers import at_once

ONE = (Line("a", "", "tiny", 3, ("SGD",), (0,)),)
RESULTS, STATES = Path("results"), Path("states")


def work(_) -> tuple[int, list[str]]:
    found = record(1, RESULTS, STATES)
    return len(found.units), found.problems


def complaints(alone: object) -> list[str]:
    """What is wrong after one round in the working directory; empty if all is right."""
    four = plan.PLAN
    plan.PLAN = ONE
    ended = at_once(work)
    says = f"{STATES / 'tiny' / 'sgd-seed-0'} is in use, another run writes there: "
    wrong = []
    if sorted(count for count, _ in ended) != [0, 0, 0, 1]:
        wrong.append(f"of one run they recorded {ended}")
    for count, problems in ended:
        if not count and [each.startswith(says) for each in problems] != [True]:
            wrong.append(f"one recorded nothing and said {problems}")
    if len(records.load("tiny", "full", RESULTS).provenance["units"]) != 1:
        wrong.append("the record of one run is damaged")
    plan.PLAN = four
    counts = sorted(count for count, _ in at_once(work))
    if sum(counts) != 3:  # one was there
        wrong.append(f"of the three that were missing they recorded {counts}")
    if outcome(Path()) != alone:
        wrong.append("the record is another than that of one recorder alone")
    left = [path for path in Path().rglob("*") if path.suffix in (".tmp", ".lock", ".npz")]
    left += Path().rglob(".lock")
    return wrong + [f"there is left {path}" for path in left]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    failed, alone = 0, None
    tiny()
    for number in range(rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            if number == 0:
                at_once(work, 1)
                alone = outcome(Path())
                wrong = []
            else:
                wrong = complaints(alone)
                print(f"{number:2} {'; '.join(wrong) or 'all was right'}", flush=True)
            os.chdir("/")
        failed += bool(wrong)
    print(f"{rounds - failed} of {rounds} rounds were right")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
