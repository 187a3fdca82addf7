"""A plugin of pytest: after the last cell of a page come the solutions that have code.

    pytest -p tests.solutions --nbval-lax book

Each runs as it is printed, in the kernel in which the page has run, as for a reader who copies it
into the next cell. What it prints is not compared.
"""

from collections import defaultdict
from itertools import zip_longest

from nbformat.v4 import new_code_cell
from nbval.plugin import IPyNbCell

from tests.book import exercises


def pytest_collection_modifyitems(items):
    """Adds the solutions of a page behind its cells."""
    added = []
    for item, following in zip_longest(items, items[1:]):
        added.append(item)
        if isinstance(item, IPyNbCell) and getattr(following, "parent", None) is not item.parent:
            added += solutions(item.parent, first=item.cell_num + 1)
    items[:] = added


def solutions(page, first):
    """Returns a cell for each solution with code of a collected notebook."""
    return [
        IPyNbCell.from_parent(
            page,
            name=f"Cell of solution {number}",
            cell_num=cell_num,
            cell=new_code_cell(code),
            options=defaultdict(bool),
        )
        for cell_num, (number, code) in enumerate(exercises.solutions(page.nb).items(), first)
    ]
