"""The same contract on the other backends of Keras, each in a process of its own."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants import alone
from tests.optimizers.contract import BACKEND, CONTRACT

HERE = Path(__file__).parent
FILES = ["test_contract.py", "test_state.py", "test_options.py", "test_training.py"]
# All values for all optimizers, but whole walks only for one of each kind; of the rest, which costs
# minutes on JAX, what concerns Adam.
NAMES = " or ".join(row.name for row in CONTRACT if not row.whole_models)
WALKS = "descends or built_in or refused or float32 or tiny"
CHOICE = f"(test_contract and not (({NAMES}) and ({WALKS}))) or ({alone('Adam')})"


@pytest.mark.skipif(BACKEND != "tensorflow", reason="started from the tests on TensorFlow")
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_contract_on_backend(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider"]
        + [str(HERE / name) for name in FILES]
        + ["-k", CHOICE],
        cwd=HERE.parents[1],
        env=os.environ | {"KERAS_BACKEND": backend, "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout[-5000:]
    assert " passed" in finished.stdout
