"""An answer that is right to three significant digits counts, as each assignment says."""

import ast
import re

import pytest

from tests.homework.samples import assignments
from tools.homework import proof
from tools.homework.grading import CELL_TIMEOUT, expected_checks, grade

MASTERS = assignments()

# Appended to each answer that is numbers: three significant digits of each.
THREE_DIGITS = """
def _three(value):
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_three(item) for item in value]
    if isinstance(value, (dict, bool, str)) or not np.isfinite(value):
        return value
    return float(f"{value:.3g}")


for _name in %r:
    globals()[_name] = _three(globals()[_name])
"""


def rounded(cell):
    """Returns an answer with its numbers rounded, as it stands where it defines a function."""
    tree = ast.parse(cell.source)
    if cell.role != "answer" or any(
        isinstance(n, (ast.FunctionDef, ast.ClassDef)) for n in tree.body
    ):
        return cell.source
    own = re.findall(r"`(\w+)`", "".join(re.findall(r"^#.*\n", cell.source, re.MULTILINE)))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return cell.source + THREE_DIGITS % sorted(names & set(own))


@pytest.mark.parametrize("master", MASTERS.values(), ids=MASTERS.keys())
def test_three_digits_are_enough(master, workshop):
    assert "three significant digits counts" in master.cells[0].source
    cells = [
        (cell.name, rounded(cell)) for cell in master.cells if cell.code and cell.name != "setup"
    ]
    assert sum("_three" in source for _, source in cells) >= 5
    outcomes = grade(master, cells, expected_checks(master, workshop, CELL_TIMEOUT), workshop)
    assert proof.lost(outcomes) == frozenset(), outcomes
