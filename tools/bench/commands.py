"""What a user waits for at a prompt: an import, a command, a target of the Makefile, a notebook."""

import os
import shlex
import subprocess
import sys
import sysconfig
import xml.etree.ElementTree as ElementTree

import pandas as pd

from tools.bench.workers import Run
from tools.book.notebooks import ROOT, find_chapters

WORKERS = 2  # of `make notebooks`, which share the processor's cores out, see `tests.workers`
REPORT = ROOT / "dist" / "notebooks.xml"  # what pytest says of every cell


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
    report = {"PYTEST_ADDOPTS": f"--junitxml={shlex.quote(str(REPORT))}"}
    return {
        f"make {name}": _command("make", name, **(report if name == "notebooks" else {}))
        for name in TARGETS
    }


TARGETS = ("check", "tests", "notebooks", "book")


def notebook_seconds(report: str, chapters: list[str], cores: int) -> pd.DataFrame:
    """Return a row per notebook: the seconds of all its cells together, and the cores it had.

    Args:
        report: of the pytest that executed the notebooks, in JUnit's XML.
        chapters: paths of the notebooks, from the root of the repository.
        cores: of the processor, for each notebook.

    Raises:
        KeyError: if one of them was not executed.
    """
    cells = [
        (cell.get("classname"), float(cell.get("time", 0)))
        for cell in ElementTree.fromstring(report).iter("testcase")
    ]
    seconds = pd.DataFrame(cells, columns=["name", "seconds"]).groupby("name")["seconds"].sum()
    # pytest writes the name of a file with dots for slashes.
    rows = [(chapter, round(seconds[chapter.replace("/", ".")]), cores) for chapter in chapters]
    return pd.DataFrame(rows, columns=["notebook", "seconds", "cores"])


def measured_notebooks() -> pd.DataFrame:
    """Return the seconds of the notebooks that `make notebooks` has executed for `project`."""
    chapters = [path.relative_to(ROOT).as_posix() for path in find_chapters()]
    cores = max(1, (os.cpu_count() or 1) // WORKERS)
    return notebook_seconds(REPORT.read_text(encoding="utf-8"), chapters, cores)


def _command(*words, **environment):
    return lambda: subprocess.run(
        words, cwd=ROOT, capture_output=True, check=True, env=os.environ | environment
    )
