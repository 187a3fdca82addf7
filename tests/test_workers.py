"""Each worker of the tests has its share of the cores, and no core has two workers."""

import os
from types import SimpleNamespace

import pytest

from tests.workers import pytest_configure


def bound_to(monkeypatch, worker, cores):
    """Returns the cores that a process binds itself to, or None; xdist tells it who it is."""
    bound = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(cores), raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", lambda _, mask: bound.append(mask), raising=False)
    pytest_configure(SimpleNamespace(**worker))
    return sorted(bound[0]) if bound else None


@pytest.mark.parametrize(
    ("cores", "workers", "shares"),
    [
        ([0, 1], 2, [[0], [1]]),
        ([2, 5, 7, 8], 2, [[2, 7], [5, 8]]),
        ([0, 1, 2], 2, [[0, 2], [1]]),
        ([4], 2, [None, None]),
    ],
)
def test_workers_share_the_cores_out(monkeypatch, cores, workers, shares):
    found = [
        bound_to(
            monkeypatch, {"workerinput": {"workerid": f"gw{n}", "workercount": workers}}, cores
        )
        for n in range(workers)
    ]
    assert found == shares


def test_without_workers_nothing_is_bound(monkeypatch):
    assert bound_to(monkeypatch, {}, [0, 1]) is None
