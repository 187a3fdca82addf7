"""Brings a submission into the order in which it is graded: the student's, nothing missing.

A kernel would run the notebook from its first cell to its last, so the grader does. What the
student deleted of the assignment comes back at its place, what the student changed of it runs as it
stands and then as the assignment has it.
"""

import ast
import builtins
import symtable
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.homework.master import Cell, Master
from tools.homework.release import SETUP


@dataclass(frozen=True)
class Step:
    """A cell to run.

    Attributes:
        label: its name: nbgrader's `grade_id`, or its number in the notebook.
        source: its code; of a test, what students see of it.
        test: the test that it is; None for all else.
        shows: whether it is there to draw or to show something: a task to draw a figure, or what
            the assignment's tag `ungraded` marks. Such cells take most of the time.
    """

    label: str
    source: str
    test: Cell | None = None
    shows: bool = False


def plan(master: Master, cells: Sequence[tuple[str | None, str]]) -> list[Step]:
    """Lists what to run of a submission, in order.

    A test may come several times: a copied one counts where it passes, a deleted one is tried after
    the cell that it follows in the assignment and before the next that is there.

    Args:
        master: the assignment.
        cells: the code cells of the submission: nbgrader's `grade_id` or None, and the source.
    """
    own = {cell.name: cell for cell in master.cells if cell.code}
    texts = {_squeezed(c.released): c for c in own.values() if c.role in ("given", "test")}
    placed: list[tuple[str | None, Step]] = []
    for number, (name, source) in enumerate(cells, start=1):
        cell = own.get(name or "") or texts.get(_squeezed(source))
        if cell is None:
            placed.append((None, Step(f"number {number}", source)))
        elif cell.role in ("answer", "manual"):
            placed.append((cell.name, Step(cell.name, source, shows=_shows(cell))))
        else:
            if _squeezed(source) not in map(_squeezed, (cell.released, cell.source)):
                placed.append((None, Step(cell.name, source, shows=_shows(cell))))
            placed.append((cell.name, _own_step(cell)))
    order = list(own)
    for position, cell in enumerate(own.values()):
        _put_back(placed, cell, order[:position], order[position + 1 :], own)
    return [step for _, step in placed]


def _own_step(cell):
    return Step(cell.name, cell.visible, cell if cell.role == "test" else None, _shows(cell))


def _shows(cell):
    return cell.role == "manual" or (cell.ungraded and cell.name != SETUP)


def _put_back(placed, cell, before, after, own):
    """Puts a given cell or a test where the assignment has it, if the student has not."""
    places = [place for place, (name, _) in enumerate(placed) if name == cell.name]
    step = (cell.name, _own_step(cell))
    if cell.role == "given" and not cell.ungraded and not places:
        placed.insert(_place_after(placed, before), step)
    elif cell.role == "test":
        answers = [name for name in before if own[name].role == "answer"]
        if not places or places[-1] < _place_after(placed, answers[-1:]):
            first = _place_after(placed, before if not places else answers[-1:])
            last = _place_before(placed, after, first)
            placed.insert(last, step)
            if last > first:
                placed.insert(first, step)


def _place_after(placed, names):
    """Returns the place after the nearest of the cells before that is there, else the first."""
    for wanted in reversed(names):
        places = [place for place, (name, _) in enumerate(placed) if name == wanted]
        if places:
            return places[-1] + 1
    return 0


def _place_before(placed, names, least):
    """Returns the place before the nearest of the cells behind that is there, else the last."""
    for wanted in names:
        for place, (name, _) in enumerate(placed):
            if name == wanted and place >= least:
                return place
    return len(placed)


def helpers(master: Master, test: Cell) -> tuple[str, frozenset[str]]:
    """Collects the functions that the assignment gives before a test.

    Returns:
        Their code with that of the imports, and their names.
    """
    statements: list[ast.stmt] = []
    names = set()
    for cell in master.cells[: master.cells.index(test)]:
        for node in _statements(cell):
            if isinstance(node, ast.FunctionDef):
                names.add(node.name)
            if isinstance(node, (ast.FunctionDef, ast.Import, ast.ImportFrom)):
                statements.append(node)
    return ast.unparse(ast.Module(statements, [])), frozenset(names)


def _statements(cell: Cell) -> Iterator[ast.stmt]:
    if cell.role == "given" and cell.code and not cell.ungraded:
        yield from ast.parse(cell.source).body


def given_imports(master: Master) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yields the imports of the given cells."""
    for cell in master.cells:
        for node in _statements(cell):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                yield node


def without_figures(master: Master) -> list[tuple[str, str]]:
    """Returns the model solution's cells without those that only draw or show: they take time."""
    return [(cell.name, cell.source) for cell in master.cells if cell.code and not _shows(cell)]


def anything_shown_is_used(steps: Sequence[Step]) -> bool:
    """Says whether a cell may need what a cell before it has drawn or shown.

    It may, where it uses a name that the other has bound, or a variable that the other could have
    changed. Functions, classes and modules of other cells do not count: a cell that draws calls
    them.
    """
    fixed = set(dir(builtins))
    touched: set[str] = set()
    parsed = [(step, _names(step.source)) for step in steps]
    for step, names in parsed:
        if not step.shows:
            fixed |= names.defined
    for step, names in parsed:
        if step.shows:
            touched |= (names.used | names.bound | names.defined) - fixed
            if names.unknown:
                return True
        elif touched & names.used or (touched and names.unknown):
            return True
    return False


@dataclass(frozen=True)
class _Names:
    """The names of a cell: `unknown` where they cannot be read from its text."""

    used: frozenset[str] = frozenset()
    bound: frozenset[str] = frozenset()
    defined: frozenset[str] = frozenset()
    unknown: bool = False


def _names(source: str) -> _Names:
    try:
        top = symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _Names(unknown=True)
    symbols = top.get_symbols()
    used = {symbol.get_name() for symbol in symbols if symbol.is_referenced()}
    bound = {symbol.get_name() for symbol in symbols if symbol.is_assigned()}
    defined = {
        symbol.get_name() for symbol in symbols if symbol.is_imported() or symbol.is_namespace()
    }
    scopes = list(top.get_children())
    for scope in scopes:
        scopes += scope.get_children()
        names = [symbol for symbol in scope.get_symbols() if symbol.is_global()]
        used |= {symbol.get_name() for symbol in names if symbol.is_referenced()}
        bound |= {symbol.get_name() for symbol in names if symbol.is_assigned()}
    look_around = {"globals", "locals", "vars", "eval", "exec", "get_ipython"} & used
    return _Names(frozenset(used), frozenset(bound), frozenset(defined), bool(look_around))


def _squeezed(source):
    return "".join(source.split())
