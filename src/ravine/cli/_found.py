"""Which record a command means: one's own before the book's, the longest first."""

import os
from dataclasses import dataclass
from pathlib import Path

from ravine.cli._options import RUNS, SIZES
from ravine.results import Record, RecordError, records


@dataclass(frozen=True)
class Found:
    """A record, and where it was found.

    Attributes:
        record: the runs.
        root: directory of the records that it is one of; None for those of the book.
    """

    record: Record
    root: Path | None

    @property
    def experiment(self) -> str:
        """Name of the experiment."""
        return self.record.provenance["experiment"]

    @property
    def size(self) -> str:
        """Size under which it is recorded."""
        return self.record.provenance["size"]

    @property
    def sentence(self) -> str:
        """What it is called, such as "The record of the book, full, of 2026-01-01."."""
        where = f"of the book, {self.size}"
        if self.root is not None:
            where = f"in {self.root / self.experiment / self.size}"
        return f"The record {where}, of {self.record.provenance['date'][:10]}."


def roots() -> list[Path | None]:
    """Return where records may be: in one's own folder, if it is there, and then in the book."""
    return [RUNS, None] if RUNS.is_dir() else [None]


def find(experiment: str, size: str | None, results: Path | None, grids: bool) -> Found:
    """Load the record that a command means.

    Args:
        experiment: name of the experiment.
        size: "quick", "full" or such as "5-epochs"; None for the first of `records.sizes`.
        results: directory of the records; None for one's own and then those of the book.
        grids: whether a grid of learning rates will do; its size ends in "-grid".

    Raises:
        RecordError: if there is none, or if it is damaged.
        ValueError: if there is no such experiment or size.
    """
    _check(size, grids)
    try:
        for root in roots() if results is None else [results]:
            if size is None:
                found = records.sizes(experiment, root)
                kept = [name for name in found if grids or not name.endswith(records.GRID)]
            else:
                # the last folder is read in any case, and says what it lacks
                own = root == RUNS and results is None
                kept = [] if own and not os.path.exists(RUNS / experiment / size) else [size]
            if kept:
                return Found(records.load(experiment, kept[0], root), root)
        where = "in the book" if results is None else f"in {results}"
        raise RecordError(
            f"There is no record of {experiment} {where}: run `ravine run {experiment}` to make "
            "one."
        )
    except RecordError:
        from ravine import experiments  # for seconds, and so only now

        experiments.find(experiment)
        raise


def _check(size, grids):
    """Raise `ValueError` for what is no size."""
    plain = records.without_grid(size) if size and grids else size
    if not (plain is None or plain in SIZES or records.SHORTER.fullmatch(plain)):
        grid = ', each with "-grid" after it for the search for rates' if grids else ""
        raise ValueError(
            f'The size must be "quick", "full" or such as "5-epochs"{grid}, but it was {size!r}.'
        )
