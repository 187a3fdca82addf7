"""Proves an assignment's tests: the model solution passes, wrong answers lose what they should.

An assignment's file of variants lists submissions that are almost right, each with the tasks it
loses, and right ones that are written differently. `tests/homework` proves all of them. Another
edition is proved by few runs: what it does not draw is left out, and wrong answers to different
tasks are handed in together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tools.homework.grading import Outcome
from tools.homework.master import Master, MasterError
from tools.homework.plan import without_figures


@dataclass(frozen=True)
class Variant:
    """A submission made from the model solution.

    Attributes:
        name: what is different.
        cells: its code cells, without those that only draw or show: `grade_id` and source.
        loses: the tasks that must lose their points; all others keep theirs.
    """

    name: str
    cells: tuple[tuple[str, str], ...]
    loses: frozenset[str]


def variants(master: Master) -> Iterator[Variant]:
    """Makes the variants that the assignment's file lists.

    Raises:
        MasterError: if one does not fit the assignment.
    """
    for entry in master.variants.get("wrong", []):
        yield _variant(master, entry, frozenset(entry["loses"]))
    for entry in master.variants.get("right", []):
        yield _variant(master, entry, frozenset())


def _variant(master: Master, entry: dict[str, Any], loses: frozenset[str]) -> Variant:
    cells = {cell.name: cell.source for cell in master.cells if cell.code}
    for name, source in entry.get("answers", {}).items():
        if name not in cells:
            raise MasterError(f"{master.name}.yaml, {entry['name']}: there is no cell {name}.")
        cells[name] = source
    answers = [cell.name for cell in master.cells if cell.code and cell.role == "answer"]
    for old, new in entry.get("change", []):
        places = [name for name in answers if old in cells[name]]
        if len(places) != 1 or cells[places[0]].count(old) != 1:
            raise MasterError(
                f"{master.name}.yaml, {entry['name']}: {old!r} must stand once in the answers."
            )
        cells[places[0]] = cells[places[0]].replace(old, new)
    tests = {task.name for task in master.tasks if task.role == "test"}
    if unknown := loses - tests:
        raise MasterError(f"{master.name}.yaml, {entry['name']}: no test {sorted(unknown)}.")
    kept = [name for name, _ in without_figures(master)]
    return Variant(entry["name"], tuple((name, cells[name]) for name in kept), loses)


def combined(master: Master, public: Master) -> list[Variant]:
    """Puts together what proves an edition whose public edition is proved already.

    Args:
        master: the assignment in an edition.
        public: the same in the public edition.

    Returns:
        Submissions with several wrong answers each, to tasks that have nothing to do with each
        other, and the right ones.
    """
    same = {cell.name for cell in master.cells if cell in public.cells}
    model = {cell.name: cell.source for cell in master.cells if cell.code}
    together: list[Variant] = []
    for variant in variants(master):
        changed = {name for name, source in variant.cells if source != model[name]}
        if variant.loses and changed | variant.loses <= same:
            continue
        for place, other in enumerate(together):
            taken = {name for name, source in other.cells if source != model[name]}
            if (
                variant.loses
                and other.loses
                and not (taken & changed or other.loses & variant.loses)
            ):
                cells = dict(other.cells) | {name: dict(variant.cells)[name] for name in changed}
                loses = other.loses | variant.loses
                together[place] = Variant(
                    f"{other.name}; {variant.name}", tuple(cells.items()), loses
                )
                break
        else:
            together.append(variant)
    return together


def code_lines(master: Master, figures: bool = True) -> int:
    """Counts the lines of code of the model answers, without the tasks on top."""
    answers = [
        cell.rubric
        for cell in master.cells
        if cell.code and not cell.stretch and cell.role in ("answer", "manual")
        if figures or cell.role == "answer"
    ]
    lines = (line.strip() for answer in answers for line in answer.splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def minutes(master: Master) -> float:
    """Estimates how long an assignment takes, without the tasks on top; nobody has been timed.

    A minute for 100 words to read and for each line of code of the model answers, two to think for
    each point of a test, four for each point that is earned in words.
    """
    tasks = [task for task in master.tasks if not task.stretch]
    words = sum(len(cell.source.split()) for cell in master.cells if cell.role == "text")
    tested = sum(task.points for task in tasks if task.role == "test")
    written = sum(task.points for task in tasks if task.role == "manual" and not task.code)
    return words / 100 + code_lines(master) + 2 * tested + 4 * written


def lost(outcomes: list[Outcome]) -> frozenset[str]:
    """Lists the tests that gave no points."""
    return frozenset(outcome.task for outcome in outcomes if outcome.points == 0)
