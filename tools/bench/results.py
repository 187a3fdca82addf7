"""What is made of the times: ratios within a round, a table to read, and files to keep."""

import json
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from rich.table import Table

from ravine.files import write_whole

PROVENANCE = "provenance.json"


def ratios(frame: pd.DataFrame, of: str, to: str) -> list[float]:
    """Return seconds of one contestant over those of another, a number per round.

    Args:
        frame: the rows of one subject.
        of: name of a contestant.
        to: name of the one it is compared with.
    """
    by_round = frame.pivot(index="round", columns="contestant", values="seconds")
    return (by_round[of] / by_round[to]).tolist()


def table(title: str, frame: pd.DataFrame) -> Table:
    """Return the medians of a group, and the ratios to the first contestant of each subject."""
    found = Table("subject", "contestant", "ms", "× the time of the subject's first", title=title)
    for subject, rows in frame.groupby("subject", sort=False):
        first = rows["contestant"].iloc[0]
        for name, seconds in rows.groupby("contestant", sort=False)["seconds"]:
            of_first = ratios(rows, str(name), first)
            low, middle, high = min(of_first), statistics.median(of_first), max(of_first)
            found.add_row(
                str(subject) if name == first else "",
                str(name),
                f"{1000 * seconds.median():,.1f}",
                "1" if name == first else f"{middle:.2f} ({low:.2f} to {high:.2f})",
            )
        found.add_section()
    return found


def write(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as CSV."""
    write_whole(path, frame.to_csv(index=False, lineterminator="\n").encode())


def write_provenance(
    directory: Path, group: str, provenance: dict[str, Any], groups: Iterable[str]
) -> None:
    """Say where the times of a group are from, beside what is said of the other `groups`."""
    path = directory / PROVENANCE
    before = json.loads(path.read_bytes()) if path.exists() else {}
    said = {**before, group: provenance}
    kept = {name: said[name] for name in groups if name in said}
    write_whole(path, f"{json.dumps(kept, indent=2, ensure_ascii=False)}\n".encode())
