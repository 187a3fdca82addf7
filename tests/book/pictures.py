"""Reads figures: their numbers, which those of an alt text or a caption are held to.

While a page is tested, this file is an extension of its kernel: beside a figure, a cell gives out
what can be read off it. It imports nothing of the tests, so that a kernel can load it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from IPython.core.formatters import BaseFormatter
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from traitlets import Unicode

from tools.book import lettering

MIME = "application/vnd.ravine.numbers+json"
# As in 0.5, 1,000, 3e-4 or 20 %, and not as in CIFAR-10, beta2 or 3x3.
NUMBER = re.compile(r"(?<![\w.^])(?<!\^\{)(?<![A-Za-z]-)\d[\d,_]*(?:\.\d+)?(?:e[+-]?\d+)?(?![\w^])")
PERCENT = re.compile(r"per ?cent|%")
POWER = re.compile(r"10\^\{?([-−]?\d+)")
POINTS = 40  # of a line with more, one reads where it begins and ends, its top and its bottom


def numbers(text: str) -> list[str]:
    """Returns the numbers of a text as they are written."""
    return [written.rstrip(",") for written in NUMBER.findall(text)]


def value(written: str) -> float:
    """Returns a number from how it is written."""
    return float(written.replace(",", "").replace("_", ""))


def tolerance(written: str) -> float:
    """Returns how far what is drawn may be from a number: one unit of its last digit.

    Half a unit is its rounding, the other half another processor's. It is at most a tenth of the
    number, but at least its rounding; a whole number with zeros at its end is rounded to them.
    """
    digits, _, exponent = written.replace(",", "").partition("e")
    decimals = digits.partition(".")[2]
    place = 10.0 ** (int(exponent or 0) - len(decimals))
    zeros = 0 if decimals else len(digits) - len(digits.rstrip("0"))
    return max(min(place * 10**zeros, value(written) / 10), place / 2)


def not_there(text: str, drawn: Iterable[float], on_page: str) -> list[str]:
    """Returns the numbers of a text that are neither in its figure nor elsewhere on its page.

    Args:
        text: an alt text or a caption.
        drawn: what can be read off the figure.
        on_page: what the page says of it elsewhere, such as its code and outputs.
    """
    shown = np.abs(np.fromiter(drawn, dtype=float))
    if PERCENT.search(text):  # of a share that is drawn, or of a ratio beside 1
        shown = np.concatenate([shown, 100 * shown, 100 * np.abs(shown - 1)])
    computed = {value(written) for written in numbers(on_page)}
    return [
        written
        for written in numbers(text)
        if not (np.abs(shown - value(written)) <= tolerance(written)).any()
        and value(written) not in computed
    ]


def read(figure: Figure) -> list[float]:
    """Returns the numbers of a figure that is drawn: its data, its limits and its lettering."""
    written = " ".join(text.get_text() for text in lettering.texts(figure)).replace("−", "-")
    found = [np.array([value(number) for number in numbers(written)], dtype=float)]
    found.append(np.array([10.0 ** int(power) for power in POWER.findall(written)]))
    for ax in figure.axes:
        found += [few(part) for part in data(ax)]
    return sorted({float(f"{number:.5g}") for part in found for number in np.abs(part)})


def few(part: np.ndarray) -> np.ndarray:
    """Returns what an eye finds in many numbers: the first and last, the least and greatest."""
    part = part[np.isfinite(part)]
    if len(part) <= POINTS:
        return part
    return np.array([part[0], part[-1], part.min(), part.max()])


def data(ax: Axes) -> Iterator[np.ndarray]:
    """Yields the coordinates and values that a panel shows, one row for each thing."""
    yield np.array([*ax.get_xlim(), *ax.get_ylim()])
    for line in ax.lines:
        marks = line.get_markevery()
        for row in (plain(line.get_xdata()), plain(line.get_ydata())):
            yield row
            if isinstance(marks, list) and row.size:
                yield row[marks]
    for patch in ax.patches:
        if isinstance(patch, Rectangle):
            (left, bottom), width, height = patch.get_xy(), patch.get_width(), patch.get_height()
            yield plain([left, bottom, width, height, left + width, bottom + height])
        else:
            yield from plain(patch.get_path().vertices).reshape(-1, 2).T
    for collection in ax.collections:
        yield from plain(collection.get_offsets()).reshape(-1, 2).T
        for path in collection.get_paths():
            yield from plain(path.vertices).reshape(-1, 2).T
        yield plain(collection.get_array())
    for image in ax.images:
        yield plain(image.get_array())


def plain(values: Any) -> np.ndarray:
    """Returns values as a row of numbers, or no number where they are none, such as names."""
    try:
        return np.ma.filled(np.ma.asarray(values, dtype=float), np.nan).ravel()
    except (TypeError, ValueError):
        return np.empty(0)


class Numbers(BaseFormatter):
    """Gives out the numbers of figures, and nothing of anything else."""

    format_type = Unicode(MIME)

    def __call__(self, shown: Any) -> list[float] | None:
        """Returns the numbers of what a cell shows, if it is a figure."""
        if not isinstance(shown, Figure):
            return None
        shown.canvas.draw()
        return read(shown)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Lets a kernel give the numbers of figures out."""
    assert shell.display_formatter is not None
    shell.display_formatter.formatters[MIME] = Numbers(parent=shell.display_formatter)
