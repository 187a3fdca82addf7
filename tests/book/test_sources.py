"""The code that the chapters show is the code of the package."""

import pytest
from nbformat.v4 import new_code_cell

from tests.book import guards
from tests.book.samples import good_notebook
from tools.book.notebooks import ROOT, find_chapters, read_notebook, write_notebook
from tools.book.sync_source import SourceError, differences, fill, read_object

MODULE = '''\
import functools

LIMIT = 3


@functools.cache
@functools.wraps(print)
def step(x):
    """Halves x."""
    return x / 2  # eq. (1.1)


class Adam:
    """A class."""

    beta = 0.9
'''
STEP = '''\
@functools.cache
@functools.wraps(print)
def step(x):
    """Halves x."""
    return x / 2  # eq. (1.1)'''


@pytest.mark.parametrize("path", find_chapters(), ids=lambda path: path.stem)
def test_shown_code_is_the_code_of_the_package(path):
    assert differences(path) == []


def test_every_optimizer_is_shown_in_a_chapter():
    optimizers = guards.optimizer_classes(ROOT)
    assert optimizers, "the package has optimizers"
    notebooks = {path.name: read_notebook(path) for path in find_chapters()}
    assert guards.optimizers_not_shown(optimizers, notebooks) == []


def test_optimizer_that_no_chapter_shows_is_found():
    notebook = good_notebook()
    notebook.cells.append(new_code_cell(metadata={"source": "a.py::Adam"}))
    assert guards.optimizers_not_shown(["a.py::Adam"], {"one": notebook}) == []
    assert guards.optimizers_not_shown(["b.py::Lion"], {"one": notebook}) != []


@pytest.fixture
def chapter(tmp_path):
    """A chapter that shows `step` and `Adam`, still empty, beside the module that defines them."""
    (tmp_path / "module.py").write_text(MODULE)
    notebook = good_notebook()
    for name in ("step", "Adam"):
        notebook.cells.append(new_code_cell(metadata={"source": f"module.py::{name}"}))
    path = tmp_path / "chapter.ipynb"
    write_notebook(notebook, path)
    return path


def test_object_is_read_verbatim_with_its_decorators(chapter):
    assert read_object("module.py::step", chapter.parent) == STEP


def test_cells_are_filled_once(chapter):
    assert len(differences(chapter, chapter.parent)) == 2
    assert fill(chapter, chapter.parent)
    assert differences(chapter, chapter.parent) == []
    assert read_notebook(chapter).cells[-2].source == STEP
    before = chapter.read_bytes()
    assert not fill(chapter, chapter.parent)
    assert chapter.read_bytes() == before


@pytest.mark.parametrize(
    "old, new", [("0.9", "0.8"), ("beta = ", "beta  = "), ("0.9", "0.9\n"), ("0.9", "0.9 ")]
)
def test_one_changed_character_in_a_cell_is_found(chapter, old, new):
    fill(chapter, chapter.parent)
    notebook = read_notebook(chapter)
    notebook.cells[-1].source = notebook.cells[-1].source.replace(old, new)
    write_notebook(notebook, chapter)
    (diff,) = differences(chapter, chapter.parent)
    assert "module.py::Adam" in diff


def test_one_changed_character_in_the_package_is_found(chapter):
    fill(chapter, chapter.parent)
    (chapter.parent / "module.py").write_text(MODULE.replace("x / 2", "x / 3"))
    (diff,) = differences(chapter, chapter.parent)
    assert "-    return x / 3  # eq. (1.1)\n+    return x / 2  # eq. (1.1)" in diff


@pytest.mark.parametrize(
    "reference, message",
    [
        ("module.py", "must read"),
        ("module.py::", "must read"),
        ("other.py::step", "file that does not exist"),
        ("module.py::walk", "object that module.py does not define"),
        ("module.py::LIMIT", "object that module.py does not define"),
    ],
)
def test_reference_that_leads_nowhere_is_an_error_of_one_sentence(chapter, reference, message):
    with pytest.raises(SourceError, match=message):
        read_object(reference, chapter.parent)
    notebook = read_notebook(chapter)
    notebook.cells[-1].metadata["source"] = reference
    write_notebook(notebook, chapter)
    assert any(message in complaint for complaint in differences(chapter, chapter.parent))
