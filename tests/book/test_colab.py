"""The rockets of a published site lead to the notebooks that were published with it."""

import importlib.util
from types import SimpleNamespace

from tools.book.notebooks import ROOT

specification = importlib.util.spec_from_file_location("colab", ROOT / "book/_extensions/colab.py")
colab = importlib.util.module_from_spec(specification)
specification.loader.exec_module(colab)

ROCKET = "https://colab.research.google.com/github/you/fork/blob/main/book/adam/adam.ipynb"
EDIT = "https://github.com/you/fork/edit/main/book/adam/adam.ipynb"


THEME = {"repository_branch": "main", "repository_url": "https://github.com/you/fork"}
app = SimpleNamespace(config=SimpleNamespace(html_theme_options=THEME))


def buttons_of_a_page():
    groups = [
        {"type": "link", "url": EDIT},
        {"type": "group", "buttons": [{"url": ROCKET}, {"url": EDIT}]},
    ]
    context = {"header_buttons": groups}
    colab.lead_to_branch(app, "book/adam/adam", "page.html", context, None)
    return context["header_buttons"]


def test_only_the_rocket_leads_to_the_published_branch(monkeypatch):
    monkeypatch.setenv(colab.VARIABLE, "published")
    link, group = buttons_of_a_page()
    assert link["url"] == EDIT
    assert group["buttons"][0]["url"] == ROCKET.replace("/blob/main/", "/blob/published/")
    assert group["buttons"][1]["url"] == EDIT


def test_without_a_branch_nothing_changes(monkeypatch):
    monkeypatch.delenv(colab.VARIABLE, raising=False)
    assert buttons_of_a_page()[1]["buttons"][0]["url"] == ROCKET


def test_the_address_of_a_notebook_is_that_of_its_rocket(monkeypatch):
    monkeypatch.delenv(colab.VARIABLE, raising=False)
    assert colab.address(app, "book/adam/adam.ipynb") == ROCKET
    monkeypatch.setenv(colab.VARIABLE, "published")
    assert "/blob/published/" in colab.address(app, "book/adam/adam.ipynb")
