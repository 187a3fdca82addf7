"""A notebook starts Keras in silence, in a fresh kernel, and what goes wrong is still shown."""

import os

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from ravine.quiet import LEVEL
from tools.book.notebooks import repository_address, setup_source

SETUP = setup_source(repository_address())
# The first step on a device and the first program of XLA: TensorFlow logs at both.
STEPS = """\
import keras, numpy as np
print(keras.ops.ones(2) + 1)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
model.compile("sgd", "mse", jit_compile=True)
model.fit(np.ones((8, 4)), np.ones((8, 3)), verbose=0);"""
ERROR = "E0000 00:00:1795998454.846928   11524 disk.cc:52] a real error"
GOES_WRONG = f"""\
import os, sys, time, warnings
os.write(2, b"{ERROR}\\n")
print("printed", file=sys.stderr)
warnings.warn("beware")
time.sleep(0.5)  # until the kernel has read what was written past Python
1 / 0"""
BROKEN_KERAS = f"""\
import os
os.write(2, b"I0000 00:00:1795998435.299401   11355 port.cc:153] oneDNN is on.\\n{ERROR}\\n")
raise ImportError("libtensorflow is damaged")
"""


NOT_INHERITED = (
    LEVEL,
    "PYTEST_CURRENT_TEST",  # with it a kernel shows nothing that is written past Python
)


def said(*sources, **environment):
    """Execute cells in a fresh kernel; return what each writes to stderr, and raises."""
    inherited = {key: os.environ[key] for key in os.environ if key not in NOT_INHERITED}
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", allow_errors=True)
    client.execute(env={**inherited, **environment})
    return [
        "".join(
            output.ename if output.output_type == "error" else output.text
            for output in cell.outputs
            if output.output_type == "error" or output.get("name") == "stderr"
        )
        for cell in notebook.cells
    ]


def test_keras_starts_in_silence_and_what_goes_wrong_later_is_shown():
    *silent, loud = said(SETUP, STEPS, GOES_WRONG)
    assert silent == ["", ""]
    for part in (ERROR, "printed", "UserWarning: beware", "ZeroDivisionError"):
        assert part in loud


def test_what_goes_wrong_while_keras_starts_is_shown(tmp_path):
    (tmp_path / "keras.py").write_text(BROKEN_KERAS)
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    shown = "".join(said(SETUP, "import time; time.sleep(0.5)", PYTHONPATH=path))
    assert "ImportError" in shown
    assert shown.replace("ImportError", "").strip() == ERROR


def test_without_the_setup_cell_there_is_noise():
    """As long as this holds, the cell has something to do."""
    pytest.importorskip("tensorflow")
    assert "oneDNN" in said(STEPS)[0]
