"""Grades a folder of submissions: in parallel, each on its own, to be interrupted at any time."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ravine.files import write_whole
from tools.homework.grading import Outcome, expected_checks, grade
from tools.homework.master import Master
from tools.homework.session import Workshop
from tools.homework.submissions import Submission

ATTEMPTS = 3


@dataclass(frozen=True)
class Graded:
    """A submission with its outcomes.

    Attributes:
        submission: the submission.
        outcomes: one for each task, in order.
        errors: what the student's cells raised, by cell.
        kept: whether an earlier run of the command had graded it.
    """

    submission: Submission
    outcomes: tuple[Outcome, ...]
    errors: Mapping[str, str]
    kept: bool = False


def rules_digest() -> str:
    """Returns a hash of the grader: results of another grader are not taken over."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def result_path(folder: Path, submission: Submission) -> Path:
    """Names the file that keeps the result of a submission."""
    tag = hashlib.sha256(submission.student.encode()).hexdigest()[:8]
    readable = re.sub(r"[^\w-]+", "-", submission.student)[:60].strip("-")
    return folder / str(submission.assignment) / f"{readable}-{tag}.json"


def grade_all(
    submissions: Sequence[Submission],
    masters: Mapping[str, Master],
    results: Path,
    workshop: Workshop,
    timeout: float,
    jobs: int,
    progress: Callable[[Graded], None],
) -> list[Graded]:
    """Grades submissions and keeps each result at once.

    What an earlier run has kept is not graded again, as long as the submission, the assignment, the
    time limit and the grader are the same.

    Args:
        submissions: those without a problem.
        masters: the assignments by `Submission.key`.
        results: the folder of the kept results.
        workshop: where processes come from.
        timeout: seconds for a cell, and for a test.
        jobs: how many to grade at the same time.
        progress: called after each.

    Raises:
        AssertionError: if a model solution does not pass its own tests here.
    """
    rules = rules_digest()
    graded: dict[int, Graded] = {}
    waiting = []
    for number, submission in enumerate(submissions):
        master = masters[submission.key]
        key = _key(submission, master, timeout, rules)
        if kept := _kept(result_path(results, submission), key, submission):
            graded[number] = kept
            progress(kept)
        else:
            waiting.append((number, submission, master, key))
    expected = {
        name: expected_checks(masters[name], workshop, timeout)
        for name in sorted({submission.key for _, submission, _, _ in waiting})
    }

    def one(submission, master, key):
        outcomes, errors = _grade(submission, master, expected, workshop, timeout)
        result = Graded(submission, tuple(outcomes), errors)
        _keep(result_path(results, submission), key, result)
        return result

    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(one, *job[1:]): job[0] for job in waiting}
        try:
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    graded[running.pop(future)] = future.result()
                    progress(future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [graded[number] for number in range(len(submissions))]


def _grade(submission, master, expected, workshop, timeout):
    """Grades one, again when the worker that all share has died meanwhile."""
    cells = [(cell.name, cell.source) for cell in submission.cells if cell.code]
    for _ in range(ATTEMPTS):
        errors: dict[str, str] = {}
        started = workshop.starts
        outcomes = grade(master, cells, expected[submission.key], workshop, timeout, errors)
        if workshop.starts == started and workshop.alive:
            return outcomes, errors
    raise RuntimeError(
        f"{submission.path} ended the process that all submissions share, {ATTEMPTS} times: grade "
        "it by hand, and the others without it."
    )


def _key(submission, master, timeout, rules):
    text = json.dumps(
        [submission.digest, [asdict(cell) for cell in master.cells], timeout, rules], sort_keys=True
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _keep(path, key, result):
    content: dict[str, Any] = {
        "key": key,
        "student": result.submission.student,
        "outcomes": [asdict(outcome) for outcome in result.outcomes],
        "errors": dict(result.errors),
    }
    write_whole(path, json.dumps(content, indent=1).encode())


def _kept(path, key, submission):
    with suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(path.read_bytes())
        if content["key"] == key and content["student"] == submission.student:
            outcomes = tuple(Outcome(**outcome) for outcome in content["outcomes"])
            return Graded(submission, outcomes, content["errors"], kept=True)
    return None


def default_jobs(processors: int | None) -> int:
    """Returns how many submissions to grade at the same time on so many processors."""
    return max(1, min(processors or 1, 8))


def ordered(results: Iterable[Graded]) -> list[Graded]:
    """Sorts results by assignment and student."""
    return sorted(results, key=lambda g: (str(g.submission.assignment), g.submission.student))
