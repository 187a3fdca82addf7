"""What the tests of the homework share."""

import pytest

from tools.homework.edition import SECRET_VARIABLE
from tools.homework.grading import CELL_TIMEOUT, expected_checks
from tools.homework.session import Workshop


@pytest.fixture(autouse=True)
def _public_edition(monkeypatch):
    """A teacher's own secret word in the environment changes no test."""
    monkeypatch.delenv(SECRET_VARIABLE, raising=False)


@pytest.fixture(scope="session")
def workshop():
    """Where processes come from; one for all files, since its imports take seconds."""
    with Workshop() as workshop:
        yield workshop


@pytest.fixture(scope="module")
def expected(workshop):
    """How many checks each test of an assignment makes, counted once for a file."""
    counts: dict[str, dict[str, int]] = {}

    def of(master):
        if master.name not in counts:
            counts[master.name] = expected_checks(master, workshop, CELL_TIMEOUT)
        return counts[master.name]

    return of
