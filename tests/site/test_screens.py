"""A browser loads the drawing that suits its screen, and a formula that is too wide scrolls.

`test_pages.py` measures the letters and the formulas of every page.
"""

import re

import pytest

from tests.site import readable
from tests.site.test_code_blocks import shades

CHAPTER = "book/gradient-descent/networks"
SCREENS = {  # width, pixels of the screen for one of the page, what is loaded
    "phone": (390, 2, "-phone.webp"),
    "plain phone": (390, 1, "-phone.webp"),
    "tablet": (768, 1, ".png"),
    "laptop": (1280, 1, ".png"),
    "dense laptop": (1280, 2, "-dense.webp"),
}
WIDE = r"<p>So \\(1 + 1\\) <mjx-container><mjx-math style='display: inline-block; width: 600px'>"
WIDE += "</mjx-math></mjx-container></p>"
PLANT = "body => document.querySelector('article section').insertAdjacentHTML('beforeend', body)"
NOTE = "Here the panels stand below each other"


@pytest.fixture
def opened(chromium, address):
    contexts = []

    def go(width, density=1, theme="light", formulas=False):
        screen = {"width": width, "height": 800}
        options = {"color_scheme": theme, "reduced_motion": "reduce"}
        context = chromium.new_context(viewport=screen, device_scale_factor=density, **options)
        contexts.append(context)
        if not formulas:
            context.route("**/mathjax/**", lambda route: route.abort())
        page = context.new_page()
        page.goto(f"{address}{CHAPTER}.html", wait_until="load")
        return page

    yield go
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("width", "density", "loaded"), SCREENS.values(), ids=SCREENS)
def test_a_screen_gets_its_drawing(opened, pages, width, density, loaded):
    page = opened(width, density)
    shown = [source for source, *_ in page.evaluate(readable.PICTURES)]
    assert len(shown) == 5 and all(source.endswith(loaded) for source in shown)
    sharp = density if loaded != ".png" else 0.9
    assert readable.complaints(page, pages, sharp) == []
    page.emulate_media(media="print")
    page.wait_for_function(
        "() => [...document.querySelectorAll('article picture img')].every("
        "image => image.currentSrc.endsWith('.png'))"
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_figure_looks_the_same_on_light_and_dark_pages(opened, theme):
    image = opened(390, 2, theme).locator("article picture img").first
    style = image.evaluate("image => [getComputedStyle(image).filter, image.complete]")
    assert style == ["none", True]


def test_a_phone_says_where_the_panels_have_gone(opened):
    page = opened(390)
    notes = page.locator("article .stacked")
    assert notes.count() == 3, "of five figures three have panels beside each other"
    assert NOTE in notes.first.inner_text() and notes.first.is_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    assert not notes.first.is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_shadow_lies_where_a_formula_goes_on(opened, theme):
    page = opened(390, theme=theme, formulas=True)
    page.evaluate("window.MathJax.startup.promise")
    formula = page.locator("article div.math").filter(has_text=re.compile("N.9")).first
    assert formula.evaluate("box => box.scrollWidth > box.clientWidth + 50")
    left, right = shades(formula)
    assert left < 3 and right > 20, "more on the right"
    formula.evaluate("box => { box.scrollLeft = box.scrollWidth }")
    left, right = shades(formula)
    assert left > 20 and right < 3, "more on the left"


def test_small_letters_few_pixels_and_cut_formulas_are_found(opened, pages):
    page = opened(390, 2)
    assert readable.complaints(page, pages, 2) == []
    # the drawing for phones is taken away: the figure itself shrinks to the screen
    page.evaluate("document.querySelectorAll('source').forEach(source => source.remove())")
    # a function: an expression is read by `eval`, which the policy of the pages forbids
    page.wait_for_function(
        "() => document.querySelector('picture img').currentSrc.endsWith('.png')"
    )
    page.evaluate(PLANT, WIDE)
    found = readable.complaints(page, pages, 3)
    assert any(text.startswith("letters of ") for text in found)
    assert any(re.match(r"\d+ pixels for 342", text) for text in found)
    assert any("pixels are cut" in text for text in found)
