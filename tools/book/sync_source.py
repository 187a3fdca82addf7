"""Keeps the code that the chapters show equal to the code of the package.

    python -m tools.book.sync_source --write    fills the cells from src/
    python -m tools.book.sync_source --check    fails with a diff when one byte differs

A code cell with the metadata {"source": "src/ravine/optimizers/adam.py::Adam"} holds that class or
function, verbatim with its decorators. A text cell with {"box": "src/ravine/...::Adam"} holds the
box of its algorithm. src/ is the truth; the cell is the copy.
"""

import argparse
import ast
import difflib
import sys
from pathlib import Path

from nbformat import NotebookNode

from tools.book.algorithm import BoxError, box
from tools.book.notebooks import ROOT, find_notebooks, read_notebook, write_notebook


class SourceError(Exception):
    """A reference that leads nowhere: one sentence saying which."""


def read_object(reference: str, root: Path = ROOT) -> str:
    """Returns the source of `path::name`, a class or function at the top level of a file.

    Raises:
        SourceError: If the reference is malformed, or the file or the object does not exist.
    """
    file, separator, name = reference.partition("::")
    if not separator or not name:
        raise SourceError(f'"{reference}" must read "path/to/file.py::Name".')
    path = root / file
    if not path.is_file():
        raise SourceError(f'"{reference}" names a file that does not exist.')
    text = path.read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return "\n".join(text.split("\n")[first - 1 : node.end_lineno])
    raise SourceError(f'"{reference}" names an object that {file} does not define.')


def shown_cells(notebook: NotebookNode) -> list[tuple[NotebookNode, str]]:
    """Lists the cells that are made from code of the package, with its reference."""
    found = [
        (cell, cell.metadata.get("source") or cell.metadata.get("box")) for cell in notebook.cells
    ]
    return [(cell, reference) for cell, reference in found if reference]


def read_shown(cell: NotebookNode, reference: str, root: Path = ROOT) -> str:
    """Returns what a cell has to hold: the code, or the box that is made from it.

    Raises:
        SourceError: If the reference leads nowhere, or to a class of which no box can be made.
    """
    source = read_object(reference, root)
    try:
        return box(source) if "box" in cell.metadata else source
    except BoxError as error:
        raise SourceError(f'"{reference}": {error}') from None


def fill(path: Path, root: Path = ROOT) -> bool:
    """Copies the code of the package into the cells of one notebook; says whether it changed."""
    notebook = read_notebook(path)
    changed = False
    for cell, reference in shown_cells(notebook):
        text = read_shown(cell, reference, root)
        changed = changed or cell.source != text
        cell.source = text
    if changed:
        write_notebook(notebook, path)
    return changed


def differences(path: Path, root: Path = ROOT) -> list[str]:
    """Returns a diff for each cell of one notebook that differs from the package by any byte."""
    complaints = []
    for cell, reference in shown_cells(read_notebook(path)):
        try:
            expected = read_shown(cell, reference, root)
        except SourceError as error:
            complaints.append(f"{path.name}: {error}")
            continue
        if cell.source != expected:
            diff = difflib.unified_diff(
                expected.split("\n"), cell.source.split("\n"), reference, path.name, lineterm=""
            )
            complaints.append("\n".join(diff))
    return complaints


def main() -> None:
    """Fills or checks the cells of every notebook of the book."""
    parser = argparse.ArgumentParser(description="Keep shown code equal to src/.")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true", help="fill the cells from src/")
    action.add_argument("--check", action="store_true", help="fail when a cell differs")
    if parser.parse_args().check:
        complaints = [text for path in find_notebooks() for text in differences(path)]
        if complaints:
            hint = (
                "Shown code differs from src/. Edit src/, then: "
                "python -m tools.book.sync_source --write"
            )
            sys.exit("\n\n".join([*complaints, hint]))
    else:
        for path in find_notebooks():
            try:
                if fill(path):
                    print(f"{path.relative_to(ROOT)}: filled")
            except SourceError as error:
                sys.exit(f"{path.relative_to(ROOT)}: {error}")


if __name__ == "__main__":
    main()
