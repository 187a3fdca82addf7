"""Each figure has a drawing for phones, with letters that one can read, and a dense one."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from ravine import figures
from tests.book.samples import PNG, good_notebook
from tools.book import drawings, lettering, phone
from tools.book.execute import METADATA, execute
from tools.book.notebooks import ROOT, find_chapters, read_notebook, write_notebook

FOLDER = ROOT / "book/_figures"
TEXT = 342  # CSS pixels of a screen of 390, without the margins of the page
LEAST = 9  # CSS pixels


def complaints(notebook, folder):
    """Returns which figures have no drawings, or one with small letters or few pixels."""
    found = []
    for cell, png in drawings.figures_of(notebook).items():
        names = drawings.names_of(png)
        missing = [name for name in names.values() if not (folder / name).is_file()]
        if missing:
            found.append(f"the figure of cell {cell} lacks {missing}: make execute")
            continue
        about = drawings.about(folder / names["phone"])
        letters = about["letters"] * TEXT / about["width"]
        if letters < LEAST:
            found.append(
                f"the figure of cell {cell} has letters of {letters:.1f} pixels on a phone"
            )
        if about["width"] < 2 * TEXT:
            found.append(f"the figure of cell {cell} is blurred on a phone")
    return found


@pytest.mark.parametrize("path", find_chapters(), ids=lambda path: path.stem)
def test_figures_have_drawings_that_can_be_read_on_a_phone(path):
    assert complaints(read_notebook(path), FOLDER) == []


def test_no_drawing_is_left_of_a_figure_that_is_gone():
    shown = [
        png for path in find_chapters() for png in drawings.figures_of(read_notebook(path)).values()
    ]
    shown.append((ROOT / "book/_static/race.png").read_bytes())
    used = {name for png in shown for name in drawings.names_of(png).values()}
    assert {path.name for path in FOLDER.iterdir()} <= used


@pytest.fixture
def style():
    with plt.rc_context():
        figures.use_style()
        yield
    plt.close("all")


def drawn(rows, columns, **arguments):
    """A figure with a curve in each panel, titles above the columns and labels at the edges."""
    fig, axes = figures.figure(rows, columns, squeeze=False, **arguments)
    for row, line in enumerate(axes):
        for column, ax in enumerate(line):
            ax.plot([1, 2], [1, 2], label=f"curve {column}")
            ax.set(xlabel="step", ylabel=f"error {row}" if column == 0 else "")
            ax.set_title(f"case {column}" if row == 0 else "")
            ax.tick_params(labelsize=8)
    return fig, axes


def test_panels_stand_below_each_other_with_numbers_and_labels_of_their_own(style):
    fig, axes = drawn(2, 2, figsize=(8.4, 5), sharex=True, sharey=True)
    assert phone.lay_out(fig) == "columns"
    fig.canvas.draw()
    tops = [ax.get_position().y1 for ax in axes.T.flat]
    assert tops == sorted(tops, reverse=True), "column by column, as the titles say"
    assert fig.get_figwidth() == phone.WIDTH
    assert lettering.smallest(fig) == phone.SMALLEST
    assert lettering.collisions(fig) == []
    for row, line in enumerate(axes):
        for ax in line:
            assert ax.get_ylabel() == f"error {row}" and ax.get_xlabel() == "step"
            assert any(label.get_visible() for label in ax.get_yticklabels())
            assert ax.yaxis.get_tick_params()["labelleft"]


def test_a_panel_stays_beside_another_where_both_fit(style):
    fig, axes = drawn(1, 4, figsize=(8.4, 3.6))
    assert phone.lay_out(fig) == "rows"
    fig.canvas.draw()
    corners = np.array([[ax.get_position().x0, ax.get_position().y0] for ax in axes.flat])
    assert corners[0, 1] == pytest.approx(corners[1, 1]) and corners[0, 0] < corners[1, 0]
    assert corners[2, 1] < corners[0, 1] and corners[2, 0] == pytest.approx(corners[0, 0])


def test_a_narrow_figure_stays_as_it_is(style):
    fig, _ = drawn(1, 1, figsize=(4, 3))
    assert phone.lay_out(fig) == ""
    assert tuple(fig.get_size_inches()) == (4, 3)


def test_a_legend_that_no_longer_fits_goes_below(style):
    fig, axes = drawn(1, 1, figsize=(8.4, 3))
    handles = [*axes[0, 0].lines] * 6
    names = [f"an algorithm, {k}" for k in range(6)]
    axes[0, 0].legend(handles, names, ncols=6, loc="lower center", bbox_to_anchor=(0.5, 1))
    phone.lay_out(fig)
    fig.canvas.draw()
    assert axes[0, 0].get_legend() is None
    (legend,) = fig.legends
    assert [text.get_text() for text in legend.get_texts()] == names
    box = legend.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= fig.bbox.x1 and box.y1 < axes[0, 0].get_window_extent().y0


def test_long_names_beside_an_axis_break(style):
    fig, axes = drawn(1, 1, figsize=(7, 3))
    names = [f"a long name of the experiment with number {k}" for k in range(9)]
    axes[0, 0].set_yticks(np.linspace(1, 2, 9), names)
    phone.lay_out(fig)
    fig.canvas.draw()
    shown = [label.get_text() for label in axes[0, 0].get_yticklabels()]
    assert [name.replace("\n", " ") for name in shown] == names and "\n" in shown[0]
    assert lettering.collisions(fig) == []


def test_names_below_an_axis_break_and_numbers_are_left_out(style):
    fig, (names, numbers) = figures.figure(2, 1, figsize=(8.4, 5))
    words = ["the first number", "of all the steps", "that one needs", "more than 5,000"]
    names.set_xticks([0, 1, 2, 3], words)
    names.set_xlim(0, 4)
    numbers.set_xticks(np.arange(1000, 1010), [f"{k:.2f}" for k in range(1000, 1010)])
    numbers.set_xlim(1000, 1010)
    phone.lay_out(fig)
    fig.canvas.draw()
    assert [label.get_text() for label in names.get_xticklabels()][-1] == "more\nthan\n5,000"
    shown = [label.get_text() for label in numbers.get_xticklabels()]
    assert shown[0] == "1000.00" and "" in shown
    assert lettering.collisions(fig) == []


def test_letters_on_letters_and_beyond_the_edge_are_found(style):
    fig, axes = drawn(1, 1, figsize=(4, 3))
    axes[0, 0].text(1.5, 1.5, "one")
    axes[0, 0].text(1.51, 1.5, "other")
    axes[0, 0].text(2.0, 1.2, "a sentence that goes on and on", in_layout=False)
    fig.canvas.draw()
    found = lettering.collisions(fig)
    assert "'one' lies on 'other'" in found
    assert "'a sentence that goes on and on' leaves the figure" in found


def test_letters_under_a_legend_are_found(style):
    fig, axes = drawn(1, 1, figsize=(4, 3))
    axes[0, 0].text(1.1, 1.9, "hidden")
    axes[0, 0].text(1.6, 1.1, "seen")
    axes[0, 0].legend(loc="upper left")
    fig.canvas.draw()
    assert lettering.collisions(fig) == ["'hidden' lies under a legend"]


DRAWS = """
import matplotlib.pyplot as plt
from ravine import figures
figures.use_style()
fig, axes = figures.figure(1, 2)
axes[0].plot([1, {}])
plt.show()
"""


def test_execution_stores_the_drawings_and_removes_those_of_another_figure(tmp_path, monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)  # a kernel draws into the notebook
    path = tmp_path / "book/adam/chapter.ipynb"
    path.parent.mkdir(parents=True)
    kept = set()
    for number in (2, 3):
        cells = [new_code_cell(DRAWS.format(number))]
        write_notebook(new_notebook(cells=cells, metadata=METADATA), path)
        execute(path)
        notebook = read_notebook(path)
        (output,) = [each for each in notebook.cells[0].outputs if "image/png" in each.data]
        assert drawings.MIME not in output.data
        before, kept = kept, {each.name for each in (tmp_path / "book/_figures").iterdir()}
        assert len(kept) == 2 and not kept & before
        assert complaints(notebook, tmp_path / "book/_figures") == []


@pytest.mark.parametrize(
    "about, size, said",
    [
        ({"letters": 12, "stacked": False}, (700, 400), "letters of 5.9 pixels"),
        ({"letters": 20, "stacked": False}, (500, 300), "blurred on a phone"),
    ],
)
def test_small_letters_and_few_pixels_are_found(tmp_path, about, size, said):
    stored = io.BytesIO()
    plt.imsave(stored, np.zeros(size[::-1]), format="png")
    picture = base64.b64encode(stored.getvalue()).decode()
    made = {kind: {"png": picture, "about": about} for kind in drawings.KINDS}
    drawings.keep(made, base64.b64decode(PNG), tmp_path)
    (complaint,) = complaints(good_notebook(), tmp_path)
    assert said in complaint


def test_a_figure_without_drawings_is_found(tmp_path):
    (complaint,) = complaints(good_notebook(), tmp_path)
    assert "lacks" in complaint and "make execute" in complaint
