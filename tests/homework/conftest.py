"""What the tests of the homework share."""

import pytest

from tools.homework.edition import SECRET_VARIABLE
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
