"""What can be read off a figure, and which numbers of a text cannot."""

import os
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_notebook

from tests.book import pictures
from tools.book.notebooks import ROOT, write_notebook


def drawn(*curves, **settings) -> Figure:
    """A figure with these curves."""
    figure, ax = plt.subplots()
    for curve in curves:
        ax.plot(*curve)
    ax.set(**settings)
    figure.canvas.draw()
    plt.close(figure)
    return figure


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from 0.5 to 1,000, and 3e-4", ["0.5", "1,000", "3e-4"]),
        ("after 20, 30 and 40.", ["20", "30", "40"]),
        ("CIFAR-10, beta2, 3x3 and 10^5 in x1", []),
        ("minus 0.5 and 95 per cent", ["0.5", "95"]),
    ],
)
def test_numbers_of_a_text(text, found):
    assert pictures.numbers(text) == found


@pytest.mark.parametrize("percent", ["%", "per cent", "percent"])
def test_a_share_may_be_written_in_percent(percent):
    assert pictures.not_there(f"95 or 20 {percent}", [0.951, 0.2], "") == []
    assert pictures.not_there(f"7 {percent} above", [1.25], "") == ["7"]
    assert pictures.not_there(f"25 {percent} above", [1.25], "") == []
    assert pictures.not_there("95 or 20", [0.951, 0.2], "") == ["95", "20"]


@pytest.mark.parametrize(
    ("written", "nearest"),
    [
        *(("0.57", 0.01), ("0.5", 0.05), ("0.1", 0.05), ("12.5", 0.1), ("7", 0.7), ("1", 0.5)),
        *(("300", 30), ("2400", 100), ("24,000", 1000), ("3e-4", 5e-5), ("1e-15", 5e-16)),
    ],
)
def test_tolerance_is_a_unit_of_the_last_digit_and_no_more_than_rounding_or_a_tenth(
    written, nearest
):
    assert pictures.tolerance(written) == pytest.approx(nearest)


def test_the_ends_of_a_curve_are_seen_and_not_every_number_between():
    steps = np.arange(1, 101)
    numbers = pictures.read(drawn((steps, 2 / steps), title="κ = 34"))
    text = "For kappa 34 it falls from 2 to 0.02 in 100 steps."
    assert pictures.not_there(text, numbers, "") == []
    assert pictures.not_there("It ends at 0.37.", numbers, "") == ["0.37"]
    assert pictures.not_there("It ends at 0.37.", numbers, "assert end < 0.37") == []


def test_a_marked_place_of_a_curve_is_seen():
    figure, ax = plt.subplots()
    ax.plot(np.arange(1, 1001), np.sqrt(np.arange(1, 1001)), marker="o", markevery=[0, 143])
    numbers = pictures.read(figure)
    plt.close(figure)
    assert pictures.not_there("12 after 144 steps", numbers, "") == []
    assert pictures.not_there("14 after 196 steps", numbers, "") == ["14", "196"]


def test_every_point_of_a_short_curve_is_seen():
    numbers = pictures.read(drawn(([1, 2, 3], [0.61, 0.42, 0.86])))
    assert pictures.not_there("0.61, then 0.42 at 2, then 0.86", numbers, "") == []
    assert pictures.not_there("0.61, then 0.47 at 2, then 0.86", numbers, "") == ["0.47"]


def test_bars_pictures_points_bands_and_letters_are_read():
    figure, ax = plt.subplots()
    ax.bar(["a", "b"], [0.23, 0.71])
    ax.imshow([[4.44, np.nan]])
    ax.scatter([5.55], [6.66])
    ax.fill_between([0, 1], [7.77, 7.77], [8.88, 8.88])
    ax.text(0, 0, "999 runs")
    ax.set(xscale="log", xlim=(1e-7, 1e3))
    numbers = pictures.read(figure)
    plt.close(figure)
    text = "0.23, 0.71, 4.44, 5.55, 6.66, 7.77, 8.88, 999, 1e-7"
    assert pictures.not_there(text, numbers, "") == []
    assert pictures.not_there("0.37 and 9.99", numbers, "") == ["0.37", "9.99"]


FIGURE = """\
%matplotlib inline
import matplotlib.pyplot as plt
plt.plot([1, 2, 3], [0.61, 0.42, 0.86])
plt.show()"""


def test_a_page_fails_where_a_text_names_what_its_figure_does_not_show(tmp_path):
    """An alt text may name what the code computes, a caption also what a sentence says."""
    texts = [("at 0.42", ""), ("at 0.47", ""), ("for 1000 runs", ""), ("", "of 1000 runs at 0.47")]
    cells = [
        new_code_cell(
            FIGURE,
            id=f"figure-{place}",
            metadata={"mystnb": {"image": {"alt": alt}, "figure": {"caption": caption}}},
        )
        for place, (alt, caption) in enumerate(texts)
    ]
    cells.append(new_code_cell("assert 'sys' not in dir()\nruns = 1000"))
    path = tmp_path / "page.ipynb"
    write_notebook(new_notebook(cells=cells), path)
    options = ["-p", "tests.figure_numbers", "--nbval-lax", "--nbval-current-env", "-q"]
    said = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.figure_numbers",
            *options,
            "--rootdir",
            tmp_path,
            path,
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    ).stdout
    assert "cell figure-1: the alt text names 0.47, which" in said
    assert "cell figure-3: the caption names 0.47, which" in said
    assert "2 failed, 4 passed" in said, said
