"""The box of an algorithm beside its lines, and the class below it with its docstring folded."""

import pytest

from tests.site.test_pages import AXE, RULES, RUN_AXE
from tests.weekly import some_of
from tools.book.notebooks import ROOT, find_chapters, read_notebook

DESK, TABLET, PHONE = (
    {"width": 1280, "height": 800},
    {"width": 768, "height": 800},
    {"width": 390, "height": 800},
)
NOTEBOOKS = {path: read_notebook(path) for path in find_chapters()}
BOXED = [
    path.relative_to(ROOT).with_suffix(".html").as_posix()
    for path, notebook in NOTEBOOKS.items()
    if any("box" in cell.metadata for cell in notebook.cells)
]
ADAM = "book/adam/adam.html"
# Of each row: whether the code is beside the equation, or below it; and what does not fit.
LAYOUT = """() => [...document.querySelectorAll(".algorithm tbody tr")].map(row => {
  const [left, right] = row.cells;
  const [equation, code] = [left, right].map(cell => cell.getBoundingClientRect());
  const box = row.closest(".algorithm").getBoundingClientRect();
  const within = [left, right, ...row.querySelectorAll("mjx-container, code")].every(
    part => part.getBoundingClientRect().right <= box.right + 1);
  const cut = [left, right].some(cell => cell.scrollWidth > cell.clientWidth + 1);
  const level = equation.top < code.bottom && code.top < equation.bottom;
  return {
    beside: equation.right <= code.left + 1 && level,
    below: equation.bottom <= code.top + 1 && Math.abs(equation.left - code.left) < 2,
    fits: within && !cut,
    says: row.textContent.trim().slice(0, 60),
  };
})"""
# The theme lets the keyboard reach what scrolls, a moment after the width has changed.
REACHED = """() => [...document.querySelectorAll("article pre")].every(
  pre => pre.scrollWidth <= pre.clientWidth || pre.tabIndex === 0)"""
SHOWN = """(details) => {
  const shown = { contentVisibilityAuto: true, visibilityProperty: true };
  const code = details.querySelector("pre");
  return code.checkVisibility(shown) && code.getBoundingClientRect().height > 0;
}"""


def misplaced(page, where):
    """Returns the rows of the boxes that are not laid out as they should be, or do not fit."""
    rows = page.evaluate(LAYOUT)
    assert rows
    return [row["says"] for row in rows if not (row[where] and row["fits"])]


@pytest.fixture(scope="module")
def context(chromium):
    context = chromium.new_context(viewport=DESK, reduced_motion="reduce")
    context.set_default_timeout(120_000)  # a slow machine is no fault of the page
    yield context
    context.close()


@pytest.fixture
def opened(context, pages):
    """Opens a page of the site, with its mathematics set."""
    tabs = []

    def open_page(name):
        tabs.append(context.new_page())
        tabs[-1].goto((pages / name).as_uri(), wait_until="load")
        tabs[-1].evaluate("window.MathJax?.startup?.promise")
        return tabs[-1]

    yield open_page
    for tab in tabs:
        tab.close()


@pytest.mark.parametrize("name", some_of(BOXED, 3))
def test_equations_stand_beside_their_code_and_above_it_where_the_page_is_narrow(name, opened):
    page = opened(name)
    assert misplaced(page, "beside") == []
    for screen in (TABLET, PHONE):
        page.set_viewport_size(screen)
        assert misplaced(page, "below") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= screen["width"]


def test_boxes_out_of_place_are_found(opened):
    page = opened(ADAM)
    page.add_style_tag(content=".algorithm tr:nth-child(2) code { white-space: pre !important }")
    page.set_viewport_size(PHONE)
    (row,) = misplaced(page, "below")
    assert "self.m[" in row
    page.add_style_tag(content=".bd-article .algorithm { container-type: normal !important }")
    assert len(misplaced(page, "below")) > 5
    page.set_viewport_size(DESK)
    assert len(misplaced(page, "below")) > 5, "beside is not below"


def test_the_docstring_is_folded_opens_by_keyboard_and_is_printed(opened):
    page = opened(ADAM)
    docstring = page.locator(".folded-class details")
    assert not docstring.evaluate(SHOWN)
    page.emulate_media(media="print")
    assert docstring.evaluate(SHOWN)
    page.emulate_media(media="screen")
    assert not docstring.evaluate(SHOWN)
    docstring.locator("summary").focus()
    page.keyboard.press("Enter")
    assert docstring.evaluate(SHOWN)


def test_without_scripts_the_docstring_opens(chromium, pages):
    context = chromium.new_context(java_script_enabled=False)
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.goto((pages / ADAM).as_uri())
    words = page.locator(".folded-class details pre")
    assert not words.is_visible()
    page.locator(".folded-class summary").click()
    assert words.is_visible() and "Args:" in words.inner_text()
    context.close()


def test_a_class_and_its_box_have_no_barrier(opened):
    page = opened("book/gradient-descent/gradient-descent.html")
    page.set_viewport_size(PHONE)
    page.wait_for_function(REACHED)
    page.locator(".folded-class summary").click()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.add_style_tag(content="article pre { background-image: none !important }")
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        assert page.evaluate(RUN_AXE, {"type": "tag", "values": RULES}) == []
