"""One style for all figures of the course.

Every algorithm has one colour, one marker and one dash through the whole book, so that a reader
knows Adam when it comes back, also without seeing colours. The functions draw what they are given
and train nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from ravine.descent import Path
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
    "RMSprop": Look("#00875f", "^", (0, (2, 1))),
    "Adam": Look("#d55e00", "*", "-"),
}
INK = "#22303c"
PAPER = "#fcfcfa"
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


def figure(rows: int = 1, columns: int = 1, **arguments: Any) -> tuple[Any, Any]:
    """Return `plt.subplots` of a size that suits the page: 6.4 or 8.4 inches wide, 3.4 per row."""
    return plt.subplots(
        rows, columns, **{"figsize": (6.4 if columns == 1 else 8.4, 3.4 * rows), **arguments}
    )
