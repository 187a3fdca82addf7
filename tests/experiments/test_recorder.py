"""The recorder: it goes on after every stop, shares, and loses nothing to what goes wrong."""

import dataclasses
import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from ravine import experiments, files, networks
from ravine.cli import app
from ravine.data import datasets
from ravine.experiments import (
    EXPERIMENTS,
    RefusedError,
    Unit,
    add,
    ledger,
    plan,
    record,
    record_on_cluster,
    recorder,
)
from ravine.experiments.plan import Known, Line
from ravine.files import WriteError, only_writer
from ravine.results import RecordError, machine, records
from ravine.training import CheckpointWarning, Trainer, compare, read_checkpoint, run_name
from tests.accounts import read_only
from tests.weekly import weekly

SHORT, LONG = 1, 2  # epochs
ROOT = Path(__file__).parents[2]


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """Put an experiment of seconds into the place of all others: two algorithms, two lengths."""
    mlp = EXPERIMENTS["mnist-mlp"]
    full = dataclasses.replace(
        mlp.full,
        data="sample",
        make_model=partial(networks.mnist_mlp, hidden=4, dropout=0.1),
        batch_size=1000,
        epochs=LONG,
        points=2,
    )
    monkeypatch.setitem(EXPERIMENTS, "tiny", dataclasses.replace(mlp, name="tiny", full=full))
    monkeypatch.setitem(plan.EXPERIMENTS, "tiny", Known(LONG, 1))
    lines = (
        Line("a", "one", "tiny", SHORT, ("SGD",), (0,)),
        Line("b", "two", "tiny", LONG, ("SGD", "Adam"), (0,)),
    )
    monkeypatch.setattr(plan, "PLAN", lines)
    monkeypatch.setattr(machine, "commit_of", lambda _: "0123abc")  # which may change meanwhile


@pytest.fixture
def folders(tmp_path):
    return tmp_path / "results", tmp_path / "states"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Nothing yet: the first test that needs a record that nobody interrupted makes it."""
    return tmp_path_factory.mktemp("whole")


def uninterrupted(whole):
    if not (whole / "results").exists():
        found = record(1, whole / "results", whole / "states")
        assert found.complete and not found.problems and len(found.units) == 3
    return outcome(whole / "results")


def outcome(root):
    """Return all that the records hold, without dates and durations."""
    found = {}
    for size in ("full", "1-epochs"):
        saved = records.load("tiny", size, root)
        provenance = timeless(saved.provenance)
        provenance["units"] = [timeless(unit) for unit in provenance["units"]]
        provenance["summary"] = [timeless(row) for row in provenance["summary"]]
        provenance["files"] = sorted(p.name for p in (root / "tiny" / size).iterdir())
        found[size] = saved.frame.drop(columns="seconds").to_csv(), provenance
    return found


def timeless(entry):
    return {name: value for name, value in entry.items() if name not in ("date", "seconds")}


def test_recorders_on_a_cluster_share_the_units_out(whole, folders, monkeypatch):
    expected = uninterrupted(whole)
    # two machines, the second of which comes a little later
    monkeypatch.setattr(recorder, "on_every_place", lambda work: [work(), work()])
    found = record_on_cluster(1, *folders)
    assert found.complete and not found.problems
    assert [(unit.size, unit.optimizer) for unit in found.units] == [
        ("1-epochs", "SGD"),
        ("full", "SGD"),
        ("full", "Adam"),
    ]
    assert outcome(folders[0]) == expected


def test_what_is_recorded(whole):
    (table, provenance) = uninterrupted(whole)["full"]
    assert provenance["settings"]["epochs"] == LONG and provenance["settings"]["seeds"] == [0]
    assert list(provenance["settings"]["optimizers"]) == ["SGD", "Adam"]
    assert provenance["settings"]["network"] == {
        "function": "mnist_mlp",
        "dropout": 0.1,
        "hidden": 4,
    }
    assert [unit["optimizer"] for unit in provenance["units"]] == ["SGD", "Adam"]
    for unit in provenance["units"]:
        assert {"device", "keras", "backend"} <= set(unit["environment"])
    assert table.count("\n") == 1 + 2 * (2 * LONG + 1)
    alone = experiments.run("tiny", "full", ["SGD", "Adam"], [0])
    saved = records.load("tiny", "full", whole / "results").frame
    pd.testing.assert_frame_equal(
        saved.drop(columns="seconds"), alone.frame.drop(columns="seconds"), check_exact=True
    )


@weekly
def test_a_kill_in_any_row_costs_a_row_at_most(whole, folders, monkeypatch):
    """Every call dies in the first row that was not there before, until none is left."""
    expected, seen, calls = uninterrupted(whole), set(), []

    def watch(moment):
        name = moment.unit.size, moment.unit.trial, moment.rows
        if name not in seen:
            seen.add(name)
            raise Killed

    train = Trainer.train
    monkeypatch.setattr(
        Trainer,
        "train",
        lambda trainer, seed, epoch, *steps: calls.append(1) or train(trainer, seed, epoch, *steps),
    )
    for _ in range(20):
        try:
            record(1, *folders, watch=watch)
            break
        except Killed:
            continue
    assert outcome(folders[0]) == expected
    assert len(calls) == 2 * LONG * 2  # no row was trained twice, and the long run goes on
    assert not list(folders[1].glob("**/*.npz"))


def merged(part, root):
    ledger.merge(root, part, ["SGD", "Adam"])


def parts(whole):
    """Return the two units of a record as they come out of training."""
    uninterrupted(whole)
    saved = records.load("tiny", "full", whole / "results")
    found = []
    for unit in saved.provenance["units"]:
        settings = saved.provenance["settings"]
        name = unit["optimizer"]
        own = {name: settings["optimizers"][name]}
        provenance = {
            **saved.provenance,
            **{key: unit[key] for key in ("date", "seconds", "environment")},
            "settings": {**settings, "optimizers": own},
            "units": [unit],
        }
        provenance.pop("summary")
        table = saved.frame[saved.frame["optimizer"] == name].reset_index(drop=True)
        found.append(records.Record(table, provenance))
    return found


def test_a_merge_adds_what_an_older_record_did_not_note(whole, tmp_path):
    first, second = parts(whole)
    trained = first.provenance["settings"].pop("trainable")
    merged(first, tmp_path)
    merged(second, tmp_path)
    settings = records.load("tiny", "full", tmp_path).provenance["settings"]
    assert settings["trainable"] == trained and list(settings["optimizers"]) == ["SGD", "Adam"]


STEPS = [
    *((files.os, "fsync", call) for call in range(4)),
    *((files.os, "replace", call) for call in range(3)),
    *((records, "write_whole", call) for call in range(2)),
]


@pytest.mark.parametrize(("module", "name", "call"), STEPS)
def test_a_kill_inside_a_merge(module, name, call, whole, tmp_path, monkeypatch):
    first, second = parts(whole)
    merged(first, tmp_path)
    before = files_of(tmp_path)
    real, calls = getattr(module, name), []

    def counted(*arguments, **options):
        calls.append(1)
        if len(calls) == call + 1:
            raise Killed
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, counted)
        with pytest.raises(Killed):
            merged(second, tmp_path)
    kept = records.load("tiny", "full", tmp_path)  # the old record or the new one, whole
    assert len(kept.provenance["units"]) in (1, 2)
    if len(kept.provenance["units"]) == 1:
        assert {name: text for name, text in files_of(tmp_path).items() if name in before} == before
    merged(second, tmp_path)
    assert files_of(tmp_path) == files_of(whole / "results", "full")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_order_in_which_units_come_leaves_no_trace(order, whole, tmp_path):
    both = parts(whole)
    for which in order:
        merged(both[which], tmp_path)
    assert files_of(tmp_path) == files_of(whole / "results", "full")
    merged(both[0], tmp_path)  # a second time
    assert files_of(tmp_path) == files_of(whole / "results", "full")


def files_of(root, size="full"):
    return {path.name: path.read_bytes() for path in (root / "tiny" / size).iterdir()}


def read_alone(*arguments, **options):
    frame = compare(*arguments, **options)
    assert frame.attrs["trained"] == 0
    return frame


def test_a_finished_unit_is_merged_later_without_training(whole, folders, monkeypatch):
    expected = uninterrupted(whole)
    with monkeypatch.context() as patch:

        def killed(*_):
            raise Killed

        patch.setattr(ledger, "merge", killed)
        with pytest.raises(Killed):
            record(1, *folders, units=[plan.units()[1]])
    with monkeypatch.context() as patch:
        patch.setattr(recorder, "compare", read_alone)
        assert len(record(1, *folders, units=plan.units()[:2]).units) == 2
    record(1, *folders)
    assert outcome(folders[0]) == expected


def test_it_stops_at_its_time(folders):
    found = record(0, *folders)
    assert (found.units, found.complete) == ([], False)
    seconds = [record(1e-9, *folders).complete for _ in range(2)]
    assert not any(seconds) and not folders[0].exists()


def test_the_time_ends_after_a_row_that_is_kept(folders, monkeypatch):
    moments = []
    clock = [0.0]
    monkeypatch.setattr("ravine.experiments.recorder.time.monotonic", lambda: clock[0])

    def watch(moment):
        moments.append(moment)
        clock[0] += 1800

    found = record(1, *folders, units=plan.units()[1:], watch=watch)
    assert not found.complete and not found.units
    # at the third row half an hour each is known, and the hour is over
    (checkpoint,) = folders[1].glob(f"**/{run_name('SGD')}-seed-0.npz")
    assert len(read_checkpoint(checkpoint)[2]) == len(moments) == 3


def test_two_recorders_share_the_units(whole, folders):
    """While one trains a unit, the other takes the next ones and leaves that alone."""
    expected, others = uninterrupted(whole), []

    def watch(moment):
        if not others:
            others.append(record(1, *folders))

    found = record(1, *folders, watch=watch)
    (other,) = others
    assert [(u.size, u.trial) for u in found.units] == [("1-epochs", "SGD"), ("full", "SGD")]
    assert [(u.size, u.trial) for u in other.units] == [("full", "Adam")]
    (reason,) = other.problems
    assert re.fullmatch(r"\S+/tiny/sgd-seed-0 is in use, another run writes there: .*", reason)
    assert outcome(folders[0]) == expected


def test_a_merge_waits_for_another(whole, tmp_path, monkeypatch):
    first, second = parts(whole)
    merged(first, tmp_path)
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        held.__exit__(None, None, None)

    held = only_writer(tmp_path / "tiny")
    held.__enter__()
    monkeypatch.setattr(ledger.time, "sleep", sleep)
    merged(second, tmp_path)
    assert len(slept) == 1
    assert files_of(tmp_path) == files_of(whole / "results", "full")


@pytest.mark.parametrize("where", ["checkpoint", "merge"])
def test_a_full_disk_is_one_sentence_and_loses_nothing(where, whole, folders, monkeypatch):
    expected = uninterrupted(whole)
    fsync, calls = os.fsync, []

    def full(descriptor):
        calls.append(1)
        if where == "merge" or len(calls) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return fsync(descriptor)

    def full_merge(*arguments):
        with monkeypatch.context() as inner:
            inner.setattr(files.os, "fsync", full)
            merge(*arguments)

    merge = ledger.merge
    with monkeypatch.context() as patch:
        if where == "merge":
            patch.setattr(ledger, "merge", full_merge)
        else:
            patch.setattr(files.os, "fsync", full)
        with pytest.raises(WriteError, match=r"could not be written \(No space .*unchanged\.$"):
            record(1, *folders)
    record(1, *folders)
    assert outcome(folders[0]) == expected


def test_a_folder_that_cannot_be_written(whole, folders):
    folders[0].write_text("not a directory")
    with pytest.raises(WriteError, match="could not be written"):
        record(1, *folders, units=plan.units()[:1])
    folders[0].unlink()
    record(1, *folders)
    assert outcome(folders[0]) == uninterrupted(whole)


def test_an_older_record_stays_and_the_unit_waits(folders, monkeypatch):
    records.save(experiments.run("tiny", "full", ["SGD"], [0]), folders[0])
    before = files_of(folders[0])
    units = [plan.units()[1]]
    found = record(1, *folders, units=units)
    assert not found.units and len(found.problems) == 1
    assert "full holds a record that `ravine record` did not make" in found.problems[0]
    assert files_of(folders[0]) == before
    (line,) = [each for each in experiments.progress(*folders) if each.line.size == "full"]
    assert (line.older, line.recorded, line.units) == (LONG, 0, 2)

    os.rename(folders[0] / "tiny" / "full", folders[0] / "tiny" / "old")
    monkeypatch.setattr(recorder, "compare", read_alone)
    assert record(1, *folders, units=units).units == units


def test_a_record_of_other_settings_is_left_alone_before_any_training(whole, folders, monkeypatch):
    first, _ = parts(whole)
    first.provenance["settings"]["batch_size"] = 10
    merged(first, folders[0])
    before = files_of(folders[0])
    monkeypatch.setattr(Trainer, "train", None)
    found = record(1, *folders, units=plan.units()[2:])
    assert not found.units and "other batch_size (1000, not 10)" in found.problems[0]
    assert files_of(folders[0]) == before


def test_a_damaged_record_is_named_and_the_rest_goes_on(whole, folders):
    merged(parts(whole)[0], folders[0])
    table = folders[0] / "tiny" / "full" / "runs.csv"
    table.write_bytes(table.read_bytes()[:-2])
    before = files_of(folders[0])
    found = record(1, *folders)
    assert [unit.size for unit in found.units] == ["1-epochs"]
    assert "is not the table that" in found.problems[0]
    assert files_of(folders[0]) == before


@pytest.mark.parametrize("both", [False, True])
def test_a_damaged_checkpoint(both, whole, folders):
    def watch(moment):
        if moment.rows == 4 and moment.unit.size == "full":
            raise Killed

    with pytest.raises(Killed):
        record(1, *folders, watch=watch)
    saved = sorted(folders[1].glob(f"**/{run_name('SGD')}-seed-0*.npz"))
    assert len(saved) == 2
    for path in saved if both else [p for p in saved if "previous" not in p.name]:
        path.write_bytes(path.read_bytes()[:-9] + b"123456789")
    if both:
        found = record(1, *folders)
        assert [unit.trial for unit in found.units] == ["Adam"]
        assert "are damaged: delete them" in found.problems[0]
        for path in saved:
            path.unlink()
        record(1, *folders)
    else:
        with pytest.warns(CheckpointWarning, match="is damaged"):
            record(1, *folders)
    assert outcome(folders[0]) == uninterrupted(whole)


def test_missing_data_are_named_once_and_the_rest_goes_on(folders, monkeypatch):
    calls = []

    def missing(*_):
        calls.append(1)
        raise datasets.DatasetError("mnist.npz is missing: get it.")

    monkeypatch.setattr(datasets, "load", missing)
    found = record(1, *folders)
    assert found.problems == ["mnist.npz is missing: get it."] and found.complete
    assert len(calls) == 1


def test_what_needs_a_gpu_is_left_to_one(folders):
    units = [dataclasses.replace(plan.units()[0], gpu=True)]
    found = record(1, *folders, units=units)
    assert found.problems == ["tiny is left to a machine with a GPU."] and not found.units


def test_a_trial_of_a_grid_has_its_rate(folders):
    unit = Unit("tiny", "full-grid", LONG, "SGD", 0, 0.1, 1, False)
    assert record(1, *folders, units=[unit]).units == [unit]
    saved = records.load("tiny", "full-grid", folders[0])
    assert list(saved.frame)[:3] == ["optimizer", "learning_rate", "seed"]
    assert saved.provenance["settings"]["optimizers"]["SGD, 0.1"]["learning_rate"] == 0.1
    assert record(1, *folders, units=[unit]).units == []
    other = dataclasses.replace(unit, rate=0.03)
    record(1, *folders, units=[other])
    assert len(records.load("tiny", "full-grid", folders[0]).provenance["units"]) == 2


def test_the_time_that_is_left_is_measured(folders):
    moments = []
    record(1, *folders, watch=moments.append)
    assert [moment.rows for moment in moments[:3]] == [1, 2, 3]
    assert moments[0].unit_left == pytest.approx(1) and moments[0].plan_left == pytest.approx(5)
    assert 0 < moments[1].unit_left < 0.9  # of the guess, a second for an epoch
    assert moments[-1].unit_left == moments[-1].plan_left == 0
    for line in experiments.progress(*folders):
        assert (line.recorded, line.missing, line.seeds) == (line.units, 0, (0,))
    assert ledger.pace(folders[1], plan.units()[0]) < 0.9


# Records from elsewhere


def test_records_from_elsewhere_are_added(whole, folders, tmp_path):
    expected = uninterrupted(whole)
    merged(parts(whole)[0], folders[0])
    assert len(add(whole / "results", folders[0])) == 2
    assert outcome(folders[0]) == expected
    assert record(1, *folders).units == []


def change(root, edit):
    """Save the long record again, with its provenance or its table edited."""
    saved = records.load("tiny", "full", root)
    frame = edit(saved.provenance, saved.frame)
    saved.provenance.pop("summary")
    records.save(records.Record(saved.frame if frame is None else frame, saved.provenance), root)


REFUSALS = {
    "other batch_size": lambda p, f: p["settings"].update(batch_size=10),
    "other epochs": lambda p, f: p["settings"].update(epochs=3),
    "other network": lambda p, f: p["settings"].update(network={"function": "vae"}),
    "other settings of Adam": lambda p, f: p["settings"]["optimizers"]["Adam"].update(beta_1=0.5),
    "other data": lambda p, f: p.update(dataset="drawn"),
    "another keras": lambda p, f: p["environment"].update(keras="2.0"),
    "Adam with seed 9 is not in the plan": lambda p, f: _seed(p, f, 9),
    "its table has other runs": lambda p, f: f.assign(seed=9),
    "has 4 rows": lambda p, f: f.iloc[:-1],
    "`ravine record` did not make it": lambda p, f: p.pop("units") and None,
    "provenance.json is not as": lambda p, f: p.pop("dataset") and None,
}


def _seed(provenance, frame, seed):
    provenance["units"][1]["seed"] = seed
    return frame.assign(seed=frame["seed"].where(frame["optimizer"] == "SGD", seed))


@pytest.mark.parametrize("reason", REFUSALS)
def test_what_does_not_fit_is_refused_in_one_sentence(reason, whole, folders, tmp_path):
    merged(parts(whole)[0], folders[0])
    before = files_of(folders[0])
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(whole / "results", elsewhere)
    change(elsewhere, REFUSALS[reason])
    with pytest.raises(RefusedError, match=reason) as error:
        add(elsewhere, folders[0])
    assert str(error.value).count("\n") == 0
    assert files_of(folders[0]) == before
    assert not (folders[0] / "tiny" / "1-epochs").exists()  # all or none


def test_a_damaged_record_from_elsewhere(whole, folders, tmp_path):
    uninterrupted(whole)
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(whole / "results", elsewhere)
    (elsewhere / "tiny" / "full" / "runs.csv").write_text("optimizer\n")
    with pytest.raises(RecordError, match="is not the table that"):
        add(elsewhere, folders[0])
    with pytest.raises(RefusedError, match="holds no records"):
        add(tmp_path / "nowhere", folders[0])
    assert not folders[0].exists()


# The command


@pytest.fixture
def command(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "nice", nice.append)
    nice.clear()

    def called(*options):
        return CliRunner().invoke(app, ["record", "--out", str(tmp_path / "results"), *options])

    return called


nice: list[int] = []


def test_a_cache_folder_that_cannot_be_written_is_named(command, whole, monkeypatch):
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o755)
        monkeypatch.setenv("XDG_CACHE_HOME", home)
        with read_only(home):
            result = command()
    assert result.exit_code == 2
    assert re.fullmatch(
        rf"Error: {home}/ravine/recording/\S+ could not be written \(Permission denied\): see that "
        r"this can be written and do the same again, what was there before is unchanged\.\n",
        result.stderr,
    )


def test_the_command_records_lists_and_adds(command, whole, tmp_path):
    expected = uninterrupted(whole)
    result = command("--hours", "1")
    assert result.exit_code == 0, result.output
    assert nice == [10]
    assert f"Checkpoints are in {tmp_path / 'cache'}" in result.output
    assert "3 runs recorded" in result.output and "All that can be recorded" in result.output
    assert outcome(tmp_path / "results") == expected
    assert "0 runs recorded" in command().output

    listed = command("--list").output
    assert "2/2" in listed and "1/1" in listed and "0.0 hours are missing" in listed
    added = command("--add", str(whole / "results"))
    assert added.exit_code == 0 and added.output.count("Added to") == 2
    refused = command("--add", str(tmp_path / "nowhere"))
    assert refused.exit_code == 2
    assert refused.stderr.startswith("Error: ") and refused.stderr.count("\n") == 1


def test_the_command_ends_at_its_time_and_at_ctrl_c(command, whole, tmp_path, monkeypatch):
    expected = uninterrupted(whole)
    assert "0 runs recorded" in (early := command("--hours", "0")).output
    assert "The time is over." in early.output
    train, calls = Trainer.train, []

    def interrupted(trainer, *arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return train(trainer, *arguments)

    monkeypatch.setattr(Trainer, "train", interrupted)
    stopped = command()
    assert stopped.exit_code == 130
    assert stopped.stderr == "Stopped: the same command goes on after the last row.\n"
    assert command().exit_code == 0
    assert outcome(tmp_path / "results") == expected
    assert len(calls) == 1 + 2 * LONG * 2


def test_the_command_says_in_one_sentence_what_went_wrong(command, tmp_path):
    (tmp_path / "results").write_text("not a directory")
    result = command()
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1


def test_ten_kills():
    """SIGKILL at any moment, three times of ten here; `make kills` plants all ten."""
    script = [sys.executable, "-m", "tests.experiments.recorder_kills", "3"]
    result = subprocess.run(script, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
