"""`make book` builds again only what has changed, and gets what a build from nothing would give."""

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_output

from tests.book import samples
from tests.book.test_site import WORK, small_site
from tools.book.notebooks import ROOT, write_notebook
from tools.site import build
from tools.site.progress import Progress

REFERENCE = """# The reference

```{eval-rst}
.. automodule:: walrus
   :members:
```
"""
NEIGHBOUR = """# The neighbour

By (1.1) and {ref}`the heading <there>`, it is so.
"""
TEXT = "\n\n$$\nx = 1 \\tag{1.1}\n$$\n\n(there)=\n## The heading\n\nSo it is."
# The page of the paths shows how long another page takes to read.
PATHS = "# Paths\n\n## An evening\n\n1. [The neighbour](neighbour.md)\n"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book of five pages: two show things of others, one is made from code."""
    folder = small_site(tmp_path_factory.mktemp("incremental") / "book", text=TEXT)
    change(folder / "book/references.bib", "", WORK + WORK.replace("1951", "1952"))
    notebook = nbformat.read(folder / "page.ipynb", as_version=4)
    notebook.cells.append(samples.figure())
    write_notebook(notebook, folder / "page.ipynb")
    (folder / "book/neighbour.md").write_text(NEIGHBOUR)
    (folder / "book/paths.md").write_text(PATHS)
    (folder / "src").mkdir()
    # The extension that reads docstrings would load Keras and the course's own package.
    for name in ("keras", "ravine"):
        (folder / "src" / name).mkdir()
        (folder / "src" / name / "__init__.py").touch()
    (folder / "src/walrus.py").write_text('"""The walrus."""\n')
    (folder / "book/appendix").mkdir()
    (folder / "book/appendix/api.md").write_text(REFERENCE)
    contents = {"format": "jb-book", "root": "index"}
    names = ("page", "book/neighbour", "book/paths", "book/appendix/api")
    contents["chapters"] = [{"file": name} for name in names]
    (folder / "_toc.yml").write_text(yaml.safe_dump(contents))
    return folder


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new) if old else new, encoding="utf-8")


# Each build is a process of its own, which has loaded Sphinx before it begins.
BUILDER = """
import json, os, sys
import jupyter_book.sphinx, myst_nb.sphinx_ext, sphinx_book_theme, sphinxcontrib.bibtex
from tools.site.build import build, Path
for line in sys.stdin:
    book, output = map(Path, json.loads(line))
    if not (child := os.fork()):
        log = os.open(f"{output}.log", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(log, 1), os.dup2(log, 2)
        sys.path.insert(0, str(book / "src"))
        done = build(book, output)
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(0 if done else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def make():
    """Builds a book as the Makefile does; returns how that ended and what was said."""
    command = [sys.executable, "-c", BUILDER]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as builder:

        def build_book(book: Path, output: Path) -> tuple[int, str]:
            print(json.dumps([str(book), str(output)]), file=builder.stdin, flush=True)
            code = int(builder.stdout.readline())
            return code, output.with_suffix(".log").read_text(encoding="utf-8")

        yield build_book
        builder.stdin.close()


def written(result: tuple[int, str]) -> set[str]:
    """The pages that a build says that it has written."""
    code, said = result
    assert code == 0, said
    return set(re.findall(r"^Writing +\d+ % +(\S+)", said, re.MULTILINE))


def site(output: Path) -> dict[str, bytes]:
    """All files of a site."""
    folder = output / "_build/html"
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def another_picture(book: Path) -> None:
    notebook = nbformat.read(book / "page.ipynb", as_version=4)
    notebook.cells[-1] = new_code_cell(
        "draw()",
        metadata={"mystnb": {"image": {"alt": samples.ALT}}},
        outputs=[new_output("display_data", data={"image/png": samples.PNG[:-8] + "AAAAAA=="})],
    )
    write_notebook(notebook, book / "page.ipynb")


def words_and_a_picture(book: Path) -> None:
    change(book / "book/neighbour.md", "it is so", "the xylophone sounds " * 200)
    another_picture(book)


def an_equation_and_a_work(book: Path) -> None:
    change(book / "page.ipynb", "1.1}", "1.2}")
    change(book / "book/neighbour.md", "(1.1)", "(1.2) and {cite:p}`robbins1952`")


def no_reference(book: Path) -> None:
    change(book / "_toc.yml", "- file: book/appendix/api\n", "")
    (book / "book/appendix/api.md").unlink()


ALL = {"index", "page", "book/neighbour", "book/paths", "book/appendix/api"}
# What somebody does to the book, the pages that are written again (the first page always is), and
# a page with what it then says.
EDITS = [
    (words_and_a_picture, {"index", "page", "book/neighbour"}, "book/paths.html", "3 minutes to"),
    (
        lambda book: change(book / "src/walrus.py", "The walrus", "The sea lion"),
        {"index", "book/appendix/api"},
        "book/appendix/api.html",
        "The sea lion",
    ),
    (
        lambda book: change(book / "book/neighbour.md", "# The neighbour", "# The heir"),
        ALL,
        "page.html",
        "The heir",
    ),
    (an_equation_and_a_work, ALL, "index.html", "1952"),
    (
        lambda book: change(book / "book/_static/ravine.css", "", "article { color: black }"),
        ALL,
        "_static/ravine.css",
        "black",
    ),
    (no_reference, ALL - {"book/appendix/api"}, "page.html", "The heir"),
]


def test_after_each_edit_the_site_is_what_a_build_from_nothing_gives(book, make, tmp_path):
    assert written(make(book, tmp_path / "site")) == ALL
    for number, (edit, expected, page, text) in enumerate(EDITS):
        edit(book)
        assert written(make(book, tmp_path / "site")) == expected, number
        assert written(make(book, tmp_path / f"new{number}")) <= ALL
        found, wanted = site(tmp_path / "site"), site(tmp_path / f"new{number}")
        assert found.keys() == wanted.keys(), number
        assert [name for name in wanted if found[name] != wanted[name]] == [], number
        assert text in found[page].decode()
    code, said = make(book, tmp_path / "site")
    assert code == 0 and said.startswith("Nothing has changed")


def test_a_warning_comes_again_until_it_is_mended(book, make, tmp_path):
    page, other = book / "book/neighbour.md", book / "page.ipynb"
    output = tmp_path / "site"
    make(book, output)
    good, before = page.read_text(encoding="utf-8"), site(output)
    change(page, "so", "[so](gone.md)")
    for number in range(3):  # the second time nothing is changed, the third time another page
        code, said = make(book, output)
        assert code == 1 and "gone.md" in said and "The book is not ready" in said, number
        if number == 1:
            change(other, "So it is", "So it was")
    page.write_text(good, encoding="utf-8")
    os.utime(page, (0, 0))  # older than any build, as a file from an archive
    assert "page" in written(make(book, output))
    change(other, "So it was", "So it is")
    make(book, output)
    assert site(output) == before


@pytest.fixture
def built(tmp_path):
    """What a build without a warning leaves behind."""
    for name in ("html/index.html", ".doctrees/index.doctree", "jupyter_execute/one.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("good")
    (tmp_path / build.STAMP).write_text('{"index.md": "1"}')
    return tmp_path


def state(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("calls", range(12))
def test_a_build_that_is_stopped_anywhere_leaves_the_last_good_one(built, calls, monkeypatch):
    """Stopped twice, after so many steps: while it goes on, and while it is brought back."""
    good = state(built)

    def stop_after(number):
        left = iter(range(number))
        for module, name in ((os, "rename"), (shutil, "copytree"), (shutil, "rmtree")):
            function = getattr(module, name)

            def step(*arguments, do=function, **options):
                if next(left, None) is None:
                    raise StoppedError
                return do(*arguments, **options)

            monkeypatch.setattr(module, name, step)

    for begin in (build.put_aside, build.last_inputs):
        with contextlib.suppress(StoppedError), monkeypatch.context():
            stop_after(calls)
            begin(built)
        monkeypatch.undo()
        if begin is build.put_aside and not (built / build.STAMP).exists():
            (built / "html/index.html").write_text("half written")
            (built / ".doctrees/index.doctree").unlink()
    assert build.last_inputs(built) == {"index.md": "1"}
    assert state(built) == good


def test_a_site_without_a_stamp_or_a_stamp_without_a_site_is_built_from_nothing(built):
    (built / build.STAMP).rename(built / "elsewhere")
    assert build.last_inputs(built) == {} and not (built / "html").exists()
    (built / "elsewhere").rename(built / build.STAMP)
    assert build.last_inputs(built) == {}


def test_a_second_build_at_once_says_that_there_is_a_first(tmp_path, capsys):
    with build.alone(tmp_path / "_build"):
        assert build.build(small_site(tmp_path / "book"), tmp_path) is False
    said = capsys.readouterr().err
    assert said.startswith("Another build is at work in") and said.count("\n") == 1


# What has changed, and what is then to be done: begin from nothing, write all pages, read which.
CHANGES = {
    "page.ipynb": (False, False, {"page"}),
    "book/appendix/api.md": (False, False, {"book/appendix/api"}),
    "src/walrus.py": (False, False, {"book/appendix/api"}),
    "src/gone.py": (False, False, {"book/appendix/api"}),
    "book/_static/new.css": (False, True, set()),
    "data/results/bench/notebooks.csv": (False, True, set()),
    "environment: RAVINE_COLAB_BRANCH": (False, True, set()),
    "_config.yml": (True, False, set()),
    "_toc.yml": (True, False, set()),
    "book/_extensions/finish.py": (True, False, set()),
    "book/references.bib": (True, False, set()),
    "book/adam/drawing.svg": (True, False, set()),
    "environment: installed packages": (True, False, set()),
    "environment: tools": (True, False, set()),
}


@pytest.mark.parametrize(("name", "wanted"), CHANGES.items())
def test_a_change_asks_for_what_depends_on_it(name, wanted, tmp_path):
    book = small_site(tmp_path)
    (book / "book/appendix").mkdir()
    (book / "book/appendix/api.md").write_text("# Reference")
    toc = "format: jb-book\nroot: index\nchapters:\n  - file: page\n  - file: 'book/appendix/api'\n"
    (book / "_toc.yml").write_text(toc)
    now = build.inputs(book)
    assert {"index.md", "page.ipynb", "book/references.bib"} <= now.keys()
    work = build.compare(now | {name: "another"}, now, book)
    assert (work.everything, work.write, set(work.read)) == wanted
    assert work.changed == (name,)
    assert build.compare(now, now, book) == build.Work()


def test_what_tools_leave_beside_the_book_is_no_input(tmp_path):
    book = small_site(tmp_path)
    before = build.inputs(book)
    for name in ("book/.ipynb_checkpoints/page.ipynb", "book/__pycache__/a.pyc", "README.md"):
        (book / name).parent.mkdir(exist_ok=True)
        (book / name).write_text("left")
    assert build.inputs(book) == before
    (book / "page.ipynb").write_text("another")
    assert {name for name in before if before[name] != build.inputs(book)[name]} == {"page.ipynb"}


def test_progress_is_a_line_a_page_in_a_file_and_one_line_in_a_terminal():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    said = []
    for screen in (io.StringIO(), Terminal()):
        progress = Progress(screen, screen)
        for text in ("\x1b[1mreading sources... \x1b[0m[ 50%] ", "adam", "\n", "pickling...\n"):
            progress.write(text)
        progress.complaints.write("adam.md: WARNING\n")
        progress.write("writing output... [100%] adam\n")
        progress.end()
        said.append(screen.getvalue())
    assert said[0] == "Reading  50 %  adam\nadam.md: WARNING\nWriting 100 %  adam\n"
    clear = "\r\x1b[K"
    reading, writing = f"{clear}Reading  50 %  adam", f"{clear}Writing 100 %  adam"
    assert said[1] == f"{reading}{clear}adam.md: WARNING\n{writing}{clear}"
