"""What a user waits for at a prompt: an import, a command, a target of the Makefile."""

import subprocess
import sys
import sysconfig
from pathlib import Path

from tools.bench.workers import Run

ROOT = Path(__file__).resolve().parents[2]


def imports() -> dict[str, Run]:
    """Return runs of Python that import the package, or less."""
    scripts = sysconfig.get_path("scripts")
    return {
        "python -c pass": _command(sys.executable, "-c", "pass"),
        "import ravine": _command(sys.executable, "-c", "import ravine"),
        "import ravine.optimizers": _command(sys.executable, "-c", "import ravine.optimizers"),
        "ravine list": _command(f"{scripts}/ravine", "list"),
    }


def project() -> dict[str, Run]:
    """Return runs of what continuous integration does."""
    return {f"make {name}": _command("make", name) for name in TARGETS}


TARGETS = ("check", "tests", "notebooks", "book")


def _command(*words):
    return lambda: subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
