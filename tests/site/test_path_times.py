"""The first page says how long each path takes, and the site's pages sum up to it."""

import re

import pytest

from book._extensions import paths
from tools.book.notebooks import ROOT

INDEX = (ROOT / "index.md").read_text(encoding="utf-8")
FOUND = paths.sections((ROOT / "book/paths.md").read_text(encoding="utf-8"))
HALF = 30  # minutes: the first page speaks of half hours


def in_hours(minutes: int) -> str:
    """Half hours in words, as "4½ hours"."""
    halves = round(minutes / HALF)
    return f"{halves // 2 or ''}{'½' * (halves % 2)} hour{'s' * (halves > 2)}"


@pytest.fixture(scope="module")
def minutes(pages):
    return paths.minutes_of(paths.texts_of(pages))


@pytest.mark.parametrize("path", [p for p in FOUND if p.is_path][:2], ids=lambda path: path.anchor)
def test_the_first_page_says_how_long_a_path_takes(path, minutes):
    line = next(line for line in INDEX.splitlines() if line.startswith(f"- [{path.name}]"))
    (said,) = re.findall(r"[\d½]+ hours?", line)
    takes = paths.total(path, minutes)
    assert said == in_hours(takes), f"{takes} minutes: index.md should say {in_hours(takes)}"


def test_the_page_of_the_paths_shows_these_times(pages, minutes):
    page = (pages / f"{paths.PAGE}.html").read_text(encoding="utf-8")
    for section in FOUND:
        heading = (
            rf'id="{section.anchor}">\s*(?:<span[^>]*></span>)?<h\d>.*</h\d>\n<p class="total">'
        )
        (said,) = re.findall(rf"{heading}(.*) to read</p>", page)
        assert said == paths.duration(paths.total(section, minutes))
    assert page.count('<span class="minutes">') == sum(len(p.stops) for p in FOUND if p.is_path)


def test_a_page_on_a_path_leads_to_the_next_stop(pages):
    page = (pages / "book/adam/adam.html").read_text(encoding="utf-8")
    (marks,) = re.findall(r'<p class="path">.*?</p>', page)
    assert marks.count(", next ") == 3
    for target in re.findall(r'href="([^"#]+)', marks):
        assert (pages / "book/adam" / target).resolve().is_file()


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(25, "½ hour"), (62, "1 hour"), (88, "1½ hours"), (242, "4 hours"), (256, "4½ hours")],
)
def test_hours_are_said_in_halves(minutes, words):
    assert in_hours(minutes) == words
