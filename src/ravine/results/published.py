"""What others published of the experiments: numbers and orderings, to stand beside our own.

The tables lie in `data/published`, whose README says what their columns mean, where each number
comes from and what is unclear in the sources.
"""

from pathlib import Path

import pandas as pd

from ravine.files import data_directory

VALUES = "values.csv"
ORDERINGS = "orderings.csv"

PRECISIONS = ("printed", "read off, ±10 %")
METRICS = (
    "loss",
    "lowest loss",
    "training perplexity",
    "validation perplexity",
    "test perplexity",
    "lowest test perplexity",
    "seconds per epoch",
)
# Of walks on a surface, whose own values are computed where they are shown.
WALK_METRICS = ("epochs to the end", "epochs to an error of 1e-5", "error")
RELATIONS = ("below", "level", "not above")
# What the sources are called in tables and legends.
SHORT_NAMES = {
    "kingma2015adam": "paper",
    "nhu2021training": "thesis",
    "zaremba2014recurrent": "Zaremba",
    "tensorflow_ptb": "TensorFlow",
}

# For each column the entries that it may have: a list, any text (str) or a positive number (float).
Entries = tuple[str, ...] | type
VALUES_COLUMNS: dict[str, Entries] = {
    "experiment": str,
    "source": tuple(SHORT_NAMES),
    "figure": str,
    "optimizer": str,
    "epoch": float,
    "metric": METRICS + WALK_METRICS,
    "value": float,
    "precision": PRECISIONS,
    "setting": str,
}
ORDERINGS_COLUMNS: dict[str, Entries] = {
    "experiment": str,
    "source": tuple(SHORT_NAMES),
    "figure": str,
    "epoch": float,
    "lower": str,
    "relation": RELATIONS,
    "higher": str,
    "metric": ("loss", "test loss"),
    "basis": ("stated", "values"),
}


class PublishedError(Exception):
    """There is nothing published of an experiment, or a table is damaged."""


def load(experiment: str, root: Path | None = None) -> pd.DataFrame:
    """Read the published numbers of an experiment.

    Args:
        experiment: name of the experiment, such as "mnist-mlp".
        root: directory of the tables, by default the one that comes with the course.

    Returns:
        One row per number with the columns of `VALUES_COLUMNS`; `source` is a key of the
        bibliography. No rows where only orderings were published.

    Raises:
        PublishedError: if nothing is published of the experiment, or if a table is damaged.
    """
    return _of(experiment, root)[0]


def orderings(experiment: str, root: Path | None = None) -> pd.DataFrame:
    """Read the published orderings of an experiment: which algorithm ends below which.

    Args:
        experiment: name of the experiment.
        root: as for `load`.

    Returns:
        One row per pair with the columns of `ORDERINGS_COLUMNS`. `epoch`, how long the published
        run was, is not a number where the source does not say it.

    Raises:
        PublishedError: as `load`.
    """
    return _of(experiment, root)[1]


def _of(experiment, root):
    """Return the rows of an experiment in both tables."""
    root = root or data_directory() / "published"
    values = _read(root / VALUES, VALUES_COLUMNS, may_be_empty=())
    orders = _read(root / ORDERINGS, ORDERINGS_COLUMNS, may_be_empty=("epoch",))
    known = sorted({*values["experiment"], *orders["experiment"]})
    if experiment not in known:
        raise PublishedError(
            f"Nothing is published of an experiment {experiment!r}; there is {', '.join(known)}."
        )
    return [
        table[table["experiment"] == experiment].reset_index(drop=True)
        for table in (values, orders)
    ]


def _read(path, columns, may_be_empty):
    """Return a table whose every entry is what its column may have."""
    advice = "get it again from the repository or reinstall the package"
    try:
        # "level" and the like are text; only an empty cell is missing
        table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    except FileNotFoundError as error:
        raise PublishedError(f"{path} is missing: {advice}.") from error
    except ValueError as error:
        raise PublishedError(f"{path} cannot be read as a table: {advice}.") from error
    if list(table) != list(columns):
        raise PublishedError(f"{path} should have the columns {', '.join(columns)}: {advice}.")
    for column, entries in columns.items():
        empty = table[column].isna()
        if entries is str:
            wrong = empty
        elif entries is float:
            table[column] = pd.to_numeric(table[column], errors="coerce")
            wrong = ~(table[column] > 0)
        else:
            wrong = ~table[column].isin(entries)
        if column in may_be_empty:
            wrong &= ~empty
        if wrong.any():
            # the header is line 1
            line = 2 + int(wrong.to_numpy().argmax())
            raise PublishedError(f"{path} has a wrong {column} in line {line}: {advice}.")
    return table
