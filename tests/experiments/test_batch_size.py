"""The sizes of the minibatch: equal budgets, and how steps to a target are counted."""

import numpy as np
import pandas as pd
import pytest

from ravine.experiments import batch_size
from ravine.experiments.batch_size import BASE, SCALED, SIZES, steps_to


def table(losses, points, optimizer="Adam", seed=0):
    """Return a table of a run with these losses."""
    epochs = np.arange(len(losses)) / points
    return pd.DataFrame({"optimizer": optimizer, "seed": seed, "epoch": epochs, "loss": losses})


def test_every_algorithm_has_as_many_rates_at_every_size():
    for experiment in batch_size.EXPERIMENTS:
        assert {len(rates) for rates in experiment.grids.values()} == {6}
        assert len(experiment.full.optimizers) == 6 * len(experiment.families)
        for name, rates in experiment.grids.items():
            for rate in rates:
                made = experiment.full.optimizers[batch_size.trial(name, rate)]()
                assert type(made) is type(experiment.families[name](rate))
                assert float(made.learning_rate) == rate


def test_scaled_decays_forget_as_fast_per_example():
    for size in SIZES:
        scaled = batch_size.families(size)[SCALED](0.1)
        assert scaled.beta_1 ** (BASE / size) == pytest.approx(0.9)
        assert scaled.beta_2 ** (BASE / size) == pytest.approx(0.999)


def test_steps_by_hand():
    # 7 steps in 3 parts: 2, 2, 3; their middles are 1, 3 and 5.5, in the second epoch 8, 10, ...
    losses = [8.0, 4.0, 2.0, 1.0, 0.5]
    assert steps_to(table(losses, 3), 4.0, 7).loc["Adam", 0] == pytest.approx(1)
    assert steps_to(table(losses, 3), np.sqrt(8), 7).loc["Adam", 0] == pytest.approx(2)
    assert steps_to(table(losses, 3), np.sqrt(2), 7).loc["Adam", 0] == pytest.approx(4.25)
    assert steps_to(table(losses, 3), 0.5, 7).loc["Adam", 0] == pytest.approx(8)
    assert steps_to(table(losses, 3), 0.4, 7).loc["Adam", 0] == np.inf


def test_the_first_crossing_counts_in_every_run():
    frame = pd.concat(
        [
            table([8, 2, 4, 2], 1),
            table([8, 8, 4, 2], 1, seed=1),
            table([8, np.inf, np.inf, np.inf], 1, "SGD, 0.1"),
        ]
    )
    steps = steps_to(frame, 2.0, 10)
    assert steps.loc["Adam", 0] == pytest.approx(5)
    assert steps.loc["Adam", 1] == pytest.approx(25)
    assert steps.loc["SGD, 0.1", 0] == np.inf
    assert np.isnan(steps.loc["SGD, 0.1", 1])
