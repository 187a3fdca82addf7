"""The assignments run from first cell to last, with their answers in place."""

from copy import deepcopy

import pytest
from nbclient import NotebookClient

from tests import forked_kernels
from tests.homework.samples import assignments
from tests.weekly import some_of

MASTERS = assignments()


@pytest.fixture(scope="module")
def kernel():
    """The name of a kernel that starts at once: the process it is forked from has TensorFlow."""
    stop = forked_kernels.start()
    yield "forked"
    stop()


@pytest.mark.parametrize("name", some_of(list(MASTERS), every=3))
def test_the_whole_notebook_runs(name, kernel, tmp_path, monkeypatch):
    """With figures and hidden tests, all in one kernel, as in a student's Jupyter."""
    # As a student's kernel starts: no settings of the tests, which make training slow.
    for setting in ("MPLBACKEND", "XLA_FLAGS", "JAX_DISABLE_MOST_OPTIMIZATIONS"):
        monkeypatch.delenv(setting, raising=False)
    notebook = deepcopy(MASTERS[name].notebook)
    NotebookClient(
        notebook,
        timeout=3600,
        kernel_name=kernel,
        resources={"metadata": {"path": str(tmp_path)}},
        extra_arguments=["--log-level=ERROR"],
    ).execute()
    figures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert figures
