"""The reader's own rule on the page: it walks, says what is wrong in which line, harms nothing."""

import re

import pytest
from playwright.sync_api import expect

from tests.site.own import MEAN, MOMENTUM, OTHER, lines, link, picture

# It walks


def test_a_changed_line_changes_the_path(playground):
    page = playground()
    expect(lines(page)).to_have_value(MOMENTUM)
    assert "Own rule" not in page.text_content(".happened")
    before = picture(page)
    lines(page).fill(MEAN)
    expect(page.locator(".happened")).to_contain_text("Own rule: loss")
    assert picture(page) != before
    assert page.get_by_label("Own rule", exact=True).is_checked()
    assert page.get_by_label("Look inside Own rule").is_checked()
    expect(page.locator(".regime")).to_contain_text("Own rule: oscillating")
    assert page.locator(".phase").is_visible()

    mean = picture(page)
    lines(page).fill(OTHER)
    assert picture(page) != mean
    names = page.locator("legend:has-text('Settings of Own rule') ~ .slider label")
    assert names.all_text_contents() == ["eta", "beta", "c"]
    quantities = page.locator("table.numbers th[scope=row]").all_text_contents()
    assert quantities == ["g, gradient", "s, state", "m, state", "Δθ, step"]
    assert not page.locator(".phase").is_visible()
    assert "not linear" in page.text_content(".regime")
    other = picture(page)
    page.get_by_label("c", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert picture(page) != other


FATES = {
    "theta = theta + g^3": r"Own rule: diverged: θ is beyond a million at step \d+\.",
    "theta = sqrt(theta - 5)": r"Own rule: diverged: θ is no number any more at step 1\.",
    "theta = theta - 1": r"Own rule: loss \S+ after 20 steps, outside the map\.",
}


@pytest.mark.parametrize("rule", FATES)
def test_what_becomes_of_a_walk_that_is_not_seen_is_said_in_words(playground, rule):
    assert re.search(FATES[rule], playground(link(rule)).text_content(".happened"))


def test_start_from_gives_the_lines_and_settings_of_an_algorithm(playground):
    page = playground("whole.html#steps=30&Adam=eta:0.3,beta1:0.6&GD=eta:0.01")
    start = page.get_by_label("Start from")
    start.select_option("Adam")
    expect(page.locator(".happened")).to_contain_text("Own rule has the lines of Adam now")
    text = page.text_content(".happened")
    losses = dict(re.findall(r"(Adam|Own rule): loss (\S+) after", text))
    assert losses["Adam"] == losses["Own rule"]
    assert page.get_by_label("beta_1, exact").input_value() == "0.6"
    lines(page).fill(lines(page).input_value().replace("1 - beta_1^t", "1"))
    expect(start).to_have_value("yours")


# What is wrong with it


def test_an_error_is_one_sentence_at_its_line_and_the_last_rule_walks_on(playground):
    page = playground(link(MEAN, "eta:0.05,beta:0.5"))
    before, error = picture(page), page.locator(".own .error")
    assert error.text_content() == ""
    lines(page).fill("m = beta*m + g\n\ntheta = theta - eta*(m")
    expect(error).to_have_text(
        re.compile(r"^Line 3: [^.]*\. The last rule without an error walks on\.$")
    )
    wrong = page.evaluate(
        "[...document.querySelectorAll('.lines li')].map((one) => one.className === 'wrong')"
    )
    assert wrong == [False, False, True]
    assert lines(page).get_attribute("aria-invalid") == "true"
    described = lines(page).get_attribute("aria-describedby").split()
    assert error.get_attribute("id") in described
    assert picture(page) == before and "Own rule: loss" in page.text_content(".happened")
    lines(page).fill(MEAN)
    expect(error).to_be_empty()
    assert page.locator(".lines li.wrong").count() == 0
    assert lines(page).get_attribute("aria-invalid") == "false"


def test_a_name_that_may_be_misspelled_is_asked_about(playground):
    page = playground(link("m = beta*m + g\ntheta = theta - eta*m*epsilom"))
    expect(page.locator(".own .hint")).to_contain_text("if you mean epsilon, write that")


# The class


def test_the_class_is_shown_and_copied_as_the_sliders_stand(playground):
    page = playground(
        link(MEAN, "eta:0.04,beta:0.6"), permissions=["clipboard-read", "clipboard-write"]
    )
    code = page.locator(".class code")
    button = page.get_by_role("button", name="As a class")
    assert not code.is_visible() and button.get_attribute("aria-expanded") == "false"
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    assert "class MyRule(keras.optimizers.Optimizer):" in code.text_content()
    assert "learning_rate=0.04" in code.text_content() and "beta=0.6" in code.text_content()
    page.get_by_label("beta, exact").fill("0.75")
    page.get_by_label("beta, exact").blur()
    assert "beta=0.75" in code.text_content()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator(".happened")).to_contain_text("The class is copied.")
    assert page.evaluate("navigator.clipboard.readText()") == code.text_content()
    assert page.get_by_role("link", name="Open in Colab").get_attribute("href") == "notebook.html"
    button.click()
    assert not code.is_visible()
