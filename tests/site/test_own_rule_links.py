"""Links to a rule of one's own, and what is no rule: it comes back as it was, or does nothing."""

import re

import pytest
from playwright.sync_api import expect

from tests.site.own import DESCENT, OTHER, lines, link, picture
from tests.weekly import some_of


def test_a_link_reproduces_the_rule(playground):
    page = playground()
    lines(page).fill(OTHER + "  # β & 100 % of +=?")
    page.get_by_label("c, exact").fill("0.37")
    page.get_by_label("c, exact").blur()
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".happened")).to_contain_text("link to this state")
    again = playground(page.url.rsplit("/", 1)[1])
    assert lines(again).input_value() == lines(page).input_value()
    assert again.get_by_label("c, exact").input_value() == "0.37"
    assert picture(again) == picture(page) and again.url == page.url
    assert page.text_content(".happened").endswith(again.text_content(".happened"))


HOSTILE = {
    "script": "</textarea><script>alert(1)</script>",
    "call": "theta = alert(1)",
    "member": "theta = window.alert",
    "constructor": 'theta = constructor("alert(1)")()',
    "image": "theta = g <img src=x onerror=alert(1)>",
    "too long": "theta = theta - eta*g # " + 1000 * "x",
    "far too long": "theta = g\n" * 20_000,
    "deep": "theta = " + 400 * "(" + "g" + 400 * ")",
    "no text": "",
    "nul": "theta = g\0",
    "given": "g = 0\ntheta = theta",
    "proto": "__proto__ = g\ntheta = theta",
}


@pytest.mark.parametrize("text", some_of(HOSTILE.values(), 3, list(HOSTILE)))
def test_a_hostile_link_does_nothing_but_show_its_error(playground, text):
    plain = playground("whole.html#surface=ravine&steps=20&GD=eta:0.03")
    page = playground(link(text, "__proto__:1,constructor:2,eta:1e999"))
    expect(page.locator(".own .error")).to_have_text(re.compile(r"^Line \d+: .{5,150}\.$"))
    assert page.text_content(".happened") == plain.text_content(".happened")
    assert picture(page) == picture(plain)
    assert not page.get_by_label("Own rule", exact=True).is_checked()
    assert len(lines(page).input_value()) <= 1000
    assert page.locator(".playground :is(script, img)").count() == 0
    assert page.locator(".own .error :not(code)").count() == 0
    assert page.evaluate("Object.keys(Object.prototype)") == []


MARKED = """async (mark) => {
  const { ownPanel } = await import("./own-panel.js");
  const trouble = { text: mark, line: 1, message: `Line 1: ${mark} is wrong.` };
  const rule = "theta = theta - eta*g";
  const said = (settings, hints) => {
    const { node, show } = ownPanel({ settings: { rule, shown: [], ...settings }, hints }, "");
    show();
    return [...node.querySelectorAll(".error, .hint")].map((one) =>
      [one.textContent, one.childElementCount]);
  };
  return [said({ trouble }, [])[0], said({ trouble: null }, [mark])[1]];
}"""


def test_marks_in_a_sentence_are_shown_and_make_no_element(playground):
    mark = "<img src=x onerror=alert(1)>"
    found = playground().evaluate(MARKED, mark)
    assert found == [[f"Line 1: {mark} is wrong.", 0], [mark, 0]]


def test_only_the_names_of_an_algorithm_are_read_from_a_link(playground):
    others = "surface=ravine&steps=20&GD=eta:0.03,toString:2,valueOf:3"
    page = playground(link(DESCENT, "eta:0.04,toString:2,valueOf:3", others))
    labels = page.locator("legend:has-text('Settings of Own rule') ~ .slider label")
    assert labels.all_text_contents() == ["eta"]
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".happened")).to_contain_text("link to this state")
    assert not re.search("toString|valueOf", page.url)


def test_names_that_objects_have_are_names_like_others(playground):
    rule = "constructor = valueOf*constructor + g\ntheta = theta - toString*constructor"
    page = playground(link(rule, "valueOf:0.5,toString:0.01,hasOwnProperty:3,__proto__:1"))
    assert re.search(r"Own rule: loss [\d.]+ after 20 steps", page.text_content(".happened"))
    labels = page.locator("legend:has-text('Settings of Own rule') ~ .slider label")
    assert labels.all_text_contents() == ["valueOf", "toString"]
    assert page.get_by_label("valueOf, exact").input_value() == "0.5"
    assert page.get_by_label("toString, exact").input_value() == "0.01"
    assert page.locator(".own .error").text_content() == ""
