"""A plugin of pytest: a cell that fails says so in words that a student can read.

    pytest -p tests.cell_messages --nbval-lax book

nbval says which strings differ. Here the message says what the cell printed then and now, line by
line, and on which processors: the first question is whether the code has changed or the rounding.
"""

import difflib
import os
import re

import pytest
from nbval.plugin import IPyNbCell, NbCellError

from ravine.results import machine

HANG = 3600  # seconds; limits end what hangs, and a slow machine is no fault of a page
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def pytest_collection_modifyitems(items):
    """Lets a busy machine take its time to pass a cell's output on."""
    for item in items:
        if isinstance(item, IPyNbCell):
            item.output_timeout = HANG


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Writes the message of a cell that failed."""
    report = yield
    error = call.excinfo.value if call.excinfo else None
    if isinstance(item, IPyNbCell) and isinstance(error, NbCellError):
        page = os.path.relpath(item.path)
        stored_on = item.parent.nb.metadata.get("processor", "a processor that it does not name")
        where = f"The page was stored on {stored_on}; this is {machine.processor()}."
        report.longrepr = message(page, item, error, where)
    return report


def message(page, item, error, where):
    """Returns what a failed cell says: what is wrong, where, and what to do."""
    cell = f"{page}, code {item.name.lower()}"  # code cell 3, or code cell of solution 1
    if "differ" not in str(error):
        text = COLOUR.sub("", error.inner_traceback or str(error)).strip()
        return f"{cell} stops with an error: {text.splitlines()[-1]}\n{where}\n\n{text}"
    stored, now = ([*lines(outputs)] for outputs in (item.cell.outputs, item.test_outputs))
    changes = difflib.unified_diff(stored, now, "stored", "now", lineterm="", n=1)
    return (
        f"{cell} comes out differently from what the page holds. {where} If you changed no code, "
        "the finding hangs on rounding and needs a margin; if you did, execute the page again "
        f"with `make execute NB={page}` and read what it says now.\n\n" + "\n".join(changes)
    )


def lines(outputs):
    """Yields the lines of text among a cell's outputs."""
    for output in outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        yield from text.splitlines()
