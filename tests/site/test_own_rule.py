"""The reader's own rule on the page: it walks, says what is wrong in which line, harms nothing."""

import re
from pathlib import Path
from urllib.parse import quote

import axe_playwright_python
import pytest
from playwright.sync_api import expect

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
MOMENTUM = "m = beta*m + g\ntheta = theta - eta*m"
DESCENT = "theta = theta - eta*g"
MEAN = "m = beta*m + (1 - beta)*g\ntheta = theta - eta*m"
# With a name of its own, two states, and a norm.
OTHER = "s = s + norm(g)^2\nm = beta*m + g\ntheta = theta - eta*m/(sqrt(s) + c)"


def link(rule, numbers="", others="surface=ravine&steps=20&GD=eta:0.03"):
    return f"whole.html#{others}&inside=Own&Own={numbers}&rule={quote(rule)}"


def lines(page):
    return page.get_by_label("Lines of the rule")


def picture(page):
    return page.evaluate("document.querySelector('canvas.map').toDataURL()")


# It walks

SAME = """async (lines) => {
  const { Model } = await import("./model.js");
  const { SURFACES } = await import("./surfaces.js");
  const { ALGORITHMS } = await import("./optimizers.js");
  const rows = [];
  for (const surface of Object.keys(SURFACES)) {
    const numbers = "eta:0.0021,beta:0.83,rho:0.71,beta1:0.62,beta2:0.93,epsilon:0.05";
    for (const name of Object.keys(ALGORITHMS)) {
      const model = new Model(`surface=${surface}&steps=300&angle=20&${name}=${numbers}`, () => {});
      model.startFrom(name);
      const [one, two] = [name, "Own"].map((each) => model.view.walks.get(each));
      const far = one.points.at(-1).map((value, k) => Math.abs(value - one.points[0][k]));
      const same = JSON.stringify(one) === JSON.stringify(two);
      rows.push({ surface, name, same, moved: Math.max(...far) > 1e-3 });
    }
  }
  return rows;
}"""


def test_the_lines_of_each_algorithm_walk_as_it_does(modules):
    rows = modules.evaluate(SAME)
    assert len(rows) == 8 * 6
    assert [row for row in rows if not (row["same"] and row["moved"])] == []


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


def test_the_phase_diagram_has_the_names_of_the_rule(playground):
    page = playground(link("m = mu*m + g\ntheta = theta - lr*m", "lr:0.01,mu:0.5"))
    drawing = page.locator(".phase canvas")
    assert drawing.get_attribute("aria-label").startswith(
        "Phase diagram over lr times lambda and mu,"
    )
    written = page.evaluate(
        """async () => {
          const { drawOwnPhases } = await import("./draw-phase-own.js");
          const { frame } = await import("./canvas.js");
          const { ruleAlgorithm, parseRule } = await import("./rule.js");
          const algorithm = ruleAlgorithm(parseRule("m = mu*m + g\\ntheta = theta - lr*m"));
          const pen = document.createElement("canvas").getContext("2d");
          const texts = [];
          pen.fillText = (text) => texts.push(text);
          const own = { algorithm, rate: "lr", upward: "mu" };
          drawOwnPhases(pen, frame(300, 200, [0, 4], [0, 1]), own, { lr: 0.1, mu: 0.5 });
          return texts;
        }"""
    )
    assert {"lr·λ", "mu", "swinging", "divergent"} <= set(written)


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


PHASES = """async (settings) => {
  const { alongAxis, coefficientsOf, isLinear } = await import("./linear.js");
  const { LINES, parseRule, ruleAlgorithm } = await import("./rule.js");
  const { motion, rate } = await import("./regime.js");
  const wrong = [];
  for (const name of ["GD", "Momentum", "Nesterov"]) {
    const algorithm = ruleAlgorithm(parseRule(LINES[name]));
    // the same with a state more, which the general method has to solve
    const longer = ruleAlgorithm(parseRule(`last = 0.1*last + theta\\n${LINES[name]}`));
    for (const [eta, beta] of settings) {
      for (const each of [algorithm, longer]) {
        const rows = coefficientsOf(each, { eta, beta });
        const found = alongAxis(rows)(3);
        const expected = motion(name, 3 * eta, beta);
        const radius = Math.max(rate(name, 3 * eta, beta), each === longer ? 0.1 : 0);
        const right = isLinear(each, { eta, beta }) && Math.abs(found.rate - radius) < 1e-6;
        // where two eigenvalues are as good as equal, both names are right
        if (!right || (found.motion !== expected && rate(name, 3 * eta, beta) > 0.11)) {
          wrong.push([name, eta, beta, found, expected]);
        }
      }
    }
  }
  const not = ["AdaGrad", "RMSprop", "Adam"].map((name) => LINES[name]);
  for (const step of ["sign(g)", "g/norm(g)", "g/t", "max(g, 0)", "(g + 1)", "g*g"]) {
    not.push(`theta = theta - eta*${step}`);
  }
  const numbers = { eta: 0.1, beta: 0.9, beta_1: 0.9, beta_2: 0.9, rho: 0.9, epsilon: 0.1 };
  const linear = not.filter((text) => isLinear(ruleAlgorithm(parseRule(text)), numbers));
  return { wrong, linear };
}"""


def test_the_phases_of_linear_rules_are_those_of_the_theory(modules):
    settings = [[0.011 * 1.37**i, beta] for i in range(14) for beta in (0.03, 0.31, 0.74, 0.93)]
    found = modules.evaluate(PHASES, settings)
    assert found == {"wrong": [], "linear": []}


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


# Its link


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


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
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


# For everybody


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
