"""The small widgets compute what the package does, say what they draw, and work for everyone.

Their modules stand on bare pages with the theme's style sheet, so that no site has to be built;
what the built pages make of them is a matter of the tests of all pages.
"""

import re
import shutil
from pathlib import Path

import numpy as np
import pydata_sphinx_theme
import pytest
from playwright.sync_api import expect

from ravine import figures
from ravine.optimizers import (
    ConstantRate,
    CosineDecay,
    GradientDescent,
    InverseSquareRoot,
    LinearDecay,
    Momentum,
)
from ravine.surfaces import NoisyQuadratic, expected_losses, first_below, quadratic, walk
from tests.site.conftest import opening, served
from tests.site.test_pages import AXE, PHONE, RULES, RUN_AXE, SMALL_PHONE, TO_DARK
from tools.book.notebooks import ROOT

STATIC = ROOT / "book/_static/playground"
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static/styles"
HOST = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Widget</title>
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'self'; img-src data:">
<link rel="stylesheet" href="theme.css"><link rel="stylesheet" href="playground.css">
<link rel="icon" href="data:,">%s</head>
<body><main class="bd-article"><h1>Widget</h1>%s</main></body></html>"""
MODULE = '<script type="module" src="main.js"></script>'
PLACE = '<div class="playground" data-size="small" data-widget="%s"></div>'
GD = 'directions" data-curvatures="1 10 30 60 100" data-eta="0.0198'
MOMENTUM = 'directions" data-curvatures="1 3 10 20 34" data-eta="0.05" data-beta="0'
WIDGETS = {
    "bias-correction": "bias-correction",
    "minibatch-size": "minibatch-size",
    "schedules": "schedules",
    "gd": GD,
    "momentum": MOMENTUM,
}
WALK = (
    '<div class="playground" data-size="small" data-panel="loss" data-controls="batch seed"'
    ' data-settings="surface=noisy&amp;batch=8&amp;steps=300&amp;GD=eta:0.02"></div>'
)
BOWL = NoisyQuadratic(h=1 / np.arange(1, 101), c=1 / np.arange(1, 101), start=np.ones(100))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("widgets") / "site"
    shutil.copytree(STATIC, folder)
    shutil.copy(THEME / "pydata-sphinx-theme.css", folder / "theme.css")
    for name, words in WIDGETS.items():
        (folder / f"{name}.html").write_text(HOST % (MODULE, PLACE % words), encoding="utf-8")
    (folder / "sgd.html").write_text(HOST % (MODULE, WALK), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def widgets_address(folder):
    with served(folder) as address:
        yield address


@pytest.fixture
def widget(chromium, widgets_address):
    """Opens a page with a widget; at the end nothing may have gone wrong on it."""
    with opening(chromium, widgets_address) as open_page:
        yield lambda name, **options: open_page(f"{name}.html", **options)


# The same numbers

CALL = """async ([module, name, all]) => {
  const found = await import(`./${module}.js`);
  return all.map((one) => found[name](...one));
}"""


def called(page, module, name, arguments):
    """What a function of a module returns for each list of arguments."""
    return page.evaluate(CALL, [module, name, arguments])


def bias_gap(page):
    """How far the factor (5.12) and what is said of it are from NumPy's."""
    t = np.arange(1, 50_001)
    gap = 0.0
    for beta_1, beta_2 in [(0.9, 0.99), (0.9, 0.999), (0.9, 0.9999), (0.0, 0.9), (0.99, 0.9)]:
        f = (1 - beta_1**t) / np.sqrt(1 - beta_2**t)
        over = np.flatnonzero(f >= 1.05)
        (found,) = called(page, "bias-correction", "extremes", [[beta_1, beta_2, len(t)]])
        expected = [f[0], f.max(), f.argmax() + 1, over[-1] + 2 if len(over) else 1]
        said = [found[key] for key in ("first", "peak", "at", "from")]
        few = t[::997].tolist()
        factors = called(page, "bias-correction", "stepFactor", [[k, beta_1, beta_2] for k in few])
        gap = max(gap, np.abs(np.array(said) / expected - 1).max())
        gap = max(gap, np.abs(np.array(factors) / f[::997] - 1).max())
    return gap


def directions_gap(page):
    """How far the error left in each direction is from that of the classes' walks."""
    gap = 0.0
    # numbers that float32 holds exactly: Keras keeps its learning rate in it
    for eta, beta in [(2**-5, 0.0), (2**-7, 0.0), (2**-4, 0.75), (2**-5, 0.875)]:
        optimizer = Momentum(eta, beta) if beta else GradientDescent(eta)
        points = walk(quadratic(34), optimizer, steps=60).points
        (found,) = called(page, "directions", "errorsLeft", [[[1, 34], eta, beta, 60]])
        gap = max(gap, np.abs(np.array(found) - (points / points[0]) ** 2).max())
    return gap


SCHEDULES = {
    "constant": lambda steps: ConstantRate(1.0),
    "1/√t": lambda steps: InverseSquareRoot(1.0),
    "linear to zero": lambda steps: LinearDecay(1.0, steps),
    "cosine": lambda steps: CosineDecay(1.0, steps),
}


def schedules_gap(page):
    """How far shapes and expected errors are from the classes' and from the recursion (14.1)."""
    gap = 0.0
    for name, make in SCHEDULES.items():
        shape = np.broadcast_to(np.asarray(make(90)(np.arange(90))), 90)
        drawn = page.evaluate(
            "async (name) => { const { SHAPES } = await import('./schedules.js');"
            " return Array.from({ length: 90 }, (_, i) => SHAPES[name](i + 1, 90)); }",
            name,
        )
        V, errors = BOWL.start**2, [BOWL.loss(BOWL.start**2)]
        for eta in 0.4 * np.array(drawn):
            V = (1 - eta * BOWL.h) ** 2 * V + eta**2 * BOWL.c
            errors.append(BOWL.loss(V))
        (found,) = called(page, "noisy-bowl", "expectedErrors", [[[0.4 * eta for eta in drawn]]])
        gap = max(gap, np.abs(np.array(drawn) - shape).max() / 1e3)  # the classes have float32
        gap = max(gap, np.abs(np.array(found) / errors - 1).max())
    return gap


def minibatch_gap(page):
    """How many counts of steps differ from those of `first_below` over the page's rates."""
    etas = 2.0 ** np.arange(-10, 2.01, 0.25)
    different = 0
    for beta in (0.0, 0.9):
        for noise, size, target in [(1, 1, 0.05), (1, 64, 0.05), (4, 4096, 0.02), (0.1, 8, 0.3)]:
            losses = expected_losses(BOWL, size / noise, etas, beta)
            steps = first_below(losses, target * BOWL.loss(BOWL.start**2), 2000).steps
            found = page.evaluate(
                """async ([beta, noise, target]) => {
                  const { allParts, fewestSteps } = await import("./noisy-bowl.js");
                  return fewestSteps([...allParts(beta)], noise, target);
                }""",
                [beta, noise / size, target],
            )
            different += found != steps
    return different


MEASURES = {
    "bias-correction": (bias_gap, 1e-9),
    "directions": (directions_gap, 1e-9),
    "schedules": (schedules_gap, 1e-9),
    "minibatch-size": (minibatch_gap, 0.5),
}
FAULTS = {
    "no root": ("bias-correction", "Math.sqrt(1 - beta2 ** t)", "(1 - beta2 ** t)"),
    "last long step": ("bias-correction", "found.from = t + 1", "found.from = t"),
    "a mean for the sum": ("directions", "+ curvature * theta[i]", "+ (1 - beta) * theta[i]"),
    "distance, not error": ("directions", "distance * distance", "Math.abs(distance)"),
    "one step late": ("schedules", "(t - 1) / T", "t / T"),
    "cosine to a half": ("schedules", "Math.cos((Math.PI *", "Math.cos((Math.PI / 2 *"),
    "noise without rate": ("noisy-bowl", "eta ** 2 * VARIANCES[i]", "eta * VARIANCES[i]"),
    "no cross term": ("noisy-bowl", "2 * beta * h * thetaM[i]", "0"),
    "too few rates": ("noisy-bowl", "2 ** (1.75 - k / 4)", "2 ** (1.75 - k)"),
}
OF = {"noisy-bowl": ("schedules", "minibatch-size")}


@pytest.mark.parametrize("name", MEASURES)
def test_numbers_are_those_of_the_package(modules, name):
    measure, allowed = MEASURES[name]
    assert measure(modules) <= allowed


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(modules_with, fault):
    module, old, new = fault
    page = modules_with(f"{module}.js", old, new)
    measures = [MEASURES[name] for name in OF.get(module, (module,))]
    assert any(measure(page) > allowed for measure, allowed in measures)


def test_lines_look_as_in_the_figures(modules):
    sgd = modules.evaluate("async () => (await import('./minibatch-size.js')).SGD")
    expected = figures.look("SGD")
    assert sgd == {"colour": expected.colour, "dash": list(expected.dash[1])}


# What is said

# Keys at one slider, and what is said then: numbers that the pages print.
SAID = {
    "bias-correction": ("Decay β₂ of v", 20, "longest is 20.7 η, at step 12; from step 23754 on"),
    "minibatch-size": (
        "Noise of an example",
        0,
        "B = 1 SGD needs 1202 steps and Momentum 1188",
    ),
    "schedules": ("Last step T", 0, "linear to zero 0.076, cosine 0.0787, constant 0.339"),
    "gd": ("Step t", 10, "After 20 steps the error is 0.179 of the first: 50 % of it along λ = 1"),
    "momentum": ("Learning rate η", 16, "grows without end along λ = 34"),
}


@pytest.mark.parametrize("name", WIDGETS)
def test_a_key_moves_picture_and_sentence(widget, name):
    page = widget(name)
    label, keys, words = SAID[name]
    happened, canvas = page.locator(".happened"), page.locator(".stage > canvas").last
    assert happened.get_attribute("aria-live") == "polite"
    picture = "canvas => canvas.toDataURL()"
    before, said = canvas.evaluate(picture), happened.text_content()
    page.get_by_label(label, exact=True).focus()
    for _ in range(keys):
        page.keyboard.press("ArrowRight")
    expect(happened).to_contain_text(words)
    page.keyboard.press("ArrowLeft")
    expect(happened).not_to_contain_text(words)
    assert canvas.evaluate(picture) != before
    assert happened.text_content() in canvas.get_attribute("aria-label")
    page.get_by_role("button", name="As at first").click()
    expect(happened).to_have_text(said)
    assert canvas.evaluate(picture) == before


@pytest.mark.parametrize("name", WIDGETS)
def test_no_slider_stops_a_key(widget, name):
    """Rounding a number must not bring the slider back to the place that a key has left."""
    page = widget(name)
    for slider in page.get_by_role("slider").all():
        slider.press("Home")
        places = []
        for _ in range(6):
            places.append(float(slider.input_value()))
            slider.press("ArrowRight")
        assert places == sorted(set(places))
        slider.press("End")
        left = float(slider.get_attribute("max")) - float(slider.input_value())
        assert left < float(slider.get_attribute("step"))


def test_play_goes_step_by_step_and_only_when_asked(widget):
    page = widget("gd", reduced_motion="reduce")
    step, happened = page.get_by_label("Step t", exact=True), page.locator(".happened")
    page.wait_for_timeout(400)
    assert step.input_value() == "10"
    play = page.get_by_role("button", name="Play")
    play.focus()
    page.keyboard.press("Enter")
    expect(step).to_have_value(re.compile(r"^(1[2-9]|[2-9]\d)$"))
    page.keyboard.press("Space")
    stopped = step.input_value()
    page.wait_for_timeout(600)
    assert step.input_value() == stopped
    expect(happened).to_contain_text(f"After {stopped} steps")
    page.get_by_role("button", name="Step", exact=True).click()
    expect(happened).to_contain_text(f"After {int(stopped) + 1} steps")
    step.focus()
    page.keyboard.press("End")
    expect(happened).to_contain_text("After 60 steps")
    play.click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    assert int(step.input_value()) < 30, "from the start again"


def test_play_runs_to_the_end(widget):
    page = widget("momentum")
    step = page.get_by_label("Step t", exact=True)
    step.evaluate("range => { range.value = 57; range.dispatchEvent(new Event('input')); }")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".happened")).to_contain_text("After 60 steps")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


# For everyone


def barriers(page):
    page.evaluate(AXE.read_text(encoding="utf-8"))
    light = page.evaluate(RUN_AXE, {"type": "tag", "values": RULES})
    page.evaluate(TO_DARK)
    return light + page.evaluate(RUN_AXE, {"type": "rule", "values": ["color-contrast"]})


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_is_open_to_everyone(widget, name):
    page = widget(name, bypass_csp=True)
    controls = page.locator(".playground :is(input, button)").count()
    reached = []
    for _ in range(controls):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.outerHTML"))
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring != "none", reached[-1]
    assert len(set(reached)) == controls >= 3
    tree = page.locator(".playground").aria_snapshot()
    named = re.findall(r"- (?:button|img|slider)\b.*", tree)
    assert len(named) >= controls and [line for line in named if '"' not in line] == []
    assert barriers(page) == []


def test_planted_barriers_are_found(widget):
    page = widget("gd", bypass_csp=True)
    page.evaluate("document.querySelector('.stage > canvas').removeAttribute('aria-label')")
    page.evaluate("document.querySelector('.playground label').remove()")
    page.add_style_tag(content="[data-theme=dark] .happened { color: #444 }")
    found = " ".join(barriers(page))
    assert all(rule in found for rule in ("role-img-alt", "label:", "color-contrast"))


@pytest.mark.parametrize("name", WIDGETS)
def test_nothing_is_wider_than_a_phone(widget, name):
    for width in (PHONE, SMALL_PHONE):
        page = widget(name, viewport={"width": width, "height": 800}, has_touch=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        slider = page.get_by_role("slider").first
        before = slider.input_value()
        box = slider.bounding_box()
        assert box["height"] >= 24, "a finger finds it"
        page.touchscreen.tap(box["x"] + 0.2 * box["width"], box["y"] + box["height"] / 2)
        assert slider.input_value() != before
    page.evaluate("document.querySelector('.stage').style.width = '900px'")
    assert page.evaluate("document.documentElement.scrollWidth") > SMALL_PHONE, "it would be seen"


def test_a_walk_of_sgd_has_its_minibatch_size_and_promises_no_rate(widget):
    page = widget("sgd")
    said = page.locator(".happened")
    before = loss_in(said)
    assert page.locator(".regime").text_content().count("On average along the floor") == 1
    assert "each step leaves" not in page.locator(".regime").text_content()
    page.get_by_label("Minibatch size").select_option("64")
    expect(said).to_contain_text("e−")
    assert loss_in(said) < before / 100


def loss_in(said):
    found = re.search(r"loss (\S+) after 300", said.text_content())
    return float(found[1].replace("−", "-"))
