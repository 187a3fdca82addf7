"""Writes what teacher and students read: tables of points, feedback, the answers to read.

All that comes from a submission is text here, never markup, and a picture only where it is a PNG.
"""

import base64
import csv
import html
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ravine.files import write_whole
from tools.homework.batch import Graded, ordered
from tools.homework.master import Cell, Master
from tools.homework.submissions import Submission

PNG = b"\x89PNG\r\n\x1a\n"
LONGEST_ANSWER = 20_000  # characters of an answer that the teacher reads on the page
POINTS = ("student", "assignment", "task", "kind", "points", "of", "note")
TOTALS = (
    *("student", "assignment", "auto", "manual", "stretch", "total", "of", "to read"),
    *("late", "modified", "file", "note"),
)
MARKS = ("student", "assignment", "task", "of", "points", "comment")

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
class Mark:
    """What a teacher gave for a manual task; `points` is None until then."""

    points: float | None
    comment: str


def table_text(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> bytes:
    """Writes a table as CSV that a spreadsheet reads as text and numbers, never as formulas."""
    table = pd.DataFrame(rows, columns=list(columns)).map(_harmless)
    text = table.to_csv(index=False, lineterminator="\n", float_format="%g")
    return b"\xef\xbb\xbf" + text.encode()  # the mark by which Excel knows UTF-8


def _harmless(value):
    if isinstance(value, str) and value[:1] in tuple("=+-@\t\r"):
        return f"'{value}"
    return value


def number(points: float | None) -> str:
    """Writes points as short as they are: 2, 1.5, or nothing when nobody has given any."""
    return "" if points is None else f"{points:g}"


def read_marks(path: Path) -> dict[tuple[str, str, str], Mark]:
    """Reads what the teacher filled into `marks.csv`, by student, assignment and task.

    Raises:
        ValueError: if a number is none, or larger than the task allows.
    """
    marks: dict[tuple[str, str, str], Mark] = {}
    if not path.exists():
        return marks
    text = path.read_text(encoding="utf-8-sig")
    delimiter = ";" if text.split("\n", 1)[0].count(";") >= len(MARKS) - 1 else ","
    for line, row in enumerate(csv.DictReader(io.StringIO(text), delimiter=delimiter), start=2):
        if not {"student", "assignment", "task", "of", "points"} <= row.keys():
            raise ValueError(f"{path}: the first line must be {','.join(MARKS)}.")
        given = (row["points"] or "").strip().replace(",", ".")
        try:
            points = float(given) if given else None
            if points is not None and not 0 <= points <= float(row["of"].replace(",", ".")):
                raise ValueError
        except ValueError:
            raise ValueError(
                f"{path}, line {line}: {given!r} is no number from 0 to {row['of']}, mend it."
            ) from None
        key = (row["student"].removeprefix("'"), row["assignment"], row["task"])
        marks[key] = Mark(points, (row.get("comment") or "").removeprefix("'"))
    return marks


def merge_marks(
    graded: Iterable[Graded],
    masters: Mapping[str, Master],
    marks: Mapping[tuple[str, str, str], Mark],
) -> dict[tuple[str, str, str], Mark]:
    """Adds the manual tasks that have no mark yet; an answer left as it was handed out gets 0."""
    merged = dict(marks)
    for item in ordered(graded):
        master = masters[str(item.submission.assignment)]
        for task in master.tasks:
            key = (item.submission.student, master.name, task.name)
            if task.role != "manual" or (key in merged and merged[key].points is not None):
                continue
            state = answer_state(item.submission, task)
            comment = merged[key].comment if key in merged else ""
            merged[key] = (
                Mark(0.0, comment or "not answered") if state == "stub" else Mark(None, comment)
            )
    return merged


def answer_state(submission: Submission, task: Cell) -> str:
    """Says whether a manual task is "answered", left as "stub", or "missing" from the file."""
    found = submission.answer(task.name)
    if not found:
        return "missing"
    stub = "".join(task.released.split())
    if all("".join(cell.source.split()) in (stub, "") and not cell.images for cell in found):
        return "stub"
    return "answered"


def points_of(
    item: Graded, master: Master, marks: Mapping[tuple[str, str, str], Mark]
) -> Iterator[tuple[Cell, float | None, str]]:
    """Yields each task of a submission with its points (None where none are given) and note."""
    for task, outcome in zip(master.tasks, item.outcomes, strict=True):
        if task.role == "manual":
            mark = marks[item.submission.student, master.name, task.name]
            yield task, mark.points, mark.comment
        else:
            yield task, outcome.points, outcome.note


def write_tables(
    folder: Path,
    graded: Sequence[Graded],
    broken: Sequence[Submission],
    masters: Mapping[str, Master],
    marks: Mapping[tuple[str, str, str], Mark],
) -> None:
    """Writes `points.csv`, `totals.csv` and `marks.csv`."""
    rows, totals = [], []
    for item in ordered(graded):
        submission, master = item.submission, masters[str(item.submission.assignment)]
        sums = {"auto": 0.0, "manual": 0.0, "stretch": 0.0}
        missing = 0
        for task, points, note in points_of(item, master, marks):
            kind = "stretch" if task.stretch else "manual" if task.role == "manual" else "auto"
            values = (submission.student, master.name, task.name, kind, points, task.points, note)
            rows.append(dict(zip(POINTS, values, strict=True)))
            sums[kind] += points or 0
            missing += points is None
        counts = {**sums, "total": sum(sums.values()), "of": full_points(master)}
        counts["to read"] = missing
        totals.append({**_about(submission), **counts})
    totals += [{**_about(item), "note": f"not graded: {item.problem}"} for item in broken]
    kept = []
    for (student, assignment, name), mark in sorted(marks.items()):
        tasks = masters[assignment].tasks if assignment in masters else ()
        of = next((task.points for task in tasks if task.name == name), None)
        given = (student, assignment, name, of, mark.points, mark.comment)
        kept.append(dict(zip(MARKS, given, strict=True)))
    write_whole(folder / "points.csv", table_text(rows, POINTS))
    write_whole(folder / "totals.csv", table_text(totals, TOTALS))
    write_whole(folder / "marks.csv", table_text(kept, MARKS))


def full_points(master: Master) -> float:
    """Returns the points that make full marks: those on top are not counted."""
    return sum(task.points for task in master.tasks if not task.stretch)


def _about(submission):
    """Returns what the table of totals says of a submission beside its points."""
    return {
        "student": submission.student,
        "assignment": submission.assignment or "",
        "late": "late" if submission.late else "",
        "modified": submission.modified.isoformat(" ", "seconds"),
        "file": submission.path,
        "note": submission.note,
    }


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


def feedback(item: Graded, master: Master, marks: Mapping[tuple[str, str, str], Mark]) -> bytes:
    """Returns the page that a student gets: points and what to look at, no hidden test."""
    lines, total, waiting = [], 0.0, False
    for task, points, note in points_of(item, master, marks):
        waiting |= points is None
        total += points or 0
        of = f"{number(task.points)}{' on top' if task.stretch else ''}"
        shown = f"{number(points)} of {of}" if points is not None else f"of {of}, to be read"
        note = note or ("right" if task.role == "test" else "")
        name = task.name.removesuffix("-test").replace("-", " ")
        lines.append(
            f'<tr><td>{html.escape(name)}</td><td class="number">{shown}</td>'
            f"<td>{html.escape(note)}</td></tr>\n"
        )
    full = full_points(master)
    text = f"<p>{html.escape(item.submission.student)}: {number(total)} of {number(full)} points"
    text += " so far; your teacher reads the rest.</p>\n" if waiting else ".</p>\n"
    if item.submission.late:
        text += "<p>Handed in after the deadline.</p>\n"
    text += "<table>\n<tr><th>task</th><th>points</th><th></th></tr>\n" + "".join(lines)
    text += "</table>\n"
    if item.errors:
        text += "<h2>Cells that raised an error</h2>\n<ul>\n"
        for name, error in item.errors.items():
            text += f"<li>Cell {html.escape(name)}: <code>{html.escape(error)}</code></li>\n"
        text += "</ul>\n<p>Your notebook was run from first cell to last. Cells that you had run "
        text += "in another order, or changed afterwards, give other results then.</p>\n"
    return page(master.title, text)


def answers_to_read(
    graded: Sequence[Graded],
    masters: Mapping[str, Master],
    marks: Mapping[tuple[str, str, str], Mark],
) -> bytes:
    """Returns the page with all answers to the manual tasks, task by task, under the rubric."""
    text = "<p>Enter points and comments in <code>marks.csv</code>, then run the same command "
    text += "again: what is graded already stays.</p>\n"
    for master in masters.values():
        items = [item for item in ordered(graded) if item.submission.assignment == master.name]
        for task in master.tasks:
            if task.role != "manual" or not items:
                continue
            heading = f"{master.title}: {task.name} ({number(task.points)} points)"
            text += f"<h2>{html.escape(heading)}</h2>\n"
            text += f'<pre class="rubric">{html.escape(task.rubric)}</pre>\n'
            for item in items:
                text += _answer(item, task, marks[item.submission.student, master.name, task.name])
    return page("Answers to read", text)


def _answer(item, task, mark):
    given = f": {number(mark.points)} points" if mark.points is not None else ""
    text = f"<h3>{html.escape(item.submission.student)}{given}</h3>\n"
    state = answer_state(item.submission, task)
    if state == "stub":
        return text + "<p>Not answered.</p>\n"
    if state == "missing":
        path = html.escape(item.submission.path)
        return text + f"<p>Its cell has lost its mark: look for the answer in {path}.</p>\n"
    for cell in item.submission.answer(task.name):
        text += f"<pre>{html.escape(cell.source[:LONGEST_ANSWER])}</pre>\n"
        for image in filter(is_png, cell.images):
            text += f'<img alt="the figure of this answer" src="data:image/png;base64,{image}">\n'
    return text


def is_png(text: str) -> bool:
    """Says whether a text is the base64 of a PNG."""
    if not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", text):
        return False
    try:
        return base64.b64decode(text[:16] + "==").startswith(PNG)
    except ValueError:
        return False


def write_all(
    folder: Path,
    graded: Sequence[Graded],
    broken: Sequence[Submission],
    masters: Mapping[str, Master],
) -> dict[tuple[str, str, str], Mark]:
    """Writes tables, answers and feedback; returns the marks, with the teacher's."""
    marks = merge_marks(graded, masters, read_marks(folder / "marks.csv"))
    write_tables(folder, graded, broken, masters, marks)
    write_whole(folder / "answers.html", answers_to_read(graded, masters, marks))
    taken: set[str] = set()
    for item in ordered(graded):
        master = masters[str(item.submission.assignment)]
        name = re.sub(r"[^\w .()-]+", "-", item.submission.student)[:80].strip(" .") or "student"
        while f"{name}/{master.name}".lower() in taken:
            name += "-2"
        taken.add(f"{name}/{master.name}".lower())
        path = folder / "feedback" / name / f"{master.name}.html"
        write_whole(path, feedback(item, master, marks))
    return marks
