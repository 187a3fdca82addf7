"""What a run ran on: versions, commit, processor and memory are those of this machine."""

import json
import os
import shutil
import subprocess

import pytest

from ravine.results import machine


def test_environment_names_versions_and_device():
    found = machine.environment()
    assert {"backend", "device", "python", "ravine", "keras", "numpy"} <= set(found)
    assert found[found["backend"]]
    assert found["device"]
    if found["device"].startswith("CPU"):
        assert found["device"].endswith(machine.processor())
    json.dumps(found)


def test_the_processor_is_named_by_model_and_vector_instructions(monkeypatch):
    monkeypatch.setattr(machine, "_model", lambda: "Abacus 7")
    monkeypatch.setattr(machine, "vector_instructions", lambda: ["AVX2", "AVX"])
    assert machine.processor() == "Abacus 7 with AVX2"
    monkeypatch.setattr(machine, "vector_instructions", lambda: [])
    assert machine.processor() == "Abacus 7"


def test_vector_instructions_come_widest_first():
    found = machine.vector_instructions()
    assert found == [name for name in machine.VECTOR_INSTRUCTIONS if name in found]
    assert machine._model()


def test_environment_names_the_commit_of_a_checkout(monkeypatch):
    monkeypatch.setattr(machine, "commit_of", lambda directory: "a" * 40)
    assert machine.environment()["commit"] == "a" * 40
    monkeypatch.setattr(machine, "commit_of", lambda directory: None)
    assert "commit" not in machine.environment()


@pytest.fixture
def checkout(tmp_path):
    """A repository with a package, its commit, and a function that calls git there."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    package = tmp_path / "src" / "package"
    package.mkdir(parents=True)
    (package / "code.py").write_text("a = 1")
    (tmp_path / "data").mkdir()

    def git(*arguments):
        command = ["git", "-C", tmp_path, "-c", "user.name=N", "-c", "user.email=e@x", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message=First")
    return package, git


def test_commit(checkout):
    package, git = checkout
    commit = git("rev-parse", "HEAD")
    assert len(commit) == 40
    (package.parents[1] / "data" / "runs.csv").write_text("what was just recorded is no code")
    assert machine.commit_of(package) == commit
    (package / "code.py").write_text("a = 2")
    assert machine.commit_of(package) == f"{commit}+changes"
    git("checkout", "--quiet", ".")
    (package / "new.py").write_text("b = 1")
    assert machine.commit_of(package) == f"{commit}+changes"


def test_an_installed_package_has_no_commit(checkout, tmp_path, monkeypatch):
    package, _ = checkout
    installed = package.parents[1] / ".venv" / "package"  # within somebody's repository
    installed.mkdir(parents=True)
    (installed / "code.py").write_text("a = 1")
    assert machine.commit_of(installed) is None
    assert machine.commit_of(tmp_path / "nowhere") is None
    monkeypatch.setenv("PATH", "")
    assert machine.commit_of(package) is None


def test_peak_memory():
    peak = machine.peak_memory()
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20
    assert 50 < peak < total  # MiB; Keras alone takes more
    assert machine.peak_memory() >= peak
