"""A plugin of pytest: a number in an alt text or a caption is in the figure, or computed beside it.

    pytest -p tests.figure_numbers --nbval-lax book

The figure is the one that was drawn just now, on this processor: a text that is true of the stored
picture alone fails.
"""

from collections import defaultdict

import pytest
from nbformat.v4 import new_code_cell
from nbval.plugin import IPyNbCell

from tests.book import guards, pictures
from tools.book.notebooks import ROOT

LOAD = f"""
__import__("sys").path.insert(0, {str(ROOT)!r})
get_ipython().run_line_magic("load_ext", {pictures.__name__!r})
__import__("sys").path.remove({str(ROOT)!r})
"""  # a page that forgets an import must not find it here


def pytest_collection_modifyitems(items):
    """Lets the kernel of each page read its figures, before the first cell."""
    pages = {item.parent: item for item in reversed(items) if isinstance(item, IPyNbCell)}
    for page, first in pages.items():
        page.skip_compare = (*page.skip_compare, pictures.MIME)
        items.insert(items.index(first), loader(page))


def loader(page):
    """Returns the cell that makes a page's kernel give out the numbers of its figures."""
    return IPyNbCell.from_parent(
        page,
        name="Reader of figures",
        cell_num=-1,
        cell=new_code_cell(LOAD),
        options=defaultdict(bool),
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Holds the texts of a figure to it, once its cell has run."""
    result = yield
    if isinstance(item, IPyNbCell):
        complaints = not_there(item)
        assert not complaints, "\n".join(complaints)
    return result


def not_there(item):
    """Returns which numbers of a figure's texts neither it nor its page shows."""
    drawn = [
        number
        for output in item.test_outputs or []
        for number in output.get("data", {}).get(pictures.MIME, [])
    ]
    if not drawn:
        return []
    page = item.parent.nb
    computed = "\n".join(text for cell in guards.code_cells(page) for text in guards.texts(cell))
    said = "\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown")
    texts = [
        ("alt text", guards.alt_text(item.cell), computed),
        ("caption", guards.caption(item.cell), computed + said),  # it names settings, too
    ]
    return [
        f"{item.path.name}, cell {item.cell.id}: the {kind} names {', '.join(missing)}, which "
        "neither the figure shows nor the page computes: look at the figure again."
        for kind, text, on_page in texts
        if (missing := pictures.not_there(text, drawn, on_page))
    ]
