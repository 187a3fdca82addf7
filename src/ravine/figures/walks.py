"""Surfaces, and the walks of the optimizers on them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from ravine.figures.style import INK, PAPER, TERRAIN, curve, look

if TYPE_CHECKING:  # a figure takes surfaces and paths, and loads nothing that makes them
    from ravine.surfaces import Path, Surface


def contours(ax: Axes, surface: "Surface", levels: int = 14) -> None:
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
    ax: Axes, walks: "Mapping[str, Path]", steps: int | None = None, every: int = 1, **line: Any
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
    surface: "Surface",
    walks: "Mapping[str, Path] | None" = None,
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


def updates(axes: Sequence[Axes], walks: "Mapping[str, Path]", steps: int | None = None) -> None:
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
