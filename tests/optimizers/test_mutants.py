"""The faults that `make mutants` plants still fit the sources, so that none is planted in vain."""

import ast

import pytest

from tests.mutants import MUTANTS, SURVIVORS, mutated


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.file}: {m.wrong}")
def test_fault_fits_the_source(mutant):
    ast.parse(mutated(mutant))  # asserts that the old text occurs exactly once
    assert mutant.old != mutant.new


def test_faults_are_named_once():
    names = [(m.file, m.wrong) for m in MUTANTS]
    assert len(set(names)) == len(names)
    assert set(SURVIVORS) <= set(names)
