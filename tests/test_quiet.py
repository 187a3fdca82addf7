"""TensorFlow's start-up lines are dropped, and nothing else is, whatever happens."""

import os
import subprocess
import sys

import pytest

from ravine.quiet import LEVEL

KNOWN = """WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795998435.299401   11355 port.cc:153] oneDNN custom operations are on.
I0000 00:00:1795998435.300376   11355 cudart_stub.cc:31] Could not find cuda drivers.
E0000 00:00:1795998454.846928   11524 cuda_platform.cc:52] failed call to cuInit: INTERNAL
"""
ERROR = "E0000 00:00:1795998454.846928   11524 disk.cc:52] a real error"
WRITES = """
import os, signal, sys, time
from ravine.quiet import startup

os.write(2, b"before\\n")
with startup():
    os.write(2, b"first\\n{known}")
    print("second", file=sys.stderr)
    os.write(2, b"{error}\\n\\nhalf")
    {then}
os.write(2, b"after\\n")
"""


@pytest.mark.parametrize(
    ("then", "code", "end"),
    [
        ("pass", 0, "after\n"),
        ("os.abort()", -6, ""),
        ("os.kill(os.getpid(), signal.SIGKILL)", -9, ""),
        ("os._exit(3)", 3, ""),
    ],
)
def test_all_else_comes_out_in_its_order(then, code, end):
    known = KNOWN.replace("\n", "\\n")
    program = WRITES.format(known=known, error=ERROR, then=then)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == code
    assert done.stderr == f"before\nfirst\nsecond\n{ERROR}\n\nhalf{end}"


def in_python(code, **environment):
    """Run some code without the log level of these tests."""
    inherited = {key: os.environ[key] for key in os.environ if key != LEVEL}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**inherited, **environment},
    )


def test_whoever_asks_for_all_lines_gets_them():
    code = "import os; from ravine import quiet\nwith quiet.startup(): os.write(2, b'I0000 x')"
    assert in_python(code, TF_CPP_MIN_LOG_LEVEL="0").stderr == "I0000 x"


def test_a_notebook_loads_keras_and_takes_a_step_in_silence():
    """As its cells do: import, then compute."""
    code = (
        "from ravine import quiet; quiet.load_keras()\nimport keras; print(keras.ops.ones(2) + 1)"
    )
    done = in_python(code)
    assert (done.returncode, done.stderr) == (0, "")
