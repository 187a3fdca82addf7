"""A record of some optimizers or seeds joins the record of others, where both are of one kind."""

from pathlib import Path

import pandas as pd

from ravine.results import records
from ravine.results.records import Record

MADE = ("environment", "date", "seconds", "peak_memory_mib")  # by the run that trained


def save(record: Record, root: Path) -> list[str]:
    """Write a record, with the runs that an earlier one there has besides.

    Where settings, data or versions differ, it takes the place of the earlier one. Where nothing
    was trained (`frame.attrs["trained"]` is 0), the date stays that of the earlier one.

    Returns:
        What is to be said: where the record is, and what became of the earlier one.

    Raises:
        InUseError: as `records.save`.
        WriteError: likewise.
    """
    experiment, size = (record.provenance[key] for key in ("experiment", "size"))
    said = []
    if record.frame.attrs.get("trained") == 0:
        said.append("Nothing was trained: all these runs were finished before.")
    try:
        old = records.load(experiment, size, root)
    except records.RecordError:  # none yet, or a damaged one, which this one mends
        return [f"Recorded in {records.save(record, root)}", *said]
    of = f"the record of {old.provenance['date']}"
    if said and set(_runs(record.frame)) <= set(_runs(old.frame)):
        made = {key: old.provenance[key] for key in MADE if key in old.provenance}
        record = Record(record.frame, {**record.provenance, **made})
    if other := unlike(old, record):
        said.append(f"This replaces {of}, which had another {' and '.join(other)}.")
    else:
        merged = merge(old, record)
        if len(merged.frame) > len(record.frame):
            said.append(f"Beside these runs it keeps the others of {of}.")
        record = merged
    return [f"Recorded in {records.save(record, root)}", *said]


def unlike(old: Record, new: Record) -> list[str]:
    """Return what keeps two records of an experiment from being one, such as "epochs".

    Empty if they differ in nothing but which optimizers and seeds were run.
    """

    def described(record):
        settings = dict(record.provenance["settings"])
        optimizers = settings.pop("optimizers")
        settings.pop("seeds")
        settings.pop("trainable", None)  # older records lack it, and it follows from the network
        dataset = {"data set": record.provenance["dataset"]}
        return {**optimizers, **settings, **dataset, **record.provenance["environment"]}

    a, b = described(old), described(new)
    chosen = (set(each.provenance["settings"]["optimizers"]) for each in (old, new))
    alone = set.symmetric_difference(*chosen)
    return [key for key in {**a, **b} if key not in alone and a.get(key) != b.get(key)]


def merge(old: Record, new: Record) -> Record:
    """Return a record with the runs of both; where both have a run, the new one.

    Args:
        old: an earlier record, of which `unlike` says nothing.
        new: a record of other optimizers or seeds.
    """
    kept = old.frame[~_runs(old.frame).isin(_runs(new.frame))]
    frame = pd.concat([part for part in (kept, new.frame) if len(part)], ignore_index=True)
    # As one run of them all has it: by seeds, and then as the optimizers come.
    what = _runs(frame)
    known = [*dict.fromkeys(run[:-1] for run in [*_runs(old.frame), *_runs(new.frame)])]
    place = sorted(range(len(frame)), key=lambda row: (what[row][-1], known.index(what[row][:-1])))
    a, b = (record.provenance["settings"] for record in (old, new))
    settings = {
        **b,
        "optimizers": {**a["optimizers"], **b["optimizers"]},
        "seeds": sorted({*a["seeds"], *b["seeds"]}),
    }
    frame = frame.iloc[place].reset_index(drop=True)
    return Record(frame, {**new.provenance, "settings": settings})


def _runs(frame):
    """Return for every row which run it belongs to."""
    columns = list(frame)
    return frame[columns[: columns.index("seed") + 1]].apply(tuple, axis=1)
