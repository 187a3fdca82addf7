"""The built site on a local server, and a browser to read it with."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.book.test_site import build
from tools.notebooks import ROOT
from tools.pdf import find_browser


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def serve(folder: Path):
    """Serves a folder; returns the server and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}/"


@pytest.fixture(scope="session")
def pages(tmp_path_factory) -> Path:
    """The folder of the site, built as strictly as `make book` builds it."""
    folder = tmp_path_factory.mktemp("site")
    result = build(ROOT, folder)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WARNING" not in result.stdout + result.stderr
    return folder / "_build/html"


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    try:
        path = find_browser()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        # As root, as in a container, Chromium starts without its sandbox only.
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()
