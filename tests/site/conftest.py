"""The built site on a local server, and a browser to read it with."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from filelock import FileLock

from tests.book.test_site import build
from tools.book.notebooks import ROOT
from tools.site.pdf import find_browser


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextmanager
def served(folder: Path, handler: type[Handler] = Handler) -> Iterator[str]:
    """Serves a folder at the address that it yields."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@contextmanager
def opening(browser, address):
    """Yields what opens pages with a playground; at the end nothing may have gone wrong on one."""
    contexts, complaints = [], []

    def open_page(path="whole.html", script="", clock=False, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(script)
        if clock:  # the test stops it and moves it on
            page.clock.install(time=datetime(2026, 1, 1))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("request", lambda r: None if ours(r.url) else complaints.append(r.url))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(f"{address}{path}")
        page.wait_for_selector(".playground .happened:not(:empty)")
        if not clock:
            page.wait_for_selector("canvas[aria-busy]", state="detached")  # all is drawn
        return page

    def ours(url):
        return url.startswith((address, "data:"))

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


PLAYGROUND = ROOT / "book/_static/playground"
# A bare page with a strict Content-Security-Policy: a module alone, and what the theme would add.
HOST = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Playground</title>
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'self'">
<link rel="stylesheet" href="playground.css"><link rel="icon" href="icon.svg">
<script type="module" src="main.js"></script></head>
<body class="bd-article">%s</body></html>"""
WHOLE = '<div class="playground" data-colab="notebook.html"></div>'
SMALL = (
    '<div class="playground" data-size="small" data-panel="phase" data-link="playground.html"'
    ' data-settings="surface=ravine&amp;steps=50&amp;Momentum=eta:0.03,beta:0.9"></div>'
)


class BareHandler(Handler):
    """Serves the modules of the playground, and a bare page of each size."""

    def do_GET(self):
        bodies = {"/whole.html": WHOLE, "/small.html": SMALL, "/icon.svg": ""}
        body = bodies.get(self.path.partition("?")[0])
        if body is None:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write((HOST % body).encode())


@pytest.fixture(scope="session")
def playground_address():
    """The address of the playground's modules and of bare pages on a server of their own."""
    with served(PLAYGROUND, BareHandler) as address:
        yield address


@pytest.fixture
def playground(chromium, playground_address):
    """Opens a bare page with a playground; at the end nothing may have gone wrong on it."""
    with opening(chromium, playground_address) as open_page:
        yield open_page


@pytest.fixture(scope="session")
def pages(tmp_path_factory) -> Path:
    """The folder of the site, built as strictly as `make book` builds it."""
    run = tmp_path_factory.getbasetemp()
    # The workers of xdist share what the first of them has built.
    run = run.parent if "PYTEST_XDIST_WORKER" in os.environ else run
    with FileLock(run / "site.lock"):
        if not (run / "site").exists():  # a build that failed leaves none
            result = build(ROOT, run / "being-built")
            assert result.returncode == 0, result.stdout + result.stderr
            assert "WARNING" not in result.stdout + result.stderr
            (run / "being-built").rename(run / "site")
    return run / "site/_build/html"


@pytest.fixture(scope="module")
def address(pages):
    """The address of the site on a server of its own."""
    with served(pages) as address:
        yield address


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import expect, sync_playwright

    try:
        path = find_browser()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    expect.set_options(timeout=30_000)  # a slow machine is no fault of the page
    with sync_playwright() as playwright:
        # As root, as in a container, Chromium starts without its sandbox only.
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def modules(chromium, playground_address):
    """A page that has the playground's modules and nothing on it: tests ask what they compute."""
    page = chromium.new_page()
    page.goto(f"{playground_address}look.js")
    yield page
    page.close()


@pytest.fixture
def modules_with(chromium, playground_address):
    """Opens such a page on which one piece of a module has another text, a planted fault."""
    pages = []

    def open_page(module, piece, other):
        source = (PLAYGROUND / module).read_text(encoding="utf-8")
        assert piece in source
        page = chromium.new_page()
        pages.append(page)
        page.route(
            f"**/{module}",
            lambda route: route.fulfill(
                body=source.replace(piece, other), content_type="text/javascript"
            ),
        )
        page.goto(f"{playground_address}look.js")
        return page

    yield open_page
    for page in pages:
        page.close()
