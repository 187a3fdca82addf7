"""The seven assignments: their tests see what is wrong, their answers do not leak, they run."""

import os
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.homework.samples import RIGHT, assignments, demo
from tests.weekly import some_of
from tools.book.notebooks import ROOT, read_notebook
from tools.homework import proof, release, vault
from tools.homework.checks import OF_THE_GRADER
from tools.homework.grading import grade
from tools.homework.master import MasterError

WIDEST = 82  # characters of a line of code that the site's page shows

MASTERS = assignments()
masters = pytest.mark.parametrize("master", MASTERS.values(), ids=MASTERS.keys())
VARIANTS = [(master, variant) for master in MASTERS.values() for variant in proof.variants(master)]
NAMES = [f"{master.name}: {variant.name}" for master, variant in VARIANTS]


@masters
def test_points_add_up(master):
    full = [task for task in master.tasks if not task.stretch]
    assert sum(task.points for task in full) == 20
    assert 3 <= sum(task.points for task in full if task.role == "manual") <= 7
    assert 2 <= sum(task.points for task in master.tasks if task.stretch) <= 4


@masters
def test_every_task_says_what_it_wants(master):
    for task in master.tasks:
        if task.role == "manual":
            assert "Rubric:" in task.rubric
            points = [int(n) for n in re.findall(r"^\W*(\d) points?:", task.rubric, re.M)]
            assert sum(points) == task.points, task.name
        else:
            assert task.hint, f"{task.name} has a hint"
            assert "expect" in task.visible, f"{task.name} has a visible check"
            assert task.name.endswith("-test")
    text = "\n".join(cell.source for cell in master.cells)
    for word in ("Rubric", "Stretch", "Warm-up", "../appendix/notation.md"):
        assert word in text


def test_the_level_rises():
    """Lines of code are a coarse measure, but they must not fall from week to week."""
    lines = [proof.code_lines(master, figures=False) for master in MASTERS.values()]
    assert lines == sorted(lines) and lines[-1] > 1.5 * lines[0]


@masters
def test_the_time_that_is_said_is_the_estimate(master):
    said = re.search(r"\*\*Time:\*\* about (\d+) minutes", master.cells[0].source)
    assert said and abs(int(said[1]) - proof.minutes(master)) <= 7


@masters
def test_points_and_parts_of_the_table_are_those_of_the_tasks(master):
    rows = re.findall(r"^\| .+ \| (\d+) \|$", master.cells[0].source, re.MULTILINE)
    top = sum(task.points for task in master.tasks if task.stretch)
    assert [sum(map(int, rows[:-1])), int(rows[-1])] == [20, top]


def test_the_guide_counts_what_is_marked_by_hand():
    guide = (ROOT / "book/homework/teaching.md").read_text(encoding="utf-8")
    tasks = [task for m in MASTERS.values() for task in m.tasks if task.role == "manual"]
    texts = sum(not task.code for task in tasks)
    assert f"{sum(task.points for task in tasks):g} of 140 points are marked by hand" in guide
    assert (len(tasks), texts) == (10, 7) and "ten answers a student: seven short texts" in guide
    assert f"{120 * len(tasks):,} answers" in guide


@pytest.mark.parametrize("page", ["homework", "teaching"])
def test_the_packages_that_grading_has_are_those_that_are_said(page):
    text = (ROOT / f"book/homework/{page}.md").read_text(encoding="utf-8")
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    installed = set(re.findall(r"^([\w-]+)==", pins, re.MULTILINE))
    for name in ("NumPy", "SciPy", "matplotlib", "pandas", "Pillow", "Keras", "TensorFlow"):
        assert name in text and name.lower() in installed
    for name in ("seaborn", "scikit-learn", "PyTorch", "tqdm"):
        assert name in text and name.lower().removeprefix("py") not in installed


@masters
def test_the_model_solution_passes(master, expected):
    counts = expected(master)
    assert counts.keys() == {task.name for task in master.tasks if task.role == "test"}
    assert all(count >= 2 for count in counts.values())


@pytest.mark.parametrize(("master", "variant"), some_of(VARIANTS, 4, NAMES))
def test_a_variant_loses_exactly_what_it_should(master, variant, expected, workshop):
    outcomes = grade(master, variant.cells, expected(master), workshop)
    assert proof.lost(outcomes) == variant.loses, outcomes


def test_there_are_enough_variants():
    wrong = [variant for _, variant in VARIANTS if variant.loses]
    right = [variant for _, variant in VARIANTS if not variant.loses]
    assert len(wrong) >= 40
    assert len(right) >= 5
    assert all(master.variants["right"] for master in MASTERS.values())


@masters
def test_an_untouched_notebook_gets_no_points(master, expected, workshop):
    cells = [(cell.name, cell.released) for cell in master.cells if cell.code]
    outcomes = grade(master, cells, expected(master), workshop)
    assert not any(outcome.points for outcome in outcomes)


@masters
def test_tests_take_nothing_but_data_from_elsewhere(master):
    for task in master.tasks:
        imported = re.findall(r"^\s*(?:import|from) +([\w.]+)", task.source, re.MULTILINE)
        if task.role == "test":
            assert set(imported) <= set(OF_THE_GRADER), task.name


# Nothing of an answer may be where a student looks.


def secrets(master, code=True):
    """Lines of answers and hidden tests that the student's version does not have.

    Without code, only those of written answers and rubrics: a line of code of an answer, taken
    alone, may well stand in a chapter.
    """
    released = "".join("".join(cell.released.split()) for cell in master.cells)
    for cell in master.cells:
        if cell.code and not code:
            continue
        hidden = cell.rubric if cell.role in ("answer", "manual") else cell.hidden
        for line in hidden.splitlines():
            line = line.strip(" #-")
            if len(line) >= 30 and "".join(line.split()) not in released:
                yield line


def leaks(text, code=True):
    return [
        line
        for master in MASTERS.values()
        for line in secrets(master, code)
        if line in text or line.replace('"', '\\"') in text
    ]


@masters
def test_the_page_is_what_is_released(master):
    page = release.page_path(master.name)
    assert page.read_text(encoding="utf-8") == release.page_text(master), (
        f"{page.name} is older than its master: run make homework-release"
    )


@masters
def test_the_page_holds_no_answer(master):
    assert len(list(secrets(master))) > 10
    text = release.page_path(master.name).read_text(encoding="utf-8")
    assert leaks(text) == []
    for marker in ("BEGIN SOLUTION", "HIDDEN TESTS", "Rubric", "Hint:"):
        assert marker not in text
    stubs = text.count("YOUR CODE HERE") + text.count("YOUR ANSWER HERE")
    assert stubs >= sum(cell.role in ("answer", "manual") for cell in master.cells)


def test_no_file_of_the_repository_holds_an_answer():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    names = [os.fsdecode(name) for name in listed.split(b"\0") if name]
    assert len(names) > 100
    for name in names:
        path = ROOT / name
        if path.is_file():
            assert leaks(path.read_text(encoding="utf-8", errors="replace"), code=False) == [], name


def test_a_leak_is_found():
    master = MASTERS["momentum"]
    answer = next(cell for cell in master.cells if cell.role == "manual" and not cell.code)
    assert leaks(f"before {answer.rubric} after")
    assert leaks(f"before {answer.rubric} after", code=False)
    test = next(cell for cell in master.cells if cell.role == "test")
    assert leaks(test.source)


# Releasing


def test_release_writes_pages_notebooks_and_a_zip(tmp_path, monkeypatch):
    monkeypatch.setattr(release, "PAGES", tmp_path / "pages")
    monkeypatch.setattr(release, "RELEASED", tmp_path / "dist")
    files = release.release(MASTERS.values())
    assert [path.stem for path in files] == [*vault.ASSIGNMENTS, "homework"]
    first = files[-1].read_bytes()
    with zipfile.ZipFile(files[-1]) as archive:
        for name in vault.ASSIGNMENTS:
            text = (tmp_path / f"dist/{name}.ipynb").read_bytes()
            assert archive.read(f"{name}.ipynb") == text
            assert (tmp_path / f"pages/{name}.ipynb").read_bytes() == text
    assert release.release(MASTERS.values())[-1].read_bytes() == first


def test_a_released_cell_keeps_what_is_around_the_answer():
    cell = demo().cells[4]
    assert cell.released == (
        "class Counter:\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    )
    assert demo().cells[3].released == (
        'expect_close(double(np.array([1.0, 2.0])), [2.0, 4.0], "double([1, 2])")'
    )
    assert demo().cells[8].released == "YOUR ANSWER HERE"


def test_the_released_notebook_is_in_nbgraders_format():
    notebook = release.student_version(demo())
    marks = {cell.metadata["nbgrader"]["grade_id"]: cell for cell in notebook.cells[1:]}
    assert marks["double-test"].metadata["nbgrader"] == {
        "schema_version": 3,
        "grade_id": "double-test",
        "grade": True,
        "solution": False,
        "locked": True,
        "task": False,
        "points": 2,
    }
    assert not marks["double-test"].metadata["editable"]
    assert marks["double"].metadata["editable"]
    assert notebook.metadata["ravine"] == {"homework": "doubling"}
    assert RIGHT["why"] not in str(notebook)


@masters
def test_a_released_notebook_is_read_outside_of_the_book(master):
    """Its links lead somewhere from an LMS, and no line of code is cut on the page."""
    for cell in release.student_version(master).cells:
        if cell.cell_type == "markdown":
            assert re.findall(r"\]\((?!https://)[^)]*\)", cell.source) == []
        elif cell.metadata.get("nbgrader", {}).get("grade_id") != release.SETUP:
            assert [line for line in cell.source.splitlines() if len(line) > WIDEST] == []


def test_a_link_leads_to_the_site():
    site = release.site_address("https://github.com/you/fork")
    text = "See [Momentum](../momentum/momentum.ipynb) and [m](../appendix/notation.md#top)."
    assert release.linked(text, site) == (
        "See [Momentum](https://you.github.io/fork/book/momentum/momentum.html) and "
        "[m](https://you.github.io/fork/book/appendix/notation.html#top)."
    )
    with pytest.raises(MasterError, match="the book has no such page"):
        release.linked("[x](../momentum/momentun.ipynb)", site)


def test_the_setup_cell_follows_the_repository(monkeypatch):
    monkeypatch.setattr(release, "repository_address", lambda: "https://github.com/you/fork")
    notebook = release.student_version(MASTERS["momentum"])
    assert "git+https://github.com/you/fork" in notebook.cells[1].source


def test_pages_are_listed_in_the_order_of_the_course():
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    places = [toc.index(f"book/homework/{name}\n") for name in vault.ASSIGNMENTS]
    assert places == sorted(places)
    for name in vault.ASSIGNMENTS:
        assert read_notebook(Path(release.page_path(name))).metadata["ravine"]["homework"] == name
