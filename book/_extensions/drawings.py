"""A figure has other drawings: a narrow one for phones, one of twice the pixels for dense screens.

They lie in `book/_figures`, named after the figure (`tools/book/drawings.py` makes them). A browser
chooses and loads one of the three; the words that stand for the figure are said once.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

FOLDER = "book/_figures"
ABOUT = 0x010E  # the description in the metadata of an image
# For the sentences that say where a panel is: how the panels of the wide figure follow here.
BY_ROW = "Here the panels stand below each other: left comes before right."
BY_COLUMN = "Here the panels follow column by column: what is below comes before what is right."
# The kind of the drawing, the screens that it is for, and its pixels for one of the page. A paper
# is wide: it gets the figure itself.
OFFERS = (
    ("phone", "screen and (max-width: 700px)", "1.3333x"),
    ("dense", "screen and (min-resolution: 1.5dppx)", "2x"),
)


def note(drawing: Path) -> str:
    """Returns the sentence on a drawing whose panels stand beside each other elsewhere, or ""."""
    with Image.open(drawing) as image:
        about = json.loads(image.getexif()[ABOUT])
    if not about["stacked"]:
        return ""
    return f'<p class="stacked">{BY_COLUMN if about.get("by_column") else BY_ROW}</p>'


def drawings(app: Sphinx, doctree: nodes.document) -> Iterator[tuple[nodes.image, dict[str, str]]]:
    """Yields each figure of a page that has other drawings, and their names by their kinds."""
    for figure in list(doctree.findall(nodes.image)):
        path = Path(app.srcdir, figure["uri"])
        if path.suffix == ".png" and path.is_file():
            checksum = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            names = {kind: f"{checksum}-{kind}.webp" for kind, *_ in OFFERS}
            if all(Path(app.srcdir, FOLDER, name).is_file() for name in names.values()):
                yield figure, names


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Makes the drawings pictures that the page shows."""
    for _, names in drawings(app, doctree):
        for name in names.values():
            app.env.images.add_file(app.env.docname, f"{FOLDER}/{name}")


def offer(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Puts the drawings of each figure beside it."""
    if app.builder.format != "html":
        return
    folder = relative_uri(app.builder.get_target_uri(docname), app.builder.imagedir)
    for figure, names in drawings(app, doctree):
        sources = ""
        for kind, media, density in OFFERS:
            app.builder.images[f"{FOLDER}/{names[kind]}"] = names[kind]
            sources += f'<source media="{media}" srcset="{folder}/{names[kind]} {density}">'
        words = note(Path(app.srcdir, FOLDER, names["phone"]))
        before, after = f"<picture>{sources}", f"</picture>{words}"
        place = figure.parent.index(figure)
        figure.parent.insert(place, nodes.raw("", before, format="html"))
        figure.parent.insert(place + 2, nodes.raw("", after, format="html"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers with Sphinx."""
    app.connect("doctree-read", collect)
    app.connect("doctree-resolved", offer)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
