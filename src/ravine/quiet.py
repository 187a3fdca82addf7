"""Keeps what TensorFlow logs while it starts from readers, and lets everything else through.

Its log level is not enough: lines about processors and missing GPUs are written before the level is
read, by the libraries' C++ code, straight to file descriptor 2.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LEVEL = "TF_CPP_MIN_LOG_LEVEL"
# Notes and warnings, whatever the log level, and errors only about a GPU that is not there.
STARTUP_LINES = (
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IW] .*",
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: E .*(cuda|cuDNN|cuBLAS|cuFFT).*",
    r"[IW]\d{4} \d\d:\d\d:\d+\.\d+ .*",
    r"E\d{4} \d\d:\d\d:\d+\.\d+ .*(cuda|cuDNN|cuBLAS|cuFFT).*",
    r"WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR",
    r"To enable the following instructions: .*",
)
STARTUP_LINE = "|".join(STARTUP_LINES)

# A process of its own, so that what was written before a crash comes out after it.
FILTER = """
import re, sys
known = re.compile(sys.argv[1].encode())
for line in sys.stdin.buffer:
    if not known.fullmatch(line.rstrip(b"\\n")):
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
"""
SECONDS = 2  # to end; a daemon that was started meanwhile may hold its input open for longer


def without_startup_lines(text: str) -> str:
    """Return a text of stderr without TensorFlow's start-up lines, and without empty ones."""
    dropped = re.compile(rf"{STARTUP_LINE}|\s*")
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not dropped.fullmatch(line.rstrip("\n")))


@contextmanager
def startup() -> Iterator[None]:
    """Drop the start-up lines that this process writes to stderr while the block runs.

    All other lines come out, in their order, also where the process crashes. With
    TF_CPP_MIN_LOG_LEVEL=0 in the environment nothing is dropped.
    """
    if os.environ.setdefault(LEVEL, "2") == "0" or sys.stderr is None:
        yield
        return
    sys.stderr.flush()
    shown = os.dup(2)
    # In a session of its own: Ctrl-C is not meant for it.
    command = [sys.executable, "-I", "-S", "-c", FILTER, STARTUP_LINE]
    reader = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    )
    assert reader.stdin is not None
    os.dup2(reader.stdin.fileno(), 2)
    reader.stdin.close()
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(shown, 2)
        os.close(shown)
        with suppress(subprocess.TimeoutExpired):
            reader.wait(SECONDS)


def load_keras() -> None:
    """Import Keras with its backend, for a notebook; what they log while they start is dropped.

    Afterwards TensorFlow logs no line of its own, unless TF_CPP_MIN_LOG_LEVEL asks for them. Errors
    and warnings of Python are shown as ever. Where Keras is loaded already, nothing happens.
    """
    if "keras" in sys.modules:
        return
    os.environ.setdefault(LEVEL, "3")  # of the first step, too, about a GPU that is not there
    with startup():
        import keras  # noqa: F401
