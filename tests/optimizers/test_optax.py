"""Values from a second source: what optax computed, see tools/data/record_optax.py."""

import json
from pathlib import Path

import numpy as np
import pytest

from ravine import optimizers
from tests.optimizers.contract import CONTRACT, assert_close, follow

RECORD = json.loads(Path(__file__).with_name("optax.json").read_text(encoding="utf-8"))


def test_rows_say_what_is_recorded():
    assert {row.name for row in CONTRACT if row.recorded} == set(RECORD["algorithms"])


@pytest.mark.parametrize("name", RECORD["algorithms"])
def test_path_of_optax(name, float64):
    recorded = RECORD["algorithms"][name]
    optimizer = getattr(optimizers, name)(RECORD["learning_rate"], **recorded["arguments"])
    path = follow(optimizer, np.array(RECORD["start"]), np.array(RECORD["gradients"]))
    assert_close(path, [RECORD["start"], *recorded["path"]], 1e-12)
