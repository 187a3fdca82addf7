"""One style for all figures of the course.

Every algorithm has one colour, one marker and one dash through the whole book, so that a reader
knows Adam when it comes back, also without seeing colours.
"""

from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
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
    "Shampoo": Look("#b3122f", "$s$", (0, (7, 2, 1, 2))),
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


def figure(rows: int = 1, columns: int = 1, **arguments: Any) -> tuple[Any, Any]:
    """Return `plt.subplots` of a size that suits the page: 6.4 or 8.4 inches wide, 3.4 per row."""
    return plt.subplots(
        rows, columns, **{"figsize": (6.4 if columns == 1 else 8.4, 3.4 * rows), **arguments}
    )


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
