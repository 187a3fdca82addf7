"""The paths lead over the book's pages in order, and their times are sums of the pages' own."""

import re

import pytest

from book._extensions import paths
from tests.book import guards
from tools.book.notebooks import ROOT

TEXT = (ROOT / "book/paths.md").read_text(encoding="utf-8")
FOUND = paths.sections(TEXT)
LECTURE = 90  # minutes

SMALL = """# Paths

1. [No stop](none.ipynb)

## An evening

1. [One](a/one.ipynb): a page
2. [Two & three](a/two.md)

Words, and a [link](a/one.ipynb).

## A week

### Day 1

1. [Two](a/two.ipynb)

### Day 2

1. [One](a/one.ipynb)
"""
HTML = """<section id="an-evening"><h2>An evening<a>#</a></h2>
<ol><li><p><a class="reference internal" href="a/one.html"><span>One</span></a>: a page</p></li>
<li><p><a class="reference internal" href="a/two.html">Two</a></p></li></ol></section>
<section id="a-week"><h2>A week</h2><section id="day-1"><h3>Day 1</h3></section>
<section id="day-2"><h3>Day 2</h3></section></section>"""
MINUTES = {"book/a/one": 40, "book/a/two": 25}
TIMED = (
    '<h1>One</h1>\n<p class="times">40 minutes to read, less than a minute to run</p>\n<p>A.</p>'
)


def test_the_book_has_three_paths_over_its_pages_in_their_order():
    listed = guards.contents(ROOT)
    names = [path.name for path in FOUND if path.is_path]
    assert names == ["An evening", "A week", "Two lectures"]
    for section in FOUND:
        places = [
            listed.index(stop.page) for stop in section.stops if "playground" not in stop.page
        ]
        assert places == sorted(set(places)), f"{section.title} goes back"


def test_the_minutes_of_a_lecture_sum_up():
    syllabus = (ROOT / "book/homework/syllabus.md").read_text(encoding="utf-8")
    assert f"A session here is {LECTURE} minutes" in syllabus
    lectures = re.split(r"^### Lecture ", syllabus, flags=re.MULTILINE)[1:]
    assert len(lectures) == 2
    for lecture in lectures:
        minutes = [int(number) for number in re.findall(r"^\| (\d+) \|", lecture, re.MULTILINE)]
        assert sum(minutes) == LECTURE, f"lecture {lecture.splitlines()[0]} takes {sum(minutes)}"


def test_stops_are_read_with_the_part_that_they_stand_in():
    read = [(s.anchor, s.is_path, [stop.page for stop in s.stops]) for s in paths.sections(SMALL)]
    one, two = "book/a/one", "book/a/two"
    assert read == [
        ("an-evening", True, [one, two]),
        ("a-week", True, [two, one]),
        ("day-1", False, [two]),
        ("day-2", False, [one]),
    ]


def test_times_are_those_of_the_pages_and_their_sums():
    page = paths.with_times(HTML, paths.sections(SMALL), MINUTES)
    assert page.count('<p class="total">1 hour 5 minutes to read</p>') == 2
    assert re.search(r"Day 1</h3>\n<p class=\"total\">25 minutes to read", page)
    assert '</a> <span class="minutes">(40 minutes)</span>: a page' in page
    assert paths.with_times(page, paths.sections(SMALL), MINUTES) == page, (
        "a second time is no more"
    )
    longer = paths.with_times(page, paths.sections(SMALL), MINUTES | {"book/a/one": 41})
    assert "1 hour 6 minutes" in longer and "1 hour 5" not in longer


def test_a_page_says_on_which_paths_it_lies_and_what_comes_next():
    page = paths.with_marks(TIMED, "book/a/one", paths.sections(SMALL))
    (marks,) = re.findall(r'<p class="path">(.*?)</p>', page)
    evening, week = re.findall(r"<span>(.*?)</span>", marks)
    assert evening == (
        '<a href="../../book/paths.html#an-evening">An evening</a>: stop 1 of 2, '
        'next <a href="../../book/a/two.html">Two &amp; three</a>'
    )
    assert week == '<a href="../../book/paths.html#a-week">A week</a>: stop 2 of 2'
    assert paths.with_marks(page, "book/a/one", paths.sections(SMALL)) == page
    assert paths.with_marks(page, "book/a/one", []) == TIMED
    assert paths.with_marks(TIMED, "book/b", paths.sections(SMALL)) == TIMED


def test_a_stop_without_a_time_and_a_path_without_its_section_are_found():
    with pytest.raises(KeyError, match="book/a/two"):
        paths.with_times(HTML, paths.sections(SMALL), {"book/a/one": 40})
    with pytest.raises(ValueError, match="no section a-week"):
        paths.with_times(HTML.replace("a-week", "week"), paths.sections(SMALL), MINUTES)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(1, "1 minute"), (60, "1 hour"), (61, "1 hour 1 minute"), (150, "2 hours 30 minutes")],
)
def test_a_duration_is_said_in_hours_and_minutes(minutes, words):
    assert paths.duration(minutes) == words
