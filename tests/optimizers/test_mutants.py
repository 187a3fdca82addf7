"""The faults that `make mutants` plants still fit the sources, so that none is planted in vain."""

import ast

import pytest

from tests.mutants import MUTANTS, SURVIVORS, Mutant, mutated, source_of, without_hints

every_fault = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.file}: {m.wrong}")


class TurnedRound(ast.NodeTransformer):
    """Write `b + a` for `a + b`, and `b * a` for `a * b`."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Add | ast.Mult):
            node.left, node.right = node.right, node.left
        return node


def turned_round(source):
    return ast.unparse(TurnedRound().visit(ast.parse(source)))


@every_fault
def test_fault_fits_the_source(mutant):
    source = source_of(mutant)
    assert mutated(mutant, source) != ast.unparse(without_hints(source))


@every_fault
def test_fault_fits_however_the_line_is_written(mutant):
    """A harmless rewrite of the line must not turn the tests red."""
    mutated(mutant, turned_round(source_of(mutant)))


SOURCE = "step = eta * m  # eq. (1)\nif rate > 0:\n    self.assign(m, self.beta * m + g)\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("step = ...", "step = 2 * (...)", ("step = eta * m", "step = 2 * (eta * m)")),
        ("rate > 0", "rate >= 0", ("rate > 0", "rate >= 0")),
        ("self.assign(m, ...)", "x = 1; self.assign(m, g)", ("self.beta * m + g", "g")),
    ],
)
def test_planting(old, new, expected):
    faulty = mutated(Mutant("a.py", "a fault", old, new), SOURCE)
    before, after = expected
    assert ("x = 1" in faulty) == ("x = 1" in new)
    assert faulty.replace("    x = 1\n", "") == ast.unparse(ast.parse(SOURCE)).replace(
        before, after
    )


@pytest.mark.parametrize(("old", "places"), [("v = ...", 0), ("m", 3), ("g + self.beta * m", 0)])
def test_fault_without_a_place_of_its_own_is_refused(old, places):
    with pytest.raises(AssertionError, match=f"'a fault' has {places} places in a.py: write `old`"):
        mutated(Mutant("a.py", "a fault", old, "1"), SOURCE)


def test_faults_are_named_once():
    names = [(m.file, m.wrong) for m in MUTANTS]
    assert len(set(names)) == len(names)
    assert set(SURVIVORS) <= set(names)
