"""The last touch to the pages: the times on top, once; and where the measured times come from."""

import json

import pytest

from book._extensions.finish import finished, running_times
from tools.bench.commands import REPORT, TARGETS, notebook_seconds, project
from tools.bench.results import write
from tools.book.notebooks import ROOT

ADDRESS = "https://example.org/"
PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8" /><title>Adam</title></head><body>
<article><section><h1>Adam</h1><p>Two memories.</p><pre>many words of code</pre></section></article>
</body></html>"""
CELL = '<testcase classname="book.{}.ipynb" name="Cell {}" time="{}" />'
CELLS = [("adam.adam", 0, 10.4), ("motivation.related-work", 0, 59.0), ("adam.adam", 1, 79.0)]
REPORTED = (
    f"<testsuites><testsuite>{''.join(CELL.format(*c) for c in CELLS)}</testsuite></testsuites>"
)
CHAPTERS = ["book/adam/adam.ipynb", "book/motivation/related-work.ipynb"]


def test_the_seconds_of_a_notebook_are_those_of_all_its_cells():
    rows = notebook_seconds(REPORTED, CHAPTERS, cores=1).to_dict("records")
    assert rows == [
        {"notebook": "book/adam/adam.ipynb", "seconds": 89, "cores": 1},
        {"notebook": "book/motivation/related-work.ipynb", "seconds": 59, "cores": 1},
    ]


def test_a_notebook_that_was_not_executed_is_found():
    with pytest.raises(KeyError, match="conventions"):
        notebook_seconds(REPORTED, [*CHAPTERS, "book/adam/conventions.ipynb"], cores=1)


def test_only_executing_the_notebooks_writes_the_report(monkeypatch):
    started = []
    monkeypatch.setattr("subprocess.run", lambda words, env, **_: started.append((words, env)))
    for run in project().values():
        run()
    assert [words for words, _ in started] == [("make", name) for name in TARGETS]
    reporting = [words[1] for words, env in started if str(REPORT) in env.get("PYTEST_ADDOPTS", "")]
    assert reporting == ["notebooks"]


@pytest.fixture
def measured(tmp_path):
    """Stores what was measured on a device."""

    def store(device, cores):
        write(tmp_path / "notebooks.csv", notebook_seconds(REPORTED, CHAPTERS, cores))
        origin = {"project": {"environment": {"tensorflow": {"device": device}}}}
        (tmp_path / "provenance.json").write_text(json.dumps(origin))
        return tmp_path

    return store


def test_running_times_are_said_in_words_with_the_machine(measured):
    assert running_times(measured("CPU, x86_64, 2 cores", cores=1)) == {
        "book/adam/adam.html": "1 minute to run on one CPU core",
        "book/motivation/related-work.html": "less than a minute to run on one CPU core",
    }
    several = running_times(measured("CPU, x86_64, 8 cores", cores=4))
    assert several["book/adam/adam.html"] == "1 minute to run on 4 CPU cores"
    assert running_times(measured("H200", cores=8))["book/adam/adam.html"] == "1 minute to run"


def test_without_measured_times_there_is_nothing_to_say(tmp_path):
    assert running_times(tmp_path) == {}


@pytest.mark.parametrize(
    "running, line",
    [
        (None, "1 minute to read"),
        ("2 minutes to run", "1 minute to read, 2 minutes to run"),
    ],
)
def test_the_times_stand_below_the_heading(running, line):
    page = finished(PAGE, ADDRESS, timed=True, running=running)
    assert f'</h1>\n<p class="times">{line}</p><p>Two' in page
    assert 'class="times"' not in finished(PAGE, ADDRESS, timed=False)


def test_reading_takes_longer_with_more_words_and_code_is_not_read():
    longer = PAGE.replace("Two memories.", "word " * 900)
    assert "5 minutes to read" in finished(longer, ADDRESS, timed=True)
    code = PAGE.replace("many words of code", "word " * 900)
    assert "1 minute to read" in finished(code, ADDRESS, timed=True)


def test_a_page_that_an_earlier_build_has_finished_stays_as_it_is():
    once = finished(PAGE, ADDRESS, timed=True)
    assert once.count("Content-Security-Policy") == 1
    assert finished(once, ADDRESS, timed=True) == once


def test_measured_times_are_those_of_notebooks_that_exist():
    for page in running_times(ROOT / "data/results/bench"):
        assert (ROOT / page).with_suffix(".ipynb").is_file()
