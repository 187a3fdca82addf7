"""What `make` says, in one sentence, on a machine that lacks something."""

import shutil
import subprocess

import pytest

from tools.notebooks import ROOT

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
def test_missing_python_is_said_in_one_sentence(tmp_path, commands, message):
    (tmp_path / "tools").mkdir()
    script = shutil.copy(ROOT / "tools/setup.sh", tmp_path / "tools")
    path = tmp_path / "bin"
    path.mkdir()
    for name in ("dirname", "sh"):
        (path / name).symlink_to(shutil.which(name))
    for name, text in commands.items():
        (path / name).write_text(text)
        (path / name).chmod(0o755)
    result = subprocess.run(
        ["/bin/sh", script], env={"PATH": str(path)}, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / ".venv").exists()
