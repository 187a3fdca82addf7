"""Every sentence that compares algorithms is tied to what decides it."""

import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.book import claims
from tools.book.notebooks import find_chapters, read_notebook

PAGES = {path.stem: read_notebook(path) for path in find_chapters()}


def page(text, code="assert 1 < 2, 'look'", tags=(), **ties):
    ties = {words.replace("_", " "): decider for words, decider in ties.items()}
    cells = [
        new_markdown_cell(text, metadata={"claims": ties} if ties else {}),
        new_code_cell(code, id="decider", metadata={"tags": list(tags)}),
        new_markdown_cell(r"$$ a = b \tag{4.6} $$"),
    ]
    return {"page": new_notebook(cells=cells), "other": new_notebook(cells=cells[1:])}


@pytest.mark.parametrize("name", PAGES)
def test_comparative_sentences_are_tied_to_what_decides_them(name):
    assert claims.complaints(name, PAGES) == []


# A difference beside 0, a ratio beside 1.
NO_MARGIN = re.compile(r"excludes_zero|\.(?:high|low) [<>] 0\b|\b(?:high|low) [<>] 1(?![.\d])")


@pytest.mark.parametrize("name", PAGES)
def test_verdicts_keep_the_margin(name):
    """By `Difference.verdict`, which asks for 1 %, and not by whether an interval holds 0 or 1."""
    assert not [cell.id for cell in PAGES[name].cells if NO_MARGIN.search(cell.source)]


@pytest.mark.parametrize("code", ["pair.excludes_zero", "pair.high < 0", "low > 1 or x"])
def test_a_verdict_without_a_margin_is_found(code):
    assert NO_MARGIN.search(code)


@pytest.mark.parametrize(
    "text",
    [
        "Adam ends below SGD.",
        "It rains. **RMSprop is last.** It rains.",
        "- Momentum needs fewer steps than GD\n- one",
        "| the best algorithm | 3 |",
        "No other algorithm\nis faster.",
        "Is it so? Adam is\nahead.",
        "Momentum needs a quarter of the steps of GD.",
        "AdaMax needs twice as many steps.",
        "Momentum is before SGD by a third.",
        "SGD and Adam are level.",
        "SGD and Momentum cannot be told apart.",
        "SGD does as well.",
        "Adam takes as long as SGD.",
        "Adam needs ten times AdaGrad's steps.",
        "The best rate of SGD is better chosen.",
        "Here $a < b$. Adam ends below SGD.\n\n<details>\n\n</details>",
    ],
)
def test_a_comparison_is_found(text):
    (complaint,) = claims.complaints("page", page(text))
    assert complaint.startswith("page ") and "nothing decides" in complaint


@pytest.mark.parametrize(
    "text",
    [
        "Which algorithm is faster?",
        "## Adam ends below SGD",
        "Adam divides by a mean. The loss is lower.",
        "Adam ends below SGD, see [the figure](#fig-a).",
        "{cite:t}`kingma2015adam` find Adam below SGD.",
        "```python\nprint('Adam ends below SGD')\n```",
        "Adam gets its best learning rate, and SGD the best rate of five.",
        "Two ideas lead from GD to Adam, which the book leads to.",
        "SGD no longer arrives.",
    ],
)
def test_other_sentences_need_no_tie(text):
    assert claims.complaints("page", page(text)) == []


@pytest.mark.parametrize(
    ("code", "tags", "decider", "good"),
    [
        ("assert 1 < 2, 'look'", (), "decider", True),
        ("for a in b:\n    assert a, 'look'", (), "other#decider", True),
        ("print(1)", ("nbval-check-output",), "decider", True),
        ("print(1)", (), "decider", False),
        ("print('assert ')", (), "decider", False),
        ("assert 1", (), "another", False),
        ("assert 1", (), "nowhere#decider", False),
        ("print(1)", (), "(4.6)", True),
        ("print(1)", (), "(4.7)", False),
        ("print(1)", (), "none", True),
    ],
)
def test_a_tie_holds_at_a_cell_that_can_fail(code, tags, decider, good):
    found = claims.complaints("page", page("Adam ends\nbelow SGD.", code, tags, ends_below=decider))
    assert (found == []) == good
    assert good or "decides nothing" in found[0]


@pytest.mark.parametrize(("code", "good"), [("assert 1 < 2", True), ("print(1)", False)])
def test_the_code_of_a_solution_decides_if_it_asserts(code, good):
    text = f"Adam ends below SGD.\n\n<details>\n\n```python\n{code}\n```\n\n</details>"
    pages = page(text, ends_below="exercises")
    pages["page"].cells[0].id = "exercises"
    assert (claims.complaints("page", pages) == []) == good


def test_a_tie_to_words_that_are_gone_is_found():
    (complaint,) = claims.complaints("page", page("It rains.", ends_below="decider"))
    assert "stand nowhere" in complaint
