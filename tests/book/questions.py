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
POWER = re.compile(r"\$(\d[\d.]*)\\cdot10\^\{(-?\d+)\}\$")  # $1.3\cdot10^{-6}$
# Other mathematics, code and numbers of equations: they name settings, not results.
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


def _ties(cell: NotebookNode, question: predict.Question) -> dict[str, str]:
    """What words of the right answer are tied to."""
    right = " ".join(claims.sentences(question.answers[question.right]))
    ties = cell.metadata.get("claims", {})
    return {words: decider for words, decider in ties.items() if words in right}


def _find(decider: str, name: str, pages: Mapping[str, NotebookNode]) -> NotebookNode | None:
    """The cell at the end of a tie, on this page or, as `page#id`, on another."""
    page, _, key = decider.rpartition("#")
    cells = pages[page or name].cells if (page or name) in pages else []
    return next((cell for cell in cells if cell.id == key), None)


def _printed(cell: NotebookNode) -> str:
    return " ".join(list(guards.texts(cell))[1:])


def _numbers(answers: str) -> list[str]:
    return NUMBER.findall(NO_RESULT.sub(" ", POWER.sub(r"\1e\2", answers)))


def _untied(cell, question, name, pages) -> list[str]:
    """A cell that can fail must decide the right answer; an equation alone is no measurement.

    Where it asserts nothing, its output is compared: then the answer must quote a number or words.
    """
    cells = {words: _find(decider, name, pages) for words, decider in _ties(cell, question).items()}
    good = {words: found for words, found in cells.items() if found and claims.decides(found)}
    if not good:
        return ["no cell that can fail decides words of the right answer: name it in `claims`"]
    for words, found in good.items():
        printed = " ".join(_printed(found).split())
        if claims.asserts(found) or words in printed or _numbers(question.answers[question.right]):
            return []
    return ["what decides it asserts nothing, and the right answer quotes nothing that it prints"]


def _elsewhere(cell, question, name, pages) -> list[str]:
    """Numbers in the answers that no cell prints which shows or decides them."""
    named = [cell.metadata.predict, *cell.metadata.get("claims", {}).values()]
    cells = [found for decider in named if (found := _find(decider, name, pages))]
    printed = [_value(number) for found in cells for number in NUMBER.findall(_printed(found))]
    return [
        f"the number {number} of the answers stands in no output of what shows or decides them"
        for number in _numbers(" ".join(question.answers))
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
