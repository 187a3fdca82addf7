"""Drawings of networks."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ravine.figures.style import INK, PAPER


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
