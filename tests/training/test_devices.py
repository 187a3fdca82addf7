"""Several devices of one machine give the steps of one."""

import json
import os
import subprocess
import sys

import pytest

from ravine.training.devices import several
from tests.weekly import those


@pytest.mark.parametrize("backend", those(["tensorflow", "jax"], ["tensorflow"]))
def test_two_devices_equal_one(backend):
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.several_devices"],
        env={**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    differences, messages = json.loads(done.stdout.splitlines()[-1])
    assert len(differences) == (4 if backend == "jax" else 2)
    assert all(difference < 1e-5 for difference in differences.values()), differences
    assert "2 devices must divide the 15 rows" in messages[0]
    assert backend == "jax" or "KERAS_BACKEND=jax" in messages[1]


@pytest.mark.parametrize("count", [1, 1000])
def test_wrong_number_of_devices(count):
    with (
        pytest.raises(ValueError, match=f"number of devices must be .* it was {count}"),
        several(count),
    ):
        pass
