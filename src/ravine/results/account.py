"""What a record is of: how long, with which seeds, on which data, made where. Nothing typed in.

A page that prints these sentences, and writes the first above its figure, grows with its record.
"""

import pandas as pd

from ravine.results.records import Record


def length(record: Record, of: int) -> str:
    """Return how long the runs are, and of how many seeds, such as "5 of 200 epochs, 5 seeds".

    Args:
        record: the runs.
        of: epochs of the published run.
    """
    epochs = record.provenance["settings"]["epochs"]
    shown = f"{epochs} epochs" if epochs == of else f"{epochs} of {of} epochs"
    counts = [len(seeds) for seeds in _seeds(record.frame).values()]
    fewest, most = min(counts), max(counts)
    if most == 1:
        return f"{shown}, one seed"
    return f"{shown}, {most} seeds" if fewest == most else f"{shown}, {fewest} to {most} seeds"


def lines(record: Record, of: int) -> list[str]:
    """Return sentences that say what a record is of.

    Args:
        record: the runs.
        of: epochs of the published run.

    Returns:
        The length; the seeds of each group of algorithms; the data; where and how long it took.
    """
    provenance = record.provenance
    epochs = provenance["settings"]["epochs"]
    said = [
        f"{epochs} epochs, as published"
        if epochs == of
        else f"{epochs} of the {of} published epochs"
    ]
    alike: dict[tuple[int, ...], list[str]] = {}
    for name, seeds in _seeds(record.frame).items():
        alike.setdefault(seeds, []).append(name)
    for seeds, names in alike.items():
        whose = "" if len(alike) == 1 else f" of {', '.join(names)}"
        said.append(f"{'seed' if len(seeds) == 1 else 'seeds'} {_spelled(seeds)}{whose}")
    said.append(provenance["dataset"].split(" (SHA")[0])
    where = provenance["environment"]["device"].split(",")[0]
    hours = provenance["seconds"] / 3600
    took = f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.0f} minutes"
    said.append(f"{took} on a {where}")
    return said


def _seeds(frame: pd.DataFrame) -> dict[str, tuple[int, ...]]:
    """Return the seeds of each algorithm."""
    return {
        str(name): tuple(sorted(int(seed) for seed in set(seeds)))
        for name, seeds in frame.groupby("optimizer", sort=False)["seed"]
    }


def _spelled(seeds: tuple[int, ...]) -> str:
    """Return "0 to 4" for seeds without a gap, else a list of them."""
    if len(seeds) > 2 and seeds[-1] - seeds[0] == len(seeds) - 1:
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))
