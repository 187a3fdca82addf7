"""What stands in a PDF: a small page, printed as the book is."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from tools.site import pdf

PAGE = """<!DOCTYPE html><html lang="en"><title>Page</title>
<script>MathJax = {startup: {promise: Promise.resolve()}}</script>
<a href="licences.txt">a file of the site</a> <a href="#below">here</a>
<a href="https://example.org/">elsewhere</a> <h2 id="below">Below</h2>
<div style="height: 20cm"></div>
<div class="cell_input"><pre>first"""
PAGE += "\n" * 30 + "last</pre></div></html>"


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


def test_short_code_stays_on_one_page(printed, tmp_path):
    command = ["pdftotext", str(tmp_path / "page.pdf"), "-"]
    if not shutil.which(command[0]):
        pytest.skip("pdftotext is missing (Debian: apt install poppler-utils)")
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (page,) = (page for page in text.split("\f") if "first" in page)
    assert "last" in page and "Below" not in page
