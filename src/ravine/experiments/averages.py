"""Adam's two running means: one grid of (β₁, β₂) on digits, one on text.

The page on the running averages asks how long each mean should remember. Every cell of the grid is
an algorithm of its own, with as many learning rates as any other.
"""

import itertools
from functools import partial

from ravine import networks
from ravine.data import datasets
from ravine.experiments.language import frequent_words
from ravine.experiments.setting import Experiment, Family, Setting, at_rates
from ravine.optimizers import Adam

Cell = tuple[float, float]

BETAS_1 = (0.0, 0.5, 0.9, 0.95, 0.99)
BETAS_2 = (0.5, 0.9, 0.95, 0.99, 0.999)
DEFAULT: Cell = (0.9, 0.999)
DIAGONAL: tuple[Cell, ...] = tuple((beta, beta) for beta in BETAS_1 if beta in BETAS_2)
# Far beyond β₁ = √β₂: on all digits this pair diverges at every rate below, on the sample at all
# but the lowest, where it hardly learns. The recorded grids show it. On text it was not run.
FAILING: tuple[Cell, ...] = ((0.99, 0.5),)
CELLS: tuple[Cell, ...] = tuple(
    cell for cell in itertools.product(BETAS_1, BETAS_2) if cell not in FAILING
)

# Learning rates, factors of about 3, the same for every cell.
MLP_RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)
TEXT_RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
# Small enough to train hundreds of them in minutes.
TEXT_STEPS, TEXT_STREAMS, TEXT_WORDS, TEXT_UNITS = 10, 100, 500, 32


def cell_name(cell: Cell) -> str:
    """Return the name of the runs with these (β₁, β₂), as the records have it."""
    return f"Adam {cell[0]:g}/{cell[1]:g}"


def family(cell: Cell) -> Family:
    """Return Adam with these (β₁, β₂) as a function of its learning rate."""
    return partial(Adam, beta_1=cell[0], beta_2=cell[1])


FAMILIES: dict[str, Family] = {cell_name(cell): family(cell) for cell in CELLS}


def _by_cell(*rows: tuple[float, ...]) -> dict[str, float]:
    """Return rates by cell, from a row for each β₁ with a rate for each β₂ in `CELLS`."""
    rates = itertools.chain(*rows)
    return {cell_name(cell): rate for cell, rate in zip(CELLS, rates, strict=True)}


# The best of each grid, see `experiments.tune`. In the quick grids none lies at the end.
MLP_QUICK_RATES = _by_cell(
    (0.003, 0.003, 0.003, 0.003, 0.01),
    (0.003, 0.003, 0.003, 0.01, 0.01),
    (0.001, 0.01, 0.01, 0.01, 0.01),
    (0.0003, 0.01, 0.01, 0.01, 0.01),
    (0.003, 0.01, 0.01, 0.01),
)
MLP_FULL_RATES = _by_cell(
    (0.003, 0.003, 0.003, 0.003, 0.003),
    (0.003, 0.003, 0.003, 0.003, 0.003),
    (0.0003, 0.003, 0.003, 0.003, 0.003),
    (0.0003, 0.003, 0.003, 0.003, 0.003),
    (0.0003, 0.001, 0.003, 0.003),
)
TEXT_QUICK_RATES = _by_cell(
    (0.03, 0.03, 0.03, 0.03, 0.03),
    (0.03, 0.1, 0.1, 0.03, 0.03),
    (0.01, 0.1, 0.1, 0.1, 0.1),
    (0.001, 0.1, 0.1, 0.1, 0.1),
    (0.1, 0.1, 0.1, 0.1),
)
TEXT_FULL_RATES = TEXT_QUICK_RATES  # not tuned on the whole text


def _mlp(data, rates, epochs, seeds):
    return Setting(
        data=data,
        make_model=partial(networks.mnist_mlp, hidden=100, dropout=0.0),
        optimizers=at_rates(FAMILIES, rates),
        epochs=epochs,
        seeds=seeds,
    )


def _text_data(dataset):
    return datasets.unroll(frequent_words(dataset, TEXT_WORDS), TEXT_STREAMS, TEXT_STEPS)


def _text(data, rates, epochs, seeds):
    return Setting(
        data=data,
        # As wide a range as `language` takes, for as many units as there are here.
        make_model=partial(
            networks.lstm,
            TEXT_WORDS,
            units=TEXT_UNITS,
            layers=1,
            dropout=0.0,
            streams=TEXT_STREAMS,
            initial=0.23,
        ),
        optimizers=at_rates(FAMILIES, rates),
        epochs=epochs,
        seeds=seeds,
        batch_size=TEXT_STREAMS,
        prepare=_text_data,
    )


MLP = Experiment(
    name="beta-grid-mlp",
    title="MNIST, two hidden layers of 100 units, Adam with 24 pairs of decays",
    dataset="mnist",
    quick=_mlp("sample", MLP_QUICK_RATES, 5, (0, 1, 2)),
    full=_mlp("full", MLP_FULL_RATES, 2, (0, 1, 2, 3, 4)),
    grids=dict.fromkeys(FAMILIES, MLP_RATES),
    families=FAMILIES,
)
TEXT = Experiment(
    name="beta-grid-text",
    title="A small LSTM on text, Adam with 24 pairs of decays",
    dataset="ptb",
    quick=_text("sample", TEXT_QUICK_RATES, 2, (0, 1, 2, 3, 4)),
    full=_text("full", TEXT_FULL_RATES, 1, (0, 1, 2, 3, 4)),
    grids=dict.fromkeys(FAMILIES, TEXT_RATES),
    families=FAMILIES,
)

EXPERIMENTS = (MLP, TEXT)
