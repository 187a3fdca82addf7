"""An assignment as a Gradescope autograder: the zip to upload, and what runs inside it.

    python -m tools.homework.gradescope /autograder

is what Gradescope starts for each submission. The places and the form of `results.json` are from
gradescope-autograders.readthedocs.io/en/latest/specs.
"""

import io
import json
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat

from ravine.files import write_whole
from tools.book.notebooks import ROOT
from tools.homework import sandbox
from tools.homework.files import find_files
from tools.homework.grading import CELL_TIMEOUT, Outcome, expected_checks, grade
from tools.homework.intake import Seen, look
from tools.homework.master import Master, read_master
from tools.homework.reading import untouched
from tools.homework.session import Workshop
from tools.homework.tables import number
from tools.homework.texts import harmless, shown

MADE = (2026, 1, 1, 0, 0, 0)  # the same bytes for the same assignment
ASSIGNMENT = "assignment"  # the folder of the assignment inside the zip
# What the grader needs of the course; patterns below its root.
COURSE = (
    *("src/**/*", "data/**/*", "tools/homework/*.py", "tools/book/notebooks.py"),
    *("pyproject.toml", "requirements.txt", "README.md", "LICENSE*"),
)

# Gradescope's image is some Ubuntu with some Python: uv brings the Python and the pinned packages.
SETUP = """\
#!/usr/bin/env bash
# Runs once, when Gradescope builds the image.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
apt-get update
apt-get install --yes --no-install-recommends python3-venv
python3 -m venv bootstrap
bootstrap/bin/python -m pip install --quiet uv
bootstrap/bin/uv venv --python 3.12 .venv
bootstrap/bin/uv pip install --python .venv/bin/python --constraints requirements.txt \\
    --editable ".[homework]"
"""
RUN = """\
#!/usr/bin/env bash
# Runs for each submission.
place="${AUTOGRADER:-/autograder}"
cd "$place/source"
export TF_CPP_MIN_LOG_LEVEL=3
exec .venv/bin/python -m tools.homework.gradescope "$place"
"""


def autograder(master: Master) -> bytes:
    """Makes the zip to upload: setup.sh, run_autograder, the grader and this one assignment."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (("setup.sh", SETUP), ("run_autograder", RUN)):
            _add(archive, name, text.encode(), 0o755)
        notebook = nbformat.writes(master.notebook)
        _add(archive, f"{ASSIGNMENT}/{master.name}.ipynb", notebook.encode())
        for path in sorted(_course()):
            _add(archive, path.relative_to(ROOT).as_posix(), path.read_bytes())
    return content.getvalue()


def _course() -> Iterator[Path]:
    for pattern in COURSE:
        for path in ROOT.glob(pattern):
            hidden = any(part.startswith((".", "__pycache__")) for part in path.parts[-3:])
            if path.is_file() and not hidden and "checkpoints" not in path.parts:
                yield path


def _add(archive, name, content, mode=0o644):
    item = zipfile.ZipInfo(name, MADE)
    item.external_attr = (0o100000 | mode) << 16
    archive.writestr(item, content, zipfile.ZIP_DEFLATED)


def choose(folder: Path, master: Master) -> tuple[Seen | None, str]:
    """Finds the notebook to grade among what a student uploaded.

    Returns:
        The notebook, or None; and what to tell the student.
    """
    seen = [look(file, [master]) for file in find_files(folder) if not file.ignored]
    good = {item.digest: item for item in seen if not item.problem}
    worked = [item for item in good.values() if not untouched(item.cells, master)]
    found = worked or list(good.values())
    if len(found) == 1:
        return found[0], ""
    if found:
        names = ", ".join(sorted(shown(item.file.path) for item in found))
        return None, f"Hand in one notebook: these are {len(found)} different ones: {names}."
    reasons = [f"{shown(item.file.path)}: {item.problem}." for item in seen]
    return None, "\n".join(["No notebook of this homework was handed in.", *reasons])


def results_of(
    master: Master, outcomes: list[Outcome], errors: Mapping[str, str]
) -> dict[str, Any]:
    """Writes outcomes in Gradescope's words: tasks that the teacher reads are none of its tests."""
    tests, manual = [], 0.0
    for task, outcome in zip(master.tasks, outcomes, strict=True):
        if outcome.points is None:
            manual += task.points
            continue
        name = task.name.removesuffix("-test").replace("-", " ")
        test = {
            "name": f"{name} (on top)" if task.stretch else name,
            "score": outcome.points,
            "max_score": task.points,
            "output": harmless(outcome.note) or "right",
            "visibility": "visible",
        }
        tests.append(test)
    lines = [f"Cell {name}: {harmless(text)}" for name, text in errors.items()]
    if manual:
        lines.append(f"Your teacher reads the answers to the other {number(manual)} points.")
    return {"tests": tests, "output": "\n".join(lines), "stdout_visibility": "hidden"}


def run(place: Path) -> dict[str, Any]:
    """Grades the submission in Gradescope's folders.

    Args:
        place: the folder with `source`, `submission` and `results`.

    Returns:
        What goes into `results.json`.
    """
    began = time.monotonic()
    (path,) = (place / "source" / ASSIGNMENT).glob("*.ipynb")
    master = read_master(path.stem, path.read_text(encoding="utf-8"))
    item, text = choose(place / "submission", master)
    if item is None:
        return {"score": 0, "output": text, "stdout_visibility": "hidden"}
    print(sandbox.promise())  # in the output that only the teacher sees
    cells = [(cell.name, cell.source) for cell in item.cells if cell.code]
    errors: dict[str, str] = {}
    with Workshop() as workshop:
        expected = expected_checks(master, workshop, CELL_TIMEOUT)
        outcomes = grade(master, cells, expected, workshop, CELL_TIMEOUT, errors)
    seconds = round(time.monotonic() - began)
    return results_of(master, outcomes, errors) | {"execution_time": seconds}


def main(place: Path) -> None:
    """Grades what lies in Gradescope's folders, and writes `results.json` whatever happens."""
    try:
        results = run(place)
    except Exception as error:
        text = "The autograder failed. This is not your fault: tell your teacher."
        results = {"score": 0, "output": text, "stdout_visibility": "hidden"}
        print(f"{type(error).__name__}: {error}")
    content = json.dumps(results, indent=1).encode()
    write_whole(place / "results" / "results.json", content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
