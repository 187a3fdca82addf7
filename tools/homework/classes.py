"""From the place of the submissions to a class that can be graded, and what to tell the teacher."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tools.homework.answers import groups_of, to_read
from tools.homework.files import find_files
from tools.homework.master import Master, MasterError
from tools.homework.report import Course, Reports
from tools.homework.roster import read_roster
from tools.homework.sorting import read_submissions
from tools.homework.submissions import Submission

MINUTES = 2.0  # that reading and marking one answer takes: less for a figure, more for a text
MOST_LINES = 30  # of one kind in the summary; the tables have them all


def place_of(place: Path) -> Path:
    """Finds the submissions, also below `~` where the shell has not put the home in its place.

    Raises:
        MasterError: if there is nothing.
    """
    if str(place) in ("", "."):
        raise MasterError("Name what to grade: make homework-grade SUBMISSIONS=folder-or-zip.")
    place = place.expanduser().resolve()
    if not place.exists():
        raise MasterError(f"There is no {place}: name the folder or zip of the submissions.")
    return place


def results_of(place: Path, out: Path | None) -> Path:
    """Names the folder of the results: beside the submissions, or where the teacher wants it.

    Raises:
        MasterError: if it lies in the submissions.
    """
    out = (out.expanduser() if out else place.with_name(f"{place.stem}-graded")).resolve()
    if out.is_relative_to(place):
        raise MasterError(f"{out} lies in the submissions: name another folder with --out.")
    return out


def take_in(
    place: Path,
    out: Path,
    masters: Mapping[str, Master],
    roster: Path | None = None,
    due: datetime | None = None,
    drawn: Callable[[Submission], Master] | None = None,
) -> Course:
    """Reads all that was handed in.

    Args:
        place: the folder, zip or notebook.
        out: where the results go.
        masters: the assignments by name.
        roster: the list of the class, where there is one.
        due: the deadline, local time.
        drawn: finds the assignment of a submission in its edition; without it there is one edition.

    Raises:
        ValueError: if the roster is none.
    """
    own = roster.expanduser().resolve() if roster else None
    people = read_roster(own) if own else None
    files = (
        replace(file, ignored="the roster") if own and place / file.path == own else file
        for file in find_files(place)
    )
    intake = read_submissions(files, list(masters.values()), due, people, drawn)
    return Course(out, intake, masters, people, due is not None)


def memory() -> int | None:
    """Returns the bytes of memory that this machine has; None where it does not say."""
    with suppress(ValueError, OSError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def summary(reports: Reports, seconds: float) -> Iterator[str]:
    """Yields the lines that say what was done, and what is left for the teacher."""
    course, graded = reports.course, [item for item in reports.graded if not item.failure]
    fresh = sum(not item.kept for item in graded)
    yield f"{len(graded)} graded, {len(graded) - fresh} of them by an earlier run."
    if fresh:
        yield f"  {seconds:.0f} s, {seconds / fresh:.1f} s for each that was graded now"
    for name in course.masters:
        yield from _to_read(name, graded, reports.marks)
    unclear = [item for item in course.intake.submissions if item.unclear]
    yield from _few(unclear, "unclear", lambda item: f"{item.path}: {item.unclear}")
    noted = [item for item in course.intake.submissions if item.note and not item.problem]
    yield from _few(noted, "note", lambda item: f"{item.student}: {item.note}")
    failed = [(i.submission, i.failure) for i in reports.graded if i.failure]
    failed += [(item, item.problem) for item in course.intake.submissions if item.problem]
    yield from _few(failed, "not graded", lambda pair: f"{pair[0].path}: {pair[1]}")
    missing = course.intake.missing
    yield from _few(missing, "nothing came in", lambda pair: f"{pair[1].name} {pair[0]}".strip())
    lost = reports.marks.of_nobody(course.intake.submissions)
    text = "a mark that fits nobody who handed in"
    yield from _few(lost, text, lambda row: f"{row.student}, {row.assignment}, {row.task}")
    yield from filter(None, [reports.hint, *reports.problems])
    yield f"Points, answers and feedback are in {course.folder}"


def _to_read(name, graded, marks):
    """Yields how many answers to an assignment are waiting, and how long they will take."""
    waiting = different = 0
    for task, items in to_read(item for item in graded if item.master.name == name):
        for _, group, _ in groups_of(items, task.name):
            given = [marks.get(item.submission, task.name) for item in group]
            left = sum(mark is None or mark.points is None for mark in given)
            waiting += left
            different += left > 0
    if waiting:
        hours, minutes = divmod(round(different * MINUTES), 60)
        time = f"{hours} h {minutes} min" if hours else f"{minutes} min"
        rate = f"{time} at {MINUTES:g} min each"
        yield f"  {name}: {waiting} answers to read, {different} of them different: {rate}"


def _few(items, what, line):
    for item in items[:MOST_LINES]:
        yield f"  {what}: {line(item)}"
    if len(items) > MOST_LINES:
        yield f"  ... and {len(items) - MOST_LINES} more of these: see totals.csv"
