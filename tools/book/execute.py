"""Executes notebooks from first cell to last in a clean kernel and stores their outputs.

    python -m tools.book.execute [NOTEBOOK ...]

Without names, every notebook of the book. A notebook is written back only when all its cells ran
without an error and without anything on stderr, apart from TensorFlow's start-up lines. The other
drawings of its figures, for phones and for dense screens, go into `book/_figures`.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from ravine.quiet import without_startup_lines
from ravine.results import machine
from tools.book import drawings
from tools.book.notebooks import ROOT, in_book, read_notebook, write_notebook
from tools.book.shrink import shrink_images

CELL_TIMEOUT = 3600  # seconds; it ends what hangs

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class NotebookError(Exception):
    """A notebook that must not be stored: one sentence naming the cell and what it did."""


def drop_startup_lines(notebook: NotebookNode) -> None:
    """Removes TensorFlow's start-up lines from the outputs.

    Raises:
        NotebookError: If a cell wrote anything else to stderr.
    """
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        kept = []
        for output in cell.outputs:
            if output.output_type != "stream" or output.name != "stderr":
                kept.append(output)
            elif text := without_startup_lines(output.text):
                raise NotebookError(f"cell {number} writes to stderr:\n{text}")
        cell.outputs = kept


def normalise_metadata(notebook: NotebookNode) -> None:
    """Keeps what says how to run the notebook and drops what tells of one run or one editor."""
    notebook.metadata.update(METADATA, processor=machine.processor())
    notebook.metadata.pop("widgets", None)
    notebook.nbformat_minor = 5
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        cell.metadata.pop("collapsed", None)


def failed_cell(notebook: NotebookNode) -> str:
    """Names the cell whose outputs hold an error."""
    for number, cell in enumerate(notebook.cells, start=1):
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            return f"cell {number}"
    return "a cell"


def execute(path: Path) -> None:
    """Executes one notebook in its own folder and writes it back.

    Raises:
        NotebookError: If a cell raises or writes to stderr; the file stays as it was.
    """
    notebook = read_notebook(path)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        allow_errors=False,
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--log-level=ERROR", f"--ext={drawings.__name__}"],
    )
    here = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    try:
        client.execute(env=os.environ | {"PYTHONPATH": here})
    except CellExecutionError as error:
        raise NotebookError(f"{failed_cell(notebook)} raises:\n{error.traceback}") from error
    drop_startup_lines(notebook)
    shrink_images(notebook)
    for complaint in drawings.store(notebook, drawings.folder_of(path)):
        print(f"{path.name}, {complaint}", flush=True)
    normalise_metadata(notebook)
    write_notebook(notebook, path)
    drawings.remove_unused(drawings.folder_of(path))


def main() -> None:
    """Executes the named notebooks, or all; exits with 1 when one fails."""
    parser = argparse.ArgumentParser(description="Execute notebooks and store their outputs.")
    parser.add_argument("notebooks", nargs="*", help="paths; without any, the whole book")
    failed = False
    for path in in_book(parser.parse_args().notebooks):
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        start = time.perf_counter()
        try:
            execute(path)
        except NotebookError as error:
            failed = True
            print(f"{name}: {error}", file=sys.stderr)
        else:
            seconds = time.perf_counter() - start
            print(f"{name}: {seconds:.1f} s, {path.stat().st_size / 1000:.0f} kB", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
