"""Leads the rockets of the published site to the notebooks that were published with it.

The workflow that publishes stamps the notebooks with the address of its repository, a fork's say,
and pushes them to a branch. It names the branch in `RAVINE_COLAB_BRANCH`; without it, the rockets
lead to the branch that `_config.yml` names. All other links lead there in any case.
"""

import os
from typing import Any

from sphinx.application import Sphinx

VARIABLE = "RAVINE_COLAB_BRANCH"
GITHUB = "https://github.com/"
COLAB = "https://colab.research.google.com/github/"
AFTER_THE_THEME = 900


def branches(app: Sphinx) -> tuple[str, str]:
    """Returns the branch of the theme's links, and the one that links to Colab should have."""
    present = app.config.html_theme_options.get("repository_branch") or "main"
    return present, os.environ.get(VARIABLE) or present


def address(app: Sphinx, notebook: str) -> str:
    """Returns where Colab opens a notebook of the repository."""
    repository = app.config.html_theme_options["repository_url"].removeprefix(GITHUB)
    return f"{COLAB}{repository}/blob/{branches(app)[1]}/{notebook}"


def lead_to_branch(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Changes the branch in the links to Colab among the buttons of a page."""
    old, new = (f"/blob/{branch}/" for branch in branches(app))
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if str(button.get("url", "")).startswith(COLAB):
                button["url"] = button["url"].replace(old, new, 1)


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers with Sphinx."""
    app.connect("html-page-context", lead_to_branch, priority=AFTER_THE_THEME)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
