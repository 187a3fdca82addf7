"""The example in every optimizer's docstring is executed, so it cannot go stale."""

import doctest
import importlib

import pytest

from tests.optimizers.contract import CONTRACT


@pytest.mark.parametrize("row", CONTRACT, ids=lambda row: row.name)
def test_the_example_gives_what_it_says(row):
    module = importlib.import_module(row.optimizer.__module__)
    result = doctest.testmod(module)
    assert result.attempted >= 3, "the docstring has no example"
    assert result.failed == 0
