"""Sphinx: only the pages that hold a playground load its script and its style sheet.

A browser loads no module from a file, so a site that is opened from its folder needs one ordinary
script. The modules in `book/_static/playground` are joined into it when the site is built.
"""

import re
from pathlib import Path

from sphinx.errors import ExtensionError

PLACE = 'class="playground"'
FIRST = "main"  # the module that imports the others
JOINED = "playground/playground.js"

NAME = r"[A-Za-z_$][\w$]*"
NAMES = rf"\s*{NAME}(?:\s*,\s*{NAME})*,?\s*"
IMPORT = re.compile(rf'^import \{{({NAMES})\}} from "\./([\w-]+)\.js";$', re.MULTILINE)
EXPORT = re.compile(rf"^export ((?:function|const|class) ({NAME}))", re.MULTILINE)
OTHERWISE = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def joined(folder: Path) -> str:
    """Returns one ordinary script that does what the modules of a folder do.

    Each module becomes a function that is called once and returns what the module exports.

    Raises:
        ExtensionError: if a module is missing, if modules import each other in a circle, or if one
            imports or exports in a way that is not known here.
    """
    done: dict[str, str] = {}  # the text of each module, after those that it imports

    def add(name: str, importers: tuple[str, ...]) -> None:
        if name in importers:
            circle = " > ".join((*importers, name))
            raise ExtensionError(f"Modules of the playground import each other: {circle}.")
        module = folder / f"{name}.js"
        if not module.exists():
            raise ExtensionError(f"{module} is missing; {' > '.join(importers)} needs it.")
        text = module.read_text(encoding="utf-8")
        for _, other in IMPORT.findall(text):
            if other not in done:
                add(other, (*importers, name))
        names = [exported for _, exported in EXPORT.findall(text)]
        text = IMPORT.sub(r'const {\1} = modules["\2"];', text)
        text = EXPORT.sub(r"\1", text)
        if left := OTHERWISE.search(text):
            raise ExtensionError(
                f"{module}: `{left[0]}` cannot be joined. Write "
                '`import { a, b } from "./module.js";` or put `export` before a function, a const '
                "or a class."
            )
        done[name] = (
            f'modules["{name}"] = (() => {{\n{text}\nreturn {{ {", ".join(names)} }};\n}})();\n'
        )

    add(FIRST, ())
    return f'"use strict";\n(() => {{\nconst modules = {{}};\n{"".join(done.values())}}})();\n'


def write_script(app):
    """Writes the script where Sphinx looks for it; it then adds the checksum to its address."""
    if app.builder.format != "html":
        return
    script = Path(app.outdir, "_static", JOINED)
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(joined(Path(app.srcdir, "book/_static/playground")), encoding="utf-8")


def add_script(app, pagename, templatename, context, doctree):
    """Add the files to one page: inside this event, Sphinx adds them to no other."""
    if PLACE in context.get("body", ""):
        app.add_css_file("playground/playground.css")
        app.add_js_file(JOINED, loading_method="defer")


def setup(app):
    """Tell Sphinx about the above."""
    app.connect("builder-inited", write_script)
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
