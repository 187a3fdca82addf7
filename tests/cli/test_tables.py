"""Tables: aligned decimals, whole cells, room between columns."""

import pytest

from ravine.cli import _terminal
from ravine.cli._tables import GAP, Column, aligned, fitting, show_table

COLUMNS = [Column("name", wraps=True), Column("loss\n(nats)", number=True), Column("left")]
ROWS = [("a long name of words", "0.5", "yes"), ("b", "12.25", ""), ("c", "not run", "no")]


def printed(capsys, width, columns=COLUMNS, rows=ROWS):
    before = _terminal.console.width
    _terminal.console.width = width
    try:
        show_table(columns, rows)
    finally:
        _terminal.console.width = before
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_decimal_points_stand_below_each_other():
    assert aligned(["0.5", "12.25", "3", "1e-05"]) == [
        *("    0.5 ", "   12.25", "    3   ", "1e-05   ")
    ]
    assert aligned(["-0.5", "not run", ""]) == ["-0.5", "not run", ""]
    assert aligned([]) == []


def test_a_table_has_room_between_its_columns(capsys):
    assert printed(capsys, 80) == [
        "                         loss",
        "name                   (nats)  left",
        "a long name of words     0.5   yes",
        "b                       12.25",
        "c                     not run  no",
    ]


def test_a_column_of_words_gives_way(capsys):
    assert printed(capsys, 27)[2:4] == ["a long name      0.5   yes", "of words"]


def test_rows_stand_below_each_other_where_the_terminal_is_too_narrow(capsys):
    assert printed(capsys, 24) == [
        *("name: a long name of", "words", "  loss (nats): 0.5", "  left: yes"),
        *("name: b", "  loss (nats): 12.25", "name: c", "  loss (nats): not run", "  left: no"),
    ]


def test_an_empty_column_is_left_out(capsys):
    rows = [(name, loss, "") for name, loss, _ in ROWS]
    assert not any("left" in line for line in printed(capsys, 80, rows=rows))


@pytest.mark.parametrize("width", range(25, 60))
def test_no_width_is_exceeded_and_none_is_wasted(width):
    cells = [list(each) for each in zip(*ROWS, strict=True)]
    widths = fitting(COLUMNS, cells, width)
    if widths is None:
        assert width < 12 + 7 + 4 + 2 * GAP
        return
    assert sum(widths) + 2 * GAP == min(width, 20 + 7 + 4 + 2 * GAP)
    assert widths[1:] == [7, 4]
