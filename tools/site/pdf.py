"""Makes a PDF of the whole book: one page of HTML, printed by Chromium.

    python -m tools.site.pdf

So the PDF has the figures, the mathematics and the fonts of the site. What print needs otherwise
stands in `book/_static/print.css`.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tools.book.notebooks import ROOT

PRINTED = ROOT / "dist" / "ravine.pdf"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LOADED_WITHIN = 180_000  # milliseconds
MARGIN = "17mm"
# A link to another file of the site would name a folder of this machine, and lead nowhere.
UNLINK = """() => [...document.querySelectorAll("a[href]")]
  .filter(link => link.protocol === "file:" && link.pathname !== location.pathname)
  .forEach(link => link.removeAttribute("href"))"""
# Code of up to half a page stays on one page; longer code would leave one empty before it.
KEEP_WHOLE = """() => [...document.querySelectorAll(".cell_input")]
  .filter(cell => cell.textContent.split("\\n").length <= 40)
  .forEach(cell => cell.style.breakInside = "avoid")"""
FOOTER = (
    '<div style="width: 100%; text-align: center; font: 8px sans-serif">'
    '<span class="pageNumber"></span></div>'
)


def find_browser() -> str:
    """Returns the path of Chromium or Chrome.

    Raises:
        FileNotFoundError: if there is none.
    """
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    raise FileNotFoundError("No Chromium found: install it (Debian: apt install chromium).")


def build_one_page(folder: Path) -> Path:
    """Builds the book as one page of HTML and returns its path."""
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(ROOT)]
    options = ["--builder", "singlehtml", "--path-output", str(folder), "--quiet"]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"The book does not build:\n{done.stdout}{done.stderr}")
    return folder / "_build" / "singlehtml" / "index.html"


def print_page(page: Path, to: Path) -> None:
    """Prints a page of HTML when its mathematics is set, with an outline and page numbers."""
    with sync_playwright() as playwright:
        # As root, as in a container, Chromium starts without its sandbox only.
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page()
        tab.goto(page.as_uri(), wait_until="load", timeout=LOADED_WITHIN)
        tab.wait_for_function("window.MathJax?.startup?.promise", timeout=LOADED_WITHIN)
        tab.wait_for_selector("canvas[aria-busy]", state="detached", timeout=LOADED_WITHIN)
        tab.evaluate("MathJax.startup.promise")
        tab.evaluate(UNLINK)
        tab.evaluate(KEEP_WHOLE)
        to.parent.mkdir(parents=True, exist_ok=True)
        tab.pdf(
            path=to,
            format="A4",
            margin={"top": MARGIN, "right": MARGIN, "bottom": MARGIN, "left": MARGIN},
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOTER,
            outline=True,
            tagged=True,
        )
        browser.close()


def main() -> None:
    """Makes the PDF and prints its path."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            print_page(build_one_page(Path(folder)), PRINTED)
        except (FileNotFoundError, RuntimeError) as error:
            sys.exit(str(error))
    print(f"The book as a PDF: {PRINTED}")


if __name__ == "__main__":
    main()
