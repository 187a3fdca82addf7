"""The site works from its folder, as `make book` prints it: without a server nothing is missing."""

import re
import shutil

import pytest
from playwright.sync_api import expect
from sphinx.errors import ExtensionError

from book._extensions.playground import bundled
from tests.book import guards
from tests.site.conftest import served
from tests.site.test_pages import AXE, DESK, NAMES, PHONE, RULES, RUN_AXE, TABLET
from tests.weekly import those
from tools.book.notebooks import ROOT

MODULES = ROOT / "book/_static/playground"
WHOLE = "book/playground/playground"
# What all pages share comes from the theme: one page of each kind is opened with each change.
KINDS = ["index", "genindex", "book/homework/momentum", "book/appendix/api/results"]
WITH_PLAYGROUND = [
    name
    for name in guards.contents(ROOT)
    for path in ROOT.glob(f"{name}.*")
    if re.search(r'class=\\?"playground\\?"', path.read_text(encoding="utf-8"))
]
WALKS = ".playground:not([data-widget])"  # the small widgets have `test_small_widgets.py`
WITH_WALK = [
    name
    for name in WITH_PLAYGROUND
    for path in ROOT.glob(f"{name}.*")
    if re.search(r'class=\\?"playground\\?"(?! [^>]*data-widget)', path.read_text(encoding="utf-8"))
]
SETTINGS = "surface=noisy&kappa=50&steps=80&inside=Adam&Adam=eta:0.1&GD=eta:0.01&Momentum=eta:0.01"
# How many colours each drawing has that is shown: a canvas that nothing was drawn on has one.
COLOURS = """() => [...document.querySelectorAll(".playground canvas:not(.swatch)")].filter(
  (canvas) => canvas.clientWidth > 0
).map((canvas) => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return new Set(new Uint32Array(pixels.buffer)).size;
})"""


class Tab:
    """A tab of a browser, and all that went wrong in it."""

    def __init__(self, context):
        self.page, self.complaints = context.new_page(), []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda request: self.complaints.append(request.url))
        self.page.on("console", self._heard)

    def _heard(self, message):
        if message.type == "error":
            self.complaints.append(message.text)

    def go(self, address):
        self.page.goto(address, wait_until="load")
        self.page.evaluate("window.MathJax?.startup?.promise")
        return self.page


@pytest.fixture
def tab(chromium):
    context = chromium.new_context(reduced_motion="reduce")
    context.set_default_timeout(120_000)  # a slow machine is no fault of the page
    yield Tab(context)
    context.close()


def test_some_pages_have_a_playground():
    assert len(WITH_PLAYGROUND) >= 4 and WHOLE in WITH_PLAYGROUND


@pytest.mark.parametrize("name", those(NAMES, [*KINDS, WHOLE, *WITH_PLAYGROUND[::4]]))
def test_a_page_opens_from_the_folder(name, tab, pages):
    page = tab.go((pages / f"{name}.html").as_uri())
    assert page.locator("mjx-container").count() > 0 or 'class="math' not in page.content()
    if name in WITH_PLAYGROUND:
        page.wait_for_selector(".playground .happened:not(:empty)")
        page.wait_for_selector("canvas[aria-busy]", state="detached")
        colours = page.evaluate(COLOURS)
        assert len(colours) >= 1 and min(colours) > 5
    for width in (DESK, TABLET, PHONE):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.complaints == []


@pytest.mark.parametrize("name", ["index", WHOLE])
def test_a_page_from_the_folder_has_no_barrier(name, tab, pages):
    page = tab.go((pages / f"{name}.html").as_uri())
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(RUN_AXE, {"type": "tag", "values": RULES}) == []
    page.evaluate(
        "document.querySelector('article').insertAdjacentHTML('beforeend', '<img src=x>')"
    )
    assert "image-alt" in " ".join(page.evaluate(RUN_AXE, {"type": "tag", "values": RULES}))


@pytest.mark.parametrize("name", those(WITH_WALK, [WHOLE, WITH_WALK[0]]))
def test_a_playground_reacts_from_the_folder(name, tab, pages):
    page = tab.go((pages / f"{name}.html").as_uri())
    board = page.locator(WALKS).first
    happened = board.locator(".happened")
    expect(happened).not_to_be_empty()
    picture = "board => board.querySelector('canvas.map').toDataURL()"
    said, drawn = happened.text_content(), board.evaluate(picture)
    slider = board.get_by_label("Learning rate η", exact=True).first
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(happened).not_to_have_text(said)
    assert board.evaluate(picture) != drawn
    board.get_by_role("button", name="Reset").click()
    board.get_by_role("button", name="Step").click()
    expect(board.locator(".clock")).to_have_text(re.compile("^1 of "))
    assert tab.complaints == []


def test_the_bundled_script_says_what_the_modules_say(tab, pages, tmp_path):
    shutil.copytree(MODULES, tmp_path / "modules")
    (tmp_path / "modules/page.html").write_text(
        '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'
        '<div class="playground"></div><script type="module" src="main.js"></script>'
    )
    said = []
    with served(tmp_path / "modules") as address:
        for place in (f"{address}page.html", (pages / f"{WHOLE}.html").as_uri()):
            page = tab.go(f"{place}#{SETTINGS}")
            page.wait_for_selector(".playground .happened:not(:empty)")
            said.append([page.text_content(part) for part in (".happened", "table.numbers")])
    assert said[0] == said[1] and "80 steps" in said[0][0]


def test_a_script_that_a_browser_loads_from_no_file_is_found(tab, pages, tmp_path):
    text = (pages / f"{WHOLE}.html").read_text(encoding="utf-8")
    script = re.search(r"<script[^>]*playground\.js[^>]*>", text)[0]
    module = script.replace("playground.js", "main.js").replace("<script", '<script type="module"')
    planted = pages / "book/playground/planted.html"
    planted.write_text(text.replace(script, module), encoding="utf-8")
    tab.go(planted.as_uri())
    planted.unlink()
    assert any("main.js" in complaint for complaint in tab.complaints)


FOUND = "#search-results li"
LINES = "#search-results li p.context"


def test_search_from_the_folder_finds_pages_by_name(tab, pages):
    page = tab.go((pages / "search.html").as_uri() + "?q=bias+correction")
    page.locator(f"{FOUND} a[href*='adam/bias-correction']").first.wait_for()
    expect(page.locator("#search-results")).to_contain_text("found")
    assert page.locator(LINES).count() == 0
    page.locator(f"{FOUND} a[href*='adam/bias-correction']").first.click()
    expect(page.locator("h1").first).to_contain_text("Bias correction")
    assert tab.complaints == []


def test_search_on_a_server_shows_lines_too(tab, pages):
    with served(pages) as address:
        page = tab.go(f"{address}search.html?q=bias+correction")
        page.locator(LINES).first.wait_for()


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ('import { x } from "./third.js";\n', 'Could not resolve "./third.js"'),
        ("export const y = 1;\n", 'No matching export in "other.js" for import "x"'),
        ("export function x( {}\n", "other.js:2:0"),
        ('export const x = (y) => typeof y == "numbr";\n', "will never evaluate to"),
    ],
    ids=["missing module", "missing name", "broken module", "warning"],
)
def test_modules_that_cannot_be_bundled_are_refused(module, said, tmp_path):
    (tmp_path / "main.js").write_text('import { x } from "./other.js";\nx();\n')
    (tmp_path / "other.js").write_text("export function x() {}\n")
    script = bundled(tmp_path)
    assert script.index("function x()") < script.rindex("x()")
    assert "import" not in script and "export" not in script
    (tmp_path / "other.js").write_text(module)
    with pytest.raises(ExtensionError, match=re.escape(said)):
        bundled(tmp_path)


def test_a_missing_bundler_is_said_in_one_sentence(tmp_path):
    with pytest.raises(ExtensionError, match=r"no esbuild: run `make check` once.*\.$"):
        bundled(tmp_path, tmp_path)
