"""The curves of a record: drawn as the book draws them, and as lines of text."""

from io import BytesIO

import numpy as np
import pandas as pd
from rich.cells import cell_len

from ravine.cli import _terminal
from ravine.cli._sparklines import DIVERGED, sparkline
from ravine.cli._tables import Column, show_table
from ravine.cli._terminal import show
from ravine.results import digits, summary

WIDEST = 40  # characters of a curve as text
NUMBERS = 38  # characters of the other columns of its row
MANY = 8  # algorithms that a legend inside the axes has room for


def drawn(frame: pd.DataFrame, title: str, suffix: str) -> bytes:
    """Return a picture of a record, as the book draws it.

    Args:
        frame: the table of a record; one with a column `learning_rate` is drawn against that.
        title: stands above the axes.
        suffix: of the file, one of `FORMATS`.
    """
    import matplotlib as mpl

    mpl.use("agg")  # before pyplot is there: no window is ever opened
    import matplotlib.pyplot as plt

    from ravine import figures

    grid = "learning_rate" in frame
    with mpl.rc_context():
        figures.use_style()
        count = frame["optimizer"].nunique()
        figure, ax = figures.figure()
        beside = grid or count > MANY  # the legend, which has a line for each algorithm
        if beside:
            figure.set_size_inches(8.4, max(3.4, 0.18 * count))
        (figures.sensitivity if grid else figures.training_curves)(ax, frame)
        # above the crosses, too, which stand over the axes where a rate diverged
        figure.suptitle(title, x=0.01, ha="left", fontsize=plt.rcParams["axes.titlesize"])
        if beside:
            figure.legend(loc="outside right upper", fontsize=7 if count > MANY else None)
        else:
            ax.legend()
        file = BytesIO()
        figure.savefig(file, format=suffix[1:], metadata={"Title": title})
        plt.close(figure)
    return file.getvalue()


def show_curves(frame: pd.DataFrame) -> None:
    """Print for each algorithm its loss over the epochs, the lowest at the end first."""
    trained = frame[frame["epoch"] > 0].assign(log=lambda rows: np.log(rows["loss"]))
    # infinite where any seed diverged, missing where an algorithm ran shorter than others
    table = trained.pivot_table(index="epoch", columns="optimizer", values="log").apply(np.exp)
    last = table.ffill().iloc[-1].sort_values(kind="stable")
    runs = trained.groupby(["optimizer", "seed"])["diverged"].any().groupby("optimizer")
    diverged, counts = runs.sum(), runs.size()
    low, high = _range(table)
    width = _width(last.index)
    columns = (
        Column("algorithm", wraps=True),
        Column("first\nloss", number=True),
        Column(f"epochs to {table.index[-1]:g}"),
        Column("last\nloss", number=True),
        Column("diverged"),
    )
    rows = [
        (
            str(name),
            digits(table[name].dropna().iloc[0]),
            sparkline(table[name], low, high, width),
            digits(last[name]),
            f"{diverged[name]} of {counts[name]}" if diverged[name] else "",
        )
        for name in last.index
    ]
    _show("over the epochs", low, high, columns, rows)


def show_grid(frame: pd.DataFrame) -> None:
    """Print for each algorithm its last loss over the learning rates, the lowest first."""
    losses = summary(frame)["loss"]
    low, high = _range(losses)
    columns = (
        Column("algorithm", wraps=True),
        Column("lowest\nrate", number=True),
        Column("loss over\nthe rates"),
        Column("highest\nrate", number=True),
        Column("best\nrate", number=True),
        Column("its\nloss", number=True),
    )
    rows = []
    names = dict.fromkeys(losses.index.get_level_values("optimizer"))
    width = _width(names)
    for name in names:
        over = losses[name].sort_index()
        rows.append(
            (
                str(name),
                f"{over.index[0]:g}",
                sparkline(over, low, high, width),
                f"{over.index[-1]:g}",
                f"{over.idxmin():g}" if np.isfinite(over.min()) else "",
                digits(over.min()),
            )
        )
    _show("of the last epoch over the learning rates", low, high, columns, rows)


def _show(over, low, high, columns, rows):
    """Print what the curves are, and then the curves."""
    cross = f"; {DIVERGED}: a seed diverged" if any(DIVERGED in row[2] for row in rows) else ""
    show(
        f"Training loss in nats {over}, geometric mean over the seeds. The height is its "
        f"logarithm, from {digits(low)} to {digits(high)}{cross}."
    )
    show_table(columns, rows)


def _range(losses):
    """Return the lowest and the highest of what is finite; where nothing is, any two numbers."""
    known = losses.to_numpy()[np.isfinite(losses.to_numpy())]
    return (known.min(), known.max()) if len(known) else (1.0, 1.0)


def _width(names):
    """Return the characters that a curve may take beside a name and the numbers."""
    return max(8, min(WIDEST, _terminal.console.width - max(map(cell_len, names)) - NUMBERS))
