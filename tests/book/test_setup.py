"""What `make` says, in one sentence, on a machine that lacks something."""

import shutil
import subprocess

import pytest

from tools.book.notebooks import ROOT

# A stand-in for Python: tells its version, and has the venv module or not.
FAKE = """#!/bin/sh
case "$*" in
    *ensurepip*) exit 1 ;;
    *version_info*) echo {version} ;;
esac
"""
# A shim of pyenv for a version that is not installed.
SHIM = """#!/bin/sh
echo "pyenv: python3.12: command not found" >&2
exit 127
"""
# A stand-in for apt-get, or for a browser: notes what it was told.
NOTES = """#!/bin/sh
echo "$*" >>told
"""


@pytest.fixture
def setup(tmp_path):
    """Runs the script on a machine that has these commands and no others."""
    (tmp_path / "tools").mkdir()
    script = shutil.copy(ROOT / "tools/setup.sh", tmp_path / "tools")
    path = tmp_path / "bin"
    path.mkdir()
    for name in ("dirname", "grep", "sh", "tail"):
        (path / name).symlink_to(shutil.which(name))

    def run(commands, **environment):
        for name, text in commands.items():
            (path / name).write_text(text)
            (path / name).chmod(0o755)
        return subprocess.run(
            ["/bin/sh", script],
            env={"PATH": str(path), **environment},
            capture_output=True,
            text=True,
        )

    return run


@pytest.mark.parametrize(
    "commands, message",
    [
        ({}, "No Python found"),
        ({"python3.12": SHIM}, "No Python found"),
        ({"python3": FAKE.format(version="3.10")}, "Found Python 3.10 only"),
        ({"python3": FAKE.format(version="3.14"), "python3.12": SHIM}, "Found Python 3.14 only"),
        ({"python3.13": FAKE.format(version="3.13")}, "Python 3.13 is here without its venv"),
    ],
    ids=["no Python", "a shim that fails", "too old", "too new", "no venv"],
)
def test_missing_python_is_said_in_one_sentence(setup, tmp_path, commands, message):
    result = setup(commands)
    assert result.returncode == 1
    assert result.stdout == ""
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / ".venv").exists()


@pytest.fixture
def installed(tmp_path):
    """A .venv whose Python and uv have nothing left to do."""
    folder = tmp_path / ".venv/bin"
    folder.mkdir(parents=True)
    for name in ("python", "uv"):
        (folder / name).write_text(FAKE.format(version="3.12"))
        (folder / name).chmod(0o755)


WANTED = {"RAVINE_INSTALL_BROWSER": "1"}
ASKED_FOR = "update\ninstall -y --no-install-recommends chromium\n"


@pytest.mark.parametrize(
    "commands, environment, said, told",
    [
        ({"google-chrome": NOTES, "apt-get": NOTES}, WANTED, False, None),
        ({"apt-get": NOTES}, {}, True, None),
        ({}, WANTED, True, None),
        ({"apt-get": NOTES}, WANTED, False, ASKED_FOR),
    ],
    ids=["a browser is there", "not asked for", "no apt-get", "asked for"],
)
def test_browser_is_installed_only_when_asked_for(
    setup, installed, tmp_path, commands, environment, said, told
):
    result = setup(commands, **environment)
    assert (result.returncode, result.stderr) == (0, "")
    about = [line for line in result.stdout.splitlines() if "Chromium" in line]
    assert len(about) == said
    noted = tmp_path / "told"
    assert (noted.read_text() if noted.exists() else None) == told


def test_browser_that_cannot_be_installed_stops_with_the_reason(setup, installed):
    broken = f"{NOTES}echo 'no package chromium' >&2\nexit 100\n"
    result = setup({"apt-get": broken}, **WANTED)
    assert result.returncode == 1
    assert "no package chromium" in result.stderr
    assert "Installing failed" in result.stderr


def test_address_that_is_not_named_is_asked_for_before_anything_is_installed(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    done = subprocess.run(
        ["make", "--directory", tmp_path, "address"], capture_output=True, text=True
    )
    assert done.returncode
    assert done.stderr.startswith("Name the address: make address REPO=https://")
    assert [path.name for path in tmp_path.iterdir()] == ["Makefile"]
