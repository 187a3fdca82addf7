"""The verdict is that of an ordinary kernel that runs the assignment's own tests in place.

With each change some notebooks are graded, and fewer run by Jupyter, too, with the whole tests at
their places; all of them each week.
"""

import nbformat
import pytest
from nbclient import NotebookClient

from tests import forked_kernels
from tests.homework.honest import NOTEBOOKS, Honest, cells
from tests.homework.samples import assignments
from tests.weekly import some_of
from tools.homework import proof, sandbox, vault
from tools.homework.grading import CELL_TIMEOUT, grade
from tools.homework.plan import plan

MASTERS = assignments()


def one_in(every):
    """Returns the mark that runs a test with one in so many notebooks, and weekly with all."""
    names = [f"{honest.assignment}: {honest.name}" for honest in NOTEBOOKS]
    return pytest.mark.parametrize("honest", some_of(NOTEBOOKS, every, names))


@pytest.fixture(scope="module")
def kernel():
    stop = forked_kernels.start()
    yield "forked"
    stop()


def fails_in_a_kernel(honest: Honest, kernel: str, folder) -> frozenset[str]:
    """Runs a notebook in Jupyter's kernel, with the whole tests; returns those that fail."""
    master = MASTERS[honest.assignment]
    notebook = nbformat.v4.new_notebook()
    for step in plan(master, cells(honest, master)):
        sources = [step.source, step.test.hidden] if step.test else [step.source]
        notebook.cells += map(nbformat.v4.new_code_cell, sources)
        for cell in notebook.cells[-len(sources) :]:
            cell.metadata["test"] = step.test.name if step.test else ""
    NotebookClient(
        notebook,
        timeout=3600,
        startup_timeout=3600,
        kernel_name=kernel,
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],
    ).execute()
    ran: dict[str, list[bool]] = {}
    for cell in notebook.cells:
        failed = any(output.output_type == "error" for output in cell.outputs)
        ran.setdefault(cell.metadata["test"], []).append(failed)
    del ran[""]
    # a test that stands several times counts where both of its parts pass
    return frozenset(
        name
        for name, parts in ran.items()
        if all(any(parts[place : place + 2]) for place in range(0, len(parts), 2))
    )


@pytest.mark.skipif(
    not sandbox.strongest().namespaces, reason="programs can be started in namespaces alone"
)
@one_in(3)
def test_an_honest_notebook_loses_nothing(honest, expected, workshop):
    master = MASTERS[honest.assignment]
    errors: dict[str, str] = {}
    outcomes = grade(
        master, cells(honest, master), expected(master), workshop, CELL_TIMEOUT, errors
    )
    assert proof.lost(outcomes) == honest.loses, (outcomes, errors)
    assert not errors or honest.raises, errors


@one_in(12)
def test_a_kernel_gives_the_same_verdict(honest, kernel, tmp_path, monkeypatch):
    for setting in ("MPLBACKEND", "XLA_FLAGS", "JAX_DISABLE_MOST_OPTIMIZATIONS"):
        monkeypatch.delenv(setting, raising=False)
    assert fails_in_a_kernel(honest, kernel, tmp_path) == honest.loses


def test_there_are_enough_notebooks():
    assert len(NOTEBOOKS) >= 74
    assert {honest.assignment for honest in NOTEBOOKS} == set(vault.ASSIGNMENTS)
    names = [(honest.assignment, honest.name) for honest in NOTEBOOKS]
    assert len(set(names)) == len(names)
