"""The number of an equation in the text leads to the equation."""

import re

from tests.book.test_site import build, small_site

EQUATION = "\n\n$$\nx = {} \\tag{{1.{}}}\n$$\n\n"
TEXT = (
    EQUATION.format(1, 1)
    + "By (1.1) and (2.3), $f(1.1)$ is `(1.1)`.\n\n## After (1.1)\n\nSo it is."
)


def test_numbers_in_the_text_are_links_to_their_equations(tmp_path):
    result = build(small_site(tmp_path / "site", text=TEXT), tmp_path / "out")
    assert result.returncode == 0, result.stdout + result.stderr
    page = (tmp_path / "out/_build/html/page.html").read_text(encoding="utf-8")
    article = page[page.index("<article") : page.index("</article")]
    assert re.search(r'<div class="math[^>]*id="equation-1-1"', article)
    links = re.findall(r'<a class="reference internal" href="(#equation-[^"]*)">(.*?)</a>', article)
    assert links == [("#equation-1-1", "(1.1)")], "neither code, nor mathematics, nor a title"
    assert "and (2.3)," in article, "no equation has this number"


def test_a_number_that_two_equations_have_stops_the_build(tmp_path):
    twice = EQUATION.format(1, 1) + EQUATION.format(2, 1)
    result = build(small_site(tmp_path / "site", text=twice), tmp_path / "out")
    assert result.returncode != 0
    assert "equation 1.1 is on this page and on page" in result.stdout + result.stderr


def test_a_number_beside_lines_that_mathjax_would_refuse_stops_the_build(tmp_path):
    lines = "\n\n$$\n\\begin{aligned}\nx &= 1 \\\\\ny &= 2\n\\end{aligned} \\tag{1.1}\n$$\n\n"
    result = build(small_site(tmp_path / "site", text=lines), tmp_path / "out")
    assert result.returncode != 0
    assert r"equation 1.1 ends a line with \\; end it with \cr" in result.stdout + result.stderr
    fine = lines.replace("\\\\\n", "\\cr\n")
    assert fine != lines
    again = build(small_site(tmp_path / "fine", text=fine), tmp_path / "again")
    assert again.returncode == 0, again.stdout + again.stderr
