"""The plan: what it names is there, the best comes first, and its hours are those announced."""

import subprocess
import sys
from itertools import pairwise

import pytest

from ravine.experiments import EXPERIMENTS, PLAN, TUNING_SEEDS, plan, units
from ravine.experiments import vae as autoencoder
from ravine.files import data_directory
from ravine.results import records

# In hours on two idle cores.
BUDGETS = {"a": 4.3, "b": 4.5, "c": 2, "d": 3.5, "e": 6, "f": 5.4, "g": 1.2, "h": 7, "i": 1.5}


def test_every_unit_is_one_that_its_setting_can_run():
    for unit in units():
        experiment = EXPERIMENTS[unit.experiment]
        assert unit.epochs <= experiment.full.epochs
        if unit.rate is None:
            assert unit.optimizer in experiment.full.optimizers
        else:
            assert unit.rate in experiment.grids[unit.optimizer]
        assert unit.seed not in TUNING_SEEDS


def test_only_the_published_length_is_called_full():
    for unit in units():
        length = "full" if unit.epochs == EXPERIMENTS[unit.experiment].full.epochs else None
        length = length or f"{unit.epochs}-epochs"
        assert unit.size == (length if unit.rate is None else f"{length}-grid")


def test_every_record_of_the_course_has_the_name_of_its_length():
    root = data_directory() / "results"
    found = [path.parent for path in root.glob("*/*/provenance.json")]
    assert found
    for directory in found:
        name, size = directory.relative_to(root).parts
        plain = records.without_grid(size)
        setting = EXPERIMENTS[name].setting("quick" if plain == "quick" else "full")
        epochs = records.load(name, size).provenance["settings"]["epochs"]
        if plain == "quick":
            assert epochs == setting.epochs
        assert plain == records.size_of(
            "quick" if plain == "quick" else "full", epochs, setting.epochs
        )


def test_the_plan_knows_the_published_epochs():
    for name, known in plan.EXPERIMENTS.items():
        assert known.epochs == EXPERIMENTS[name].full.epochs


def test_no_unit_comes_twice():
    named = [(u.experiment, u.size, u.trial, u.seed) for u in units()]
    assert len(set(named)) == len(named)


def test_a_shorter_run_comes_before_the_longer_one_that_goes_on_from_it():
    listed = units()
    for place, unit in enumerate(listed):
        for later in listed[place + 1 :]:
            assert not unit.goes_on_as(later) or unit.epochs < later.epochs


def test_lines_stand_in_their_order():
    assert all(one.letter <= other.letter for one, other in pairwise(PLAN))
    assert {line.letter for line in PLAN} == set("abcdefghijk")


def test_a_seed_is_whole_before_the_next_begins():
    for line in PLAN:
        seeds = [unit.seed for unit in line.units()]
        assert seeds == sorted(seeds)


@pytest.mark.parametrize("letter", BUDGETS)
def test_hours(letter):
    listed = [unit for line in PLAN if line.letter == letter for unit in line.units()]
    hours = sum(unit.epochs * unit.seconds for unit in listed) / 3600
    assert hours == pytest.approx(BUDGETS[letter], rel=0.25)


def test_figure_4_is_there_whole():
    listed = [unit for unit in units() if unit.size == "10-epochs-grid" and unit.seed == 0]
    assert {unit.optimizer for unit in listed} == set(autoencoder.VARIANTS)
    assert len(listed) == len(autoencoder.VARIANTS) * len(autoencoder.RATES)


def test_gpus_get_what_nothing_else_can_train():
    assert {unit.experiment for unit in units() if unit.gpu} == {
        "ptb-lstm",
        "ptb-lstm-clipped",
        "vgg16",
        "vgg16-batch-norm",
    }


def test_the_plan_and_what_is_recorded_of_it_load_no_keras():
    code = (
        "import sys; from pathlib import Path; from ravine.experiments import progress;"
        "progress(Path(), Path()); sys.exit('keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
