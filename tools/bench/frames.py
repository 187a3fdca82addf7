"""How smoothly the playground moves: seconds between two frames, and what a frame costs."""

import atexit
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from playwright.sync_api import Browser, Page, Route, sync_playwright

from tools.bench.commands import ROOT
from tools.bench.workers import Run, Seconds
from tools.site.pdf import find_browser

MODULES = ROOT / "book" / "_static" / "playground"
# Served by no server: the browser's requests are answered from the files.
ADDRESS = "http://playground.invalid/"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Playground</title>
<link rel="stylesheet" href="playground.css"><script type="module" src="main.js"></script>
<body class="bd-article"><div class="playground"></div>"""
SIX = (
    "GD=eta:0.0005&Momentum=eta:0.0003,beta:0.9&Nesterov=eta:0.0003,beta:0.9"
    "&AdaGrad=eta:0.1&RMSprop=eta:0.01,rho:0.9&Adam=eta:0.05"
)
# The lines of Adam as the reader's own rule, the longest of the book's.
LINES = """m = beta_1*m + (1 - beta_1)*g
v = beta_2*v + (1 - beta_2)*g^2
m_hat = m/(1 - beta_1^t)
v_hat = v/(1 - beta_2^t)
theta = theta - eta*m_hat/(sqrt(v_hat) + epsilon)"""
OWN = f"&Own=eta:0.05&rule={quote(LINES)}"
# What plays, by the name of its contestant, the first of which stands still.
STILL = "a page that stands still"
WALKS = {
    STILL: f"steps=100&inside=Adam&{SIX}",
    "ravine, 100 steps": f"surface=ravine&steps=100&inside=Adam&{SIX}",
    "ravine, 1000 steps": f"surface=ravine&steps=1000&inside=Adam&{SIX}",
    "ravine, 1000 steps, own rule": f"surface=ravine&steps=1000&inside=Own&{SIX}{OWN}",
    "minibatches, 1000 steps": f"surface=noisy&steps=1000&inside=Adam&{SIX}",
    "minibatches, 1000 steps, own rule": f"surface=noisy&steps=1000&inside=Own&{SIX}{OWN}",
}
# Plays from the start for some frames and stops, so that the next contestant has the machine alone.
PLAY = """async ([plays, frames]) => {
  const press = (text) => {
    const buttons = [...document.querySelectorAll("button")];
    buttons.find((button) => plays && button.textContent === text)?.click();
  };
  press("Reset");
  press("Play");
  for (let i = 0; i < frames; i += 1) {
    await new Promise(requestAnimationFrame);
  }
  press("Pause");
}"""


def contestants(frames: int) -> dict[str, Run]:
    """Return runs that let a page draw some frames, the first one a page where nothing moves.

    Args:
        frames: how many; at 60 a second, a walk plays for 360.
    """
    return _runs(lambda page, plays: lambda: page.evaluate(PLAY, [plays, frames]))


def processor(frames: int) -> dict[str, Run]:
    """Return the same runs, which measure themselves: the processor's seconds in the page's thread.

    That thread computes, lays out and draws. Its processor time hardly depends on what else the
    machine does, as the seconds that pass between two frames do.
    """

    def run_of(page, plays):
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

        def seconds():
            found = session.send("Performance.getMetrics")["metrics"]
            return next(each["value"] for each in found if each["name"] == "TaskDuration")

        def run():
            before = seconds()
            page.evaluate(PLAY, [plays, frames])
            return Seconds(seconds() - before)

        return run

    return _runs(run_of)


def _runs(run_of: Callable[[Page, bool], Run]) -> dict[str, Run]:
    playwright = sync_playwright().start()
    browser = playwright.chromium.launch(
        executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
    )

    def close():
        browser.close()
        playwright.stop()

    atexit.register(close)
    return {name: run_of(_page(browser, walk), name != STILL) for name, walk in WALKS.items()}


def _page(browser: Browser, settings: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.route(f"{ADDRESS}**", _answer)
    page.goto(f"{ADDRESS}#{settings}")
    page.get_by_role("button", name="Play").wait_for()
    return page


def _answer(route: Route) -> None:
    name = urlsplit(route.request.url).path.lstrip("/")
    if name:
        route.fulfill(path=MODULES / name)
    else:
        route.fulfill(body=PAGE, content_type="text/html")
