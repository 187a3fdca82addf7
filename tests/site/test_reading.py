"""What a reader does on the site: start, search, copy, unfold a solution, go on, by keyboard."""

import re
import shutil
import subprocess

import pytest
import yaml

from tools.book.notebooks import ROOT, read_notebook

CHAPTER = "book/adam/adam.html"
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 375, "height": 700}
# Whether an element is seen as a whole without scrolling.
AT_ONCE = """(element) => {
  const box = element.getBoundingClientRect();
  return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
}"""
SEEN = "(element) => getComputedStyle(element).opacity === '1'"
FOCUSED = "(element) => element === document.activeElement"


@pytest.fixture(scope="module")
def context(chromium, address):
    context = chromium.new_context(viewport=DESK, reduced_motion="reduce")
    # Setting mathematics takes seconds on every page, and is looked at elsewhere.
    context.route("**/mathjax/**", lambda route: route.abort())
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address.rstrip("/"))
    yield context
    context.close()


def opened(context, address):
    page = context.new_page()
    page.goto(address, wait_until="load")
    return page


@pytest.fixture(scope="module")
def first_page(context, address):
    return opened(context, f"{address}index.html")


@pytest.fixture(scope="module")
def chapter(context, address):
    return opened(context, f"{address}{CHAPTER}")


@pytest.fixture
def search(context, address):
    """The lightest page, for what all pages have."""
    return opened(context, f"{address}search.html?q=xylophone")


@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
def test_the_first_screen_says_what_for_whom_how_long_and_where_to_start(screen, first_page):
    first_page.set_viewport_size(screen)
    for element in (
        first_page.locator("article strong", has_text="narrow ravine"),
        first_page.locator("article p", has_text="students who know"),
        first_page.locator("article li", has_text=re.compile(r"An evening.*hours?$")),
        first_page.locator("article li", has_text=re.compile(r"A week.*hours of reading$")),
        first_page.locator("article li", has_text=re.compile(r"Two lectures.*hours$")),
        first_page.locator("article figure img"),
    ):
        assert element.first.evaluate(AT_ONCE)


def test_the_first_page_cites_the_book_as_its_citation_file_does(first_page):
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    entry = first_page.locator("article pre", has_text="@misc").inner_text()
    words = re.sub(r"[{}]", "", entry)
    for value in (said["title"], said["authors"][0]["name"], said["repository-code"]):
        assert value in words
    assert f"Version {said['version']}" in words


def test_search_starts_from_the_keyboard_and_finds_a_word(search):
    search.get_by_text("did not match any documents").wait_for()
    search.keyboard.press("Control+k")
    search.keyboard.type("bias correction")
    search.keyboard.press("Enter")
    search.locator("#search-results li a[href*='adam/bias-correction']").first.wait_for()


def test_the_first_stop_of_the_keyboard_skips_to_the_text(search):
    search.keyboard.press("Tab")
    skip = search.get_by_role("link", name="Skip to main content")
    assert skip.evaluate(FOCUSED)
    search.wait_for_function(AT_ONCE, arg=skip.element_handle())  # it slides in
    search.keyboard.press("Enter")
    search.keyboard.press("Tab")
    assert search.locator("main :focus").count() == 1, "the contents are behind"


def test_who_asked_for_less_motion_gets_none(search):
    behaviour = "() => getComputedStyle(document.documentElement).scrollBehavior"
    assert search.evaluate(behaviour) == "auto"
    search.emulate_media(reduced_motion="no-preference")
    assert search.evaluate(behaviour) == "smooth"


def test_a_button_copies_the_code_beside_it(chapter):
    """The whole class, with the docstring that is folded; and a cell that has none."""
    cells = read_notebook(ROOT / CHAPTER.replace(".html", ".ipynb")).cells
    for words in ("class Adam(", "for gradient, by_hand in"):
        shown = chapter.locator("div.highlight", has_text=words).first
        button = shown.locator(".copybtn")
        button.focus()
        chapter.wait_for_function(SEEN, arg=button.element_handle())
        chapter.keyboard.press("Enter")
        shown.locator(".copybtn.success").wait_for()
        copied = chapter.evaluate("navigator.clipboard.readText()")
        assert copied.strip() == next(cell.source for cell in cells if words in cell.source)


def test_a_solution_is_folded_and_opens_by_keyboard(chapter):
    solution = chapter.locator("article details:not(.hide)", has_text="Solution").first
    words = solution.locator("p").first
    assert not words.is_visible()
    solution.locator("summary").focus()
    chapter.keyboard.press("Enter")
    assert words.is_visible()


def test_a_chapter_leads_to_the_next_and_back(chapter):
    before, following = (chapter.locator(f"a.{side}") for side in ("left-prev", "right-next"))
    assert before.get_attribute("href") == "../rmsprop/adagrad-and-rmsprop.html"
    assert following.get_attribute("href") == "bias-correction.html"
    assert following.inner_text().split("\n") == ["Next", "", "Bias correction"]


def test_the_number_of_an_equation_leads_to_it(chapter, pages):
    here = chapter.get_by_role("link", name="(5.5)", exact=True).first
    here.click()
    assert chapter.locator("#equation-5-5").evaluate(AT_ONCE)
    elsewhere = chapter.get_by_role("link", name="(3.1)", exact=True).first.get_attribute("href")
    page, place = elsewhere.split("#")
    assert f'id="{place}"' in (pages / CHAPTER).parent.joinpath(page).read_text(encoding="utf-8")


PRINTED = """(solution) => {
  const content = solution.querySelector(':scope > :not(summary)');
  const shown = { contentVisibilityAuto: true, visibilityProperty: true };
  return content.checkVisibility(shown) && content.getBoundingClientRect().height > 0;
}"""


def test_solutions_are_open_on_paper_and_folded_on_the_screen(context, address, tmp_path):
    page = opened(context, f"{address}{CHAPTER}")
    solutions = page.locator("details", has=page.locator("summary", has_text="Solution")).all()
    assert len(solutions) >= 2
    assert not any(solution.evaluate(PRINTED) for solution in solutions)
    page.emulate_media(media="print")
    assert all(solution.evaluate(PRINTED) for solution in solutions)
    if shutil.which("pdftotext"):  # what a test sees is then what is on the paper
        words = solutions[0].locator("p").last.text_content().split()[:4]
        page.pdf(path=tmp_path / "page.pdf", format="A4")
        command = ["pdftotext", str(tmp_path / "page.pdf"), "-"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert " ".join(words) in " ".join(text.split())


def test_code_that_is_folded_is_not_printed(context, address):
    page = opened(context, f"{address}{CHAPTER}")
    page.emulate_media(media="print")
    folded = page.locator(".cell details.hide").all()
    assert folded and not any(each.is_visible() for each in folded)


def test_a_playground_says_on_paper_where_it_is(context, address):
    page = opened(context, f"{address}{CHAPTER}")
    board = page.locator(".playground > *").first
    assert board.is_visible()
    page.emulate_media(media="print")
    assert not board.is_visible()
    words = "element => getComputedStyle(element, '::before').content"
    assert "On the site" in page.locator(".playground").first.evaluate(words)
