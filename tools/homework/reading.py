"""Reads a file that was handed in: a notebook as far as it can be read, or the reason why not."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tools.homework.edition import NAMED, carried
from tools.homework.master import Master
from tools.homework.release import SETUP

MOST_VALUES = 1_000_000  # in one notebook, before it is read: each takes about 100 bytes of memory
MOST_CELLS = 2000
MOST_TEXT = 2 * 2**20  # characters of all cells
LARGEST_FIGURES = 8 * 2**20  # characters of all figures of a notebook as base64
LEFT_OUT = ("", "")  # stands for a figure beyond that
FIGURES = ("image/png", "image/jpeg", "image/svg+xml")
# What a file begins with that is no notebook, and what to say of it.
KINDS = (
    (b"%PDF", "it is a PDF and no notebook"),
    (b"Rar!", "it is a RAR archive: ask for the notebook itself, or a zip"),
    (b"\x1f\x8b", "it is a tar.gz archive: ask for the notebook itself, or a zip"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive: ask for the notebook itself, or a zip"),
    (b"\x89PNG", "it is a picture and no notebook"),
    (b"\xff\xd8\xff", "it is a picture and no notebook"),
    (b"PK\x03\x04", "it is a zip or an office document whose name does not say so"),
)
ENDINGS = {
    ".py": "it is a Python program and no notebook",
    ".html": "it is a web page and no notebook",
    ".htm": "it is a web page and no notebook",
    ".csv": "it is a table and no notebook",
    ".docx": "it is an office document and no notebook",
}
LINKED = re.compile(r"\]\([^)\s]*\)")  # where a link leads
COLAB = re.compile(rb"colab\.(?:research\.)?google\.com|drive\.google\.com")


@dataclass(frozen=True)
class CellText:
    """A cell of a submission: nbgrader's `grade_id` or None, its text, the figures it shows.

    A figure is its type, such as "image/png", and its content as base64.
    """

    name: str | None
    code: bool
    source: str
    figures: tuple[tuple[str, str], ...]


def read_cells(content: bytes) -> tuple[dict[str, Any], tuple[CellText, ...]]:
    """Reads a notebook as far as it can be read: what is odd is left out.

    Returns:
        The notebook's metadata, and its cells.

    Raises:
        ValueError: if it is no notebook at all; the message says why.
    """
    values = sum(content.count(mark) for mark in (b",", b"[", b"{"))
    if values > MOST_VALUES:
        raise ValueError(f"it holds {values} values, at most {MOST_VALUES} are read")
    try:
        notebook = json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except (ValueError, MemoryError) as error:
        raise ValueError(f"it is no notebook ({str(error)[:100]})") from error
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it is no notebook (it has no list of cells)")
    if len(cells) > MOST_CELLS:
        raise ValueError(f"it has {len(cells)} cells, at most {MOST_CELLS} are read")
    metadata = notebook.get("metadata")
    read = [_read_cell(cell) for cell in cells if isinstance(cell, dict)]
    if sum(len(cell.source) for cell in read) > MOST_TEXT:
        raise ValueError(f"its cells hold more than {MOST_TEXT} characters of text")
    return metadata if isinstance(metadata, dict) else {}, tuple(_without_the_largest(read))


def _without_the_largest(cells):
    """Yields the cells, with as many of their figures as one notebook may have."""
    left = LARGEST_FIGURES
    for cell in cells:
        figures = []
        for figure in cell.figures:
            left -= len(figure[1])
            figures.append(figure if left >= 0 else LEFT_OUT)
        yield replace(cell, figures=tuple(figures))


def refusal(name: str, content: bytes) -> str:
    """Says what a file is that cannot be a notebook; "" for one that may be.

    A notebook is known by its content: browsers and mail programs rename it to .txt or .json.
    """
    if not content.strip():
        return "it is empty"
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return ""
    for begin, text in KINDS:
        if content.startswith(begin):
            return text
    if COLAB.search(content[:10_000]):
        return "it is a link to Colab and no notebook: ask for the file (File, Download, .ipynb)"
    lower = name.lower()
    ending = next((text for end, text in ENDINGS.items() if lower.endswith(end)), "")
    return ending or ("" if lower.endswith(".ipynb") else "it is no notebook")


def _read_cell(cell):
    source = _joined(cell.get("source"))
    outputs = cell.get("outputs")
    shown = [_inside(output, "data") for output in outputs] if isinstance(outputs, list) else []
    attached = _inside(cell, "attachments").values()  # pictures pasted into a text
    name = _inside(cell, "metadata", "nbgrader").get("grade_id")
    return CellText(
        name=name if isinstance(name, str) else None,
        code=cell.get("cell_type") == "code",
        source=source,
        figures=tuple(
            figure
            for data in (*shown, *attached)
            for figure in [_figure(data)]
            if isinstance(data, dict) and figure
        ),
    )


def _figure(data):
    """Returns the one figure of an output that is best to look at, or None."""
    if not isinstance(data, dict):
        return None
    for kind in FIGURES:
        text = _joined(data.get(kind))
        if text and kind == "image/svg+xml":
            text = base64.b64encode(text.encode("utf-8", "replace")).decode()
        text = "".join(text.split())
        if text and _is_figure(kind, text):
            return kind, text
    return None


def _is_figure(kind, text):
    """Says whether a text is the base64 of what it claims to be."""
    if not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", text):
        return False
    try:
        begin = base64.b64decode(text[:400] + "==")
    except ValueError:
        return False
    if kind == "image/svg+xml":
        return b"<svg" in begin
    return begin.startswith(b"\x89PNG\r\n\x1a\n" if kind == "image/png" else b"\xff\xd8\xff")


def _joined(value):
    """Returns a text that the format stores whole or as a list of lines; "" for anything else."""
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _inside(value, *names):
    """Follows names into dictionaries; what is none on the way gives an empty one."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def squeezed(source: str) -> str:
    """Returns a text without its white space, to compare cells by."""
    return "".join(source.split())


def recognise(
    file_name: str,
    metadata: Mapping[str, Any],
    cells: Sequence[CellText],
    masters: Iterable[Master],
) -> str | None:
    """Says which assignment a notebook is: by its mark, by its cells, by its name.

    Colab keeps the mark; a notebook that was copied cell by cell has lost it.
    """
    masters = list(masters)
    mark = _inside(metadata, "ravine").get("homework")
    if any(mark == master.name for master in masters):
        return mark
    names = {cell.name for cell in cells if cell.name}
    texts = {squeezed(cell.source) for cell in cells}

    def likeness(master):
        own = {c.name for c in master.cells if c.role in ("answer", "test", "manual")}
        tests = {squeezed(c.released) for c in master.cells if c.role in ("test", "given")}
        return len(own & names) / len(own) + len(tests & texts) / len(tests)

    best = max(masters, key=likeness)
    if likeness(best) > 0.2:
        return best.name
    return named(file_name, [master.name for master in masters])


def named(path: str, assignments: Iterable[str]) -> str | None:
    """Finds the assignment whose name stands in a path."""
    plain = re.sub(r"[ _]+", "-", path.lower())
    return max((name for name in assignments if name in plain), key=len, default=None)


def edition_of(metadata: object, cells: Sequence[CellText]) -> str:
    """Reads which edition a notebook is of; "" for the public one."""
    mark = _inside(metadata, "ravine").get("edition")
    return carried(mark, (cell.source for cell in cells if not cell.code))


def handed_out(master: Master) -> Callable[[CellText], bool]:
    """Returns what says of a cell whether it is as students got it, or empty.

    A release puts addresses and the edition into the texts, and a fork its own address into the
    first cell: they do not count.
    """
    texts = {_bare(cell.released, cell.code) for cell in master.cells} | {""}
    return lambda cell: cell.name == SETUP or _bare(cell.source, cell.code) in texts


def _bare(source, code):
    return squeezed(source if code else NAMED.sub("", LINKED.sub("]", source)))


def untouched(cells: Sequence[CellText], master: Master) -> bool:
    """Says whether a notebook holds nothing that was not handed out."""
    return all(map(handed_out(master), cells))
