"""Tables that keep their cells whole at any width, with decimal points below each other."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from ravine.cli import _terminal

NUMBER = re.compile(r"[-+]?\d+(\.\d*)?(e[-+]?\d+)?")
GAP = 2  # blanks between columns
NARROWEST = 12  # characters of a column whose words wrap


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: its words; a line break makes them two lines.
        number: whether its cells are numbers, whose decimal points stand below each other.
        wraps: whether a cell may take several lines, broken between words.
    """

    heading: str
    number: bool = False
    wraps: bool = False

    def widest(self, cells: Sequence[str]) -> int:
        """Return the characters that the heading and the widest cell take."""
        return max(map(cell_len, [*self.heading.split("\n"), *cells]))

    def narrowest(self, cells: Sequence[str]) -> int:
        """Return the characters below which a word would be cut."""
        if not self.wraps:
            return self.widest(cells)
        words = [word for text in (self.heading, *cells) for word in text.split()]
        return min(self.widest(cells), max([NARROWEST, *map(cell_len, words)]))

    def moved(self, cell: str, width: int) -> str:
        """Return a cell with blanks before it, if it is a number's."""
        return " " * (width - cell_len(cell)) + cell if self.number else cell


def show_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; where the terminal is too narrow for it, the rows one below the other.

    No cell is cut. A column whose cells are all empty is left out.
    """
    kept = [k for k in range(len(columns)) if any(row[k] for row in rows)]
    columns = [columns[k] for k in kept]
    rows = [[row[k] for k in kept] for row in rows]
    below = [list(cells) for cells in zip(*rows, strict=True)]
    below = [
        aligned(cells) if column.number else cells
        for column, cells in zip(columns, below, strict=True)
    ]
    widths = fitting(columns, below, _terminal.console.width)
    if widths is None:
        _show_below_each_other(columns, rows)
        return
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False)
    lines = max(column.heading.count("\n") for column in columns)
    for column, width in zip(columns, widths, strict=True):
        heading = "\n" * (lines - column.heading.count("\n")) + column.heading
        # numbers are moved here: rich would take the blanks after them away
        heading = "\n".join(column.moved(line, width) for line in heading.split("\n"))
        table.add_column(Text(heading), width=width, no_wrap=not column.wraps)
    for cells in zip(*below, strict=True):
        moved = [c.moved(cell, w) for c, cell, w in zip(columns, cells, widths, strict=True)]
        table.add_row(*map(Text, moved))
    _terminal.console.print(table)


def aligned(cells: Sequence[str]) -> list[str]:
    """Return numbers as texts of one length with the decimal points at one place.

    What is no number, such as "not run", stays as it is.
    """
    found = {cell: cell.partition(".") for cell in cells if NUMBER.fullmatch(cell)}
    before = max((len(whole) for whole, _, _ in found.values()), default=0)
    after = max((len(point + rest) for _, point, rest in found.values()), default=0)
    texts = {
        cell: whole.rjust(before) + (point + rest).ljust(after)
        for cell, (whole, point, rest) in found.items()
    }
    return [texts.get(cell, cell) for cell in cells]


def fitting(
    columns: Sequence[Column], below: Sequence[Sequence[str]], available: int
) -> list[int] | None:
    """Return the width of each column, or None where even the narrowest ones do not fit.

    Args:
        columns: of the table.
        below: the cells of each column.
        available: characters of a line.
    """
    widest = [column.widest(cells) for column, cells in zip(columns, below, strict=True)]
    widths = [column.narrowest(cells) for column, cells in zip(columns, below, strict=True)]
    spare = available - sum(widths) - GAP * (len(widths) - 1)
    if spare < 0:
        return None
    while spare and widths != widest:
        lack = [most - width for most, width in zip(widest, widths, strict=True)]
        widths[lack.index(max(lack))] += 1
        spare -= 1
    return widths


def _show_below_each_other(columns, rows):
    """Print each row as a block: its first cell, and below it the others with their headings."""
    for row in rows:
        for column, cell in zip(columns, row, strict=True):
            heading = " ".join(column.heading.split())
            if cell:
                text = f"{heading}: {cell}" if heading else cell
                _terminal.show(text, indent=0 if cell is row[0] else 2)
