"""What the book claims of algorithms that trained networks, each claim with its record.

The claims lie in `data/claims.csv`, one line each: the page that makes it, the task in a few words,
the record that decides it, the two algorithms and the loss that is compared, and what the page
says. The conclusion draws them all, and their intervals hold together.
"""

from functools import cache
from pathlib import Path

import pandas as pd

from ravine.files import data_directory
from ravine.results import records
from ravine.results.statistics import paired_difference

FILE = "claims.csv"


def judged(root: Path | None = None) -> pd.DataFrame:
    """Judge every claim of the book by its record.

    Args:
        root: directory that has `claims.csv` and `results`; `data` by default.

    Returns:
        One row per claim with the columns

        - page: the page that makes it, relative to `book` and without its ending;
        - task: in a few words;
        - experiment, size: the record;
        - first, says, second: the claim, such as "Adam", "below", "SGD". It says one of "below",
          "above", "level" and "no claim";
        - column: "loss" of training or "eval_loss" of the test;
        - verdict, low, high, seeds: what the record says, see `results.verdicts`.

    Raises:
        RecordError: if a record is not there.
        ValueError: if a record has no runs of an algorithm, or diverged ones.
    """
    root = root or data_directory()
    results = root / "results"

    @cache  # most records decide several claims
    def frame_of(experiment: str, size: str) -> pd.DataFrame:
        return records.load(experiment, size, results).frame

    found = pd.read_csv(root / FILE).to_dict("records")
    for claim in found:
        frame = frame_of(claim["experiment"], claim["size"])
        pair = paired_difference(
            frame, claim["first"], claim["second"], column=claim["column"], claims=len(found)
        )
        claim |= {"verdict": pair.verdict, "low": pair.low, "high": pair.high, "seeds": pair.seeds}
    return pd.DataFrame(found)
