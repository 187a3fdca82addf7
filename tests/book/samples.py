"""A small notebook without a fault, for the tests that plant one."""

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.book.execute import METADATA
from tools.book.notebooks import repository_address, setup_source

# One grey pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
ALT = "Gradient descent zig-zags between the walls of the ravine."
EXERCISES = "## Exercises\n\n1. One.\n2. Two.\n3. Three.\n4. Four.\n\n"
OPENING = "# A chapter\n\nAll symbols are in the [notation](../appendix/notation.md)."
SOLUTIONS = "<details>\n<summary>Solution</summary>\n\nSo.\n\n</details>\n\n" * 2


def printing(text: str, source: str | None = None) -> NotebookNode:
    """A compared cell that prints a text."""
    return new_code_cell(
        source or f"print({text!r})",
        metadata={"tags": ["nbval-check-output"]},
        outputs=[new_output("stream", name="stdout", text=f"{text}\n")],
    )


def figure(alt: str = ALT) -> NotebookNode:
    """A cell that shows one figure."""
    return new_code_cell(
        f'display({{"image/png": "{PNG}"}}, raw=True)',
        metadata={"mystnb": {"image": {"alt": alt}}},
        outputs=[new_output("display_data", data={"image/png": PNG})],
    )


def good_notebook() -> NotebookNode:
    """A chapter in small, as if it had been executed."""
    setup = new_code_cell(setup_source(repository_address()), metadata={"tags": ["remove-cell"]})
    cells = [setup, printing("one"), printing("two"), printing("three"), figure()]
    for count, cell in enumerate(cells, start=1):
        cell.execution_count = count
    end = new_markdown_cell(EXERCISES + SOLUTIONS)
    cells = [new_markdown_cell(OPENING), *cells, end]
    return new_notebook(cells=cells, metadata=METADATA | {"processor": "an abacus"})
