"""Executing notebooks, and carrying the repository's address."""

import base64
import io
import re
import shutil
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
import yaml
from matplotlib import colors
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from ravine.results import machine
from tests.book import guards
from tests.book.samples import good_notebook
from tools.book import shrink
from tools.book.execute import NotebookError, execute, without_startup_lines
from tools.book.notebooks import (
    ROOT,
    read_notebook,
    repository_address,
    setup_source,
    write_notebook,
)
from tools.book.shrink import COLOURS, shrink_png
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
    assert executed.metadata.processor == machine.processor()
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


def png(figure):
    stored = io.BytesIO()
    figure.savefig(stored, format="png")
    plt.close(figure)
    return stored.getvalue()


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=float)


@pytest.fixture
def lines():
    """A PNG as most of the book's are: lines, text and a plain ground."""
    figure, axes = plt.subplots()
    axes.plot([1, 3, 2], "C0", label="gradient descent")
    axes.plot([3, 1, 2], "C1", label="Adam")
    axes.legend()
    return png(figure)


@pytest.fixture
def photograph():
    figure = plt.figure()
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(np.random.default_rng(0).random((40, 40, 3)))
    return png(figure)


def test_png_shrinks_and_keeps_its_look(lines):
    shrunk = shrink_png(lines)
    assert len(shrunk) < 0.7 * len(lines)
    before, after = pixels(lines), pixels(shrunk)
    assert before.shape == after.shape
    assert np.abs(before - after).max() <= 16
    assert np.abs(before - after).mean() < 0.1


def test_plain_colours_of_a_png_stay_exact(lines):
    before, after = pixels(lines), pixels(shrink_png(lines))
    for name in ("white", "black", "C0", "C1"):
        colour = np.round(255 * np.array(colors.to_rgb(name)))
        place = (before == colour).all(axis=2)
        assert place.any() and (after[place] == colour).all(), name


def test_png_of_many_colours_keeps_more_of_them(lines, photograph):
    few, many = (
        len(np.unique(pixels(shrink_png(data)).reshape(-1, 3), axis=0))
        for data in (lines, photograph)
    )
    assert few == COLOURS[0] and many > COLOURS[1]


@pytest.fixture
def tiles():
    """A PNG of more plain colours than fit into the leanest palette."""
    figure, axes = plt.subplots()
    axes.imshow(np.random.default_rng(0).random((6, 7)), cmap="cividis")
    for row, column in np.ndindex(6, 7):
        axes.text(column, row, "0", color=f"C{column}")
    return png(figure)


def test_shrinking_again_changes_nothing(lines, tiles, photograph):
    for data in (lines, tiles, photograph):
        assert shrink_png(shrink_png(data)) == shrink_png(data)


def test_figures_shrink_in_place_and_nothing_else_changes(tmp_path, monkeypatch, capsys, lines):
    notebook = good_notebook()
    (output,) = guards.images(notebook.cells[5])
    output.data["image/png"] = base64.b64encode(lines).decode()
    path = tmp_path / "chapter.ipynb"
    write_notebook(notebook, path)
    monkeypatch.setattr(sys, "argv", ["shrink", str(path)])
    shrink.main()
    assert re.search(r"chapter\.ipynb: \d+ -> \d+ kB", capsys.readouterr().out)
    output.data["image/png"] = base64.b64encode(shrink_png(lines)).decode()
    assert read_notebook(path) == notebook


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
    left = [
        (path.name, line.strip())
        for path in places(fork)
        for line in path.read_text(encoding="utf-8").splitlines()
        if slug in line
    ]
    assert left == [("CITATION.cff", f"repository-code: {before}")], "the original alone"
    change(before, fork)
    assert all(
        (fork / path.relative_to(ROOT)).read_bytes() == path.read_bytes() for path in places()
    )


def test_citation_of_a_fork_goes_on_naming_the_original(fork):
    def read():
        return yaml.safe_load((fork / "CITATION.cff").read_text(encoding="utf-8"))

    original = read()
    for address in ("https://github.com/a-teacher/course", "https://github.com/another/course"):
        change(address, fork)
        (named,) = read()["references"]
        assert read() == original | {"repository-code": address, "references": [named]}
        assert named == {key: original[key] for key in named}
        assert {"title", "authors", "repository-code"} < named.keys()
        assert change(address, fork) == [], "the same address again changes nothing"


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
