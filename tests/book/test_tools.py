"""Executing notebooks, and carrying the repository's address."""

import base64
import io
import shutil

import matplotlib.pyplot as plt
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from ravine.results import records
from tests.book import guards
from tests.book.samples import good_notebook
from tools.book.execute import NotebookError, execute, shrink_png, without_startup_lines
from tools.book.notebooks import (
    ROOT,
    read_notebook,
    repository_address,
    setup_source,
    write_notebook,
)
from tools.site.address import change, places

STARTUP = """\
2026-01-31 12:00:00.123456: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.
To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow.
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
E0000 00:00:1700000000.123456    1234 cuda_dnn.cc:8310] Unable to register cuDNN factory
W0000 00:00:1700000000.123456    1234 gpu_device.cc:2344] Cannot dlopen some GPU libraries.

"""
COMPLAINT = "UserWarning: tight layout not applied\n"


def test_startup_lines_are_dropped_and_nothing_else():
    assert without_startup_lines(STARTUP) == ""
    assert without_startup_lines(STARTUP + COMPLAINT + STARTUP) == COMPLAINT


def test_execution_makes_a_notebook_that_keeps_the_rules(tmp_path):
    notebook = good_notebook()
    for cell in guards.code_cells(notebook):
        cell.outputs, cell.execution_count = [], 17
        cell.metadata["execution"] = {"iopub.execute_input": "2026-01-31T12:00:00Z"}
    path = tmp_path / "adam/chapter.ipynb"
    path.parent.mkdir()
    write_notebook(notebook, path)
    execute(path)
    assert guards.notebook_complaints(path) == []
    executed = read_notebook(path)
    assert executed.metadata.language_info == {"name": "python"}
    assert executed.metadata.processor == records.processor()
    assert not any("execution" in cell.metadata for cell in executed.cells)

    once = path.read_bytes()
    execute(path)
    assert path.read_bytes() == once, "executing again changes nothing"


@pytest.mark.parametrize(
    "source, message",
    [
        ("1 / 0", r"cell 2 raises:\n[\s\S]*ZeroDivisionError"),
        ('import sys\n\nprint("odd", file=sys.stderr)', "cell 2 writes to stderr:\nodd"),
    ],
)
def test_failing_notebook_stays_as_it_was(tmp_path, source, message):
    path = tmp_path / "chapter.ipynb"
    write_notebook(new_notebook(cells=[new_code_cell("2"), new_code_cell(source)]), path)
    before = path.read_bytes()
    with pytest.raises(NotebookError, match=message):
        execute(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_png_shrinks_and_keeps_its_look():
    figure, axes = plt.subplots()
    axes.plot([1, 3, 2], "C0", label="gradient descent")
    axes.plot([3, 1, 2], "C1", label="Adam")
    axes.legend()
    stored = io.BytesIO()
    figure.savefig(stored, format="png")
    plt.close(figure)
    shrunk = shrink_png(stored.getvalue())
    assert len(shrunk) < 0.7 * len(stored.getvalue())
    before, after = (
        np.asarray(Image.open(png).convert("RGB"), dtype=float)
        for png in (stored, io.BytesIO(shrunk))
    )
    assert before.shape == after.shape
    assert np.abs(before - after).max() <= 16
    assert np.abs(before - after).mean() < 0.1


def test_small_png_is_left_alone():
    pixel = base64.b64decode(
        next(iter(guards.images(good_notebook().cells[5])))["data"]["image/png"]
    )
    assert shrink_png(pixel) == pixel


@pytest.fixture
def fork(tmp_path):
    """A copy of the files that carry the address, with one notebook among them."""
    for path in places():
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    path = tmp_path / "book/adam/chapter.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_notebook(good_notebook(), path)
    return tmp_path


def test_address_changes_everywhere_and_back(fork):
    before = repository_address(fork)
    assert guards.address_complaints(fork) == []
    change("https://github.com/a-teacher/my.course.git", fork)
    after = "https://github.com/a-teacher/my.course"
    assert repository_address(fork) == after
    assert guards.address_complaints(fork) == []
    chapter = read_notebook(fork / "book/adam/chapter.ipynb")
    assert guards.code_cells(chapter)[0].source == setup_source(after)
    slug = before.removeprefix("https://github.com/")
    assert not [path for path in places(fork) if slug in path.read_text(encoding="utf-8")]
    change(before, fork)
    assert all(
        (fork / path.relative_to(ROOT)).read_bytes() == path.read_bytes() for path in places()
    )


@pytest.mark.parametrize("name", ["_config.yml", "CITATION.cff", "README.md"])
def test_file_left_behind_is_found(fork, name):
    left = (fork / name).read_text(encoding="utf-8")
    change("https://github.com/a-teacher/course", fork)
    (fork / name).write_text(left, encoding="utf-8")
    assert len(guards.address_complaints(fork)) == 1


@pytest.mark.parametrize(
    "address", ["", "you/fork", "https://example.org/you/fork", "https://github.com/you"]
)
def test_malformed_address_is_refused(fork, address):
    with pytest.raises(ValueError, match="must read https"):
        change(address, fork)
