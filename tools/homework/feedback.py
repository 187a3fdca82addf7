"""The points of each task, and the page that a student gets."""

import html
from collections.abc import Iterator

from tools.homework.answers import page
from tools.homework.batch import Graded
from tools.homework.marks import Marks
from tools.homework.master import Cell, Master
from tools.homework.tables import number
from tools.homework.texts import harmless

SET_BY_HAND = "Set by your teacher."


def full_points(master: Master) -> float:
    """Returns the points that make full marks: those on top are not counted."""
    return sum(task.points for task in master.tasks if not task.stretch)


def kind_of(task: Cell) -> str:
    """Says who gives a task's points: "auto" tests, "manual" the teacher; "stretch" come on top."""
    return "stretch" if task.stretch else "manual" if task.role == "manual" else "auto"


def points_of(item: Graded, marks: Marks) -> Iterator[tuple[Cell, float | None, str]]:
    """Yields each task of a submission with its points (None where none are given) and note."""
    for task, outcome in zip(item.master.tasks, item.outcomes, strict=True):
        mark = marks.get(item.submission, task.name)
        if mark is None:
            yield task, outcome.points, outcome.note
        elif mark.points is None:
            notes = (outcome.note, mark.comment)
            yield task, outcome.points, " ".join(note for note in notes if note)
        else:
            changed = outcome.points is not None and mark.points != outcome.points
            yield task, mark.points, mark.comment or (SET_BY_HAND if changed else outcome.note)


def feedback(item: Graded, marks: Marks) -> bytes:
    """Returns the page that a student gets: points and what to look at, no hidden test."""
    lines, total, waiting = [], 0.0, False
    for task, points, note in points_of(item, marks):
        waiting |= points is None
        total += points or 0
        of = f"{number(task.points)}{' on top' if task.stretch else ''}"
        shown = f"{number(points)} of {of}" if points is not None else f"of {of}, to be read"
        note = note or ("right" if task.role == "test" and points else "")
        name = task.name.removesuffix("-test").replace("-", " ")
        lines.append(
            f'<tr><td>{html.escape(name)}</td><td class="number">{shown}</td>'
            f"<td>{html.escape(harmless(note))}</td></tr>\n"
        )
    full = full_points(item.master)
    text = f"<p>{html.escape(item.submission.student)}: {number(total)} of {number(full)} points"
    text += " so far; your teacher reads the rest.</p>\n" if waiting else ".</p>\n"
    if item.submission.late:
        text += "<p>Handed in after the deadline.</p>\n"
    text += "<table>\n<tr><th>task</th><th>points</th><th></th></tr>\n" + "".join(lines)
    text += "</table>\n"
    if item.errors:
        text += "<h2>Cells that raised an error</h2>\n<ul>\n"
        for name, error in item.errors.items():
            shown = f"<code>{html.escape(harmless(error))}</code>"
            text += f"<li>Cell {html.escape(name)}: {shown}</li>\n"
        text += "</ul>\n<p>Your notebook was run from first cell to last. Cells that you had run "
        text += "in another order, or changed afterwards, give other results then.</p>\n"
    return page(item.master.title, text)
