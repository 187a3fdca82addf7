"""Every page loads in a browser without an error, a foreign host, an overflow or a barrier."""

import gzip
import pickle
import re
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import axe_playwright_python
import pytest

from tests.book import guards
from tests.site import code_blocks, readable
from tests.site.conftest import served
from tests.weekly import those
from tools.book.notebooks import ROOT
from tools.site import build

NAMES = ["index", "genindex", "search", *guards.contents(ROOT)]
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
# Looking for barriers takes some ten seconds a page. With each change one page of each kind is
# looked at: what makes a barrier comes from the theme and the style, not from the text.
ONE_OF_EACH_KIND = [
    "index",
    "search",
    "book/experiments/mnist-mlp",
    "book/playground/playground",
    "book/homework/momentum",
    "book/appendix/glossary",
    "book/appendix/references",
    "book/appendix/api/results",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SMALL_PHONE, PHONE, TABLET, DESK = 375, 390, 768, 1280
PAPER = 665  # A4 without the margins of the PDF
HEAVIEST = 1_200_000  # bytes of a chapter, as a server sends it
WRITTEN = (".html", ".css", ".js", ".svg", ".json")

# Mathematics is MathJax's: it brings its own speech, and thousands of elements.
RUN_AXE = """
(options) => axe.run({include: [["html"]], exclude: [["mjx-container"]]},
  {preload: false, resultTypes: ["violations"], runOnly: options})
  .then(result => result.violations.map(
    rule => `${rule.id}: ${rule.nodes.slice(0, 2).map(node => node.html.slice(0, 120)).join(" ")}`))
"""
BROKEN_MATHS = """
() => [...document.querySelectorAll("mjx-merror, .mjx-error, [data-mjx-error]")]
  .map(element => element.textContent)
"""
UNDESCRIBED = """
() => [...document.querySelectorAll("article img")].filter(image => image.alt.trim().length < 10)
  .map(image => image.src)
"""
# Neighbours in a table of results whose texts come too near to be told apart.
CROWDED = """
() => [...document.querySelectorAll("table.dataframe :is(th, td) + :is(th, td)")].map(cell => {
  const range = document.createRange();
  const of = node => (range.selectNodeContents(node), range.getBoundingClientRect());
  const [left, right] = [of(cell.previousElementSibling), of(cell)];
  const apart = right.left - left.right;
  return left.width && right.width && apart < 9
    ? `${cell.previousElementSibling.textContent}|${cell.textContent}` : "";
}).filter(Boolean)
"""
# The theme lets the keyboard reach blocks that scroll, a third of a second after a change.
REACHED = """
() => [...document.querySelectorAll("pre")].every(block => block.tabIndex === 0
  || (block.scrollWidth <= block.clientWidth && block.scrollHeight <= block.clientHeight))
"""
# Links within the site, without what follows a #.
LINKS = """
() => [...document.querySelectorAll("a[href]")].map(link => link.href.split(/[#?]/)[0])
  .filter(address => address.startsWith(location.origin))
"""
# What ends beyond the text is cut on paper.
CUT_ON_PAPER = """
() => {
  const article = document.querySelector("article") ?? document.body;
  const seen = { contentVisibilityAuto: true };
  const end = article.getBoundingClientRect().right + 1;
  return [...article.querySelectorAll(":not(mjx-container *)")]
    .filter(element => element.getBoundingClientRect().right > end && element.checkVisibility(seen))
    .map(element => `${element.tagName} ${element.textContent.trim().slice(0, 60)}`);
}
"""
TO_DARK = """() => { document.documentElement.dataset.theme = "dark" }"""
TO_LIGHT = """() => { document.documentElement.dataset.theme = "light" }"""


class Visit:
    """A page in the browser, with all that went wrong on the way."""

    def __init__(self, tab, address):
        self.page, self.address, self.complaints, self.sent = tab, address, [], {}
        self.page.set_viewport_size({"width": DESK, "height": 900})
        self.listeners = {
            "pageerror": lambda error: self.complaints.append(f"error: {error}"),
            "console": self._heard,
            "request": self._asked,
            "response": self._answered,
        }
        for event, listener in self.listeners.items():
            self.page.on(event, listener)

    def end(self):
        """Leaves the page, and nothing of this visit to the next one."""
        for event, listener in self.listeners.items():
            self.page.remove_listener(event, listener)
        self.page.goto("about:blank")

    def _heard(self, message):
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    def _asked(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.complaints.append(f"foreign: {request.url}")

    def _answered(self, response):
        if response.status >= 400:
            self.complaints.append(f"missing: {response.url}")
        self.sent[response.url.split("?")[0]] = response

    def go(self, name):
        self.page.goto(f"{self.address}{name}.html", wait_until="load")
        self.page.evaluate("window.MathJax?.startup?.promise")
        return self.page

    def barriers(self, **options):
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        # axe gives no verdict on letters before a gradient; behind code there is one.
        self.page.add_style_tag(content="article pre { background-image: none !important }")
        return self.page.evaluate(RUN_AXE, options)

    def cut_on_paper(self):
        self.page.set_viewport_size({"width": PAPER, "height": 985})
        self.page.emulate_media(media="print")
        cut = self.page.evaluate(CUT_ON_PAPER)
        self.page.emulate_media(media="screen")
        return cut

    def weight(self):
        """Returns the bytes that a server sends for all that the page asked it for."""
        ours = (url for url in self.sent if url.startswith(self.address))
        return sum(sent_bytes(Path(self.folder, url.removeprefix(self.address))) for url in ours)


@cache
def sent_bytes(path):
    content = path.read_bytes()
    return len(gzip.compress(content) if path.suffix in WRITTEN else content)


@pytest.fixture(scope="module")
def tab(chromium):
    """A tab of a browser; a new one for each page would take longer than to read the page."""
    context = chromium.new_context(color_scheme="light", reduced_motion="reduce")
    context.add_init_script(
        "if (location.protocol === 'http:') localStorage.setItem('mode', 'light')"
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def visit(tab, address, pages):
    visit = Visit(tab, address)
    visit.folder = pages
    yield visit
    visit.end()


def test_the_site_has_every_page_and_its_mathematics(pages):
    """Without a browser; that the build gave no warning is seen where the pages are built."""
    for name in guards.contents(ROOT):
        assert (pages / f"{name}.html").is_file()
    reference = (pages / "book/appendix/api/optimizers.html").read_text(encoding="utf-8")
    assert r"\(\eta &gt; 0\)" in reference, "mathematics in a docstring is set as mathematics"
    assert 'id="ravine.optimizers.Adam"' in reference
    works = (pages / "book/appendix/references.html").read_text(encoding="utf-8")
    for text in (reference, works):
        assert "$" not in re.sub(r"<(script|pre)\b.*?</\1>", "", text, flags=re.DOTALL)


def no_inputs(environment, root, inputs):
    """Files of the book that Sphinx made a page from, and that `make book` does not look after."""
    used = {root / path for files in environment.dependencies.values() for path in files}
    ours = (path.relative_to(root).as_posix() for path in used if path.is_relative_to(root))
    return sorted({path for path in ours if path[0] not in "._"} - inputs.keys())


def test_a_file_that_a_page_is_made_from_builds_it_again(pages):
    stored = (pages.parent / ".doctrees/environment.pickle").read_bytes()
    environment, inputs = pickle.loads(stored), build.inputs(ROOT)
    assert no_inputs(environment, ROOT, inputs) == []
    environment.dependencies["index"].add("tools/setup.sh")
    assert no_inputs(environment, ROOT, inputs) == ["tools/setup.sh"]


@pytest.mark.parametrize("name", NAMES)
def test_page(name, visit, pages):
    page = visit.go(name)
    assert visit.complaints == []
    assert page.evaluate(BROKEN_MATHS) == []
    if 'class="math' in (pages / f"{name}.html").read_text(encoding="utf-8"):
        assert page.locator("mjx-container").count() > 0, "mathematics is set"
    assert page.evaluate(UNDESCRIBED) == []
    assert page.evaluate(CROWDED) == []
    numbered = page.locator("dl.field-list ol").count()
    assert numbered == 0, 'a description such as "rows: N." is set as a list: write some words'
    gone = [
        link
        for link in page.evaluate(LINKS)
        if not (pages / link.removeprefix(visit.address)).exists()
    ]
    assert gone == []
    weight = visit.weight()
    assert weight <= HEAVIEST, f"{weight} bytes"
    assert code_blocks.complaints(page, "cut", "broken") + readable.complaints(page, pages) == []

    for width in (DESK, TABLET, PHONE, SMALL_PHONE):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert code_blocks.complaints(page, "outside") + readable.complaints(page, pages) == []
    assert visit.cut_on_paper() == []
    assert visit.complaints == []


@pytest.mark.parametrize("name", those(NAMES, ONE_OF_EACH_KIND))
def test_page_is_open_to_everyone(name, visit):
    page = visit.go(name)
    assert visit.barriers(type="tag", values=RULES) == []
    page.evaluate(TO_DARK)
    assert visit.barriers(type="rule", values=["color-contrast"]) == []


@pytest.mark.parametrize("name", those(ONE_OF_EACH_KIND, ["index", "search"]))
def test_page_is_open_to_everyone_on_a_small_screen(name, visit):
    """There the contents and the buttons stand elsewhere, or are hidden."""
    page = visit.go(name)
    for width in (PHONE, TABLET):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function(REACHED)
        assert visit.barriers(type="tag", values=RULES) == []
        page.evaluate(TO_DARK)
        assert visit.barriers(type="rule", values=["color-contrast"]) == []
        page.evaluate(TO_LIGHT)


# Planted faults: a small site of one page with one fault each.

GOOD = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Page</title>
<link rel="icon" href="data:,"></head><body><main><h1>Page</h1><article>{}</article></main></body>
</html>"""
FAULTS = {
    "foreign": '<img src="http://127.0.0.2:1/x.png" alt="a picture of another host">',
    "console: planted": "<script>console.error('planted')</script>",
    "error: planted": "<script>throw new Error('planted')</script>",
    "missing": '<img src="gone.png" alt="a picture that is gone">',
}


@pytest.fixture
def planted(tab, tmp_path):
    with ExitStack() as stack:

        def plant(body):
            (tmp_path / "page.html").write_text(GOOD.format(body))
            visit = Visit(tab, stack.enter_context(served(tmp_path)))
            visit.folder = tmp_path
            stack.callback(visit.end)
            visit.go("page")
            return visit

        yield plant


def test_a_good_page_has_no_complaint(planted):
    visit = planted("<p>Good.</p>")
    assert visit.complaints == []
    assert visit.barriers(type="tag", values=RULES) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= DESK


@pytest.mark.parametrize(("complaint", "body"), FAULTS.items())
def test_planted_fault_is_found(complaint, body, planted):
    assert any(text.startswith(complaint) for text in planted(body).complaints)


def test_planted_barriers_are_found(planted):
    visit = planted('<p style="color: #ccc">pale</p><img src="data:image/gif;base64,R0lGOD">')
    found = " ".join(visit.barriers(type="tag", values=RULES))
    assert "color-contrast" in found and "image-alt" in found
    assert len(visit.page.evaluate(UNDESCRIBED)) == 1


def test_a_barrier_that_only_a_phone_has_is_found(planted):
    style = "<style>p { color: #000 } @media (max-width: 400px) { p { color: #ccc } }</style>"
    visit = planted(f"{style}<p>pale</p>")
    assert visit.barriers(type="tag", values=RULES) == []
    visit.page.set_viewport_size({"width": PHONE, "height": 800})
    assert "color-contrast" in " ".join(visit.barriers(type="tag", values=RULES))


def test_planted_overflow_and_broken_link_are_found(planted):
    visit = planted('<a href="gone.html">gone</a><div style="width: 900px">wide</div>')
    visit.page.set_viewport_size({"width": PHONE, "height": 800})
    assert visit.page.evaluate("document.documentElement.scrollWidth") > PHONE
    assert visit.cut_on_paper() == ["DIV wide"]
    (link,) = visit.page.evaluate(LINKS)
    assert not (visit.folder / link.removeprefix(visit.address)).exists()


def test_the_policy_stops_what_is_planted_in_a_page(tab, pages, address, tmp_path):
    text = (pages / "index.html").read_text(encoding="utf-8")
    evil = "<script>document.title = 'taken'</script>"
    evil += (
        '<img src="http://127.0.0.2:1/x.png" alt=""><p onclick="document.title = \'taken\'">x</p>'
    )
    planted = pages / "planted.html"
    planted.write_text(text.replace("</article>", f"{evil}</article>"), encoding="utf-8")
    visit = Visit(tab, address)
    page = visit.go("planted")
    page.locator("article p", has_text=re.compile("^x$")).click()
    title = page.title()
    visit.end()
    planted.unlink()
    assert "taken" not in title
    refused = [text for text in visit.complaints if "Content Security Policy" in text]
    assert len(refused) >= 3


def test_without_scripts_the_page_can_be_read(chromium, address):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}book/adam/adam.html")
    assert page.locator("article h1").first.inner_text().startswith("Adam")
    assert page.locator("article p").first.is_visible()
    context.close()
