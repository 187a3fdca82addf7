"""What the questions of a page promise: what they ask is shown later on the page, and is so.

A cell that asks is written as `book/_extensions/predict.py` says. Its metadata name the code cell
that shows the answer, `{"predict": "id"}`, and tie words of the right answer to what decides them,
as `claims` does: a cell that asserts or whose output is compared. Numbers in the answers are those
that these cells print.
"""

import re
from collections.abc import Mapping

from nbformat import NotebookNode

from book._extensions import predict
from tests.book import claims, guards

EACH = 3  # questions of a page
WORDS = 5  # that an answer has at least
NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?(?![\w])")
# Mathematics, code and numbers of equations: they name settings, not results.
NO_RESULT = re.compile(r"\$[^$]*\$|`[^`]*`|\(\w+\.\d+\)|\]\([^)]*\)")


def asking(page: NotebookNode) -> list[NotebookNode]:
    """The cells of a page that ask."""
    return [cell for cell in page.cells if "predict" in cell.metadata]


def complaints(name: str, pages: Mapping[str, NotebookNode]) -> list[str]:
    """What is wrong with the questions of the page of this name."""
    cells = asking(pages[name])
    found = [] if len(cells) == EACH else [f"{name} asks {len(cells)} questions and not {EACH}"]
    for cell in cells:
        try:
            question = predict.parse(cell.source)
        except ValueError as error:
            found.append(f"{name} {cell.id}: {error}")
            continue
        problems = [*_unseen(cell, pages[name]), *_untied(cell, question, name, pages)]
        problems += _elsewhere(cell, question, name, pages)
        problems += [
            f"the answer {answer!r} is no sentence that explains"
            for answer in question.answers
            if len(answer.split()) < WORDS or not answer.endswith(".")
        ]
        found += [f"{name} {cell.id}: {problem}" for problem in problems]
    return found


def _unseen(cell: NotebookNode, page: NotebookNode) -> list[str]:
    """A code cell after the question must show the answer."""
    seen = cell.metadata.predict
    after = page.cells[page.cells.index(cell) + 1 :]
    shows = [other for other in after if other.id == seen and other.cell_type == "code"]
    if not shows:
        return [f"no code cell {seen!r} comes after it to show the answer"]
    if not shows[0].outputs or "remove-cell" in guards.tags(shows[0]):
        return [f"the cell {seen!r} shows nothing"]
    return []


def _ties(cell: NotebookNode, question: predict.Question) -> list[str]:
    """What the right answer is tied to."""
    right = " ".join(claims.sentences(question.answers[question.right]))
    return [decider for words, decider in cell.metadata.get("claims", {}).items() if words in right]


def _untied(cell, question, name, pages) -> list[str]:
    """A cell that can fail must decide the right answer; an equation alone is no measurement."""
    cells = [d for d in _ties(cell, question) if d != claims.NONE and not d.startswith("(")]
    if any(claims.holds(decider, name, pages) for decider in cells):
        return []
    return ["no cell that can fail decides words of the right answer: name it in `claims`"]


def _elsewhere(cell, question, name, pages) -> list[str]:
    """Numbers in the answers that no cell prints which shows or decides them."""
    printed = []
    for decider in [cell.metadata.predict, *cell.metadata.get("claims", {}).values()]:
        page, _, key = decider.rpartition("#")
        for other in pages.get(page or name, NotebookNode(cells=[])).cells:
            if other.id == key:
                shown = " ".join(list(guards.texts(other))[1:])
                printed += [_value(number) for number in NUMBER.findall(shown)]
    return [
        f"the number {number} of the answers stands in no output of what shows or decides them"
        for number in NUMBER.findall(NO_RESULT.sub(" ", " ".join(question.answers)))
        if not any(_rounds(value, number) for value in printed)
    ]


def _value(number: str) -> float:
    return abs(float(number.replace(",", "")))


def _rounds(value: float, number: str) -> bool:
    """Whether a printed value is this number, to the digits that it is written with."""
    digits = len(number.partition(".")[2])
    wanted = _value(number)
    if "e" in number:
        return value == wanted
    return any(round(x, digits) == wanted for x in (value, 100 * value))  # as it is, or in per cent
