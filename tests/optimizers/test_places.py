"""State lies where its variable lies, when a network is shared out over several devices."""

import json
import subprocess
import sys

import pytest

from tests.optimizers.contract import ROWS


def test_state_lies_where_its_variable_lies():
    pytest.importorskip("jax")
    done = subprocess.run(
        [sys.executable, "-m", "tests.optimizers.places"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lie, counts = json.loads(done.stdout.splitlines()[-1])
    assert len(lie) == 2 * len(ROWS)
    assert {name for name, found in lie.items() if not all(found)} == set()
    assert any(lie["Adam, bfloat16"]) and not lie["GradientDescent, float32"]
    assert counts == [2]  # every variable of the network and of its optimizer, on both
