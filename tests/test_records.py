"""Records: what is read is what was saved, and damage is said in one sentence."""

import json
import math

import pandas as pd
import pytest

from ravine import records
from ravine.records import Record, RecordError


@pytest.fixture
def record():
    frame = pd.DataFrame(
        {
            "optimizer": ["Adam", "SGD"],
            "seed": [0, 1],
            "epoch": [1, 1],
            "loss": [0.1 + 0.2, math.inf],  # 0.30000000000000004: every digit counts
            "accuracy": [1 / 3, math.nan],
            "diverged": [False, True],
        }
    )
    provenance = {"experiment": "mnist-mlp", "size": "quick", "settings": {"η": 0.1}}
    return Record(frame, provenance)


def test_round_trip(record, tmp_path):
    directory = records.save(record, tmp_path)
    assert directory == tmp_path / "mnist-mlp" / "quick"
    assert sorted(path.name for path in directory.iterdir()) == ["provenance.json", "runs.csv"]
    found = records.load("mnist-mlp", "quick", tmp_path)
    pd.testing.assert_frame_equal(found.frame, record.frame, check_exact=True)
    assert found.provenance == record.provenance


def test_saving_again_replaces(record, tmp_path):
    records.save(record, tmp_path)
    records.save(Record(record.frame[:1], record.provenance), tmp_path)
    assert len(records.load("mnist-mlp", "quick", tmp_path).frame) == 1


def test_an_interrupted_save_leaves_the_old_files_whole(record, tmp_path, monkeypatch):
    records.save(record, tmp_path)

    def no_space(descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr(records.os, "fsync", no_space)
    with pytest.raises(OSError, match="space"):
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


def test_environment_names_versions_and_device():
    found = records.environment()
    assert {"backend", "device", "python", "ravine", "keras", "numpy"} <= set(found)
    assert found[found["backend"]]
    assert found["device"]
    json.dumps(found)


def test_every_record_of_the_course_can_be_read():
    results = records.data_directory() / "results"
    for path in results.glob("*/*/provenance.json"):
        experiment, size = path.parts[-3:-1]
        found = records.load(experiment, size)
        assert (found.provenance["experiment"], found.provenance["size"]) == (experiment, size)
        assert len(found.frame)
