"""Each chapter opens with its answer and a picture of it, and ends with five lines for practice."""

import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.book import claims
from tools.book.notebooks import find_chapters, read_notebook

PAGES = {
    path.stem: read_notebook(path) for path in find_chapters() if path.parent.name != "appendix"
}
ANSWER = re.compile(r"^\*\*In short\.\*\*(.*?)\n\n", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"\]\(#(fig-[\w-]+)\)")
PRACTICE = re.compile(r"^## In practice\n\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
LINES = 5


def complaints(notebook):
    """What is missing: the answer, a figure of the page that shows it, and five lines with ties."""
    return [*opening(notebook), *ending(notebook)]


def opening(notebook):
    top = notebook.cells[0].source
    answer = ANSWER.search(top)
    named = [cell.metadata.get("mystnb", {}).get("figure", {}) for cell in notebook.cells]
    if not answer:
        yield "the first cell has no paragraph that begins with **In short.**"
    elif not set(PICTURE.findall(answer[1])) & {figure.get("name") for figure in named}:
        yield "its answer links to no figure of the page, as [words](#fig-name)"
    if "You need" not in top:
        yield "the first cell does not say what a reader needs: You need ..."


def ending(notebook):
    texts = (cell for cell in notebook.cells if cell.cell_type == "markdown")
    cell = next((cell for cell in texts if PRACTICE.search(cell.source)), None)
    if cell is None:
        yield "the page has no section ## In practice"
        return
    text = PRACTICE.search(cell.source)[1]
    lines = [" ".join(line.split()) for line in re.split(r"^- ", text, flags=re.MULTILINE)[1:]]
    if len(lines) != LINES:
        yield f"{len(lines)} lines in practice; {LINES} must be"
    for line in lines:
        tied = any(words in line for words in cell.metadata.get("claims", {}))
        if not tied and not claims.LINKED.search(line):
            yield f"nothing shows {line!r}: link it, or tie its first words to a cell"


@pytest.mark.parametrize("name", PAGES)
def test_a_chapter_opens_with_its_answer_and_ends_with_practice(name):
    assert complaints(PAGES[name]) == []


TOP = "# A\n\n**In short.** It falls, [see](#fig-a).\n\nYou need *B*. All is [here](b.md)."
END = (
    "## In practice\n\n" + "- Look at [the loss](#fig-a).\n" * 4 + "- Halve the\n  rate.\n\n## More"
)


def page(top=TOP, end=END, tied="Halve the rate"):
    figure = new_code_cell("draw()", metadata={"mystnb": {"figure": {"name": "fig-a"}}})
    last = new_markdown_cell(end, metadata={"claims": {tied: "none"}})
    return new_notebook(cells=[new_markdown_cell(top), figure, last])


def test_a_good_page_has_no_complaint():
    assert complaints(page()) == []


@pytest.mark.parametrize(
    ("planted", "complaint"),
    [
        (page(top=TOP.replace("**In short.**", "")), "In short"),
        (page(top=TOP.replace("fig-a", "fig-b")), "no figure"),
        (page(top=TOP.replace("You need", "Read")), "what a reader needs"),
        (page(end=END.replace("- Halve the\n  rate.", "")), "4 lines"),
        (page(tied="Double"), "nothing shows 'Halve the rate.'"),
        (page(end="## Summary"), "no section"),
    ],
)
def test_what_is_missing_is_found(planted, complaint):
    (found,) = complaints(planted)
    assert complaint in found
