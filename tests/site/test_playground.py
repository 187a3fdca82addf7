"""The playground steps as `ravine.optimizers` do, says what theory says, and works by keyboard.

Its modules are served as they are, from a bare page with a strict Content-Security-Policy: what
the built site makes of them is a matter of the tests of all pages.
"""

import inspect
import re

import keras
import numpy as np
import pytest
from playwright.sync_api import expect

from ravine import figures, surfaces
from ravine.surfaces import LinearRegression, descend
from tests.site.rules import CLASSES

STEPS = 1000
# Names of the hyperparameters where the page writes them otherwise.
ARGUMENTS = {"eta": "learning_rate", "beta1": "beta_1", "beta2": "beta_2"}


# The same steps

# Learning rates 2^-k: Keras keeps them in float32, which holds these exactly. They are large enough
# to get far and small enough that a last digit stays a last digit: RMSprop, and Adam with a short
# memory, never settle, and where they hop around a minimum, walks that differ by 1e-16 soon part.
RATES = {
    #             GD  Momentum  Nesterov  AdaGrad  RMSprop  Adam
    "ravine": (5, 5, 5, 3, 7, 5),
    "turned": (6, 6, 7, 3, 13, 9),
    "noisy": (8, 11, 11, 3, 11, 7),
    "saddle": (8, 12, 12, 4, 9, 8),
    "monkey": (9, 12, 12, 4, 9, 9),
    "plateau": (3, 4, 4, 3, 8, 6),
    "rosenbrock": (10, 10, 11, 3, 13, 9),
    "himmelblau": (7, 7, 8, 3, 9, 9),
    "many": (5, 6, 6, 3, 9, 6),
}
# All but the rate away from its default, and an epsilon too large to hide a misplaced one.
OTHERS = {"beta": 0.8, "rho": 0.7, "beta1": 0.6, "beta2": 0.95, "epsilon": 2.0**-4}
SURFACES = {
    "ravine": ("ravine", {"kappa": 34, "angle": 0}, surfaces.ravine()),
    "turned": ("ravine", {"kappa": 100, "angle": 30}, surfaces.ravine(100, 30)),
    "saddle": ("saddle", {}, surfaces.saddle()),
    "monkey": ("monkey", {}, surfaces.monkey_saddle()),
    "plateau": ("plateau", {}, surfaces.plateau()),
    "rosenbrock": ("rosenbrock", {}, surfaces.rosenbrock()),
    "himmelblau": ("himmelblau", {}, surfaces.himmelblau()),
    "many": ("many", {}, surfaces.many_minima()),
}
NOISY = {"kappa": 34, "angle": 20, "batch": 8, "seed": 3, "steps": STEPS}

WALK = """
async ([key, options, runs, steps]) => {
  const { SURFACES } = await import("./surfaces.js");
  const { ALGORITHMS } = await import("./optimizers.js");
  const { walk, losses } = await import("./walk.js");
  const surface = SURFACES[key].make(options);
  const walks = runs.map(([name, numbers]) => {
    const all = { ...ALGORITHMS[name].defaults, ...numbers };
    const one = walk(surface, ALGORITHMS[name], all, surface.start, steps);
    const quick = losses(surface, ALGORITHMS[name], all, surface.start, steps);
    return { points: one.points, losses: one.losses, quick };
  });
  return { walks, data: surface.data };
}
"""


def runs_of(key):
    """The settings to walk: name and hyperparameters, at the defaults and away from them."""
    runs = []
    for exponent, (name, optimizer) in zip(RATES[key], CLASSES.items(), strict=True):
        for others in ({}, OTHERS):
            known = {n: v for n, v in others.items() if hasattr(optimizer(), ARGUMENTS.get(n, n))}
            if known or not others:
                runs.append((name, {"eta": 2.0**-exponent, **known}))
    return runs


def optimizers_of(runs):
    return {
        number: CLASSES[name](**{ARGUMENTS.get(n, n): v for n, v in numbers.items()})
        for number, (name, numbers) in enumerate(runs)
    }


def differences_to_package(page, key):
    """For each walk of the page the largest distance to that of the package."""
    runs = runs_of(key)
    name, options, surface = SURFACES.get(key, ("noisy", NOISY, None))
    found = page.evaluate(WALK, [name, options, runs, STEPS])
    if surface is None:
        data = found["data"]
        x, y, batches = (np.array(data[part]) for part in ("x", "y", "batches"))
        ravine = surfaces.ravine(NOISY["kappa"], NOISY["angle"])
        problem = LinearRegression("noisy", x, y, ravine.start, ravine.window)
        assert np.abs(problem.surface().hessian((0, 0)) - ravine.hessian((0, 0))).max() < 1e-12
        assert np.abs(problem.surface().minima).max() < 1e-12
        walks = descend(problem, optimizers_of(runs), batches=batches.astype("int32"))
    else:
        walks = descend(surface, optimizers_of(runs), steps=STEPS)
    differences = {}
    for number, walk in enumerate(found["walks"]):
        points = np.array(walk["points"])
        expected = walks[number].points
        assert points.shape == expected.shape == (STEPS + 1, 2), f"{runs[number]} diverged"
        assert np.abs(points - points[0]).max() > 0.05, f"{runs[number]} went nowhere"
        assert walk["quick"] == walk["losses"]
        differences[str(runs[number])] = np.abs(points - expected).max()
    return differences


@pytest.mark.parametrize("key", RATES)
def test_walks_are_those_of_the_package(modules, key):
    differences = differences_to_package(modules, key)
    assert {run: size for run, size in differences.items() if not size < 1e-9} == {}


FAULTS = {
    "epsilon outside the root": ("Math.sqrt(G + epsilon)", "(Math.sqrt(G) + epsilon)"),
    "no bias correction": ("v / (1 - beta2 ** t)", "v"),
    "a mean for the sum": ("m = beta * m + g;", "m = beta * m + (1 - beta) * g;"),
    "momentum for Nesterov": ("eta * (beta * m + g)", "eta * m"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_planted_fault_of_an_update_rule_is_found(modules_with, fault):
    page = modules_with("optimizers.js", *fault)
    assert max(differences_to_package(page, "ravine").values()) > 1e-3


@pytest.mark.parametrize("key", SURFACES)
def test_surfaces_are_those_of_the_package(modules, key):
    name, options, surface = SURFACES[key]
    points = np.random.default_rng(0).uniform(*np.transpose(surface.window), (200, 2))
    found = modules.evaluate(
        """async ([key, options, points]) => {
          const { SURFACES } = await import("./surfaces.js");
          const { value, gradient, ...rest } = SURFACES[key].make(options);
          const values = points.map((point) => value(...point));
          return { ...rest, values, gradients: points.map((point) => gradient(...point)) };
        }""",
        [name, options, points.tolist()],
    )
    for part, expected in {
        "values": surface.value(points),
        "gradients": surface.gradient(points),
        "minima": surface.minima,
        "window": surface.window,
        "start": surface.start,
    }.items():
        found_part = np.array(found[part]).reshape(np.shape(expected))
        np.testing.assert_allclose(found_part, expected, rtol=1e-9, atol=1e-9, err_msg=part)
    if "curvatures" in found:
        np.testing.assert_allclose(found["curvatures"], surface.curvatures())


def test_algorithms_have_the_defaults_of_their_classes(modules):
    found = modules.evaluate(
        """async () => {
          const { ALGORITHMS } = await import("./optimizers.js");
          const entries = Object.entries(ALGORITHMS);
          return Object.fromEntries(entries.map(([name, a]) => [name, [a.defaults, a.state]]));
        }"""
    )
    assert found.keys() == CLASSES.keys()
    for name, (defaults, state) in found.items():
        arguments = dict(inspect.signature(CLASSES[name]).parameters)
        del arguments["name"], arguments["kwargs"]
        expected = {argument: value.default for argument, value in arguments.items()}
        assert {ARGUMENTS.get(n, n): v for n, v in defaults.items()} == expected
        optimizer = CLASSES[name]()
        optimizer.build([keras.Variable(1.0)])
        assert all(hasattr(optimizer, slot) for slot in state)
        assert len(optimizer.variables) == 2 + len(state)  # besides the count and the rate


def test_algorithms_look_as_in_the_figures(modules):
    found = modules.evaluate("async () => (await import('./look.js')).LOOKS")
    del found["Own"]  # the reader's rule is in no figure
    for name, look in found.items():
        expected = figures.look(name)
        dash = [] if expected.dash == "-" else list(expected.dash[1])
        assert look == {"colour": expected.colour, "marker": expected.marker, "dash": dash}


# What theory says


@pytest.mark.parametrize("name", ["GD", "Momentum", "Nesterov"])
def test_regime_is_that_of_the_eigenvalues(modules, name):
    settings = [
        (eta, 0.0 if name == "GD" else beta)
        for eta in np.geomspace(1e-4, 0.5, 40).tolist()
        for beta in (0.0, 0.2, 0.5, 0.9, 0.99)
    ]
    found = modules.evaluate(
        """async ([name, settings]) => {
          const { regime } = await import("./regime.js");
          return settings.map(([eta, beta]) => regime(name, { eta, beta }, [1, 34]));
        }""",
        [name, settings],
    )
    seen = set()
    for (eta, beta), answer in zip(settings, found, strict=True):
        radius, signs = 0.0, []
        for h in (eta * 1.0, eta * 34.0):
            # One step of (θ, m), as the class takes it.
            ahead = 1 + beta if name == "Nesterov" else 1.0
            matrix = [[1 - ahead * h, -beta * (beta if name == "Nesterov" else 1)], [h, beta]]
            scaled = np.array(matrix)  # m is here in units of a step, eta m
            z = np.linalg.eigvals(scaled)
            radius = max(radius, np.abs(z).max())
            leading = z[np.abs(z).argmax()]
            signs.append(abs(leading.imag) < 1e-9 and leading.real >= 0)
        expected = "divergent" if radius >= 1 else "monotone" if all(signs) else "oscillating"
        assert answer["regime"] == expected, (eta, beta)
        assert answer["rate"] == pytest.approx(radius, abs=1e-7)
        seen.add(expected)
    assert seen == {"monotone", "oscillating", "divergent"}


# Just below and just above 2(1 + β)/L, or with Nesterov 2(1 + β)/((1 + 2β)L), and at home.
REGIMES = [
    ("GD", {"eta": 0.02}, "monotone"),
    ("GD", {"eta": 0.05}, "oscillating"),
    ("GD", {"eta": 0.06}, "divergent"),
    ("Momentum", {"eta": 0.001, "beta": 0.3}, "monotone"),
    ("Momentum", {"eta": 0.05, "beta": 0.9}, "oscillating"),
    ("Momentum", {"eta": 0.11, "beta": 0.9}, "oscillating"),
    ("Momentum", {"eta": 0.113, "beta": 0.9}, "divergent"),
    ("Nesterov", {"eta": 0.039, "beta": 0.9}, "oscillating"),
    ("Nesterov", {"eta": 0.041, "beta": 0.9}, "divergent"),
]


def test_named_regime_is_what_the_walk_does(playground):
    page = playground()
    for name, numbers, expected in REGIMES:
        setting = ",".join(f"{key}:{value}" for key, value in numbers.items())
        # the walk of another page: this one listens to its address
        page.goto(
            f"{page.url.split('#')[0]}#surface=ravine&steps=1000&inside={name}&{name}={setting}"
        )
        regime = page.locator(".regime")
        expect(regime).to_have_text(re.compile(f"{name}: {expected}"))
        end = (
            "diverged: θ is beyond a million at" if expected == "divergent" else "after 1000 steps"
        )
        expect(page.locator(".happened")).to_have_text(re.compile(f"{name}: .*{end}"))


# The search


BEST = """async (...given) => {
  const { searching } = await import("./best.js");
  const search = searching(...given);
  let step = search.next();
  while (!step.done) {
    step = search.next();
  }
  return step.value;
}"""


def test_best_settings_are_never_worse(modules):
    found = modules.evaluate(
        f"""async () => {{
          const best = {BEST};"""
        """
          const { SURFACES } = await import("./surfaces.js");
          const { ALGORITHMS } = await import("./optimizers.js");
          const { firstSettings, classDefaults } = await import("./state.js");
          const { score } = await import("./best.js");
          const { losses } = await import("./walk.js");
          const rows = [];
          for (const [key, { make }] of Object.entries(SURFACES)) {
            const surface = make({ ...firstSettings(), steps: 60 });
            for (const [name, algorithm] of Object.entries(ALGORITHMS)) {
              const judged = (numbers) =>
                score(surface, losses(surface, algorithm, numbers, surface.start, 60), 60);
              const present = classDefaults()[name];
              const found = await best(surface, algorithm, present, surface.start, 60);
              const rates = await best(surface, algorithm, present, surface.start, 60, true);
              rows.push([key, name, judged(present), judged(found.hyperparameters), found.score,
                rates.score]);
            }
          }
          return rows;
        }"""
    )
    assert len(found) == 8 * 6
    for key, name, before, after, said, rates_only in found:
        before = np.inf if before is None else before
        assert after == said <= rates_only <= before, (key, name)
        assert after < before, (key, name)  # the defaults are slow on each of these surfaces


def test_race_of_the_first_visit_is_at_the_best_rates(modules):
    first, found = modules.evaluate(
        f"""async () => {{
          const best = {BEST};"""
        """
          const { ALGORITHMS } = await import("./optimizers.js");
          const { firstSettings } = await import("./state.js");
          const { ravine } = await import("./surfaces.js");
          const { hyperparameters, steps } = firstSettings();
          const surface = ravine();
          const { Own, ...known } = hyperparameters;
          const found = {};
          for (const [name, numbers] of Object.entries(known)) {
            const one = await best(surface, ALGORITHMS[name], numbers, surface.start, steps, true);
            found[name] = one.hyperparameters;
          }
          return [hyperparameters, found];
        }"""
    )
    assert first.pop("Own") == first["Momentum"]  # its lines are those of momentum, too
    assert found == first


def test_button_finds_better_settings_and_says_so(playground):
    page = playground("whole.html#surface=rosenbrock&steps=100&Adam=eta:0.001&GD=eta:0.0001")
    before = page.text_content(".happened")
    page.get_by_role("button", name="Best settings").click()
    expect(page.locator(".happened")).to_have_text(re.compile("^The best of "))
    text = page.text_content(".happened")
    assert loss_of("Adam", text) < loss_of("Adam", before)
    assert loss_of("GD", text) < loss_of("GD", before)


def loss_of(name, text):
    found = re.search(rf"{name}: loss (\S+) after", text)
    return float(found[1].replace("−", "-"))


# The page


def focusable(page):
    return page.locator(
        ".playground :is(button, input, select, textarea, canvas[tabindex], a[href]):visible"
    ).count()


def test_everything_is_reached_by_tab_and_works(playground):
    page = playground()
    names = []
    radios = page.locator(".playground input[type=radio]").count()
    for _ in range(focusable(page) - radios + 1):  # a group of radio buttons is one stop
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.outerHTML"))
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring != "none", names[-1]
    assert len(set(names)) == len(names)
    page.keyboard.press("Tab")
    assert page.evaluate(
        "document.activeElement === document.body || !document.activeElement.closest('.playground')"
    )

    page.locator("canvas.map").focus()
    start = page.get_by_label("Start, theta 1")
    before = float(start.input_value())
    page.keyboard.press("ArrowRight")
    assert float(start.input_value()) == pytest.approx(before + 0.04)
    page.keyboard.press("Shift+ArrowLeft")
    assert float(start.input_value()) == pytest.approx(before + 0.04 - 0.4)
    height = page.get_by_label("Start, theta 2")
    before = float(height.input_value())
    page.keyboard.press("ArrowUp")
    assert float(height.input_value()) > before
    page.keyboard.press("ArrowDown")
    assert float(height.input_value()) == pytest.approx(before, abs=1e-3)
    page.keyboard.press("Enter")
    assert page.get_by_role("button", name="Pause").is_visible()
    page.keyboard.press(" ")
    assert page.get_by_role("button", name="Play").is_visible()
    page.get_by_role("button", name="Reset").focus()
    page.keyboard.press("Enter")
    assert page.text_content(".clock") == "0 of 20"
    page.get_by_role("button", name="Step").focus()
    page.keyboard.press(" ")
    assert page.text_content(".clock") == "1 of 20"
    page.get_by_label("Learning rate η", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert float(page.get_by_label("Learning rate η, exact").input_value()) > 0.0501
    page.get_by_label("Look inside Momentum").focus()
    page.keyboard.press("ArrowDown")
    assert page.text_content("caption").startswith("Inside Nesterov")
    assert page.get_by_label("Nesterov", exact=True).is_checked(), "it walks as well"


def test_no_slider_stops_a_key(playground):
    """Rounding a number must not bring the slider back to the place that a key has left."""
    page = playground()
    page.get_by_label("Steps, exact").fill("10")
    page.keyboard.press("Enter")
    slider = page.get_by_role("slider", name="Steps", exact=True)
    slider.focus()
    places = []
    for _ in range(6):
        places.append(float(slider.input_value()))
        slider.press("ArrowRight")
    assert places == sorted(set(places))


@pytest.mark.parametrize("path", ["whole.html#surface=noisy", "small.html"])
def test_every_control_has_a_name(playground, path):
    tree = playground(path).locator(".playground").aria_snapshot()
    roles = "application|button|checkbox|combobox|img|link|radio|slider|spinbutton|textbox"
    controls = re.findall(rf"- (?:{roles})\b.*", tree)
    assert len(controls) > 8
    assert [control for control in controls if '"' not in control] == []


def test_click_sets_the_start_and_text_says_what_happened(playground):
    page = playground("whole.html#surface=many&steps=40&inside=Adam&Adam=eta:0.1")
    page.locator("canvas.map").click(position={"x": 200, "y": 100})
    page.get_by_role("button", name="Reset").click()
    x, y = (float(page.get_by_label(f"Start, theta {k}").input_value()) for k in (1, 2))
    value = surfaces.many_minima().value((x, y))
    assert (
        page.text_content(".happened")
        == f"At the start ({short(x)}, {short(y)}), loss {short(value)}."
    )
    page.get_by_role("button", name="Step").click()
    assert re.fullmatch(r"Adam: loss \S+ after 1 step\.", page.text_content(".happened"))
    assert page.get_attribute(".happened", "aria-live") == "polite"
    label = page.get_attribute("canvas.map", "aria-label")
    assert f"The start is at {short(x)}, {short(y)}" in label


def short(value):
    return f"{value:.2g}".replace("-", "−")


def test_link_reproduces_the_state(playground):
    page = playground(
        "whole.html#surface=noisy&kappa=50&steps=80&inside=RMSprop&RMSprop=eta:0.05,rho:0.8&GD=eta:0.01"
    )
    page.locator("canvas.map").focus()
    page.keyboard.press("ArrowUp")
    page.get_by_label("Minibatch size").select_option("4")
    page.get_by_label("Decay γ (rho), exact").fill("0.95")
    page.get_by_label("Decay γ (rho), exact").blur()
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".happened")).to_contain_text("link to this state")
    page.wait_for_timeout(400)  # what was set before is kept and said after 300 ms
    assert "link to this state" in page.text_content(".happened")
    link = page.url
    assert "batch=4" in link and "rho:0.95" in link and "start=" in link
    again = playground(link.rsplit("/", 1)[1])
    # the note on the copied link comes first, the summary after it
    assert page.text_content(".happened").endswith(again.text_content(".happened"))
    drawings = ".playground canvas:not(.swatch)"
    drawn = f"[...document.querySelectorAll('{drawings}')].map((c) => c.toDataURL())"
    assert again.evaluate(drawn)[1:] == page.evaluate(drawn)[1:]
    assert again.locator("table.numbers").inner_text() == page.locator("table.numbers").inner_text()
    assert again.url == link


NONSENSE = (
    "surface=walrus",
    "surface=constructor&GD=eta:nan",
    "kappa=-5&steps=1e9&start=1",
    "&&=;%",
    "GD=constructor:1,__proto__:2&Own=toString:3",
)


def test_nonsense_in_the_address_is_survived(playground):
    for text in NONSENSE:
        page = playground(f"whole.html#{text}")
        assert "loss" in page.text_content(".happened")


def test_every_surface_can_be_chosen(playground):
    page = playground()
    choice = page.get_by_label("Surface", exact=True)
    options = choice.locator("option").evaluate_all(
        "all => all.map((one) => [one.value, one.text])"
    )
    for value, title in options:
        choice.select_option(value)
        happened = page.locator(".happened")
        expect(happened).to_contain_text(f"{title}: every algorithm has its best learning rate")
        assert "diverged" not in happened.text_content()
        assert f"surface={value}" in page.url


@pytest.mark.parametrize("path", ["whole.html", "small.html"])
def test_nothing_is_wider_than_a_phone(playground, path):
    page = playground(path, viewport={"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


# What the clock says and the map shows in every frame of three steps.
WATCHED = """async () => {
  const [clock, map] = [document.querySelector(".clock"), document.querySelector("canvas.map")];
  const seen = [];
  while (new Set(seen.map(([text]) => text)).size < 4) {
    await new Promise(requestAnimationFrame);
    seen.push([clock.textContent, map.toDataURL()]);
  }
  return seen.slice(0, -1);
}"""


def test_nothing_moves_before_play_and_calm_readers_get_whole_steps(playground):
    page = playground(reduced_motion="reduce")
    page.get_by_role("button", name="Reset").click()
    page.wait_for_timeout(300)
    assert page.text_content(".clock") == "0 of 20"
    page.get_by_role("button", name="Play").click()
    seen = page.evaluate(WATCHED)
    assert len({clock for clock, _ in seen}) == len({picture for _, picture in seen}) == 3, (
        "between two steps the picture stands still"
    )
    assert len(seen) > 6


def test_play_runs_to_the_end(playground):
    page = playground("whole.html#steps=10&Adam=eta:0.1")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".happened")).to_contain_text("after 10 steps.")
    expect(page.locator(".clock")).to_have_text("10 of 10")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_small_version_links_to_the_whole_one(playground):
    page = playground("small.html")
    for eta in ("0.03", "0.05"):  # as it is at first, and after a change
        page.get_by_label("Learning rate η, exact").fill(eta)
        page.get_by_label("Learning rate η, exact").blur()
        page.wait_for_timeout(400)
        address, _, token = page.get_attribute("a.whole", "href").partition("#")
        assert address == "playground.html"
        assert re.fullmatch(r"[a-z][\w-]*", token), "what the theme can look for"
        whole = playground(f"whole.html#{token}")
        assert whole.get_by_label("Learning rate η, exact").input_value() == eta
        assert whole.text_content(".happened") == page.text_content(".happened")
    assert page.url.endswith("small.html"), "the address stays that of the chapter"
