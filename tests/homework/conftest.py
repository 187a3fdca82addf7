"""What the tests of the homework share."""

import pytest

from tools.homework.session import Workshop


@pytest.fixture(scope="session")
def workshop():
    """Where processes come from; one for all files, since its imports take seconds."""
    with Workshop() as workshop:
        yield workshop
