"""The stored notebooks keep the rules of the book, and each guard finds its planted fault."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_output

from tests.book import guards
from tests.book.samples import good_notebook
from tools.book.notebooks import ROOT, find_chapters, find_notebooks, read_notebook, write_notebook

NOTEBOOKS = find_notebooks()


def test_table_of_contents_and_files_are_the_same():
    assert guards.contents_complaints(ROOT) == []
    assert NOTEBOOKS, "the book has notebooks"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_keeps_the_rules(path):
    assert guards.notebook_complaints(path) == []


@pytest.mark.parametrize("path", find_chapters(), ids=lambda path: path.stem)
def test_chapter_has_room_for_one_more_figure(path):
    assert guards.crowded(path) == []


def test_alt_texts_differ():
    stored = {path.name: read_notebook(path) for path in find_chapters()}
    assert guards.repeated_alt_texts(stored) == []


# Planted faults: each takes a good notebook and spoils it.


def strip(notebook):
    for cell in guards.code_cells(notebook):
        cell.outputs, cell.execution_count = [], None


def skip_a_cell(notebook):
    guards.code_cells(notebook)[2].execution_count = None


def run_out_of_order(notebook):
    first, second = guards.code_cells(notebook)[1:3]
    first.execution_count, second.execution_count = 3, 2


def run_twice(notebook):
    guards.code_cells(notebook)[-1].execution_count = 17


def raise_an_error(notebook):
    error = new_output("error", ename="ZeroDivisionError", evalue="", traceback=[])
    guards.code_cells(notebook)[1].outputs.append(error)


def write_to_stderr(notebook):
    stderr = new_output("stream", name="stderr", text="UserWarning: tight layout")
    guards.code_cells(notebook)[1].outputs.append(stderr)


def forget_alt_text(notebook):
    del guards.code_cells(notebook)[-1].metadata["mystnb"]


def shorten_alt_text(notebook):
    guards.code_cells(notebook)[-1].metadata["mystnb"]["image"]["alt"] = "A figure."


def show_two_figures(notebook):
    guards.code_cells(notebook)[-1].outputs *= 2


def name_a_path_in_source(notebook):
    guards.code_cells(notebook)[1].source = 'open("' + "/home/" + 'me/mnist.npz")'


def name_a_path_in_output(notebook):
    guards.code_cells(notebook)[1].outputs[0].text = "saved to " + "/tmp/" + "weights.h5"


def install_from_elsewhere(notebook):
    cell = guards.code_cells(notebook)[0]
    cell.source = cell.source.replace("github.com/", "github.com/x")


def show_the_setup_cell(notebook):
    guards.code_cells(notebook)[0].metadata.tags = []


def compare_two_cells_only(notebook):
    guards.code_cells(notebook)[1].metadata.tags = []


def compare_a_silent_cell(notebook):
    guards.code_cells(notebook)[1].outputs = []


def print_a_negative_zero(notebook):
    guards.code_cells(notebook)[1].outputs[0].text = "slope: -0.00 [-0.01, 0.02]"


def assert_without_a_sentence(notebook):
    guards.code_cells(notebook)[1].source += "\nassert loss < 1"


def say_a_word_twice(notebook):
    notebook.cells.append(new_markdown_cell("the order is found, and\n**and in the same way**"))


def forget_the_processor(notebook):
    del notebook.metadata["processor"]


def drop_an_exercise(notebook):
    notebook.cells[-1].source = notebook.cells[-1].source.replace("4. Four.", "")


def number_a_list_elsewhere(notebook):
    drop_an_exercise(notebook)
    notebook.cells.append(new_markdown_cell("## Steps\n\n1. One.\n2. Two."))


def unfold_a_solution(notebook):
    notebook.cells[-1].source = notebook.cells[-1].source.replace("<details>", "", 1)


def drop_the_link_to_the_notation(notebook):
    notebook.cells[0].source = "# A chapter"


def link_the_notation_at_the_end_only(notebook):
    drop_the_link_to_the_notation(notebook)
    notebook.cells[-1].source += "[notation](../appendix/notation.md)"


def break_the_format(notebook):
    del notebook.cells[1]["source"]
    notebook.cells[1]["source"] = 3


FAULTS = [
    (strip, guards.out_of_order),
    (strip, guards.without_outputs),
    (skip_a_cell, guards.out_of_order),
    (run_out_of_order, guards.out_of_order),
    (run_twice, guards.out_of_order),
    (raise_an_error, guards.noisy),
    (write_to_stderr, guards.noisy),
    (forget_alt_text, guards.undescribed_figures),
    (shorten_alt_text, guards.undescribed_figures),
    (show_two_figures, guards.undescribed_figures),
    (name_a_path_in_source, guards.machine_paths),
    (name_a_path_in_output, guards.machine_paths),
    (install_from_elsewhere, guards.wrong_setup),
    (show_the_setup_cell, guards.wrong_setup),
    (compare_two_cells_only, guards.compared_too_little),
    (compare_a_silent_cell, guards.compared_too_little),
    (print_a_negative_zero, guards.negative_zeros),
    (forget_the_processor, guards.stored_nowhere),
    (assert_without_a_sentence, guards.bare_assertions),
    (say_a_word_twice, guards.doubled_words),
    (drop_an_exercise, guards.exercises_missing),
    (number_a_list_elsewhere, guards.exercises_missing),
    (unfold_a_solution, guards.exercises_missing),
    (drop_the_link_to_the_notation, guards.notation_not_linked),
    (link_the_notation_at_the_end_only, guards.notation_not_linked),
    (break_the_format, guards.malformed),
]


def store(notebook, folder: Path) -> Path:
    path = folder / "adam" / "chapter.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def test_good_notebook_passes(tmp_path):
    assert guards.notebook_complaints(store(good_notebook(), tmp_path)) == []


@pytest.mark.parametrize(
    "fault, guard", FAULTS, ids=[f"{fault.__name__}-{guard.__name__}" for fault, guard in FAULTS]
)
def test_guard_finds_planted_fault(fault, guard):
    notebook = good_notebook()
    assert guard(notebook) == []
    fault(notebook)
    assert guard(notebook) != []


def test_every_guard_has_a_planted_fault():
    tested = {guard for _, guard in FAULTS}
    assert tested == {*guards.ALL_NOTEBOOKS, guards.exercises_missing}


def test_large_notebook_is_found(tmp_path):
    notebook = good_notebook()
    notebook.cells.append(new_markdown_cell("x" * guards.LARGEST))
    assert "is the limit" in guards.notebook_complaints(store(notebook, tmp_path))[0]


def test_full_chapter_is_found_before_it_is_too_large(tmp_path):
    notebook = good_notebook()
    assert guards.crowded(store(notebook, tmp_path)) == []
    notebook.cells.append(new_markdown_cell("x" * (guards.LARGEST - guards.ROOM)))
    path = store(notebook, tmp_path)
    assert guards.notebook_complaints(path) == []
    (complaint,) = guards.crowded(path)
    assert "no room for one more figure" in complaint


def test_repeated_alt_text_is_found():
    notebook = good_notebook()
    assert guards.repeated_alt_texts({"one": notebook}) == []
    assert guards.repeated_alt_texts({"one": notebook, "two": good_notebook()}) != []


def test_missing_and_forgotten_pages_are_found(tmp_path):
    (tmp_path / "book").mkdir()
    toc = "root: index\nparts:\n  - chapters:\n      - file: book/missing\n"
    (tmp_path / "_toc.yml").write_text(toc)
    (tmp_path / "book/forgotten.md").write_text("# Forgotten")
    assert len(guards.contents_complaints(tmp_path)) == 2


# What nbval sees when it executes a notebook again.


def compare_again(path: Path) -> subprocess.CompletedProcess:
    options = ["--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider", "-q"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", path.parent, path],
        cwd=path.parent,
        env=os.environ,
        capture_output=True,
        text=True,
    )


def test_nbval_passes_a_good_notebook_and_finds_a_corrupted_output(tmp_path):
    notebook = good_notebook()
    path = tmp_path / "chapter.ipynb"
    write_notebook(notebook, path)
    good = compare_again(path)
    assert good.returncode == 0, good.stdout

    printed = guards.code_cells(notebook)[1]
    printed.outputs[0].text = printed.outputs[0].text.replace("one", "0ne")
    write_notebook(notebook, path)
    corrupted = compare_again(path)
    assert corrupted.returncode == 1
    assert "0ne" in corrupted.stdout


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("%matplotlib inline\nassert slope < 0", ["slope < 0"]),
        ("for x in (1, 2):\n    assert x\nassert y, 'y is the sign: look at the gradient'", ["x"]),
        ("assert slope < 0, 'the loss must fall: is the sign of g right?'", []),
        ("assert slope < 0, f'{slope} must be below 0: is the sign of g right?'", []),
        ("assert slope < 0, (slope, loss)", ["slope < 0"]),
    ],
)
def test_assertion_without_a_sentence_is_found(source, found):
    notebook = good_notebook()
    guards.code_cells(notebook)[1].source = source
    says = [f"code cell 2 asserts without a sentence: {test}" for test in found]
    assert guards.bare_assertions(notebook) == says
