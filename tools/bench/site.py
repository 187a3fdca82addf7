"""What the pages of the built site weigh: the bytes that a first visit of each page loads."""

from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pandas as pd


class _References(HTMLParser):
    """Collects what a page loads: a set of addresses of each kind."""

    def __init__(self):
        super().__init__()
        self.found = defaultdict(set)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "script":
            self._add("scripts", values.get("src"))
        elif tag == "img":
            self._add("images", values.get("src"))
        elif tag == "link" and values.get("rel") == "stylesheet":
            self._add("styles", values.get("href"))

    def _add(self, kind, address):
        parts = urlsplit(address or "")
        if parts.path and not parts.scheme and not parts.netloc:  # of the site itself
            self.found[kind].add(unquote(parts.path))


def weigh(directory: Path) -> pd.DataFrame:
    """Return a row per page, the heaviest first: its bytes and those of what it loads.

    Args:
        directory: of the built site.

    Raises:
        FileNotFoundError: if a page refers to a file of the site that is missing.
    """
    pages = {page.relative_to(directory): page for page in sorted(directory.rglob("*.html"))}
    rows = [
        {"page": name.as_posix(), **_weights(page)}
        for name, page in pages.items()
        if not name.parts[0].startswith("_")  # a theme's template among what pages load
    ]
    frame = pd.DataFrame(rows, columns=["page", "html", "scripts", "styles", "images"])
    frame["total"] = frame[["html", "scripts", "styles", "images"]].sum(axis=1)
    return frame.sort_values("total", ascending=False, ignore_index=True)


def _weights(page):
    references = _References()
    references.feed(page.read_text(encoding="utf-8"))
    weights = {"html": page.stat().st_size}
    for kind in ("scripts", "styles", "images"):
        files = {(page.parent / path).resolve() for path in references.found[kind]}
        weights[kind] = sum(file.stat().st_size for file in files)
    return weights
