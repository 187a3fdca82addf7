"""Two names of optimizers never share a checkpoint, and those of older versions go on."""

import json
import re
from contextlib import nullcontext

import hypothesis
import keras
import numpy as np
import pytest
from hypothesis import strategies as st

from ravine.training.checkpoints import DIGEST_BYTES, Checkpoint, CheckpointWarning
from ravine.training.names import checkpoint_of, forget_runs, run_name
from tests.training.test_code import run, values

NAMES = ["Adam β₁=0.9", "Adam β₂=0.9", "Adam 1=0.9", "Adam, scaled β", "Adam, scaled γ", "Ädam"]
ALIKE = ["adam", "Adam", "ADAM", "adam ", " adam", "adam,", "adam-", "Adam 0.1", "Adam, 0.1"]
ALIKE += ["adam 0.1", "adam-0.1", "adam0.1", "adam seed 0", "adam-seed-0", "-", "", "β", "γ"]


def test_names_that_differ_have_files_that_differ():
    known = [*NAMES, *ALIKE]
    known += [run_name(name) for name in known]  # a file name is a name, too
    files = {name: run_name(name) for name in known}
    assert len(set(files.values())) == len(files)
    assert all(re.fullmatch(r"[a-z0-9.-]+", file) for file in files.values())
    assert [files["adam"], files["adam0.1"]] == ["adam", "adam0.1"]  # as ever


@hypothesis.given(*[st.text(st.sampled_from("aAbB1., -β"), max_size=5)] * 2)
def test_of_two_names_no_file_is_the_same(one, other):
    assert (run_name(one) == run_name(other)) == (one == other)


OLD = {"Adam": "adam", NAMES[0]: "adam-0.9", NAMES[1]: "adam-0.9-d91de161"}


@pytest.mark.parametrize(("name", "file"), OLD.items())
@pytest.mark.parametrize("damaged", [False, True])
def test_a_file_of_an_older_name_is_found(tmp_path, name, file, damaged):
    whole = run(None, name=name, epochs=3)
    run(tmp_path, name=name, epochs=2)
    for path in list(tmp_path.glob("*-seed-0.*")):
        arrays, results = Checkpoint(path, *content(path)).load()
        older = tmp_path / f"{file}{path.name.removeprefix(run_name(name))}"
        Checkpoint(older, *content(path)).save(arrays, results)
        path.unlink()
    if damaged:
        (tmp_path / f"{file}-seed-0.npz").write_bytes(b"")
    with pytest.warns(CheckpointWarning) if damaged else nullcontext():
        on = run(tmp_path, name=name, epochs=3)
    assert on.attrs["trained"] == 1 + damaged
    np.testing.assert_array_equal(values(on), values(whole))
    # another algorithm with that old name has files of its own, and neither takes the other's
    faster = run(tmp_path, lambda: keras.optimizers.SGD(0.5), name=file)
    assert faster.attrs["trained"] == 2
    assert run(tmp_path, name=name, epochs=3).attrs["trained"] == 0


def content(path):
    """Return settings and code of a checkpoint, without its name, which older ones do not hold."""
    with path.open("rb") as file:
        file.seek(DIGEST_BYTES)
        held = json.loads(np.load(file, allow_pickle=False).tobytes())
    return held["run"], held["code"]


def test_the_file_of_another_name_is_not_taken(tmp_path):
    """Both names train the same: "Adam" had this file in older versions, and now "adam" has it."""
    run(tmp_path, name="adam")
    first = (tmp_path / "adam-seed-0.npz").read_bytes()
    assert run(tmp_path, name="Adam").attrs["trained"] == 2
    forget_runs(tmp_path, "Adam")
    assert [path.name for path in tmp_path.glob("*.npz")] == [
        "adam-seed-0.npz",
        "adam-seed-0.previous.npz",
    ]
    assert (tmp_path / "adam-seed-0.npz").read_bytes() == first


@pytest.mark.parametrize("name", [*NAMES, "Adam"])
def test_all_files_of_a_name_are_forgotten_and_no_other(tmp_path, name):
    others = [other for other in [*NAMES, *ALIKE] if other != name]
    for each in [name, *others]:
        for seed in (0, 1):
            found = checkpoint_of(tmp_path, each, seed, {"seed": seed}, {"python": "3"})
            found.save([np.arange(2)], [{"epoch": 0}])
            found.save([np.arange(2)], [{"epoch": 1}])
    (tmp_path / f"{run_name(name)}-seed-0.npz.damaged-1").write_bytes(b"")
    forget_runs(tmp_path, name)
    assert not list(tmp_path.glob(f"{run_name(name)}-seed-*"))
    assert len(list(tmp_path.iterdir())) == 4 * len(others)
