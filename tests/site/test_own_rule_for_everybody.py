"""The reader's own rule by keyboard, on a phone, with little motion, and for a screen reader."""

from datetime import datetime

import pytest
from playwright.sync_api import expect

from tests.site.own import AXE, MEAN, MOMENTUM, OTHER, lines, link


def test_it_is_written_by_keyboard_and_tab_leaves_it(playground):
    page = playground()
    page.get_by_label("Start from").focus()
    page.keyboard.press("Tab")
    assert lines(page).evaluate("one => one === document.activeElement")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Control+End")
    page.keyboard.type("*2")
    expect(page.locator(".happened")).to_contain_text("Own rule: ")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "As a class"
    page.keyboard.press("Enter")
    assert page.locator(".class code").is_visible()
    page.keyboard.press("Shift+Tab")
    assert lines(page).input_value() == f"{MOMENTUM}*2", "a tab is none of its characters"


def test_arrow_keys_in_the_list_of_algorithms_lose_no_lines(playground):
    page = playground(link(OTHER))
    start = page.get_by_label("Start from")
    expect(start).to_have_value("yours")
    start.focus()
    for name in ("Adam", "RMSprop"):
        page.keyboard.press("ArrowUp")
        expect(start).to_have_value(name)
        assert lines(page).input_value() != OTHER
    page.keyboard.press("End")
    expect(lines(page)).to_have_value(OTHER)
    expect(start).to_have_value("yours")


def test_a_half_written_name_is_not_commented_and_the_comment_is_said(playground):
    page = playground(link(MOMENTUM), clock=True)
    page.clock.pause_at(datetime(2026, 1, 2))
    hint = page.locator(".own .hint")
    assert hint.get_attribute("aria-live") == "polite"
    lines(page).focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("*epsilo")
    page.clock.run_for(500)
    assert hint.inner_text() == ""
    page.keyboard.type("n")
    page.clock.run_for(700)
    assert hint.inner_text() == ""
    page.keyboard.type("q")
    page.clock.run_for(700)
    assert "if you mean epsilon, write that" in hint.inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_has_no_barriers(playground, theme):
    page = playground(link(OTHER), color_scheme=theme)
    lines(page).fill(f"{OTHER} +")
    page.get_by_role("button", name="As a class").click()
    expect(page.locator(".own .error")).not_to_be_empty()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        """() => axe.run(".playground", {resultTypes: ["violations"]}).then((result) =>
             result.violations.map((rule) => [rule.id, rule.nodes.map((node) => node.html)]))"""
    )
    assert found == []


@pytest.mark.parametrize("width", [390, 768])
def test_it_is_no_wider_than_the_screen(playground, width):
    page = playground(link(f"{OTHER} # {80 * 'x'}"), viewport={"width": width, "height": 800})
    page.get_by_role("button", name="As a class").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_the_map_stays_in_sight_of_the_lines(playground):
    page = playground(link(MEAN), viewport={"width": 390, "height": 700})
    small = page.locator(".glance")
    pixels = "document.querySelector('.glance canvas').toDataURL()"
    before = page.evaluate(pixels)
    lines(page).fill(f"# a\n# b\n# c\n# d\n# e\n# f\n# g\n# h\n{OTHER}")
    page.evaluate(
        "window.scrollBy(0, document.querySelector('textarea').getBoundingClientRect().y)"
    )
    assert not page.evaluate("document.querySelector('.map').getBoundingClientRect().bottom > 0")
    place = small.bounding_box()
    assert 0 <= place["y"] < lines(page).bounding_box()["y"] + 200 and place["height"] < 150
    assert page.evaluate(pixels) != before
    assert small.inner_text().startswith("Own rule: loss ")
    expect(page.locator(".happened")).to_contain_text(small.inner_text().strip())
    assert small.get_attribute("aria-hidden") == "true", "it says the same twice"
    page.set_viewport_size({"width": 1280, "height": 700})
    assert not small.is_visible()


def test_a_calm_reader_gets_whole_steps_of_it(playground):
    page = playground(link(MEAN), reduced_motion="reduce")
    page.get_by_role("button", name="Play").click()
    seen = page.evaluate(
        """async () => {
          const seen = [];
          while (new Set(seen.map(([text]) => text)).size < 3) {
            await new Promise(requestAnimationFrame);
            const map = document.querySelector("canvas.map").toDataURL();
            seen.push([document.querySelector(".clock").textContent, map]);
          }
          return seen.slice(0, -1);
        }"""
    )
    assert len({clock for clock, _ in seen}) == len({map for _, map in seen}) == 2 < len(seen)
