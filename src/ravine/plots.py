"""One style for all figures of the course.

Every algorithm has one colour, one marker and one dash through the whole book, so that a reader
knows Adam when it comes back, also without seeing colours. The functions draw what they are given
and train nothing.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import (
    FuncFormatter,
    LogFormatterMathtext,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)
from matplotlib.transforms import ScaledTranslation

from ravine.descent import Path
from ravine.published import SHORT_NAMES
from ravine.surfaces import Surface


@dataclass(frozen=True)
class Look:
    """How the curves of one algorithm look."""

    colour: str
    marker: str
    dash: Any


# After the colours of Okabe and Ito, which people with any kind of colour vision tell apart, made
# darker until they stand out from the page 3 to 1.
LOOKS: dict[str, Look] = {
    "GD": Look("#6b6b6b", "o", (0, (10, 3))),
    "SGD": Look("#b0609a", "v", (0, (5, 1.5))),
    "Momentum": Look("#0072b2", "s", (0, (3, 1, 1, 1))),
    "Nesterov": Look("#3595c9", "D", (0, (1, 1))),
    "AdaGrad": Look("#bf8300", "P", (0, (6, 1, 1, 1, 1, 1))),
    "AdaDelta": Look("#4a2000", "8", (0, (9, 1.5, 1, 1.5))),
    "RMSprop": Look("#00875f", "^", (0, (2, 1))),
    "Adam": Look("#d55e00", "*", "-"),
    "AMSGrad": Look("#6b1897", "X", (0, (8, 2))),
    "AdamW": Look("#2132d0", "p", (0, (4, 1, 1, 1, 1, 1))),
    "NAdam": Look("#8d2c5f", ">", (0, (3, 2))),
    "AdaMax": Look("#39590e", "<", (0, (6, 1.5, 2, 1.5))),
    "RAdam": Look("#dc50d5", "d", (0, (1, 2))),
    "AdaBelief": Look("#7871df", "h", (0, (7, 1, 1, 1))),
    "Lion": Look("#23177b", "H", (0, (2, 2))),
    "Muon": Look("#1e5474", "$m$", (0, (4, 2, 4, 1))),
    "Schedule-Free": Look("#a427dc", "$f$", (0, (12, 2, 2, 2))),
}
INK = "#22303c"
PAPER = "#fcfcfa"
CROSS: dict[str, Any] = {
    "marker": "X",
    "markersize": 9,
    "markeredgecolor": PAPER,
    "linestyle": "none",
    "zorder": 6,
}
RING: dict[str, Any] = {
    "marker": "o",
    "markersize": 12,
    "markerfacecolor": "none",
    "markeredgewidth": 1.6,
    "linestyle": "none",
}
# Published values are open shapes, one per source, of this size in points.
SHAPES = dict(zip(SHORT_NAMES, "osh8", strict=True))
MARK = 12
OPEN: dict[str, Any] = {"markerfacecolor": PAPER, "markeredgewidth": 1.5, "zorder": 7}
COLUMN_LABELS = {
    "loss": "training loss (nats)",
    "eval_loss": "test loss (nats)",
    "valid_loss": "validation loss (nats)",
}
TERRAIN = LinearSegmentedColormap.from_list(
    "terrain of the course", ["#a3c1d3", "#dfe9ee", "#f8faf9"]
)


def look(name: str) -> Look:
    """Return the look of an algorithm; a name may go on after it, as in "Adam, ε = 1e-3"."""
    for known in sorted(LOOKS, key=len, reverse=True):
        if name == known or name.startswith((known + ",", known + " ")):
            return LOOKS[known]
    return Look(INK, "x", "-")


def use_style() -> None:
    """Set matplotlib up for the course; called once at the top of every notebook."""
    mpl.rcParams.update(
        {
            "figure.figsize": (6.4, 3.8),
            "figure.dpi": 120,
            "figure.facecolor": PAPER,
            "figure.constrained_layout.use": True,
            "savefig.facecolor": PAPER,
            "axes.facecolor": PAPER,
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.linewidth": 0.8,
            "axes.grid": True,
            "axes.titlesize": 10,
            "axes.titlelocation": "left",
            "axes.labelsize": 10,
            "grid.color": "#dde3e6",
            "grid.linewidth": 0.6,
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "legend.frameon": True,
            "legend.framealpha": 0.85,
            "legend.facecolor": PAPER,
            "legend.edgecolor": "none",
            "legend.fontsize": 9,
            "lines.linewidth": 1.7,
            "lines.markersize": 5,
            "font.family": "DejaVu Sans",
            "contour.negative_linestyle": "solid",
        }
    )


def contours(ax: Axes, surface: Surface, levels: int = 14) -> None:
    """Draw the level lines of a surface over its window, and a cross at each minimum."""
    x, y, e = surface.grid()
    lowest = e.min()
    # levels crowd towards the bottom, where the walks end
    heights = lowest + (e.max() - lowest) * np.linspace(0, 1, levels + 1) ** 2
    ax.contourf(x, y, e, heights, cmap=TERRAIN)
    ax.contour(x, y, e, heights, colors="#8fa6b3", linewidths=0.5)
    if len(surface.minima):
        ax.plot(*surface.minima.T, "+", color=INK, markersize=10, mew=1.8, zorder=5)
    ax.set(
        xlim=surface.window[0],
        ylim=surface.window[1],
        xlabel=r"$\theta_1$",
        ylabel=r"$\theta_2$",
    )
    ax.grid(False)


def paths(
    ax: Axes, walks: Mapping[str, Path], steps: int | None = None, every: int = 1, **line: Any
) -> None:
    """Draw walks on a contour plot, with a marker at every `every`-th point.

    Args:
        ax: axes with the contours.
        walks: for each name a `Path` of one walk.
        steps: draw only this many steps.
        every: distance of the markers, in steps.
        **line: passed on to `Axes.plot`.
    """
    for name, walk in walks.items():
        style = look(name)
        points = walk.points[: None if steps is None else steps + 1]
        ax.plot(
            *points.T,
            color=style.colour,
            linestyle="-",
            marker=style.marker,
            markevery=every,
            markersize=6 if style.marker == "*" else 4,
            label=name,
            **{"linewidth": 1.2, **line},
        )
    first = next(iter(walks.values())).points[0]
    ax.plot(*first, "o", color=INK, markersize=7, markerfacecolor=PAPER, mew=1.5, zorder=6)


def surface_3d(
    ax: Any,
    surface: Surface,
    walks: Mapping[str, Path] | None = None,
    steps: int | None = None,
    height: float | None = None,
) -> None:
    """Draw a surface in three dimensions, and walks on it.

    Args:
        ax: axes made with `projection="3d"`.
        surface: what to draw, over its window.
        walks: for each name a `Path` of one walk.
        steps: draw only this many steps.
        height: cut the surface off above this value of E.
    """
    x, y, e = surface.grid(80)
    top = e.max() if height is None else height
    ax.computed_zorder = False  # otherwise the surface hides the walks that lie on it
    ax.plot_surface(
        x,
        y,
        np.where(e > top, np.nan, e),
        cmap=TERRAIN,
        alpha=0.75,
        linewidth=0.15,
        edgecolor="#8fa6b3",
        rcount=40,
        ccount=40,
        zorder=1,
    )
    (x_low, x_high), (y_low, y_high) = surface.window
    for name, walk in (walks or {}).items():
        style = look(name)
        points = walk.points[: None if steps is None else steps + 1]
        z = surface.value(points)
        outside = (points < (x_low, y_low)).any(1) | (points > (x_high, y_high)).any(1) | (z > top)
        drawn = np.where(outside[:, None], np.nan, np.column_stack([points, z]))
        ax.plot(
            *drawn.T,
            color=style.colour,
            marker=style.marker,
            markersize=3.5,
            linewidth=1.4,
            label=name,
            zorder=3,
        )
    ax.set(xlabel=r"$\theta_1$", ylabel=r"$\theta_2$", zlabel=r"$E(\theta)$")
    ax.set(xlim=surface.window[0], ylim=surface.window[1])
    ax.locator_params(nbins=4)
    ax.set_box_aspect(None, zoom=0.88)  # room for the labels, which are cut off otherwise


def curve(ax: Axes, x: Any, y: Any, name: str, label: str | None = None, **line: Any) -> None:
    """Draw one curve in the look of its algorithm, with about eight markers.

    `label` is for the legend where it should differ from `name`; "" leaves it out.
    """
    style = look(name)
    ax.plot(
        x,
        y,
        **{
            "color": style.colour,
            "linestyle": style.dash,
            "marker": style.marker,
            "markevery": max(1, len(np.atleast_1d(y)) // 8),
            "label": name if label is None else label,
            **line,
        },
    )


def band(ax: Axes, x: Any, runs: Any, name: str, **line: Any) -> None:
    """Draw several runs of one algorithm: their mean, and a band from the lowest to the highest.

    Args:
        ax: where to draw.
        x: shape (T,).
        runs: shape (n, T), one row per seed.
        name: the algorithm.
        **line: passed on to `curve`.
    """
    runs = np.asarray(runs)
    curve(ax, x, runs.mean(axis=0), name, **line)
    colour = line.get("color", look(name).colour)
    ax.fill_between(x, runs.min(axis=0), runs.max(axis=0), color=colour, alpha=0.2, linewidth=0)


def training_curves(ax: Axes, frame: pd.DataFrame, column: str = "loss") -> None:
    """Draw the runs of an experiment: a mean over the seeds and a band for every algorithm.

    A curve ends where the first of its seeds diverged, with a cross, and the legend says how many
    did. Epoch 0, the start, is left out.

    Args:
        ax: where to draw; its y axis becomes logarithmic.
        frame: as `protocol.compare` returns it, with the columns optimizer, seed, epoch, diverged.
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
            label = f"published, {SHORT_NAMES[source]}" + (f": epoch {later}" if later else "")
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


def tidy_log_axis(ax: Axes) -> None:
    """Give a logarithmic y axis a few ticks with plain numbers, whatever its range."""
    low, high = ax.get_ylim()
    ax.yaxis.set_minor_locator(NullLocator())
    if high / low < 4:
        ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    elif high / low < 200:
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=10))
    else:
        ax.yaxis.set_major_locator(LogLocator(numticks=10))
        ax.yaxis.set_minor_locator(LogLocator(subs=range(2, 10), numticks=10))
    ax.yaxis.set_minor_formatter(NullFormatter())
    plain = FuncFormatter(lambda value, _: f"{value:g}")
    ax.yaxis.set_major_formatter(plain if low > 5e-5 and high < 1e5 else LogFormatterMathtext())


def updates(axes: Sequence[Axes], walks: Mapping[str, Path], steps: int | None = None) -> None:
    """Draw the size of the update of each parameter against the step, on a log axis.

    Args:
        axes: two axes, one per parameter.
        walks: for each name a `Path` of one walk.
        steps: draw only this many steps.
    """
    for k, ax in enumerate(axes):
        for name, walk in walks.items():
            sizes = np.abs(walk.updates[:steps, k])
            curve(ax, np.arange(1, len(sizes) + 1), sizes, name)
        ax.set(yscale="log", xlabel="step", ylabel=rf"$|\Delta\theta_{k + 1}|$")


def network_diagram(
    ax: Axes,
    widths: Sequence[int],
    neurons: Sequence[Sequence[str]] | None = None,
    weights: Sequence[Any] | None = None,
) -> list[np.ndarray]:
    """Draw a fully connected network: a circle for each neuron, a line for each weight.

    Args:
        ax: where to draw; it loses its axes.
        widths: number of neurons of each layer, from the input to the output.
        neurons: what to write into the circles: for each layer a text for each neuron, the topmost
            first.
        weights: what to write on the lines: weights[l][j][k] stands on the line from neuron k of
            layer l to neuron j of layer l + 1.

    Returns:
        The centres of the neurons, for each layer an array of shape (width, 2). Layer l stands at
        x = l, and all layers fill the heights from -1 to 1.
    """
    heights = [1 - (2 * np.arange(n) + 1) / n for n in widths]
    centres = [np.column_stack([np.full(len(y), float(x)), y]) for x, y in enumerate(heights)]
    label: dict[str, Any] = {"ha": "center", "va": "center"}
    box = {"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none"}
    for x, (sources, targets) in enumerate(itertools.pairwise(centres)):
        for (j, target), (k, source) in itertools.product(enumerate(targets), enumerate(sources)):
            ax.plot(*zip(source, target, strict=True), color="#8fa6b3", linewidth=0.9, zorder=1)
            if weights is not None:
                # nearer to the source, where the lines to one neuron do not yet meet
                place = source + 0.32 * (target - source)
                ax.text(
                    place[0], place[1], weights[x][j][k], fontsize=8, bbox=box, zorder=2, **label
                )
    for x, layer in enumerate(centres):
        style: dict[str, Any] = {"markersize": 32, "markerfacecolor": PAPER, "markeredgecolor": INK}
        ax.plot(*layer.T, "o", linestyle="none", clip_on=False, zorder=3, **style)
        for place, text in zip(layer, neurons[x] if neurons else [""] * len(layer), strict=True):
            ax.text(place[0], place[1], text, fontsize=11, zorder=4, **label)
    ax.set(xlim=(-0.35, len(widths) - 0.65), ylim=(-1.05, 1.05))
    ax.axis("off")
    return centres


def figure(rows: int = 1, columns: int = 1, **arguments: Any) -> tuple[Any, Any]:
    """Return `plt.subplots` of a size that suits the page: 6.4 or 8.4 inches wide, 3.4 per row."""
    return plt.subplots(
        rows, columns, **{"figsize": (6.4 if columns == 1 else 8.4, 3.4 * rows), **arguments}
    )
