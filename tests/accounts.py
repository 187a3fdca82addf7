"""For tests of what an account may not read or write: root may everything."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

NOBODY = 65534


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Give up root's rights while the block runs; skip the test where there is no other account."""
    root = os.geteuid() == 0
    if root:
        try:
            os.seteuid(NOBODY)
        except OSError:
            pytest.skip("root has no other account to test as")
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@contextmanager
def read_only(folder: os.PathLike[str]) -> Iterator[None]:
    """Be somebody who may read a folder and not write it."""
    before = os.stat(folder).st_mode
    os.chmod(folder, 0o555)
    try:
        with ordinary_user():
            yield
    finally:
        os.chmod(folder, before)
