"""The grids of both decays: which pairs, and what each trains with."""

from ravine.experiments import averages, best_rates
from ravine.experiments.averages import BETAS_1, BETAS_2, CELLS, DIAGONAL, FAILING, cell_name
from ravine.results import records


def test_every_pair_but_the_failing_one_has_its_decays_at_both_sizes():
    assert set(CELLS) | set(FAILING) == {(a, b) for a in BETAS_1 for b in BETAS_2}
    assert not set(CELLS) & set(FAILING)
    assert set(DIAGONAL) < set(CELLS)
    for experiment in averages.EXPERIMENTS:
        for size in ("quick", "full"):
            makers = experiment.setting(size).optimizers
            assert list(makers) == [cell_name(cell) for cell in CELLS]
            for cell in CELLS:
                made = makers[cell_name(cell)]()
                assert (made.beta_1, made.beta_2) == cell


def test_the_failing_pair_has_no_rate_inside_its_grid():
    for size, rates in (("quick-grid", 5), ("full-grid", 6)):
        table = best_rates(records.load("beta-grid-mlp", size).frame)
        (name,) = map(cell_name, FAILING)
        losses = table[table["optimizer"] == name].set_index("learning_rate")["loss"]
        assert len(losses) == 6
        assert (losses.sort_index()[-rates:] == float("inf")).all()
