"""Records: what is read is what was saved, and damage is said in one sentence."""

import math
import os
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from ravine import files
from ravine.experiments import describe
from ravine.files import data_directory
from ravine.optimizers import Adam
from ravine.results import records
from ravine.results.records import Record, RecordError
from ravine.results.statistics import summary
from ravine.training import without_modules


@pytest.fixture
def record():
    frame = pd.DataFrame(
        {
            "optimizer": ["Adam", "SGD"],
            "seed": [0, 1],
            "epoch": [1, 1],
            "loss": [0.1 + 0.2, math.inf],  # 0.30000000000000004: every digit counts
            "accuracy": [1 / 3, math.nan],
            "seconds": [2.5, math.nan],
            "diverged": [False, True],
        }
    )
    provenance = {"experiment": "mnist-mlp", "size": "quick", "settings": {"η": 0.1}}
    return Record(frame, provenance)


def test_round_trip(record, tmp_path):
    directory = records.save(record, tmp_path)
    assert directory == tmp_path / "mnist-mlp" / "quick"
    assert names(directory) == ["provenance.json", "runs.csv"]
    found = records.load("mnist-mlp", "quick", tmp_path)
    pd.testing.assert_frame_equal(found.frame, record.frame, check_exact=True)
    assert {**found.provenance, "summary": None} == {**record.provenance, "summary": None}


FINER = "full-finer-grid"


def test_a_run_that_is_not_whole_is_recorded_as_what_it_is(record, tmp_path):
    assert records.size_of("full", 200, 200) == "full"
    assert records.size_of("full", 5, 200) == "5-epochs"
    assert records.size_of("quick", 1, 5) == "quick"
    with pytest.raises(RecordError, match=r"no record of the full size: run .*--epochs 1 --out"):
        records.longest("mnist-mlp", tmp_path)
    for size in ("quick", "9-epochs", "12-epochs", "full-grid", "20-epochs-grid", FINER):
        records.save(Record(record.frame, {**record.provenance, "size": size}), tmp_path)
    (tmp_path / "mnist-mlp" / "checkpoints").mkdir()
    found = ["12-epochs", "9-epochs", "quick", "full-grid", "20-epochs-grid", FINER]
    assert records.sizes("mnist-mlp", tmp_path) == found and records.sizes("none", tmp_path) == []
    assert records.longest("mnist-mlp", tmp_path) == "12-epochs"
    assert records.longest("mnist-mlp", tmp_path, grid=True) == "full-grid"
    records.save(Record(record.frame, {**record.provenance, "size": "full"}), tmp_path)
    assert records.longest("mnist-mlp", tmp_path) == "full"
    with pytest.raises(RecordError, match=r"run `ravine tune mnist-mlp --size quick --finer"):
        records.load("mnist-mlp", "quick-finer-grid", tmp_path)
    with pytest.raises(RecordError, match="`ravine run mnist-mlp --size full --epochs 7 --out"):
        records.load("mnist-mlp", "7-epochs", tmp_path)


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_every_digit_comes_back(record, tmp_path):
    bits = np.random.default_rng(0).integers(0, 2**62, 2000)
    frame = pd.DataFrame({"optimizer": "Adam", "seed": 0, "epoch": 1, "loss": bits.view("float64")})
    frame = frame.assign(accuracy=frame["loss"], seconds=1.0, diverged=False)
    records.save(Record(frame, record.provenance), tmp_path)
    found = records.load("mnist-mlp", "quick", tmp_path).frame
    assert found["loss"].tolist() == frame["loss"].tolist()


def test_saving_again_replaces(record, tmp_path):
    records.save(record, tmp_path)
    records.save(Record(record.frame[:1], record.provenance), tmp_path)
    assert len(records.load("mnist-mlp", "quick", tmp_path).frame) == 1


STEPS = [(files.os, "fsync"), (files.os, "replace"), (records, "write_whole")]


def interrupted_saves():
    """Return (function, call): a save makes 4, 3 and 2 calls of them, and each may be the last."""
    return [
        (step, call) for step, calls in zip(STEPS, (4, 3, 2), strict=True) for call in range(calls)
    ]


def save_until(step, call, record, root, monkeypatch):
    """Save, and stop as a killed process does, when a function was called `call` times."""
    module, name = step
    function, calls = getattr(module, name), []

    def killed(*arguments, **options):
        calls.append(arguments)
        if len(calls) > call:
            raise KeyboardInterrupt
        return function(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, killed)
        with pytest.raises(KeyboardInterrupt):
            records.save(record, root)


@pytest.mark.parametrize("second", interrupted_saves())
@pytest.mark.parametrize("first", interrupted_saves())
def test_an_interrupted_save_leaves_the_old_record_or_the_new_one(
    record, tmp_path, monkeypatch, first, second
):
    """And so does a second one after it: neither may cost what there was."""
    new, newer = (
        Record(record.frame.assign(seed=[seed, seed + 1]), {**record.provenance, "date": seed})
        for seed in (10, 20)
    )
    directory = records.save(record, tmp_path)
    before = record
    for saved, (step, call) in ((new, first), (newer, second)):
        save_until(step, call, saved, tmp_path, monkeypatch)
        found = records.load("mnist-mlp", "quick", tmp_path)
        (before,) = [one for one in (before, saved) if one.frame.equals(found.frame)]
        assert found.provenance.get("date") == before.provenance.get("date")
    records.save(record, tmp_path)
    assert records.load("mnist-mlp", "quick", tmp_path).frame.equals(record.frame)
    assert names(directory) == ["provenance.json", "runs.csv"]


def test_a_full_disk_leaves_the_old_record(record, tmp_path, monkeypatch):
    records.save(record, tmp_path)

    def no_space(descriptor):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(files.os, "fsync", no_space)
    with pytest.raises(
        files.WriteError, match=r"runs-.*\.csv could not be .*No space left on device"
    ):
        records.save(Record(record.frame[:1], record.provenance), tmp_path)
    assert len(records.load("mnist-mlp", "quick", tmp_path).frame) == 2


@pytest.mark.parametrize("file", ["runs.csv", "provenance.json"])
def test_missing(record, tmp_path, file):
    (records.save(record, tmp_path) / file).unlink()
    with pytest.raises(RecordError, match=rf"{file} is missing: run `ravine run mnist-mlp"):
        records.load("mnist-mlp", "quick", tmp_path)


@pytest.mark.parametrize("damage", [lambda text: text[:-9], lambda text: text.replace("0", "1", 1)])
def test_damaged_table(record, tmp_path, damage):
    path = records.save(record, tmp_path) / "runs.csv"
    path.write_text(damage(path.read_text()))
    with pytest.raises(RecordError, match=r"runs\.csv is not the table .* again\.$"):
        records.load("mnist-mlp", "quick", tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"experiment": "x"}', "\x80\x81"])
def test_damaged_provenance(record, tmp_path, text):
    path = records.save(record, tmp_path) / "provenance.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(RecordError, match=r"provenance\.json is damaged.* again\.$"):
        records.load("mnist-mlp", "quick", tmp_path)


def test_summary(record, tmp_path):
    """Worked by hand: two seeds, an epoch in two points, and a run that diverged."""
    loss = [9, 5, 2, 9, 5, 8, 9, 5, 4]
    frame = pd.DataFrame(
        {
            "optimizer": ["Adam"] * 6 + ["SGD"] * 3,
            "seed": [0] * 3 + [1] * 3 + [0] * 3,
            "epoch": [0, 0.5, 1] * 3,
            "loss": [*loss[:8], math.inf],
            "accuracy": [math.nan, math.nan, 0.5, math.nan, math.nan, 1.0, *[math.nan] * 3],
            "seconds": [0, 1, 2, 0, 3, 4, 0, math.nan, math.nan],
            "diverged": [False] * 8 + [True],
        }
    )
    saved = records.save(Record(frame, record.provenance), tmp_path)
    adam = {"loss": 4.0, "lowest": 2.0, "highest": 8.0, "accuracy": 0.75, "seconds": 5.0}
    none = dict.fromkeys(adam)
    expected = [
        {"optimizer": "Adam", **adam, "runs": 2, "diverged": 0},
        {"optimizer": "SGD", **none, "runs": 1, "diverged": 1},
    ]
    assert records.load("mnist-mlp", "quick", tmp_path).provenance["summary"] == expected
    assert "Infinity" not in (saved / "provenance.json").read_text()


def test_summary_of_a_grid():
    """A row for each rate: what stands before the seed distinguishes the runs."""
    frame = pd.DataFrame(
        {
            "optimizer": "SGD",
            "learning_rate": [0.1, 0.1, 0.2, 0.2],
            "seed": 0,
            "epoch": [0, 1] * 2,
            "loss": [9.0, 3.0, 9.0, 2.0],
            "accuracy": 0.5,
            "seconds": 1.0,
            "diverged": False,
        }
    )
    assert summary(frame)["loss"].to_dict() == pytest.approx({("SGD", 0.2): 2.0, ("SGD", 0.1): 3.0})


RESULTS = data_directory() / "results"
RECORDED = [path.parent.relative_to(RESULTS).parts for path in RESULTS.glob("*/*/provenance.json")]


@pytest.mark.parametrize(("experiment", "size"), RECORDED)
def test_a_record_of_the_course_is_as_it_was_saved(experiment, size, tmp_path):
    """Its checksum is right, and its summary is that of its table: nothing was edited by hand."""
    found = records.load(experiment, size)
    assert (found.provenance["experiment"], found.provenance["size"]) == (experiment, size)
    again = records.save(found, tmp_path)
    recorded = RESULTS / experiment / size
    assert names(recorded) == names(again)
    assert (again / "runs.csv").read_bytes() == (recorded / "runs.csv").read_bytes()
    summary = records.load(experiment, size, tmp_path).provenance["summary"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(found.provenance["summary"]), pd.DataFrame(summary), rtol=1e-9
    )


STORED = Path(__file__).with_name("stored")  # what version 0.1 wrote, with modules that have moved


def schedules(record):
    made = record.provenance["settings"]["optimizers"].values()
    return [each["learning_rate"] for each in made if isinstance(each.get("learning_rate"), dict)]


def recorded_schedules():
    for path in sorted(RESULTS.glob("*/*/runs.csv")):
        experiment, size = path.parts[-3:-1]
        if schedules(records.load(experiment, size)):
            yield experiment, size, None
    yield "blobs", "quick", STORED


@pytest.mark.parametrize(("experiment", "size", "root"), list(recorded_schedules()))
def test_a_recorded_schedule_is_known_by_its_name(experiment, size, root):
    """Whatever module it says: it is made again, and described without one."""
    record = records.load(experiment, size, root)
    for rate in schedules(record):
        assert rate.get("module", "ravine.schedules") == "ravine.schedules"  # new ones have none
        schedule = keras.saving.deserialize_keras_object({"module": None, **rate})
        assert schedule.get_config() == rate["config"]
        described = describe(Adam(schedule))
        assert described["learning_rate"] == without_modules(rate)
        assert "module" not in described["learning_rate"]
