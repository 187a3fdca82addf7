"""What training gave: curves of the loss, searches for a rate, published values beside them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from ravine.figures.style import CROSS, INK, PAPER, RING, Look, band, curve, look, tidy_log_axis
from ravine.results import published

# Published values are open shapes, one per source, of this size in points.
SHAPES = dict(zip(published.SHORT_NAMES, "osh8", strict=True))
MARK = 12
OPEN: dict[str, Any] = {"markerfacecolor": PAPER, "markeredgewidth": 1.5, "zorder": 7}
COLUMN_LABELS = {
    "loss": "training loss (nats)",
    "eval_loss": "test loss (nats)",
    "valid_loss": "validation loss (nats)",
}


def training_curves(ax: Axes, frame: pd.DataFrame, column: str = "loss") -> None:
    """Draw the runs of an experiment: a mean over the seeds and a band for every algorithm.

    A curve ends where the first of its seeds diverged, with a cross, and the legend says how many
    did. Epoch 0, the start, is left out.

    Args:
        ax: where to draw; its y axis becomes logarithmic.
        frame: as `training.compare` returns it, with the columns optimizer, seed, epoch, diverged.
        column: what to draw, such as "loss" or "eval_loss".
    """
    trained = frame[frame["epoch"] > 0]
    looks: list[Look] = []
    for k, name in enumerate(trained["optimizer"].unique()):
        runs = trained[trained["optimizer"] == name]
        diverged = runs.groupby("seed")["diverged"].any()
        label = f"{name} ({diverged.sum()} of {len(diverged)} diverged)" if diverged.any() else name
        table = runs.pivot(index="seed", columns="epoch", values=column)
        # within an epoch nothing is evaluated, and after a divergence there is no mean
        table = table.loc[:, np.isfinite(table).all()]
        cross = {**CROSS, "color": look(name).colour, "clip_on": False}
        if table.empty:
            top = ax.get_xaxis_transform()
            ax.plot(runs["epoch"].min(), 1, label=label, transform=top, **cross)
            continue
        again = _told_apart(name, looks)
        every = max(1, table.shape[1] // 8)
        # where curves lie close, their markers take turns
        line = {"label": label, "markevery": (k % every, every), **again}
        band(ax, table.columns, table, name, **line)
        if diverged.any():
            ax.plot(table.columns[-1], table.iloc[:, -1].mean(), **cross)
    ax.set(yscale="log", xlabel="epoch", ylabel=COLUMN_LABELS.get(column, column))
    ax.set_xlim(left=0)
    ax.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10], integer=True))
    tidy_log_axis(ax)


def _told_apart(name, looks):
    """Return what makes a curve dotted and open if its look is among `looks`, and add it to them.

    "Adam" and "Adam, uncorrected" have one look.
    """
    again = {"linestyle": ":", "markerfacecolor": PAPER} if look(name) in looks else {}
    looks.append(look(name))
    return again


def published_marks(
    ax: Axes, table: pd.DataFrame, metrics: Sequence[str] = ("loss", "lowest loss")
) -> None:
    """Add published values to training curves, which must be there already.

    Each is an open shape, one shape per source, around the marker of the algorithm. It stands at
    its epoch or, where the axis ends before, beyond the right edge, and the legend says the epoch.

    Args:
        ax: axes with `training_curves`.
        table: as `published.load` returns it.
        metrics: which of its rows to draw.
    """
    rows = table[table["metric"].isin(metrics)].sort_values("value")
    if rows.empty:
        return
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, rows["value"].min() / 1.4), max(high, rows["value"].max() * 1.4))
    tidy_log_axis(ax)
    drawn = [look(str(line.get_label())) for line in ax.lines]
    end = ax.get_xlim()[1]
    for beyond, group in rows.groupby(rows["epoch"] > end):
        for row, lane in zip(group.to_dict("records"), _lanes(ax, group["value"]), strict=True):
            right = MARK * (lane + 1.3 * bool(beyond))
            base = ax.get_yaxis_transform() if beyond else ax.transData
            place = base + ScaledTranslation(right / 72, 0, ax.figure.dpi_scale_trans)
            style = look(row["optimizer"])
            point = (1 if beyond else row["epoch"]), row["value"]
            mark: dict[str, Any] = {"color": style.colour, "transform": place, "clip_on": False}
            ax.plot(*point, SHAPES[row["source"]], markersize=MARK - 1, **OPEN, **mark)
            size = MARK / 2 if style.marker == "*" else MARK / 3
            ax.plot(*point, style.marker, markersize=size, zorder=8, **mark)
    for source, shape in SHAPES.items():
        epochs = rows.loc[rows["source"] == source, "epoch"]
        if len(epochs):
            later = " and ".join(f"{epoch:g}" for epoch in sorted(set(epochs)) if epoch > end)
            label = f"published, {published.SHORT_NAMES[source]}" + (
                f": epoch {later}" if later else ""
            )
            ax.plot([], [], shape, color=INK, markersize=8, label=label, **OPEN)
    for name in rows["optimizer"].unique():
        if look(name) not in drawn:
            label = f"{name} (published only)"
            ax.plot([], [], look(name).marker, color=look(name).colour, label=label)


def _lanes(ax, heights):
    """Return for each mark, the lowest first, in which lane to draw it so that none is covered."""
    lanes: list[float] = []  # height of the highest mark in each lane, in points
    chosen = []
    for _, pixels in ax.transData.transform([(1, height) for height in heights]):
        points = pixels * 72 / ax.figure.dpi
        free = [lane for lane, highest in enumerate(lanes) if points - highest >= MARK]
        if free:
            lanes[free[0]] = points
        else:
            lanes.append(points)
        chosen.append(free[0] if free else len(lanes) - 1)
    return chosen


def sensitivity(ax: Axes, grid: pd.DataFrame, column: str = "loss") -> None:
    """Draw the loss against the learning rate: what a search over a grid found.

    A ring marks the best rate of each algorithm. A rate with which any seed diverged is a cross
    above the top edge. The curve is the geometric mean over the seeds, the band reaches from the
    lowest to the highest.

    Args:
        ax: where to draw; both axes become logarithmic.
        grid: as `experiments.tune` records it, with the columns optimizer, learning_rate, seed and
            epoch, of which the last is drawn.
        column: what to draw, such as "loss"; infinite where a run diverged.
    """
    grid = grid[grid["epoch"] == grid["epoch"].max()]
    crosses: dict[float, int] = {}
    looks: list[Look] = []
    for name in grid["optimizer"].unique():
        runs = grid[grid["optimizer"] == name]
        table = runs.pivot(index="seed", columns="learning_rate", values=column)
        diverged = ~np.isfinite(table).all()
        table.loc[:, diverged] = np.nan  # interrupts the line
        means = np.exp(np.log(table).mean())
        curve(ax, means.index, means, name, markevery=1, **_told_apart(name, looks))
        colour = look(name).colour
        ax.fill_between(means.index, table.min(), table.max(), color=colour, alpha=0.2, linewidth=0)
        if means.notna().any():
            ax.plot(means.idxmin(), means.min(), color=colour, **RING)
        for rate in means.index[diverged]:
            # one above the other where several algorithms diverged
            crosses[rate] = crosses.get(rate, 0) + 1
            up = ScaledTranslation(0, 9 * crosses[rate] / 72, ax.figure.dpi_scale_trans)
            top = ax.get_xaxis_transform() + up
            ax.plot(rate, 1, color=colour, transform=top, clip_on=False, **CROSS)
    ax.plot([], [], color=INK, label="best", **RING)
    if crosses:
        ax.plot([], [], color=INK, label="diverged", **CROSS)
    ax.set(xscale="log", yscale="log", xlabel="learning rate")
    ax.set_xlim(grid["learning_rate"].min() / 1.5, grid["learning_rate"].max() * 1.5)
    ax.set_ylabel(COLUMN_LABELS.get(column, column))
    tidy_log_axis(ax)
