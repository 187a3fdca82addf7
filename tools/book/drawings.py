"""Draws each figure twice more: narrow for a phone, and with twice the pixels for a dense screen.

The notebook stores the figure itself. Its other drawings lie in `book/_figures`, named after it by
the first letters of its checksum, so that none can belong to an older one; the site offers them to
the browsers that need them (`book/_extensions/drawings.py`).

While a notebook is executed, this file is an extension of its kernel: beside the figure, a cell
gives its drawings out, and `store` takes them from there.
"""

import base64
import hashlib
import io
import json
import warnings
from pathlib import Path
from typing import Any

from IPython.core.formatters import BaseFormatter
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.pylabtools import print_figure
from matplotlib.figure import Figure
from nbformat import NotebookNode
from PIL import Image
from traitlets import Unicode

from tools.book import lettering, phone
from tools.book.notebooks import read_notebook
from tools.book.shrink import shrink_png

MIME = "application/vnd.ravine.drawings+json"
KINDS = ("phone", "dense")
PHONE_DPI = 160  # twice the pixels of a screen of 360, less its margins
EDGE = 0.1  # inches around what is drawn
ABOUT = 0x010E  # the description in the metadata of an image


def draw(figure: Figure) -> dict[str, Any]:
    """Returns the drawings of a figure, with what is known about each and what is wrong with it.

    The figure is narrow afterwards: nothing draws it again.
    """
    found: dict[str, Any] = {}
    for kind, dpi in (("dense", 2 * figure.dpi), ("phone", PHONE_DPI)):
        with warnings.catch_warnings(record=True) as said:
            stacked = phone.lay_out(figure) if kind == "phone" else ""
            if kind == "phone":  # panels with an aspect of their own may leave the sides empty
                dpi *= max(1, (phone.WIDTH + 2 * EDGE) / (figure.get_tightbbox().width + 2 * EDGE))
            picture = print_figure(figure, dpi=dpi, base64=True)
            figure.canvas.draw()
        letters = lettering.smallest(figure) * dpi / 72
        about = {"letters": round(float(letters), 2), "stacked": bool(stacked)}
        if stacked == "columns":
            about["by_column"] = True
        faults = [*(str(warning.message) for warning in said), *lettering.collisions(figure)]
        found[kind] = {"png": picture, "about": about, "faults": faults}
    return found


class Drawings(BaseFormatter):
    """Gives out the drawings of figures, and nothing of anything else."""

    format_type = Unicode(MIME)

    def __call__(self, shown: Any) -> dict[str, Any] | None:
        """Returns the drawings of what a cell shows, if it is a figure."""
        return draw(shown) if isinstance(shown, Figure) else None


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Lets a kernel give drawings out."""
    assert shell.display_formatter is not None
    shell.display_formatter.formatters[MIME] = Drawings(parent=shell.display_formatter)


def folder_of(notebook: Path) -> Path:
    """Returns where the drawings of a notebook's figures are: in the book, or beside it."""
    book = next((folder for folder in notebook.parents if folder.name == "book"), notebook.parent)
    return book / "_figures"


def names_of(png: bytes) -> dict[str, str]:
    """Returns the names of the files with the other drawings of a figure, by their kinds."""
    checksum = hashlib.sha256(png).hexdigest()[:16]
    return {kind: f"{checksum}-{kind}.webp" for kind in KINDS}


def figures_of(notebook: NotebookNode) -> dict[str, bytes]:
    """Returns the figures of a notebook, by the ids of their cells."""
    return {
        cell.id: base64.b64decode(output.data["image/png"])
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    }


def store(notebook: NotebookNode, folder: Path) -> list[str]:
    """Moves the drawings from the outputs into files; returns what is wrong with those for a phone.

    Where letters lie on each other on the laptop too, they are meant to.
    """
    complaints = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            drawings = output.get("data", {}).pop(MIME, None)
            if drawings is None or "image/png" not in output.data:
                continue
            keep(drawings, base64.b64decode(output.data["image/png"]), folder)
            meant = drawings["dense"]["faults"]
            complaints += [
                f"cell {cell.id}: on a phone {fault}"
                for fault in drawings["phone"]["faults"]
                if fault not in meant
            ]
    return complaints


def keep(drawings: dict[str, Any], png: bytes, folder: Path) -> None:
    """Writes the drawings of a figure without loss, each with what is known about it."""
    folder.mkdir(exist_ok=True)
    for kind, name in names_of(png).items():
        about = Image.Exif()
        about[ABOUT] = json.dumps(drawings[kind]["about"])
        picture = shrink_png(base64.b64decode(drawings[kind]["png"]))
        with Image.open(io.BytesIO(picture)) as image:
            image.convert("RGB").save(folder / name, lossless=True, quality=80, exif=about)


def about(path: Path) -> dict[str, Any]:
    """Returns what is known about a drawing.

    Its width and the size of its smallest letters in its own pixels, whether its panels are
    stacked, and whether they then follow by column.
    """
    with Image.open(path) as image:
        return {**json.loads(image.getexif()[ABOUT]), "width": image.width}


def remove_unused(folder: Path) -> None:
    """Removes the drawings of figures that no notebook beside the folder shows any more."""
    book = folder.parent
    shown = [path.read_bytes() for path in book.glob("_static/*.png")]
    for notebook in book.rglob("*.ipynb"):
        shown += figures_of(read_notebook(notebook)).values()
    used = {name for png in shown for name in names_of(png).values()}
    for path in folder.glob("*.webp"):
        if path.name not in used:
            path.unlink()
