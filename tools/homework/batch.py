"""Grades a class: in parallel, each submission on its own, to be interrupted at any time."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ravine.files import write_whole
from tools.homework.grading import BUDGET, Outcome, expected_checks, grade
from tools.homework.master import Cell, Master
from tools.homework.namespaces import MEMORY
from tools.homework.session import Session, SessionEndedError, Workshop
from tools.homework.submissions import Submission
from tools.homework.texts import file_name

ATTEMPTS = 3
GRACE = 30.0  # seconds that a submission has beyond its budget, which the grader ends itself


@dataclass(frozen=True)
class Graded:
    """A submission with its outcomes.

    Attributes:
        submission: the submission.
        master: the assignment that it was graded by.
        outcomes: one for each task, in order; none where the grader failed.
        errors: what the student's cells raised, by cell.
        kept: whether an earlier run of the command had graded it.
        failure: why it could not be graded although it is a notebook; "" when it was.
    """

    submission: Submission
    master: Master
    outcomes: tuple[Outcome, ...]
    errors: Mapping[str, str]
    kept: bool = False
    failure: str = ""

    def task(self, name: str) -> Cell:
        """Returns a task of the assignment."""
        return next(task for task in self.master.tasks if task.name == name)


class Budgeted:
    """A workshop for one submission, whose processes end when its time as a whole is over."""

    def __init__(self, workshop: Workshop, seconds: float):
        """Takes the workshop that all share, and the time of this submission."""
        self._workshop, self._seconds = workshop, seconds
        self._sessions: list[Session] = []
        self._lock = threading.Lock()
        self.over = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._workshop, name)

    def open(self) -> Session:
        """Starts a process that nothing has run in.

        Raises:
            SessionEndedError: if the time is over.
        """
        if not self.over:
            session = self._workshop.open()
            with self._lock:
                self._sessions.append(session)
        if self.over:
            self.end()
            raise SessionEndedError(f"the {self._seconds:g} s of a whole submission are over")
        return session

    def end(self) -> None:
        """Ends all processes, now and later."""
        self.over = True
        with self._lock:
            for session in self._sessions:
                session.close()
            self._sessions.clear()

    def __enter__(self) -> "Budgeted":
        self._timer = threading.Timer(self._seconds, self.end)
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()


def rules_digest() -> str:
    """Returns a hash of the grader: results of another grader are not taken over."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def result_path(folder: Path, submission: Submission) -> Path:
    """Names the file that keeps the result of a submission."""
    tag = hashlib.sha256(submission.who.encode(errors="replace")).hexdigest()[:8]
    readable = file_name(submission.claim.name or submission.number, 60).replace(" ", "-")
    return folder / str(submission.assignment) / f"{readable}-{tag}.json"


def grade_all(
    submissions: Sequence[Submission],
    masters: Mapping[str, Master],
    results: Path,
    workshop: Workshop,
    timeout: float,
    jobs: int,
    progress: Callable[[Graded], None],
    budget: float = BUDGET,
) -> list[Graded]:
    """Grades submissions and keeps each result at once.

    What an earlier run has kept is not graded again, as long as the submission, the assignment, the
    limits and the grader are the same.

    Args:
        submissions: those without a problem.
        masters: the assignments by `Submission.key`.
        results: the folder of the kept results.
        workshop: where processes come from.
        timeout: seconds for a cell, and for a test.
        jobs: how many to grade at the same time.
        progress: called after each.
        budget: seconds for a submission as a whole.

    Raises:
        AssertionError: if a model solution does not pass its own tests here.
    """
    rules = rules_digest()
    graded: dict[int, Graded] = {}
    waiting = []
    for place, submission in enumerate(submissions):
        master = masters[submission.key]
        key = _key(submission, master, (timeout, budget), rules)
        if kept := _kept(result_path(results, submission), key, submission, master):
            graded[place] = kept
            progress(kept)
        else:
            waiting.append((place, submission, master, key))
    expected = {
        name: expected_checks(masters[name], workshop, timeout, max(budget, BUDGET))
        for name in sorted({submission.key for _, submission, _, _ in waiting})
    }

    running: set[Budgeted] = set()
    stopped = threading.Event()

    def one(submission, master, key):
        own = Budgeted(workshop, budget + GRACE)  # the grader's own limit acts first
        running.add(own)
        try:
            outcomes, errors = _grade(submission, master, expected, own, (timeout, budget))
        except Exception as error:  # whatever it is, it concerns this submission alone
            text = f"the grader could not grade it ({type(error).__name__}: {error})"
            return Graded(submission, master, (), {}, failure=text[:500])
        finally:
            running.discard(own)
        result = Graded(submission, master, tuple(outcomes), errors)
        if not stopped.is_set():
            _keep(result_path(results, submission), key, result)
        return result

    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(one, *job[1:]): job[0] for job in waiting}
        try:
            while futures:
                for future in wait(futures, return_when=FIRST_COMPLETED).done:
                    graded[futures.pop(future)] = future.result()
                    progress(future.result())
        except BaseException:  # nobody waits for what runs, and nothing of it is kept
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for own in tuple(running):
                own.end()
            raise
    return [graded[place] for place in range(len(submissions))]


def _grade(submission, master, expected, own, limits):
    """Grades one, again when the worker that all share has died meanwhile."""
    timeout, budget = limits
    cells = [(cell.name, cell.source) for cell in submission.cells if cell.code]
    for _ in range(ATTEMPTS):
        errors: dict[str, str] = {}
        started = own.starts
        try:
            with own:
                outcomes = grade(
                    master, cells, expected[submission.key], own, timeout, errors, budget
                )
        except SessionEndedError as error:
            if not own.over:
                raise
            return _stopped(master, error), errors
        if own.over or (own.starts == started and own.alive):
            return outcomes, errors
    raise RuntimeError(f"it ended the process that all submissions share, {ATTEMPTS} times")


def _stopped(master, error):
    """Returns the outcomes of a submission that was ended before any test had a verdict."""
    why = f"Your code was stopped: {error}."
    tests = {task.name for task in master.tasks if task.role == "test"}
    return [
        Outcome(task.name, 0.0, why) if task.name in tests else Outcome(task.name, None, "")
        for task in master.tasks
    ]


def _key(submission, master, limits, rules):
    cells = [asdict(cell) for cell in master.cells]
    text = json.dumps([submission.digest, cells, limits, rules], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _keep(path, key, result):
    content: dict[str, Any] = {
        "key": key,
        "who": result.submission.who,
        "student": result.submission.student,
        "outcomes": [asdict(outcome) for outcome in result.outcomes],
        "errors": dict(result.errors),
    }
    write_whole(path, json.dumps(content, indent=1).encode())


def _kept(path, key, submission, master):
    with suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(path.read_bytes())
        if content["key"] == key and content["who"] == submission.who:
            outcomes = tuple(Outcome(**outcome) for outcome in content["outcomes"])
            return Graded(submission, master, outcomes, content["errors"], kept=True)
    return None


def default_jobs(processors: int | None, memory: int | None = None) -> int:
    """Returns how many submissions to grade at the same time.

    Args:
        processors: of this machine; None where nobody knows.
        memory: bytes of this machine; each submission may hold `MEMORY` of them.
    """
    fit = memory // MEMORY if memory else 8
    return max(1, min(processors or 1, fit, 8))


def ordered(results: Iterable[Graded]) -> list[Graded]:
    """Sorts results by assignment and student."""
    return sorted(results, key=lambda g: (str(g.submission.assignment), g.submission.student))
