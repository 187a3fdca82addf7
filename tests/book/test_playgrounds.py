"""Before anything on a page moves, the reader has been asked what it will do, and is told where
to begin."""

import re
from copy import deepcopy

import pytest

from book._extensions import predict
from tests.book.test_questions import PAGES
from tools.book.notebooks import ROOT

PLACE = re.compile(r'<div class="playground" data-size="small" [^>]*>\n<p>')
WIDGET = re.compile(r'data-widget="([\w-]+)"')
LEAD = "**Move it yourself.** "
KNOWN = set(
    re.findall(
        r'^  "?([\w-]+)"?(?:: \w+)?,$',
        (ROOT / "book/_static/playground/widgets.js").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)


def moving(page):
    return [cell for cell in page.cells if '<div class="playground' in cell.source]


def complaints(name, page):
    """What is wrong with the playgrounds of a page."""
    found, asked = [], None
    for cell in page.cells:
        if cell.source.startswith(f"**{predict.START}**"):
            asked = cell.id
        if cell not in moving(page):
            continue
        if asked is None:
            found.append(f"{name} {cell.id}: no question of its own comes before it")
        asked = None
        if not PLACE.search(cell.source):
            found.append(f"{name} {cell.id}: no paragraph for readers without the site")
        if not cell.source.startswith(LEAD):
            found.append(f"{name} {cell.id}: does not begin with {LEAD}")
        for widget in WIDGET.findall(cell.source):
            if widget not in KNOWN:
                found.append(f"{name} {cell.id}: no widget is called {widget}")
    return found


NAMES = [name for name, page in PAGES.items() if moving(page)]


@pytest.mark.parametrize("name", NAMES)
def test_a_question_comes_before_what_moves(name):
    assert complaints(name, PAGES[name]) == []


def test_the_pages_have_them_where_the_argument_is():
    here = [
        w for name in NAMES for cell in moving(PAGES[name]) for w in WIDGET.findall(cell.source)
    ]
    assert set(here) == KNOWN and here.count("directions") == 2
    assert len(NAMES) >= 10


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (LEAD, "Move it. ", "does not begin"),
        ("<p>On the site", "On the site", "without the site"),
        ('"bias-correction"', '"walrus"', "no widget is called walrus"),
    ],
)
def test_a_planted_fault_is_found(old, new, said):
    page = deepcopy(PAGES["bias-correction"])
    (cell,) = moving(page)
    assert old in cell.source
    cell.source = cell.source.replace(old, new)
    assert [said in complaint for complaint in complaints("page", page)] == [True]


def test_a_missing_question_is_found():
    page = deepcopy(PAGES["bias-correction"])
    (cell,) = moving(page)
    later = page.cells[page.cells.index(cell) :]
    page.cells = [
        other for other in page.cells if "predict" not in other.metadata or other in later
    ]
    assert ["no question" in complaint for complaint in complaints("page", page)] == [True]
