"""What stands in a PDF: a small page, printed as the book is."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tools.site import pdf

PAGE = """<!DOCTYPE html><html lang="en"><title>Page</title>
<script>MathJax = {startup: {promise: Promise.resolve()}}</script>
<a href="licences.txt">a file of the site</a> <a href="#below">here</a>
<a href="https://example.org/">elsewhere</a> <h2 id="below">Below</h2></html>"""


@pytest.fixture
def printed(tmp_path):
    try:
        pdf.find_browser()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    # Playwright wants a thread of its own beside the browser of the other tests.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(pdf.print_page, tmp_path / "page.html", tmp_path / "page.pdf").result()
    return (tmp_path / "page.pdf").read_bytes()


def test_a_link_of_the_pdf_names_no_folder_of_this_machine(printed):
    assert b"(https://example.org/)" in printed
    assert b"file:" not in printed
