"""A reader answers a question before the page shows the answer: by mouse, keyboard or finger.

The script is tried on a small site with the book's own configuration; then questions of the book
are answered once with each of their options, in a week all of them.
"""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from playwright.sync_api import expect

from tests.book import questions
from tests.book.test_questions import NAMES, PATHS, TEXT
from tests.book.test_site import build, small_site
from tests.site.conftest import served
from tests.site.test_folder import Tab
from tests.site.test_pages import RULES, Visit
from tests.weekly import some_of
from tools.book.notebooks import ROOT, read_notebook, write_notebook

LONG = TEXT.replace("Never.", "Never: $" + "a + " * 30 + "b = 0$, " + "as one sees " * 20)
PAGES = {
    path.stem: path.relative_to(ROOT).with_suffix("").as_posix()
    for path in PATHS
    if path.stem in NAMES
}
# The size of what a finger has to hit, in pixels.
SIZES = """form => [...form.querySelectorAll("label, button, a")]
  .filter(part => part.checkVisibility()).map(part => part.getBoundingClientRect().height)"""
LOOKS = "box => [getComputedStyle(box, '::before').content, getComputedStyle(box).borderLeft]"


def ask(folder, text=LONG, shown="decider"):
    """Writes a small site with a page that asks twice."""
    site = small_site(folder)
    page = read_notebook(site / "page.ipynb")
    page.cells[1:] = [
        new_markdown_cell(text, id="first", metadata={"predict": shown}),
        new_markdown_cell("## Later\n\n" + "Text. " * 2000),
        new_markdown_cell(text, id="second", metadata={"predict": shown}),
        new_code_cell("1", id="decider", outputs=[new_output("stream", text="1024")]),
    ]
    write_notebook(page, site / "page.ipynb")
    return site


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("asking")
    result = build(ask(folder / "site"), folder / "built")
    assert result.returncode == 0, result.stdout + result.stderr
    return folder / "built/_build/html"


@pytest.fixture(params=["from a server", "from the folder"])
def address(request, site):
    if request.param == "from the folder":
        yield site.as_uri() + "/"
        return
    with served(site) as address:
        yield address


@pytest.fixture
def tab(chromium):
    context = chromium.new_context(reduced_motion="reduce", viewport={"width": 390, "height": 800})
    tab = Tab(context)
    yield tab
    context.close()
    assert tab.complaints == []


def test_a_wrong_answer_then_the_right_one(tab, address):
    form = tab.go(f"{address}page.html").locator("form.predict").first
    said, answers = form.get_by_role("status"), form.locator("details")
    expect(form.get_by_role("group", name="Predict. Does it rain?")).to_be_visible()
    expect(said).to_be_empty()
    expect(answers).to_be_hidden()
    form.get_by_role("button", name="Check").click()
    expect(said).to_have_text("Choose an option first.")
    form.get_by_text("Momentum is faster").click()
    expect(said).to_be_empty()
    form.get_by_role("button", name="Check").click()
    expect(said).to_contain_text("A. No. The sky looks blue")
    expect(said.locator(".no")).to_be_visible()
    expect(answers).to_be_visible()
    form.locator("label mjx-container").click()
    expect(form.get_by_role("radio").nth(2)).to_be_checked()
    expect(said).to_be_empty()
    form.get_by_text("It does.").click()
    form.get_by_role("button", name="Check").click()
    expect(said).to_contain_text("B. Yes. It rains on")
    expect(said).not_to_contain_text("sky")
    expect(said.locator(".yes mjx-container")).to_be_visible()
    said.get_by_role("link", name="See it").click()
    assert tab.page.url.endswith("#cell-decider")
    expect(tab.page.locator("#cell-decider")).to_be_in_viewport()
    expect(tab.page.locator("form.predict").nth(1).get_by_role("status")).to_be_empty()


def test_by_keyboard_alone(tab, address):
    page = tab.go(f"{address}page.html")
    form = page.locator("form.predict").first
    options = form.get_by_role("radio")
    form.evaluate("form => form.scrollIntoView()")
    options.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(2)).to_be_checked()
    expect(options.nth(2)).to_be_focused()
    expect(form.get_by_role("status")).to_be_empty()  # who moves has not answered
    page.keyboard.press("Enter")
    expect(form.get_by_role("status")).to_contain_text("C. No.")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")  # to the formula in C, which MathJax reads out
    page.keyboard.press("Tab")
    expect(form.get_by_role("button", name="Check")).to_be_focused()
    page.keyboard.press("Space")
    expect(form.get_by_role("status")).to_contain_text("B. Yes.")
    page.keyboard.press("Tab")  # to the formula of the answer
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#cell-decider")


def test_nothing_is_stored_and_a_new_visit_begins_anew(tab, address):
    page = tab.go(f"{address}page.html")
    stored = "() => [{...localStorage}, {...sessionStorage}, document.cookie, location.href]"
    before = page.evaluate(stored)
    form = page.locator("form.predict").first
    form.get_by_text("It does.").click()
    form.get_by_role("button", name="Check").click()
    assert page.evaluate(stored) == before
    page.reload()
    assert page.locator("input:checked").count() == 0


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_no_barrier_and_no_overflow(width, chromium, site, tab):
    with served(site) as address:
        visit = Visit(tab.page, address)
        page = visit.go("page")
        page.set_viewport_size({"width": width, "height": 800})
        for place, form in enumerate(page.locator("form.predict").all()):
            form.get_by_role("radio").nth(place).check()
            form.get_by_role("button", name="Check").click()
            assert min(form.evaluate(SIZES)) >= 40
            # Colour alone tells nothing: the words say it, and so do a mark and the kind of line.
            box = form.get_by_role("status").locator("div")
            looks = """box => [
              getComputedStyle(box, '::before').content, getComputedStyle(box).borderLeft]"""
            mark, line = box.evaluate(looks)
            assert ("✗" in mark, "dashed" in line) == (
                (True, True) if place == 0 else (False, False)
            )
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for theme in ("light", "dark"):
            page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
            assert visit.barriers(type="tag", values=RULES) == []
        visit.end()


def test_without_scripts_and_on_paper_the_answers_are_there(chromium, site, tab):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "page.html").as_uri())
    form = page.locator("form.predict").first
    expect(form.get_by_role("radio")).to_have_count(0)
    expect(form.get_by_role("button")).to_have_count(0)
    expect(form.locator("label").nth(1)).to_have_text("B. It does.")
    form.locator("summary").click()
    expect(form.locator("details li").nth(1)).to_be_visible()
    context.close()
    page = tab.go((site / "page.html").as_uri())
    form = page.locator("form.predict").first
    form.get_by_text("It does.").click()
    form.get_by_role("button", name="Check").click()
    page.emulate_media(media="print")
    expect(form.get_by_role("status")).to_be_hidden()
    expect(form.get_by_role("button", name="Check")).to_be_hidden()
    unanswered = page.locator("form.predict").nth(1)
    for part in (form, unanswered):
        expect(part.locator("details li").nth(1)).to_be_visible()
        assert part.locator("details").bounding_box()["height"] > 100, "unfolded"


def test_only_pages_that_ask_load_the_script(site):
    assert "predict.js" in (site / "page.html").read_text(encoding="utf-8")
    assert "predict" not in (site / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ({"text": TEXT.replace("C. No", "C. Yes")}, "cell first: Exactly one answer is Yes"),
        ({"text": TEXT.replace("**Predict.**", "*Predict.*")}, "0 paragraphs begin"),
        ({"shown": "nowhere"}, "no cell nowhere on this page shows the answer"),
    ],
)
def test_a_planted_fault_stops_the_build(planted, said, tmp_path):
    result = build(ask(tmp_path / "site", **planted), tmp_path / "built")
    assert result.returncode != 0
    assert said in result.stdout + result.stderr


# Chooses every option of every question, as a script clicks: a reader's hands are tested above.
# Returns for each question how its answers begin, how they should, and whether "See it" lies below.
EVERY_OPTION = """[...document.querySelectorAll("form.predict")].map((form) => {
  const radios = [...form.querySelectorAll("input[type=radio]")];
  const said = radios.map((radio) => {
    radio.click();
    form.querySelector("button").click();
    return form.querySelector("[role=status]").textContent.trim().slice(0, 3);
  });
  const see = [...form.querySelectorAll("[role=status] a")].find((a) => a.textContent === "See it");
  const seen = document.querySelector(see.getAttribute("href"));
  return [said, radios.map((_, place) => `${"ABCD"[place]}. `),
    Boolean(form.compareDocumentPosition(seen) & Node.DOCUMENT_POSITION_FOLLOWING)];
})"""


@pytest.mark.parametrize("name", some_of(PAGES.values(), 6, list(PAGES)))
def test_every_option_of_the_book_is_answered(name, tab, pages):
    page = tab.go((pages / f"{name}.html").as_uri())
    expect(page.locator("form.predict")).to_have_count(questions.EACH)
    for said, letters, later in page.evaluate(EVERY_OPTION):
        assert said == letters, "each option has its sentence"
        assert later, "the figure comes later"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
