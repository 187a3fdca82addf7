"""Gives a submission its points.

The submission runs from its first cell to its last, and each test at its place. A test runs in the
grader, where no code of a student ever runs. The names that the notebook defines are read from the
student's process: numbers as numbers, functions and classes as handles that call them there. So a
student's code can choose what it answers, and nothing else.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tools.homework.checks import RESERVED, expectations, free_names, grader_names, without_values
from tools.homework.handles import StudentError, printable
from tools.homework.master import Master
from tools.homework.plan import (
    Step,
    anything_shown_is_used,
    helpers,
    plan,
    without_figures,
)
from tools.homework.session import SessionEndedError, Workshop

# Seconds: for a whole submission, and for one cell or test of it, so that something is left for
# the others where one never ends.
BUDGET = 300.0
CELL_TIMEOUT = 150.0
LONGEST_NOTE = 600  # characters


@dataclass(frozen=True)
class Outcome:
    """What a task of a submission is worth.

    Attributes:
        task: the name of the task.
        points: the points; None where a teacher gives them.
        note: what to tell the student: never a word of a hidden test.
    """

    task: str
    points: float | None
    note: str


@dataclass(frozen=True)
class Verdict:
    """What became of a test.

    Attributes:
        failed: "" for nothing, "hidden" for the hidden part, else what to tell the student.
        checks: the number of checks that were made.
    """

    failed: str
    checks: int


class OverError(Exception):
    """The time of the submission is over."""


@dataclass
class Run:
    """Runs a submission's cells and tests, in one process as long as that lives.

    A cell that ends the process, or does not end itself, is left out, and the others run again in a
    new process: it costs what depends on it and no more. Tests that have run keep their verdict.

    Attributes:
        master: the assignment.
        steps: the cells and tests, in order.
        workshop: where processes come from.
        timeout: seconds that a cell, and a test, may take.
        budget: seconds that all of it may take.
        errors: what the cells raised, by label.
        verdicts: of the tests that have run, by the tests' names.
    """

    master: Master
    steps: Sequence[Step]
    workshop: Workshop
    timeout: float = CELL_TIMEOUT
    budget: float = BUDGET
    errors: dict[str, str] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known = grader_names(self.master)
        self._left_out: set[int] = set()
        self._fatal: set[str] = set()  # the labels of those
        # Set when a hidden part has run in a process: what its code says from then on may quote it.
        self._tainted = False
        self._judged: set[int] = set()
        self._end = time.monotonic() + self.budget

    def judge(self) -> dict[str, Verdict]:
        """Runs what there is to run and returns the verdict of each test.

        Cells that draw or show something run only where a test that fails without them may need
        them.
        """
        try:
            while not self._in_one_process(shown=False):
                pass
            failed = any(verdict.failed for verdict in self.verdicts.values())
            if failed and anything_shown_is_used(self.steps):
                self._judged = set(self._left_out)
                self.errors = {
                    label: text for label, text in self.errors.items() if label in self._fatal
                }
                while not self._in_one_process(shown=True):
                    pass
        except OverError:
            text = f"The time for the whole notebook, {self.budget:g} s, was over before this test."
            for number, step in enumerate(self.steps):
                if step.test and self._waits(number):
                    self.verdicts.setdefault(step.test.name, Verdict(text, 0))
        return self.verdicts

    def _waits(self, number):
        """Says whether a test has still to be run at this step."""
        test = self.steps[number].test
        if test is None or number in self._judged:
            return False
        return test.name not in self.verdicts or bool(self.verdicts[test.name].failed)

    def _in_one_process(self, shown):
        """Runs all steps that are left; returns False where the process has ended before that."""
        session = self.workshop.open()
        self._tainted = False
        started = time.monotonic()
        try:
            for number, step in enumerate(self.steps):
                if not any(map(self._waits, range(number, len(self.steps)))):
                    break
                if self._waits(number):
                    session.deadline = self._deadline(started)
                    self._judge(number, step.test, session)
                if number not in self._left_out and (shown or not step.shows):
                    session.deadline = self._deadline(started)
                    self._run(number, step, session)
        except SessionEndedError:
            return False
        finally:
            session.close()
        return True

    def _deadline(self, started):
        """Returns until when the next cell may run.

        What is left after it must be enough to come to this cell again, and for a few more.
        """
        now = time.monotonic()
        left = self._end - now
        allowed = min(self.timeout, left - (now - started) - self.budget / 20)
        if allowed <= 0:
            # Nobody would come here a second time: what is left is for this process.
            allowed = min(self.timeout, left)
        if allowed <= 0:
            raise OverError
        return now + allowed

    def _run(self, number, step, session):
        try:
            session.run(step.source)
        except StudentError as error:
            if step.test is None:
                self.errors[step.label] = self._words(error)
        except SessionEndedError as error:
            self._left_out.add(number)
            self._fatal.add(step.label)
            if step.test is None:
                self.errors[step.label] = str(error)
            raise

    def _words(self, error):
        return error.brief if self._tainted else str(error)

    def _judge(self, number, test, session):
        """Runs a test. What it does to the notebook's variables, `_run` does after it."""
        self._judged.add(number)
        checks = 0

        def count():
            nonlocal checks
            checks += 1

        failed = ""
        part = "visible"
        try:
            namespace = {**self._names(test, session), RESERVED: count}
            exec(compile(expectations(test.visible), "test", "exec"), namespace)
            part, self._tainted = "hidden", True
            exec(compile(expectations(test.hidden), "hidden test", "exec"), namespace)
        except Exception as error:
            failed = "hidden" if part == "hidden" else self._note(error)
            if isinstance(error, SessionEndedError):
                self._left_out.add(number)
                raise
        finally:
            self.verdicts[test.name] = Verdict(printable(failed, LONGEST_NOTE), checks)

    def _names(self, test, session):
        """Returns what a test can use: the grader's own names, and the notebook's."""
        free = free_names(test.visible + test.hidden) - self._known.keys()
        code, functions = helpers(self.master, test)
        names = session.names(free - functions, code, free & functions)
        if self._tainted and "expect_close" in self._known:
            names["expect_close"] = without_values(self._known["expect_close"])
        return {**self._known, **names}

    def _note(self, error):
        """Says to the student why the visible part of a test failed."""
        if isinstance(error, SessionEndedError):
            return f"Your code was stopped: {error}."
        if isinstance(error, StudentError):
            return f"Your code raised {self._words(error)}"
        if isinstance(error, AssertionError):
            return str(error) or "A check of this test failed."
        if isinstance(error, NameError):
            return f"{error}: is its cell filled in, and does it run?"
        # What came back is not what the test can work with: a word for a number, say.
        text = "" if self._tainted else f": {error}"
        return f"The result cannot be checked ({type(error).__name__}{text})."


def expected_checks(
    master: Master, workshop: Workshop, timeout: float, budget: float = BUDGET
) -> dict[str, int]:
    """Grades the model solution, and returns how many checks each test makes.

    A submission passes a test when it passes as many.

    Raises:
        AssertionError: if the model solution does not pass a test.
    """
    run = Run(master, plan(master, without_figures(master)), workshop, timeout, budget)
    for name, verdict in run.judge().items():
        errors = "; ".join(f"{label}: {text}" for label, text in run.errors.items())
        part = f"{verdict.failed} {errors}"
        assert not verdict.failed, f"{master.name}: the model solution fails {name}: {part}"
    return {name: verdict.checks for name, verdict in run.verdicts.items()}


def grade(
    master: Master,
    cells: Sequence[tuple[str | None, str]],
    expected: dict[str, int],
    workshop: Workshop,
    timeout: float = CELL_TIMEOUT,
    errors: dict[str, str] | None = None,
    budget: float = BUDGET,
) -> list[Outcome]:
    """Grades a submission.

    Args:
        master: the assignment.
        cells: its code cells: nbgrader's `grade_id` or None, and the source.
        expected: the number of checks of each test, from `expected_checks`.
        workshop: where processes come from.
        timeout: seconds that a cell, and a test, may take.
        errors: filled with what the cells raise, by their labels.
        budget: seconds that the whole submission may take.

    Returns:
        An outcome for each task, in order.
    """
    run = Run(master, plan(master, cells), workshop, timeout, budget)
    verdicts = run.judge()
    if errors is not None:
        errors.update(run.errors)
    missing = expected.keys() ^ verdicts.keys()
    assert not missing, f"{master.name}: these tests did not run: {sorted(missing)}"
    return [_outcome(task, verdicts, expected) for task in master.tasks]


def _outcome(task, verdicts, expected):
    if task.role == "manual":
        return Outcome(task.name, None, "")
    verdict = verdicts[task.name]
    if not verdict.failed and verdict.checks == expected[task.name]:
        return Outcome(task.name, task.points, "")
    note = verdict.failed or "Not all checks of this task could be made."
    if verdict.failed == "hidden":
        note = f"The visible tests pass, a hidden one does not. {task.hint}".strip()
    return Outcome(task.name, 0.0, note)
