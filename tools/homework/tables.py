"""Reads tables as spreadsheets save them, and writes such as spreadsheets read."""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tools.homework.texts import harmless

FORMULA = tuple("=+-@")  # what a spreadsheet takes for a formula at the start of a cell
UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Table:
    """A table that somebody else wrote.

    Attributes:
        columns: the names in its first line.
        rows: a dictionary for each line below, with a text for each column.
        lines: in which line of the file each row stands.
        sure: whether its encoding is certain; Excel's old one is taken for Latin-1.
    """

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    lines: tuple[int, ...]
    sure: bool


def read_table(path: Path, known: Collection[str]) -> Table:
    """Reads a CSV in UTF-8, UTF-16 or Latin-1, with commas, semicolons or tabs.

    Args:
        path: the file.
        known: names of columns in small letters, by which the separator is recognised.

    Raises:
        ValueError: if it is no such table; the message says what to do.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}).") from error
    if content.startswith(b"PK\x03\x04"):
        raise ValueError(f"{path} is an Excel workbook: save it as CSV UTF-8 and name that.")
    text, sure = _decoded(content)
    if "\0" in text:
        raise ValueError(f"{path} is no text: save the table as CSV UTF-8.")
    lines = text.splitlines()
    skipped = 0
    if lines and lines[0].lower().startswith("sep="):  # Excel's own hint
        skipped, text = 1, "\n".join(lines[1:])
    first = next(iter(text.splitlines()), "")
    separator = max(",;\t", key=lambda mark: len(_known(first.split(mark), known)))
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    try:
        columns = tuple(name.strip() for name in next(reader, []))
        rows, numbers = [], []
        for values in reader:
            if any(value.strip() for value in values):
                padded = values + [""] * (len(columns) - len(values))
                rows.append(dict(zip(columns, padded, strict=False)))
                numbers.append(reader.line_num + skipped)
    except csv.Error as error:
        raise ValueError(f"{path} is no table ({error}): save it as CSV UTF-8.") from error
    return Table(columns, tuple(rows), tuple(numbers), sure)


def _decoded(content):
    if content.startswith(UTF16):
        return content.decode("utf-16", "replace"), True
    try:
        return content.decode("utf-8-sig"), True
    except UnicodeDecodeError:
        return content.decode("latin-1"), False


def _known(fields, known):
    return {field.strip(' "').casefold() for field in fields} & set(known)


def table_text(
    rows: Sequence[Mapping[str, object]], columns: Sequence[str], spreadsheet: bool = True
) -> bytes:
    """Writes a table as CSV that a spreadsheet reads as text and numbers, never as formulas.

    Args:
        rows: the rows.
        columns: the names of the columns.
        spreadsheet: whether to begin with the mark by which Excel knows UTF-8: no LMS needs it.
    """
    table = pd.DataFrame(rows, columns=list(columns)).map(_harmless)
    text = table.to_csv(index=False, lineterminator="\n", float_format="%g")
    return (b"\xef\xbb\xbf" if spreadsheet else b"") + text.encode()


def _harmless(value):
    if isinstance(value, str):
        value = harmless(value, keep="\n")
        if value[:1] in FORMULA and value[1:]:
            return f"'{value}"
    return value


def plain(text: str) -> str:
    """Returns what a cell said before it was made harmless to a spreadsheet."""
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA else text


def number(points: float | None) -> str:
    """Writes points as short as they are: 2, 1.5, or nothing when nobody has given any."""
    return "" if points is None else f"{points:g}"
