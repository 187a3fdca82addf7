"""Draws the picture of the README and the landing page: the race in the ravine.

    python -m tools.site.draw_cover

Every algorithm makes the same number of steps, each at its best learning rate from the same grid;
"best" is the lowest mean error over these steps.
"""

from collections.abc import Callable

import matplotlib

matplotlib.use("Agg")

import numpy as np
from keras.optimizers import Optimizer

from ravine import figures
from ravine.optimizers import Adam, GradientDescent, Momentum, RMSprop
from ravine.surfaces import Path, Surface, descend, ravine
from tools.book import drawings
from tools.book.notebooks import ROOT

PICTURE = "book/_static/race.png"
RACERS: dict[str, Callable[[float], Optimizer]] = {
    "GD": GradientDescent,
    "Momentum": lambda rate: Momentum(rate, beta=0.7),
    "RMSprop": RMSprop,
    "Adam": lambda rate: Adam(rate, beta_1=0.7, beta_2=0.9),
}
RATES = np.geomspace(1e-3, 1, 61)
STEPS = 20


def race() -> tuple[Surface, dict[str, tuple[float, Path]]]:
    """Returns the ravine, and for each algorithm its best learning rate and walk."""
    surface = ravine()
    tried = [
        (rate, descend(surface, {name: make(rate) for name, make in RACERS.items()}, steps=STEPS))
        for rate in RATES
    ]
    best = {}
    for name in RACERS:
        rate, walks = min(tried, key=lambda trial: trial[1][name].losses.mean())
        best[name] = rate, walks[name]
    return surface, best


def main() -> None:
    """Draws the picture and prints what it shows."""
    figures.use_style()
    surface, best = race()
    fig, axes = figures.figure(2, 2, figsize=(8.4, 4.4), sharex=True, sharey=True)
    for ax, (name, (rate, walk)) in zip(axes.flat, best.items(), strict=True):
        left = walk.losses[-1] / walk.losses[0]
        figures.contours(ax, surface)
        figures.paths(ax, {name: walk}, linewidth=1.6)
        ax.set_title(name, color=figures.look(name).colour, weight="bold", size=12)
        # Without numbers it is a picture, which stays whole on the first screen of a phone.
        ax.set(xticks=[], yticks=[])
        ax.label_outer()
        print(f"{name}, learning rate {rate:.4f}: {left:.1e} of the error is left")
    fig.savefig(ROOT / PICTURE)
    drawings.keep(drawings.draw(fig), (ROOT / PICTURE).read_bytes(), ROOT / "book" / "_figures")


if __name__ == "__main__":
    main()
