"""An assignment with its answers and hidden tests, in nbgrader's source format.

A cell's metadata `nbgrader` says what it is: *given* to the student, an *answer* to write, a *test*
with points, or an answer with points for the teacher to read (*manual*). Between `### BEGIN
SOLUTION` and `### END SOLUTION` lies what students write themselves, between `### BEGIN HIDDEN
TESTS` and `### END HIDDEN TESTS` what only the grader runs. Two tags add to nbgrader's format:
`stretch` marks a task whose points come on top, `ungraded` a given cell that grading leaves out.
Placeholders, `{{eta}}`, are filled by the assignment's own `draw`: see `edition`.
"""

import re
from dataclasses import dataclass
from typing import Any

import nbformat
import yaml
from nbformat import NotebookNode

from tools.homework import edition as editions
from tools.homework.edition import PUBLIC, Edition, EditionError

SOLUTION = re.compile(
    r"^(?P<indent>[ \t]*)### BEGIN SOLUTION[ \t]*\n(?P<inside>.*?)^[ \t]*### END SOLUTION[ \t]*\n?",
    re.DOTALL | re.MULTILINE,
)
HIDDEN = re.compile(
    r"^[ \t]*### BEGIN HIDDEN TESTS[ \t]*\n(?P<inside>.*?)^[ \t]*### END HIDDEN TESTS[ \t]*\n?",
    re.DOTALL | re.MULTILINE,
)
HINT = re.compile(r"\A# Hint: (?P<text>(?:.*\n)(?:# .*\n)*)")
CODE_STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
TEXT_STUB = "YOUR ANSWER HERE"


class MasterError(ValueError):
    """An assignment is not as it should be; the message names it and says what to do."""


@dataclass(frozen=True)
class Cell:
    """A cell of an assignment.

    Attributes:
        name: nbgrader's `grade_id`.
        role: "given", "answer", "test", "manual" or "text".
        code: whether it is a code cell.
        source: its text, with answers and hidden tests.
        points: what it is worth.
        stretch: whether its points come on top of the full ones.
        ungraded: whether grading leaves it out.
    """

    name: str
    role: str
    code: bool
    source: str
    points: float
    stretch: bool
    ungraded: bool

    @property
    def released(self) -> str:
        """Its text as students get it."""
        source = HIDDEN.sub("", self.source)
        stub = CODE_STUB if self.code else TEXT_STUB

        def stubbed(found):
            return "".join(f"{found['indent']}{line}\n" for line in stub.splitlines())

        return SOLUTION.sub(stubbed, source).rstrip("\n")

    @property
    def visible(self) -> str:
        """Of a test, what students see."""
        return HIDDEN.sub("", self.source)

    @property
    def hidden(self) -> str:
        """Of a test, what only the grader runs."""
        return "\n".join(found["inside"] for found in HIDDEN.finditer(self.source))

    @property
    def hint(self) -> str:
        """What to tell a student whose answer fails the hidden part of a test."""
        found = HINT.search(self.hidden)
        return " ".join(found["text"].replace("\n# ", " ").split()) if found else ""

    @property
    def rubric(self) -> str:
        """Of a manual task, the model answer with the rubric."""
        return "\n".join(found["inside"] for found in SOLUTION.finditer(self.source)).strip()


@dataclass(frozen=True)
class Master:
    """An assignment with its answers.

    Attributes:
        name: the file's name without its ending, such as "momentum".
        notebook: the notebook.
        cells: its cells, in order.
        variants: submissions to test the tests with: see `tests/homework`.
        edition: the edition's name; "" for the public one.
        lines: how many editions take every option of every choice at least once.
    """

    name: str
    notebook: NotebookNode
    cells: tuple[Cell, ...]
    variants: dict[str, Any]
    edition: str = ""
    lines: int = 1

    @property
    def title(self) -> str:
        """The first heading."""
        first = self.notebook.cells[0].source
        return first.splitlines()[0].removeprefix("# ").strip()

    @property
    def tasks(self) -> tuple[Cell, ...]:
        """The cells with points."""
        return tuple(cell for cell in self.cells if cell.role in ("test", "manual"))


def role_of(cell: NotebookNode) -> str:
    """Says what a cell is, by its metadata."""
    marks = cell.metadata.get("nbgrader")
    if not isinstance(marks, dict):
        return "given" if cell.cell_type == "code" else "text"
    grade, solution = marks.get("grade") is True, marks.get("solution") is True
    if grade:
        return "manual" if solution else "test"
    if solution:
        return "answer"
    return "given" if cell.cell_type == "code" else "text"


def read_master(
    name: str, notebook: str, variants: str = "", drawing: str = "", edition: Edition = PUBLIC
) -> Master:
    """Reads an assignment, in one of its editions.

    Args:
        name: its name.
        notebook: the notebook's text.
        variants: the text of its file of variants.
        drawing: the code that fills its placeholders.
        edition: which edition.

    Raises:
        MasterError: if the file is no notebook or breaks the rules of the format.
    """
    try:
        node = nbformat.reads(notebook, as_version=4)
        nbformat.validate(node)
    except (ValueError, nbformat.ValidationError) as error:
        raise MasterError(f"{name}.ipynb is no notebook: {error}.") from error
    listed = yaml.safe_load(variants) or {}
    try:
        values, lines = editions.draw(name, drawing, edition)
        used: set[str] = set()
        for cell in node.cells:
            cell.source = editions.fill(cell.source, values, used)
        listed = _filled(listed, values, used)
    except EditionError as error:
        raise MasterError(f"{name}.py: {error}.") from error
    if unused := sorted(values.keys() - used):
        raise MasterError(f"{name}.py: no cell has a place for {unused[0]}, take it out of draw.")
    cells = tuple(_cell(number, cell) for number, cell in enumerate(node.cells, start=1))
    master = Master(name, node, cells, listed, edition.name, lines)
    if complaints := master_complaints(master):
        raise MasterError(f"{name}.ipynb: {complaints[0]}.")
    return master


def _filled(value, values, used):
    """Fills the placeholders of all texts in a file of variants."""
    if isinstance(value, str):
        return editions.fill(value, values, used)
    if isinstance(value, list):
        return [_filled(item, values, used) for item in value]
    if isinstance(value, dict):
        return {name: _filled(item, values, used) for name, item in value.items()}
    return value


def _cell(number, cell):
    marks = cell.metadata.get("nbgrader", {})
    tags = cell.metadata.get("tags", [])
    return Cell(
        name=marks.get("grade_id", f"cell-{number}"),
        role=role_of(cell),
        code=cell.cell_type == "code",
        source=cell.source + "\n",
        points=float(marks.get("points", 0)),
        stretch="stretch" in tags,
        ungraded="ungraded" in tags,
    )


def master_complaints(master: Master) -> list[str]:
    """Lists what is wrong with an assignment; an empty list is good news."""
    complaints = []
    names = [cell.name for cell in master.cells]
    for name in sorted({name for name in names if names.count(name) > 1}):
        complaints.append(f"two cells have the grade_id {name}, rename one")
    for cell in master.cells:
        if cell.role in ("answer", "manual") and not SOLUTION.search(cell.source):
            complaints.append(
                f"the answer {cell.name} has no ### BEGIN SOLUTION, mark its solution"
            )
        if cell.role not in ("answer", "manual") and SOLUTION.search(cell.source):
            complaints.append(f"{cell.name} holds a solution and is none, set solution: true")
        if cell.role != "test" and HIDDEN.search(cell.source):
            complaints.append(f"{cell.name} holds hidden tests and is no test, set grade: true")
        if cell.role == "test" and not HIDDEN.search(cell.source):
            complaints.append(f"the test {cell.name} has no ### BEGIN HIDDEN TESTS, add some")
        if cell.role in ("test", "manual") and cell.points <= 0:
            complaints.append(f"the task {cell.name} has no points, give it some")
        for marker in ("### BEGIN", "### END", "=== BEGIN"):
            if marker in cell.released:
                complaints.append(f"{cell.name} has a {marker} without its partner, add it")
    return complaints
