"""The symbols of a page, in equations and in its sentences, held against the notation's tables."""

import re
from collections.abc import Iterable
from pathlib import Path

GREEK = (
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi|"
    "chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Phi|Psi|Omega"
)

CODE = re.compile(r"(`+).+?\1", re.DOTALL)
DISPLAYED = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
INLINE = re.compile(r"\$((?:[^$\n]|\n(?!\n))+)\$")
# What is set in words, numbers an equation or names an environment, and the sign of an expectation.
WORDS = re.compile(
    r"\\(?:tag|text|mathrm|mathsf|mathbb|operatorname|begin|end)\{[^{}]*\}|\\math(?:bb|sf) [A-Z]"
)
SUBSCRIPT = re.compile(r"_(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|.)")
SYMBOL = re.compile(
    r"\\(hat|bar|tilde)\s*\{?\s*\\?([A-Za-z]+)"
    rf"|\\({GREEK})(?![A-Za-z])|\\[A-Za-z]+|([A-Za-z])"
)


def symbols(latex: str) -> set[str]:
    """The letters of an equation, with their accents and without their lower indices."""
    letters = SYMBOL.findall(SUBSCRIPT.sub(" ", WORDS.sub(" ", latex)))
    named = (
        f"{accent} {name}" if accent else greek or letter for accent, name, greek, letter in letters
    )
    return {name for name in named if name}


def tables(notation: str) -> tuple[set[str], dict[str, set[str]]]:
    """The symbols that hold on all pages, and those of single pages by the page's name."""
    everywhere: set[str] = set()
    single: dict[str, set[str]] = {}
    for line in notation.splitlines():
        if not line.startswith("| $"):
            continue
        cells = line.split(" | ")
        named = set().union(*(symbols(latex) for latex in INLINE.findall(cells[0])))
        pages = re.findall(r"\]\(([^)]+)\.ipynb\)", cells[1])
        for page in pages:
            single.setdefault(Path(page).name, set()).update(named)
        if not pages:
            everywhere |= named
    return everywhere, single


def unexplained(notation: str, page: str, texts: Iterable[str]) -> list[str]:
    """Every symbol of a page must be in the notation, for all pages or for this."""
    everywhere, single = tables(notation)
    known = everywhere | single.get(page, set())
    return [
        f"{page} has {symbol} in {' '.join(latex.split())[:60]}, and no table has it"
        for text in texts
        for latex in mathematics(text)
        for symbol in sorted(symbols(latex) - known)
    ]


def mathematics(text: str) -> list[str]:
    """The equations of a text, and then what it sets as mathematics inside its sentences."""
    text = CODE.sub(" ", text)
    return DISPLAYED.findall(text) + INLINE.findall(DISPLAYED.sub(" ", text))
