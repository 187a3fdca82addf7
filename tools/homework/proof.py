"""Proves an assignment's tests: the model solution passes, wrong answers lose what they should.

An assignment's file of variants lists submissions that are almost right, each with the tasks it
loses, and right ones that are written differently. `tests/homework` proves all of them.
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


def lost(outcomes: list[Outcome]) -> frozenset[str]:
    """Lists the tests that gave no points."""
    return frozenset(outcome.task for outcome in outcomes if outcome.points == 0)
