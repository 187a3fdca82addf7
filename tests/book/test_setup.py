"""What `make` says, in one sentence, on a machine that lacks something."""

import importlib.util
import json
import re
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
    shutil.copytree(ROOT / "tools/js", tmp_path / "tools/js")
    script = shutil.copy(ROOT / "tools/setup.sh", tmp_path / "tools")
    path = tmp_path / "bin"
    path.mkdir()
    (tmp_path / "requirements.txt").write_text(
        "# pins\nkeras==3.0 \\\n    --hash=sha256:0\nuv==0.9\n"
    )
    for name in ("cp", "cut", "dirname", "du", "grep", "mkdir", "sh", "sleep", "tail"):
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
    """A .venv whose Python, uv and npm have nothing left to do."""
    folder = tmp_path / ".venv/bin"
    folder.mkdir(parents=True)
    for name in ("npm", "python", "uv"):
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


@pytest.mark.parametrize(
    "command, said, missing",
    [
        ("uv", "error sending request for url", "requirements.txt"),
        ("npm", "npm error code ENOTFOUND", "tools/js/package-lock.json"),
    ],
)
def test_missing_network_is_said_in_one_sentence(
    setup, installed, tmp_path, command, said, missing
):
    (tmp_path / ".venv/bin" / command).write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    result = setup({"chromium": NOTES})
    assert result.returncode == 1
    assert result.stderr.startswith(f"No network: the packages in {missing} could not be")
    assert result.stderr.count("\n") == 1


def test_what_npm_installs_is_pinned_and_names_no_host():
    lock = json.loads((ROOT / "tools/js/package-lock.json").read_text(encoding="utf-8"))
    named = json.loads((ROOT / "tools/js/package.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert named["devDependencies"] == lock["packages"][""]["devDependencies"]
    assert named["devDependencies"].items() <= {
        (name.removeprefix("node_modules/"), package["version"])
        for name, package in packages.items()
    }
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


# Stand-ins: a Python that makes a .venv, where uv takes a while, and a clock that runs fast.
MAKES = """#!/bin/sh
case "$*" in
    *version_info*) echo 3.12 ;;
    *"-m venv"*)
        mkdir -p .venv/bin
        cp "$0" .venv/bin/python
        printf '#!/bin/sh\\necho "Downloading walrus (3 MiB)"\\nsleep 60\\n' >.venv/bin/uv
        cp "$0" .venv/bin/npm
        chmod +x .venv/bin/uv
        ;;
esac
"""
FAST = f"""#!/bin/sh
[ "$1" = 60 ] && exec {shutil.which("sleep")} 1
exec {shutil.which("sleep")} 0.2
"""


def test_the_first_installation_says_what_it_takes_and_that_it_lives(setup, tmp_path):
    for name in ("chmod", "printf"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    (tmp_path / "bin/sleep").unlink()
    result = setup({"python3": MAKES, "sleep": FAST, "chromium": NOTES})
    assert (result.returncode, result.stderr) == (0, "")
    said = result.stdout.splitlines()
    assert said[0].startswith("Installing 2 packages into .venv, once: it takes 3.9 GB")
    assert any(line.strip().endswith("0 s: Downloading walrus (3 MiB)") for line in said[1:-1])
    assert re.fullmatch(r"Installed: \.venv has [\d.]+\w?\.", said[-1])


def test_a_later_installation_says_that_it_is_one(setup, installed):
    said = setup({"chromium": NOTES}).stdout.splitlines()
    assert said == ["Bringing .venv to the 2 packages of requirements.txt."]


def test_what_the_installation_takes_is_what_is_said():
    said = {
        name: re.findall(r"([\d.]+) GB", (ROOT / name).read_text(encoding="utf-8"))
        for name in ("README.md", "tools/setup.sh")
    }
    assert len(said["README.md"]) == 1 and said["README.md"] == said["tools/setup.sh"]
    if not (ROOT / ".venv/.installed").exists() or importlib.util.find_spec("torch"):
        pytest.skip("The packages are not installed in .venv, or more than these are.")
    command = ["du", "-skL", str(ROOT / ".venv")]
    kibibytes = int(subprocess.run(command, capture_output=True, text=True).stdout.split()[0])
    assert kibibytes / 1024**2 == pytest.approx(float(said["README.md"][0]), rel=0.1)


def test_address_that_is_not_named_is_asked_for_before_anything_is_installed(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    done = subprocess.run(
        ["make", "--directory", tmp_path, "address"], capture_output=True, text=True
    )
    assert done.returncode
    assert done.stderr.startswith("Name the address: make address REPO=https://")
    assert [path.name for path in tmp_path.iterdir()] == ["Makefile"]
