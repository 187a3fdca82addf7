"""What the other tools share: where the notebooks are, how they are stored, how each one begins."""

import os
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]

SETUP_TEMPLATE = """\
# On Colab this installs the course's package; everywhere it loads Keras without TensorFlow's log.
import sys

if "google.colab" in sys.modules:
    %pip install --quiet "{name} @ git+{address}"

from ravine import quiet

quiet.load_keras()"""


def repository_address(root: Path = ROOT) -> str:
    """Reads the repository's address from pyproject.toml, the one place where it stands."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"]


def setup_source(address: str) -> str:
    """Returns the source of the first code cell of every notebook."""
    return SETUP_TEMPLATE.format(name="ravine", address=address)


def find_notebooks(root: Path = ROOT) -> list[Path]:
    """Lists the book's notebooks, in the order of their paths."""
    notebooks = (root / "book").rglob("*.ipynb")
    return sorted(path for path in notebooks if ".ipynb_checkpoints" not in path.parts)


def is_homework(path: Path) -> bool:
    """Says whether a notebook waits for a student's answers, and so cannot be executed."""
    return path.parent.name == "homework"


def find_chapters(root: Path = ROOT) -> list[Path]:
    """Lists the notebooks that are executed: all but the homework."""
    return [path for path in find_notebooks(root) if not is_homework(path)]


def read_notebook(path: Path) -> NotebookNode:
    """Reads a notebook in the current format."""
    return nbformat.read(path, as_version=4)


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Writes a notebook whole or not at all: to a temporary file first, then into place."""
    nbformat.validate(notebook)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, suffix=".tmp", delete=False
    ) as file:
        temporary = Path(file.name)
        try:
            nbformat.write(notebook, file)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            temporary.unlink()
            raise
    temporary.chmod(0o644)
    temporary.replace(path)


def in_book(paths: Iterable[str]) -> list[Path]:
    """Turns the notebooks named on a command line into paths; none named means all chapters."""
    named = [Path(path).resolve() for path in paths]
    for path in named:
        if not path.is_file():
            sys.exit(f"No notebook {path}.")
    return named or find_chapters()
