"""The challenges on the page: a button judges the rule, and the page stays alive meanwhile."""

import re

import pytest
from playwright.sync_api import expect

from tests.site.own import AXE, DESCENT, MOMENTUM, lines, link

DAMPED = "m = beta*m + g\ntheta = theta - eta*(beta*m + g)"
SADDLE, NOISE = "Leave the saddle", "Survive the noise"


def task(page, title):
    return page.locator(".challenges li", has=page.get_by_text(title, exact=True))


def judge(page, title):
    """Presses the button of a task and returns its verdict, which may be still to come."""
    page.get_by_role("button", name=f"Judge my rule {title}", exact=True).click()
    return task(page, title).locator(".verdict")


def test_each_of_five_tasks_has_its_text_and_its_button(playground):
    page = playground()
    assert page.locator(".challenges li").count() == 5
    for one in page.locator(".challenges li").all():
        title, text = one.locator("strong").inner_text(), one.locator("p").first.inner_text()
        assert len(text) > 40 and text.endswith(".")
        assert one.get_by_role("button", name=f"Judge my rule {title}", exact=True).count() == 1
        assert one.locator(".verdict").get_attribute("aria-live") == "polite"
    assert "Challenges" not in playground("small.html").content()


@pytest.mark.parametrize("title, rule", [("Damp the zig-zag", DAMPED), (SADDLE, MOMENTUM)])
def test_a_rule_passes_that_gradient_descent_does_not(playground, title, rule):
    page = playground(link(DESCENT))
    verdict = judge(page, title)
    expect(verdict).to_have_text(re.compile(r"^Not yet\. .*should.*\.$"))
    lines(page).fill(rule)
    expect(verdict).to_be_empty()  # it was about other lines
    # cases are drawn anew: a rule that passes most judgements need not pass each
    for _ in range(8):
        judge(page, title)
        expect(verdict).to_have_text(re.compile(r"^(Passed|Not yet)\. "))
        if verdict.inner_text().startswith("Passed. "):
            break
    expect(verdict).to_have_text(re.compile(r"^Passed\. .* enough\.$"))


def test_a_walk_that_flies_apart_is_said_to(playground):
    page = playground(link("theta = theta + exp(t)*g"))
    for title in ("Damp the zig-zag", "Survive the noise", "Be blind to rotation", "Beat Adam"):
        verdict = judge(page, title)
        sentence = (
            r"^Not yet\. At its best setting the walk still flies apart in \d of 7 cases[,;] "
        )
        expect(verdict).to_have_text(re.compile(sentence))
        assert not re.search(r"10\^|NaN|not a number", verdict.inner_text())


def test_lines_with_an_error_are_not_judged(playground):
    page = playground(link(MOMENTUM))
    lines(page).fill("m = beta*m + g\ntheta = theta - eta*(m")
    verdict = judge(page, SADDLE)
    expect(verdict).to_have_text("Line 2 has an error: correct it, then ask again.")
    page.wait_for_timeout(1500)
    assert verdict.inner_text() == "Line 2 has an error: correct it, then ask again."
    lines(page).fill(MOMENTUM)
    expect(verdict).to_be_empty()


def test_it_is_judged_by_keyboard(playground):
    page = playground(link(MOMENTUM))
    page.get_by_role("button", name="Judge my rule").first.focus()
    page.keyboard.press("Tab")  # to the next task's
    assert page.evaluate("document.activeElement.textContent") == "Judge my rule"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    verdict = task(page, SADDLE).locator(".verdict")
    expect(verdict).to_contain_text(re.compile(r"Passed\.|Not yet\."))
    focused = page.evaluate("document.activeElement.getAttribute('aria-labelledby')")
    button = page.get_by_role("button", name=f"Judge my rule {SADDLE}")
    assert button.get_attribute("aria-labelledby") == focused, "the focus stays on the button"


# Presses the button of a task, and once more meanwhile; returns how many times the page had its
# turn until the verdict, what the button said at these, and how often the verdict got a text.
# No clock: a busy machine may take any time from the page.
TURNS = """async (title) => {
  const all = [...document.querySelectorAll(".challenges li")];
  const item = all.find((one) => one.querySelector("strong").textContent === title);
  const [button, verdict] = ["button", ".verdict"].map((name) => item.querySelector(name));
  const seen = new Set();
  let changes = 0;
  const watch = new MutationObserver((all) => {
    changes += all.filter((one) => one.addedNodes.length).length;
  });
  watch.observe(verdict, { childList: true });
  let turns = 0;
  button.click();
  for (; verdict.textContent === "judging …"; turns += 1) {
    seen.add(button.getAttribute("aria-disabled"));
    if (turns === 5) {
      button.click();
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  return {
    turns, changes, seen: [...seen], after: button.getAttribute("aria-disabled"),
    text: verdict.textContent,
  };
}"""


def test_the_page_stays_alive_while_it_is_judged(playground):
    page = playground(link(MOMENTUM))
    for _ in range(2):
        one = page.evaluate(TURNS, NOISE)
        assert one["turns"] > 50, "one after each of 159 trials, where timers are alike"
        assert one["changes"] == 2, "judging and the verdict: a second click asks nothing"
        assert one["seen"] == ["true"] and one["after"] is None
        assert re.match(r"Passed\.|Not yet\.", one["text"])


def test_a_verdict_on_lines_that_have_changed_is_not_given(playground):
    page = playground(link(MOMENTUM))
    verdict = judge(page, NOISE)
    lines(page).fill(DESCENT)
    expect(verdict).to_be_empty()
    page.wait_for_timeout(2000)
    assert verdict.inner_text() == ""
    judge(page, NOISE)
    expect(verdict).to_contain_text("Not yet.")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_challenges_have_no_barriers(playground, theme):
    page = playground(link(DESCENT), color_scheme=theme, viewport={"width": 390, "height": 800})
    expect(judge(page, SADDLE)).to_contain_text("Not yet.")
    judge(page, NOISE)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        """() => axe.run(".challenges", {resultTypes: ["violations"]}).then((result) =>
             result.violations.map((rule) => [rule.id, rule.nodes.map((node) => node.html)]))"""
    )
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
