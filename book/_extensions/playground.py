"""Sphinx: only the pages that hold a playground load its script and its style sheet.

A browser loads no module from a file, so a site that is opened from its folder needs one ordinary
script. esbuild bundles the modules in `book/_static/playground` into it when the site is built.
"""

import subprocess
import sys
from pathlib import Path

from sphinx.errors import ExtensionError

PLACE = 'class="playground"'
FIRST = "main.js"  # the module that imports the others
NOTEBOOK = "book/playground/own-rule.ipynb"
BUNDLED = "playground/playground.js"
TOOLS = Path(sys.prefix, "js/node_modules")  # as tools/setup.sh installs them


def bundled(folder: Path, tools: Path = TOOLS) -> str:
    """Returns one ordinary script that does what the modules of a folder do.

    Raises:
        ExtensionError: if esbuild is not installed, or finds a fault in a module.
    """
    esbuild = next(tools.glob("@esbuild/*/bin/esbuild"), None)  # the one for this machine
    if esbuild is None:
        raise ExtensionError(f"{tools} has no esbuild: run `make check` once, with a network.")
    options = ["--bundle", "--format=iife", "--minify-whitespace", "--charset=utf8"]
    options += ["--target=es2022", "--color=false"]
    command = [esbuild, FIRST, *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    if done.returncode or done.stderr:  # a warning is an error here, as everywhere in a build
        raise ExtensionError(f"The modules of the playground make no script:\n{done.stderr}")
    return done.stdout


def write_script(app):
    """Writes the script where Sphinx looks for it; it then adds the checksum to its address."""
    if app.builder.format != "html":
        return
    script = Path(app.outdir, "_static", BUNDLED)
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(bundled(Path(app.srcdir, "book/_static/playground")), encoding="utf-8")


def add_script(app, pagename, templatename, context, doctree):
    """Add the files to one page: inside this event, Sphinx adds them to no other."""
    if PLACE in context.get("body", ""):
        whole = f"<div {PLACE}>"  # a small one has more attributes, and no rule of one's own
        colab = app.extensions["colab"].module  # the extension that knows the address
        notebook = f'<div {PLACE} data-colab="{colab.address(app, NOTEBOOK)}">'
        context["body"] = context["body"].replace(whole, notebook)
        app.add_css_file("playground/playground.css")
        app.add_js_file(BUNDLED, loading_method="defer")


def setup(app):
    """Tell Sphinx about the above."""
    app.connect("builder-inited", write_script)
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
