"""Gives a submission its points.

A test runs in the grader, where no code of a student ever runs. The names that the notebook defines
are read from the student's process: numbers as numbers, functions and classes as handles that call
them there. So a student's code can choose what it answers, and nothing else.
"""

import ast
import builtins
import importlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tools.homework.master import Cell, Master
from tools.homework.session import (
    Session,
    SessionEndedError,
    StudentError,
    TooSlowError,
    Workshop,
)

CELL_TIMEOUT = 30.0  # seconds
# A submission that is stopped so often for its time is not started again: a notebook full of
# endless loops would keep the others waiting.
PATIENCE = 3
# What a test may import; everything else it takes from the student's process.
OF_THE_GRADER = ("numpy", "ravine.homework")
RESERVED = "_count_check"


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


def expectations(source: str) -> ast.Module:
    """Parses a test so that each check that it makes is counted."""
    return ast.fix_missing_locations(_CountChecks().visit(ast.parse(source)))


class _CountChecks(ast.NodeTransformer):
    """Puts a call that counts after each `assert` and each `expect...(...)`."""

    def visit_Assert(self, node):
        return self._counted(node)

    def visit_Expr(self, node):
        call = node.value
        named = isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        return self._counted(node) if named and call.func.id.startswith("expect") else node

    def _counted(self, node):
        return [node, ast.Expr(ast.Call(ast.Name(RESERVED, ast.Load()), [], []))]


def free_names(source: str) -> set[str]:
    """Lists the names that a test uses without defining or importing them."""
    tree = ast.parse(source)
    used: set[str] = set()
    bound = set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound.update(name.asname or name.name for name in node.names)
    return used - bound


def grader_names(cells: Iterable[Cell]) -> dict[str, Any]:
    """Imports for the tests what the given cells import of NumPy and of `ravine.homework`."""
    names = {}
    for cell in cells:
        if cell.role != "given" or not cell.code or cell.ungraded:
            continue
        for node in ast.parse(cell.source).body:
            if isinstance(node, ast.Import):
                for name in node.names:
                    if name.name in OF_THE_GRADER:
                        names[name.asname or name.name] = importlib.import_module(name.name)
            elif isinstance(node, ast.ImportFrom) and node.module in OF_THE_GRADER:
                for name in node.names:
                    module = importlib.import_module(node.module)
                    names[name.asname or name.name] = getattr(module, name.name)
    return names


class StudentCode:
    """A submission's cells in a process of their own.

    A cell that ends the process, or does not end itself, is left out, and the others run again in a
    new process: it costs what depends on it and no more.
    """

    def __init__(
        self, workshop: Workshop, cells: Sequence[tuple[str, str]], timeout: float = CELL_TIMEOUT
    ):
        """Takes the cells as pairs of a label and a source, in the order to run them."""
        self.workshop, self.cells, self.timeout = workshop, cells, timeout
        self.errors: dict[str, str] = {}
        self.fatal: dict[int, str] = {}
        self.stops = 0
        self._session: Session | None = None

    def __enter__(self) -> "StudentCode":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the process; the next test starts a new one."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def session(self) -> Session:
        """Returns a process in which the cells have run, with the time that one test has."""
        while self._session is None:
            if self.stops >= PATIENCE:
                raise SessionEndedError(f"{PATIENCE} times it was not done in time before this")
            session = self.workshop.open()
            for number, (label, source) in enumerate(self.cells):
                if number in self.fatal:
                    continue
                session.deadline = time.monotonic() + self.timeout
                try:
                    session.run(source, label)
                except StudentError as error:
                    self.errors[label] = str(error)
                except SessionEndedError as error:
                    self.stops += isinstance(error, TooSlowError)
                    self.fatal[number] = self.errors[label] = str(error)
                    break
            else:
                self._session = session
        self._session.deadline = time.monotonic() + self.timeout
        return self._session


def run_test(source: str, hidden: str, known: dict[str, Any], code: StudentCode) -> tuple[str, int]:
    """Runs a test in the grader against a student's code.

    Args:
        source: the part that students see.
        hidden: the part that they do not; it goes on where the other ended.
        known: names of the grader.
        code: the student's code.

    Returns:
        What failed: "" for nothing, "hidden" for the hidden part, else what to tell the student;
        and the number of checks that were made.
    """
    checks = 0

    def count():
        nonlocal checks
        checks += 1

    part = ""
    try:
        session = code.session()
        names = session.names(free_names(source + hidden) - known.keys())
        namespace = {**known, **names, RESERVED: count}
        exec(compile(expectations(source), "test", "exec"), namespace)
        part = "hidden"
        exec(compile(expectations(hidden), "hidden test", "exec"), namespace)
    except SessionEndedError as error:
        code.stops += isinstance(error, TooSlowError)
        code.stop()
        return part or f"Your code was stopped: {error}.", checks
    except StudentError as error:
        return part or f"Your code raised {error}", checks
    except AssertionError as error:
        return part or str(error) or "A check of this test failed.", checks
    except NameError as error:
        return part or f"{error}: is its cell filled in, and does it run?", checks
    except Exception as error:
        # What came back is not what the test can work with: a word for a number, say.
        return part or f"The result cannot be checked ({type(error).__name__}: {error}).", checks
    return "", checks


def student_cells(master: Master, cells: Sequence[tuple[str | None, str]]) -> list[tuple[str, str]]:
    """Puts the given cells of the assignment before the code that the student wrote.

    Args:
        master: the assignment.
        cells: the code cells of the submission: nbgrader's `grade_id` or None, and the source.

    Returns:
        Pairs of a label and a source. Given cells are the assignment's own, whatever became of them
        in the submission; its tests, and what only the teacher reads, are not run.
    """
    given = [c for c in master.cells if c.role == "given" and c.code and not c.ungraded]
    by_name = {cell.name: cell for cell in master.cells}
    known = {_squeezed(c.released) for c in master.cells if c.role in ("given", "test")}
    result = [(cell.name, cell.source) for cell in given]
    for number, (name, source) in enumerate(cells, start=1):
        cell = by_name.get(name or "")
        if (cell and cell.role != "answer") or _squeezed(source) in known:
            continue
        result.append((cell.name if cell else f"number {number}", source))
    return result


def _squeezed(source):
    return "".join(source.split())


def expected_checks(master: Master, workshop: Workshop, timeout: float) -> dict[str, int]:
    """Grades the model solution, and returns how many checks each test makes.

    A submission passes a test when it passes as many.

    Raises:
        AssertionError: if the model solution does not pass a test.
    """
    cells = [(cell.name, cell.source) for cell in master.cells if cell.code]
    counts = {}
    with StudentCode(workshop, student_cells(master, cells), timeout) as code:
        for task, failed, checks in _run_tests(master, code):
            errors = "; ".join(f"{name}: {text}" for name, text in code.errors.items())
            part = f"{failed} {errors}"
            assert not failed, f"{master.name}: the model solution fails {task.name}: {part}"
            counts[task.name] = checks
    return counts


def _run_tests(master, code):
    known = grader_names(master.cells)
    for task in master.tasks:
        if task.role == "test":
            yield task, *run_test(task.visible, task.hidden, known, code)


def grade(
    master: Master,
    cells: Sequence[tuple[str | None, str]],
    expected: dict[str, int],
    workshop: Workshop,
    timeout: float = CELL_TIMEOUT,
    errors: dict[str, str] | None = None,
) -> list[Outcome]:
    """Grades a submission.

    Args:
        master: the assignment.
        cells: its code cells: nbgrader's `grade_id` or None, and the source.
        expected: the number of checks of each test, from `expected_checks`.
        workshop: where processes come from.
        timeout: seconds that a cell, and a test, may take.
        errors: filled with what the cells raise, by their labels.

    Returns:
        An outcome for each task, in order.
    """
    outcomes = {}
    with StudentCode(workshop, student_cells(master, cells), timeout) as code:
        for task, failed, checks in _run_tests(master, code):
            if failed == "hidden":
                note = f"The visible tests pass, a hidden one does not. {task.hint}".strip()
            elif failed:
                note = failed
            elif checks != expected[task.name]:
                failed = note = "Not all checks of this task could be made."
            else:
                note = ""
            outcomes[task.name] = Outcome(task.name, 0.0 if failed else task.points, note)
        if errors is not None:
            errors.update(code.errors)
    for task in master.tasks:
        if task.role == "manual":
            outcomes[task.name] = Outcome(task.name, None, "")
    missing = expected.keys() - outcomes.keys()
    assert not missing, f"{master.name}: these tests did not run: {sorted(missing)}"
    return [outcomes[task.name] for task in master.tasks]
