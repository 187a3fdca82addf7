"""How smoothly the playground moves: seconds between two frames of a browser."""

import atexit
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Route, sync_playwright

from tools.bench.commands import ROOT
from tools.bench.workers import Run
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
    playwright = sync_playwright().start()
    browser = playwright.chromium.launch(
        executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
    )

    def close():
        browser.close()
        playwright.stop()

    atexit.register(close)
    return {
        "a page that stands still": _page(browser, "steps=100", False, frames),
        "ravine, 100 steps": _page(browser, "surface=ravine&steps=100", True, frames),
        "ravine, 1000 steps": _page(browser, "surface=ravine&steps=1000", True, frames),
        "minibatches, 1000 steps": _page(browser, "surface=noisy&steps=1000", True, frames),
    }


def _page(browser: Browser, settings: str, plays: bool, frames: int) -> Run:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.route(f"{ADDRESS}**", _answer)
    page.goto(f"{ADDRESS}#{settings}&inside=Adam&{SIX}")
    page.get_by_role("button", name="Play").wait_for()

    return lambda: page.evaluate(PLAY, [plays, frames])


def _answer(route: Route) -> None:
    name = urlsplit(route.request.url).path.lstrip("/")
    if name:
        route.fulfill(path=MODULES / name)
    else:
        route.fulfill(body=PAGE, content_type="text/html")
