"""The answers that a teacher reads: found wherever they stand, equal ones together, as one page."""

import hashlib
import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tools.homework.batch import Graded, ordered
from tools.homework.marks import Mark, Marks
from tools.homework.master import Cell, Master
from tools.homework.reading import CellText, handed_out, squeezed
from tools.homework.submissions import Submission
from tools.homework.tables import number
from tools.homework.texts import harmless

LONGEST_ANSWER = 20_000  # characters of an answer that the teacher reads on the page
NOT_ANSWERED = Mark(0.0, "not answered")

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
       color: #1d2330; background: #fff; overflow-wrap: break-word; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0;
         border-bottom: 1px solid #d5d9e2; }
td.number { white-space: nowrap; }
pre { white-space: pre-wrap; background: #f4f5f8; padding: .6rem; }
.rubric { border-left: 4px solid #8a93a6; padding-left: .8rem; }
img { max-width: 100%; }
"""


@dataclass(frozen=True)
class Answer:
    """What a student answered to a task that the teacher reads.

    Attributes:
        cells: the cells of the task that hold more than was handed out.
        beside: cells of the student's own where the answer may stand too: those around the task's,
            and where nothing else is answered, all texts of hers or, without its cell, all cells.
        lost: whether the task's cell is not in the notebook.
    """

    cells: tuple[CellText, ...]
    beside: tuple[CellText, ...]
    lost: bool

    @property
    def given(self) -> bool:
        """Whether there is anything to read."""
        return bool(self.cells or self.beside or self.lost)

    @property
    def digest(self) -> str:
        """What equal answers share: their words and their figures, whatever the spaces."""
        parts = [
            (squeezed(cell.source).casefold(), cell.figures) for cell in (*self.cells, *self.beside)
        ]
        return hashlib.sha256(repr((self.lost, parts)).encode(errors="replace")).hexdigest()


def answer_to(submission: Submission, task: Cell, master: Master) -> Answer:
    """Finds the answer to a task that the teacher reads."""
    stub = (squeezed(task.released), "")
    names = {cell.name for cell in master.cells if cell.role != "text"}
    as_given = handed_out(master)
    places = [n for n, cell in enumerate(submission.cells) if cell.name == task.name]
    found = [submission.cells[n] for n in places]
    written = tuple(c for c in found if squeezed(c.source) not in stub or (c.figures and c.code))
    own = [
        n
        for n, cell in enumerate(submission.cells)
        if cell.name not in names and not as_given(cell)
    ]
    near = {n for place in places for n in _around(submission.cells, place, names)}
    beside = [n for n in own if n in near]
    if not written and not beside:
        beside = [n for n in own if not places or not submission.cells[n].code]
    return Answer(written, tuple(submission.cells[n] for n in beside), not places)


def _around(cells, place, names):
    """Yields the places before and after a cell up to the next that the assignment knows."""
    for step in (-1, 1):
        at = place + step
        while 0 <= at < len(cells) and cells[at].name not in names:
            yield at
            at += step


def groups_of(graded: Iterable[Graded], task: str) -> list[tuple[str, list[Graded], Answer]]:
    """Puts equal answers to a task together, the most frequent first.

    Returns:
        For each answer a label, "" for one that nobody else gave; those who gave it; the answer.
    """
    found: dict[str, tuple[list[Graded], Answer]] = {}
    for item in graded:
        answer = answer_of(item, task)
        if answer.given:
            key = answer.digest + (item.submission.who if answer.lost else "")
            found.setdefault(key, ([], answer))[0].append(item)
    groups = [
        (f"{len(items)} x {key[:4]}" if len(items) > 1 else "", items, answer)
        for key, (items, answer) in found.items()
    ]
    return sorted(groups, key=lambda group: (-len(group[1]), group[1][0].submission.student))


def answer_of(item: Graded, task: str) -> Answer:
    """Finds the answer of a graded submission to a task."""
    return answer_to(item.submission, item.task(task), item.master)


def to_read(graded: Iterable[Graded]) -> Iterator[tuple[Cell, list[Graded]]]:
    """Yields each task that the teacher reads, with those who handed in its assignment."""
    by_assignment: dict[str, list[Graded]] = {}
    for item in ordered(graded):
        by_assignment.setdefault(item.master.name, []).append(item)
    for items in by_assignment.values():
        for task in items[0].master.tasks:
            if task.role == "manual":
                yield task, items


def spread(graded: Iterable[Graded], marks: Marks) -> None:
    """Gives every answer to read a row of marks: equal answers get the mark of one of them.

    What was left as it was handed out gets 0, as long as the notebook holds no text of the
    student's own where the answer might stand instead.
    """
    for task, items in to_read(graded):
        silent = {item.submission.who: item for item in items}
        for label, group, _ in groups_of(items, task.name):
            given = [marks.get(item.submission, task.name) for item in group]
            known = [mark for mark in given if mark and mark.points is not None]
            one = len({mark.points for mark in known}) == 1
            for item in group:
                silent.pop(item.submission.who)
                marks.wait_for(item.submission, task.name, label, known[0] if one else None)
        for item in silent.values():
            marks.wait_for(item.submission, task.name, "", NOT_ANSWERED)


def answers_page(graded: Iterable[Graded], marks: Marks) -> bytes:
    """Returns the page with all answers to read, task by task, under the rubric."""
    text = "<p>Enter points and comments in <code>marks.csv</code>, then run the same command "
    text += "again: what is graded already stays. Equal answers stand here once: one mark in "
    text += "<code>marks.csv</code> is enough for all of them.</p>\n"
    for task, items in to_read(graded):
        heading = f"{items[0].master.title}: {task.name} ({number(task.points)} points)"
        text += f"<h2>{html.escape(heading)}</h2>\n"
        rubrics: dict[str, list[Graded]] = {}
        for item in items:
            rubrics.setdefault(item.task(task.name).rubric, []).append(item)
        for rubric, own in rubrics.items():
            text += f'<pre class="rubric">{html.escape(rubric)}</pre>\n'
            for _, group, answer in groups_of(own, task.name):
                names = [_who(item, task.name, marks) for item in group]
                text += _shown_answer(names, answer)
        silent = [item for item in items if not answer_of(item, task.name).given]
        if silent:
            who = html.escape(", ".join(_who(item, task.name, marks) for item in silent))
            text += f"<h3>Not answered</h3>\n<p>{who}</p>\n"
    return page("Answers to read", text)


def _who(item, task, marks):
    mark = marks.get(item.submission, task)
    given = mark is not None and mark.points is not None
    return item.submission.student + (f": {number(mark.points)} points" if given else "")


def _shown_answer(names, answer):
    text = f"<h3>{html.escape(', '.join(names))}</h3>\n"
    text += "".join(_shown_cell(cell) for cell in answer.cells)
    if answer.lost:
        text += "<p>The task's cell is not in the notebook. "
        text += "These are the student's own cells:</p>\n" if answer.beside else "</p>\n"
    elif answer.beside:
        where = "beside it" if answer.cells else "The task's cell is as it was handed out"
        text += f"<p>{where}; cells of the student's own:</p>\n"
    return text + "".join(_shown_cell(cell) for cell in answer.beside)


def _shown_cell(cell):
    text = f"<pre>{html.escape(harmless(cell.source[:LONGEST_ANSWER]))}</pre>\n"
    for kind, figure in cell.figures:
        if not kind:
            text += "<p>A figure is left out: those of this notebook are too large.</p>\n"
            continue
        text += f'<img alt="the figure of this answer" src="data:{kind};base64,{figure}">\n'
    return text


def page(title: str, body: str) -> bytes:
    """Returns a page that asks no other host for anything and runs nothing."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<h1>{html.escape(title)}</h1>\n{body}</body>\n</html>\n"
    ).encode("utf-8", "replace")
