"""Code fits on a laptop; on a phone it scrolls in its box, and a shadow says that it does."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.site import code_blocks

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 800}
LONG = "x = 1  # " + "a long comment " * 9
# Each fault, the width where it shows, and what is said about it.
FAULTS = {
    "a long line": (DESK, f"<pre>{LONG}</pre>", "pixels are hidden of: x = 1"),
    "one that is folded": (DESK, f"<details><pre>{LONG}</pre></details>", "pixels are hidden"),
    "a column that is too narrow": (
        DESK,
        f'<div style="width: 20rem"><pre>{LONG[:60]}</pre></div>',
        "pixels are hidden",
    ),
    "a wide table": (
        DESK,
        '<div class="cell_output"><pre>' + "name    0.123   " * 9 + "</pre></div>",
        "a row no longer stands on one line: name",
    ),
    "a wide box": (PHONE, f'<pre style="width: 50rem">{LONG}</pre>', "no box holds: x = 1"),
    "a box that hides": (PHONE, f'<pre style="overflow: hidden">{LONG}</pre>', "no box holds"),
}
PLANT = """body => document.querySelector("article section")
  .insertAdjacentHTML("beforeend", `<div id="planted">${body}</div>`)"""
GOOD = (
    "<pre>"
    + "x" * 100
    + '</pre><div class="cell_output"><pre>'
    + "a sentence " * 20
    + "</pre></div>"
)


@pytest.fixture
def chapter(chromium, pages):
    context = chromium.new_context(viewport=DESK, reduced_motion="reduce")
    context.route("**/mathjax/**", lambda route: route.abort())
    page = context.new_page()
    page.goto((pages / "book/adam/bias-correction.html").as_uri())
    yield page
    context.close()


def test_planted_blocks_are_found_and_good_ones_are_not(chapter):
    chapter.evaluate(PLANT, GOOD)
    assert code_blocks.complaints(chapter, "cut", "broken", "outside") == []
    for name, (screen, body, said) in FAULTS.items():
        chapter.set_viewport_size(screen)
        chapter.evaluate("document.querySelector('#planted')?.remove()")
        before = code_blocks.complaints(chapter, "outside")
        chapter.evaluate(PLANT, body)
        kinds = ("cut", "broken") if screen == DESK else ("outside",)
        (complaint,) = [
            text for text in code_blocks.complaints(chapter, *kinds) if text not in before
        ]
        assert said in complaint, name


def shades(block):
    """How much the left and the right edge of a block differ from its background, in grey levels.

    A row of pixels between the border and the first line of code, so that no letter is in it.
    """
    picture = np.asarray(Image.open(io.BytesIO(block.screenshot())).convert("L")).astype(int)
    row = picture[6]
    background = row[len(row) // 2]
    return abs(row[5] - background), abs(row[-3] - background)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_shadow_lies_where_code_goes_on(chapter, theme):
    chapter.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    chapter.evaluate("document.querySelectorAll('.copybtn').forEach(button => button.remove())")
    cells = chapter.locator("article .cell_input pre")
    block = cells.filter(has_text="assert").first
    assert block.evaluate("pre => pre.scrollWidth === pre.clientWidth")
    assert max(shades(block)) < 3, "nothing is hidden on a laptop"
    chapter.set_viewport_size(PHONE)
    assert block.evaluate("pre => pre.scrollWidth > pre.clientWidth + 50")
    left, right = shades(block)
    assert left < 3 and right > 20, "more on the right"
    block.evaluate("pre => { pre.scrollLeft = 25 }")
    assert min(shades(block)) > 20, "more on both sides"
    block.evaluate("pre => { pre.scrollLeft = pre.scrollWidth }")
    left, right = shades(block)
    assert left > 20 and right < 3, "more on the left"
