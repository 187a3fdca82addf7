"""A small transformer on the Penn Treebank: why language needs Adam.

Texts come in any order, as a transformer carries nothing from one to the next. The network is our
own, so small that two processor cores train it. Muon moves the matrices of the blocks alone, as its
author asks: embeddings and head are left to Adam.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from ravine import networks
from ravine.data import Dataset, datasets
from ravine.experiments.setting import Experiment, Family, Setting, at_rates
from ravine.experiments.successors import muon
from ravine.optimizers import Adam, AdamW, GradientDescent, Momentum
from ravine.surfaces import frequency_groups
from ravine.training import MakeOptimizer

# Small enough to train in seconds; the sample has 2,000 words.
QUICK_WORDS, QUICK_STEPS, QUICK_BATCH = 2000, 32, 16
FULL_STEPS, FULL_BATCH = 64, 16
QUICK_GROUPS, FULL_GROUPS = 4, 10  # of words by frequency, whose losses are recorded

quick_network = partial(
    networks.transformer, QUICK_WORDS, steps=QUICK_STEPS, width=32, blocks=2, heads=2
)
full_network = partial(
    networks.transformer, 10_000, steps=FULL_STEPS, width=128, blocks=2, heads=4, dropout=0.1
)

CONTESTANTS: dict[str, Family] = {"SGD": GradientDescent, "Momentum": Momentum, "Adam": Adam}
# The best of each grid, see `experiments.tune`. None of them lies at the end of its grid.
QUICK_RATES = {"SGD": 0.3, "Momentum": 0.3, "Adam": 0.003}
GRIDS = {
    "SGD": (0.03, 0.1, 0.3, 1.0, 3.0),
    "Momentum": (0.01, 0.03, 0.1, 0.3, 1.0),
    "Adam": (0.0003, 0.001, 0.003, 0.01, 0.03),
}
# The best of the same grids after one epoch of the full size. Two more have Adam's rate there, as
# Keras scales Muon's steps to the size of Adam's.
FULL_RATES = {"SGD": 0.3, "Momentum": 0.1, "Adam": 0.001}
FULL_OPTIMIZERS: dict[str, MakeOptimizer] = {
    **at_rates(CONTESTANTS, FULL_RATES),
    "AdamW": partial(AdamW, FULL_RATES["Adam"], weight_decay=0.1),
    "Muon": partial(muon, FULL_RATES["Adam"]),
}


def texts(dataset: Dataset, steps: int) -> Dataset:
    """Cut the texts of a data set into short ones that may come in any order.

    Args:
        dataset: texts, shape (N,).
        steps: words of a short text.

    Returns:
        Texts and next words, shape (N // steps, steps).
    """
    cut = datasets.unroll(dataset, streams=1, steps=steps)
    return replace(cut, streams=None, provenance=f"{dataset.provenance}, cut into texts of {steps}")


def texts_in_groups(dataset: Dataset, steps: int, groups: int) -> Dataset:
    """Cut texts as `texts` does, and group the words by their frequency in the training text.

    Args:
        dataset: texts, shape (N,).
        steps: words of a short text.
        groups: of words, each of which makes up as much of the text, such as 10 for deciles.
    """
    cut = texts(dataset, steps)
    heard = np.bincount(cut.y_train.ravel(), minlength=len(dataset.labels))
    provenance = f"{cut.provenance}, words in {groups} groups by frequency"
    return replace(cut, groups=frequency_groups(heard, groups), provenance=provenance)


TRANSFORMER = Experiment(
    name="ptb-transformer",
    title="Penn Treebank, a small transformer",
    dataset="ptb",
    quick=Setting(
        data="sample",
        make_model=quick_network,
        optimizers=at_rates(CONTESTANTS, QUICK_RATES),
        epochs=2,
        seeds=(0, 1, 2, 3, 4),
        batch_size=QUICK_BATCH,
        prepare=partial(texts_in_groups, steps=QUICK_STEPS, groups=QUICK_GROUPS),
    ),
    full=Setting(
        data="full",
        make_model=full_network,
        optimizers=FULL_OPTIMIZERS,
        epochs=10,
        seeds=(0, 1, 2),
        batch_size=FULL_BATCH,
        points=10,
        prepare=partial(texts_in_groups, steps=FULL_STEPS, groups=FULL_GROUPS),
    ),
    grids=GRIDS,
    families=CONTESTANTS,
)

EXPERIMENTS = (TRANSFORMER,)
