"""The marked paths through the book: what each stop takes, what a path takes, and what comes next.

The page `book/paths.md` lists the stops of each path; nothing else says which pages are on it. On
the site its headings and stops get the times that the pages themselves say. Each page says below
its own time on which paths it lies, and which page comes next there.
"""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from docutils.nodes import make_id
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder

PAGE = "book/paths"
TITLE = re.compile(r"^(?P<level>##+) (?P<title>.+)$")
STOP = re.compile(r"^\d+\. \[(?P<title>[^\]]+)\]\((?P<page>[^)#]+)\.(?:ipynb|md)\)")
TIMES = re.compile(r'<p class="times">(?P<number>\d+) minutes? to read[^<]*</p>')
# What this has put in before, in a page that Sphinx has not written again.
MARKS = re.compile(
    r'\n?<p class="(?:path|total)">.*?</p>| <span class="minutes">[^<]*</span>', re.DOTALL
)


@dataclass(frozen=True)
class Stop:
    """A page on a path: its title there, and its name, such as `book/adam/adam`."""

    title: str
    page: str


@dataclass(frozen=True)
class Section:
    """A path, or a part of one, whose stops are among those of the path."""

    title: str
    is_path: bool
    stops: tuple[Stop, ...]

    @property
    def name(self) -> str:
        """The title without what stands behind its colon."""
        return self.title.split(":")[0]

    @property
    def anchor(self) -> str:
        """What leads to it on its page."""
        return make_id(self.title)


def sections(text: str, folder: str = str(PurePosixPath(PAGE).parent)) -> list[Section]:
    """Returns the paths that a page lists and their parts, in its order; others have no stops.

    Args:
        text: of the page, in Markdown; a path is a section of it, a part a section below.
        folder: where the page stands, from which its links start.
    """
    found: list[tuple[str, int, list[Stop]]] = []
    for line in text.splitlines():
        if title := TITLE.match(line):
            found.append((title["title"], len(title["level"]), []))
        elif found and (stop := STOP.match(line)):
            here = Stop(stop["title"], f"{folder}/{stop['page']}")
            path = max(k for k, (_, level, _) in enumerate(found) if level == 2)
            for _, _, stops in found[path:] if found[-1][1] == 2 else (found[path], found[-1]):
                stops.append(here)
    return [Section(title, level == 2, tuple(stops)) for title, level, stops in found if stops]


def duration(minutes: int) -> str:
    """Returns a number of minutes in words, in hours where there are some."""
    hours, rest = divmod(minutes, 60)
    words = ["1 hour" if hours == 1 else f"{hours} hours"] if hours else []
    words += ["1 minute" if rest == 1 else f"{rest} minutes"] if rest or not hours else []
    return " ".join(words)


def total(section: Section, minutes: Mapping[str, int]) -> int:
    """Returns the minutes that all stops of a path take to read.

    Raises:
        KeyError: if a page says no time, with its name.
    """
    return sum(minutes[stop.page] for stop in section.stops)


def with_times(page: str, found: Iterable[Section], minutes: Mapping[str, int]) -> str:
    """Returns the page of the paths with the minutes of each stop and their sums."""
    page = MARKS.sub("", page)
    folder = PurePosixPath(PAGE).parent

    def timed(link):
        name = str(folder / link["page"])
        return f'{link[0]} <span class="minutes">({duration(minutes[name])})</span>'

    page = re.sub(r'<li><p><a [^>]*href="(?P<page>[^"#]+)\.html">.*?</a>', timed, page)
    for section in found:
        heading = (
            rf'(<section [^>]*id="{section.anchor}">\s*(?:<span[^>]*></span>\s*)*<h\d>.*?</h\d>)'
        )
        said = f'<p class="total">{duration(total(section, minutes))} to read</p>'
        page, count = re.subn(heading, rf"\1\n{said}", page, count=1, flags=re.DOTALL)
        if not count:
            raise ValueError(f"{PAGE}.html has no section {section.anchor}.")
    return page


def with_marks(page: str, name: str, found: Iterable[Section]) -> str:
    """Returns a page that says on which paths it lies, and what comes next there."""
    page = MARKS.sub("", page)
    up = "../" * (len(PurePosixPath(name).parts) - 1)
    lines = []
    for path in found:
        names = [stop.page for stop in path.stops]
        if not path.is_path or name not in names:
            continue
        at = names.index(name)
        link = f'<a href="{up}{PAGE}.html#{path.anchor}">{html.escape(path.name)}</a>'
        line = f"{link}: stop {at + 1} of {len(names)}"
        if at + 1 < len(names):
            following = path.stops[at + 1]
            line += f', next <a href="{up}{following.page}.html">{html.escape(following.title)}</a>'
        lines.append(f"<span>{line}</span>")
    marks = f'\n<p class="path">{" ".join(lines)}</p>' if lines else ""
    return TIMES.sub(lambda times: times[0] + marks, page, count=1)


def mark(source: Path, folder: Path) -> None:
    """Marks the paths on the pages of a site.

    Args:
        source: of the book, with the page that lists the paths.
        folder: with the finished pages, which say how long they take.
    """
    listed = source / f"{PAGE}.md"
    if not listed.exists():
        return
    found = sections(listed.read_text(encoding="utf-8"))
    texts = texts_of(folder)
    minutes = minutes_of(texts)
    for name, text in texts.items():
        if name == PAGE:
            marked = with_times(text, found, minutes)
        else:
            marked = with_marks(text, name, found)
        if marked != text:
            (folder / f"{name}.html").write_text(marked, encoding="utf-8")


def texts_of(folder: Path) -> dict[str, str]:
    """Returns the finished pages of a site by their names, such as `book/adam/adam`."""
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.glob("book/**/*.html"))
    }


def minutes_of(texts: Mapping[str, str]) -> dict[str, int]:
    """Returns how long each page says that it takes to read, by its name, for those that say it."""
    times = {name: TIMES.search(text) for name, text in texts.items()}
    return {name: int(said["number"]) for name, said in times.items() if said}


def mark_pages(app: Sphinx, error: Exception | None) -> None:
    """Marks the paths on the pages of a build of the site."""
    if error or not isinstance(app.builder, StandaloneHTMLBuilder) or app.builder.name != "html":
        return
    mark(Path(app.srcdir), Path(app.outdir))


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers with Sphinx, for the time when the pages say how long they take."""
    app.connect("build-finished", mark_pages, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
