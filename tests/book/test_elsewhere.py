"""The command that looks for findings which hang on rounding finds a planted one."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.book import elsewhere, rounding_twin
from tools.book.notebooks import write_notebook

# More digits than the network's precision carries: the last ones hang on rounding.
COIN_TOSS = """
import keras
keras.utils.set_random_seed(0)
layer = keras.layers.Dense(3)
layer.build((None, 50))
print(f"{float(keras.ops.sum(layer.kernel)):.7f}")
"""


def page_of(*cells):
    notebook = new_notebook(cells=list(cells))
    notebook.metadata["processor"] = "an abacus"
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    return notebook


def compared(source, text):
    cell = new_code_cell(source, metadata={"tags": ["nbval-check-output"]}, execution_count=1)
    cell.outputs = [new_output("stream", name="stdout", text=text)]
    return cell


def test_a_coin_toss_differs_on_a_twin(tmp_path):
    text = subprocess.run([sys.executable, "-c", COIN_TOSS], capture_output=True, text=True).stdout
    page = tmp_path / "coin.ipynb"
    write_notebook(page_of(compared("print(1 + 1)", "2\n"), compared(COIN_TOSS, text)), page)
    ((cell, message),) = elsewhere.differing([page], elsewhere.ARITHMETICS["twin-1"]).items()
    assert cell.endswith("Cell 1")
    assert "The page was stored on an abacus; this is " in message
    assert f"-{text.strip()}" in message.splitlines()


def test_an_arithmetic_is_chosen_by_what_this_machine_has(monkeypatch):
    monkeypatch.setattr(elsewhere.machine, "vector_instructions", lambda: ["AVX2", "AVX"])
    assert "avx" in elsewhere.available() and "avx2" not in elsewhere.available()


def test_twins_disturb_equal_starts_equally_and_a_little():
    values = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)
    first, second = (rounding_twin.disturbed(values, number) for number in (1, 2))
    assert first.dtype == values.dtype
    assert 0 < np.abs(first - values).max() < 2e-7
    assert (first != second).any()
    tensor = rounding_twin.disturbed(keras.ops.convert_to_tensor(values), 1)
    assert (keras.ops.convert_to_numpy(tensor) == first).all()


def test_a_report_without_cells_is_no_agreement(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text("<testsuites><testsuite /></testsuites>")
    with pytest.raises(ValueError, match="No cell was executed"):
        elsewhere.failures(report)
