"""The site folds the docstring of a class that a page shows, and loses no letter of it."""

import html
import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from book._extensions.classes import folded_lines
from tests.book.test_site import build, small_site
from tools.book.algorithm import box
from tools.book.execute import METADATA
from tools.book.notebooks import write_notebook
from tools.book.sync_source import read_object

ADAM = "src/ravine/optimizers/adam.py::Adam"
SHORT = 'class Short:\n    """One line.\n\n    Another."""\n'
DESCRIBED = "```{eval-rst}\n.. py:class:: ravine.optimizers.Adam\n```"


@pytest.fixture(scope="module")
def article(tmp_path_factory):
    """The article of a page that shows Adam with its box, and a class that is typed on the page."""
    folder = tmp_path_factory.mktemp("classes")
    site, source = small_site(folder / "site"), read_object(ADAM)
    cells = [
        new_markdown_cell(f"# Page\n\n`theta = 0`\n\n{DESCRIBED}"),
        new_markdown_cell(box(source), metadata={"box": ADAM}),
        new_code_cell(source, metadata={"source": ADAM}),
        new_code_cell(source.replace("Adam", "Copied")),
    ]
    write_notebook(new_notebook(cells=cells, metadata=METADATA), site / "page.ipynb")
    result = build(site, folder / "out")
    assert result.returncode == 0, result.stdout + result.stderr
    page = (folder / "out/_build/html/page.html").read_text(encoding="utf-8")
    return page[page.index("<article") : page.index("</article")]


def plain(markup):
    """The text of a piece of HTML, with all its spaces."""
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def test_the_docstring_is_folded_and_no_letter_of_the_class_is_lost(article):
    (shown,) = re.findall(r'<div class="folded-class">(.*?)</div>', article, re.DOTALL)
    head, docstring, body = map(plain, re.findall(r"<pre>(.*?)</pre>", shown, re.DOTALL))
    source = read_object(ADAM)
    assert head + docstring + body == source + "\n"
    assert head.endswith("root of a running mean of its square.\n")
    assert docstring.startswith("\n    $$") and docstring.endswith('    """\n')
    assert "<details><summary>" in shown, "folded, without a script"
    assert f"the other {docstring.count(chr(10))} lines" in plain(shown)
    assert shown.count("<pre><span></span>") == 3, "a browser drops no empty line"


def test_what_is_typed_on_a_page_is_not_folded(article):
    assert article.count("<details>") == 1
    assert "class" in article[article.index("Copied") - 100 : article.index("Copied")]


def test_the_code_of_a_box_has_the_colours_of_code(article):
    assert '<code class="code docutils literal highlight highlight-python">' in article
    assert plain(article).count("theta = 0") == 1
    assert '<span class="pre">theta</span>' in article, "other code in a text has none"


def test_a_line_says_where_the_class_is_described(article):
    line = re.search(r'<p class="described">(.*?)</p>', article, re.DOTALL)[1]
    assert plain(line) == "Its docstring, set in type: Adam"
    assert 'href="#ravine.optimizers.Adam"' in line


@pytest.mark.parametrize("source", [SHORT, "class None_:\n    x = 1\n", "def f():\n    pass\n"])
def test_what_is_short_stays_open(source):
    assert folded_lines(source) is None


def test_a_docstring_is_folded_from_its_second_line_on():
    longer = SHORT.replace("Another.", "Another.\n    A third.\n    ")
    assert folded_lines(longer) == (2, 6)
