"""The licences of what the site brings along: scripts, styles and icons of other projects.

A reader's browser receives them with every page, so `_static/licences.txt` says whose they are, in
which version and on which terms. It is written from the packages that made the site; one without
a licence stops `make book`. MathJax lies in this repository, with its licence beside it.
"""

from importlib.metadata import distribution, packages_distributions
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.util import logging

FILE = "_static/licences.txt"
HEAD = """\
This site was made with the packages below, and their scripts, styles and icons come with it.
MathJax and its fonts have their licence in _static/mathjax. Font Awesome, which comes with
pydata-sphinx-theme, has its own in _static/scripts/fontawesome.js.LICENSE.txt.
"""

logger = logging.getLogger(__name__)


def packages(modules: set[str]) -> list[str]:
    """Returns the installed packages that these modules are part of."""
    known = packages_distributions()
    return sorted({name for module in modules for name in known.get(module.split(".")[0], [])})


def licence(package: str) -> str:
    """Returns the texts of a package's licences, empty if it has none."""
    files = [
        file
        for file in distribution(package).files or []
        if ".dist-info" in str(file) and "licen" in file.name.lower()
    ]
    return "\n\n".join(file.read_text(encoding="utf-8").strip() for file in files)


def write_licences(app: Sphinx, error: Exception | None) -> None:
    """Writes the licences of all packages that made the site into one file of it."""
    if error or not isinstance(app.builder, StandaloneHTMLBuilder) or app.builder.name != "html":
        return
    parts = [HEAD]
    # Those called sphinxcontrib write other formats, and bibliographies; the site gets no file.
    modules = {name for name in app.extensions if not name.startswith("sphinxcontrib.")}
    for package in packages(modules):
        if text := licence(package):
            parts.append(f"{'=' * 80}\n{package} {distribution(package).version}\n\n{text}\n")
        else:
            logger.warning("%s comes without its licence", package)
    Path(app.outdir, FILE).write_text("\n".join(parts), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers with Sphinx."""
    app.connect("build-finished", write_licences)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
