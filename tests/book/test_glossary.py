"""What the glossary says of itself: two languages, the English order, the page of each term."""

import re

import pytest

from tools.book.notebooks import ROOT

GLOSSARY = (ROOT / "book/appendix/glossary.md").read_text(encoding="utf-8")
PAGE = re.compile(r"See \[[^\]]+\]\([^)]+\)(?:, \[[^\]]+\]\([^)]+\))*\.$")
PLANTED = "```{glossary}\nbowl\ncái bát\n  Round. See [One](one.ipynb).\n\naxis\n  A line.\n```"


def complaints(text: str) -> list[str]:
    """Return what an entry lacks, and where the order breaks."""
    body = text.split("```{glossary}\n")[1].split("\n```")[0]
    entries = [entry.splitlines() for entry in body.split("\n\n")]
    terms = [[line for line in entry if not line.startswith("  ")] for entry in entries]
    found = [f"{names[0]} has no Vietnamese term" for names in terms if len(names) < 2]
    found += [
        f"{names[0]} names no page at its end"
        for names, entry in zip(terms, entries, strict=True)
        if not PAGE.search(entry[-1])
    ]
    english = [names[0] for names in terms]
    order = sorted(english, key=str.casefold)
    pairs = zip(english, order, strict=True)
    return found + [f"{a} is in the place of {b}" for a, b in pairs if a != b]


def test_entries_have_two_languages_a_page_and_their_order():
    assert complaints(GLOSSARY) == []


@pytest.mark.parametrize(
    "complaint",
    [
        "axis has no Vietnamese term",
        "axis names no page at its end",
        "bowl is in the place of axis",
    ],
)
def test_a_planted_fault_is_found(complaint):
    assert complaint in complaints(PLANTED)
