"""Sphinx: how the package's docstrings become the pages of the API reference.

autodoc and napoleon do the work. The docstrings are written to be read in the source as well, as
Markdown writes mathematics and code; here that becomes the reStructuredText those two expect:
$...$ and $$...$$ become mathematics, and `name` becomes a link where the reference describes that
name and stays code where it does not. The directive `command-line` shows what `ravine --help` says.
"""

import os
import re
from importlib import import_module

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective, SphinxRole

PACKAGE = "ravine"
REFERENCE = "book/appendix/api"
# autodoc-process-docstring calls by priority, napoleon at 500.
BEFORE_NAPOLEON, AFTER_NAPOLEON = 400, 600
# Stands for a colon that napoleon would take for the end of a type.
COLON = "\ue000"

MARKUP = re.compile(
    r"""
      (?P<example>^\ *(?:>>>|\.\.\.)\ .*$)
    | (?P<indent>^\ *)\$\$\n(?P<displayed>[^$]+)\n\ *\$\$$
    | \$(?P<math>[^$]+)\$
    | (?<!`)`(?P<named>[^`]+)`(?!`)
    | (?P<star>(?<!\*)\*(?!\*))
    """,
    re.MULTILINE | re.VERBOSE,
)
RETURNS = re.compile(r"^( *Returns:\n)((?:.+\n?)+)", re.MULTILINE)


def to_restructured(text: str) -> str:
    """Turn the mathematics and the code of a docstring into reStructuredText."""
    text = MARKUP.sub(_restructured, text)
    return RETURNS.sub(lambda found: found[1] + found[2].replace(": ", f"{COLON} "), text)


def _restructured(found):
    kind, content = found.lastgroup, found[found.lastgroup]
    if kind == "example":  # stays as it is typed
        return content
    if kind == "star":
        return "\\*"
    if kind == "displayed":
        indent = found["indent"]
        lines = [f"{indent}   {line.strip()}" for line in content.split("\n")]
        return "\n".join([f"{indent}.. math::", "", *lines])
    after = found.string[found.end() : found.end() + 1]
    separator = "\\ " if after.isalnum() else ""  # as in `ValueError`s
    return f":{kind}:`{' '.join(content.split())}`{separator}"


def import_keras(app, env, docnames):
    """Import Keras on JAX before autodoc does on TensorFlow: in half the time, and silently."""
    if any(docname.startswith(REFERENCE) for docname in docnames):
        before = os.environ.get("KERAS_BACKEND")
        os.environ["KERAS_BACKEND"] = "jax"
        import_module("keras")
        if before is None:
            del os.environ["KERAS_BACKEND"]
        else:
            os.environ["KERAS_BACKEND"] = before


def before_napoleon(app, what, name, thing, options, lines):
    """Rewrite a docstring in place."""
    lines[:] = to_restructured("\n".join(lines)).split("\n")


def after_napoleon(app, what, name, thing, options, lines):
    """Give the colons back."""
    lines[:] = [line.replace(COLON, ":") for line in lines]


def without_fields(app, what, name, thing, skip, options):
    """Leave out the fields of a named tuple: all that is said of them is their number."""
    return True if type(thing).__name__ == "_tuplegetter" else None


class Named(SphinxRole):
    """Code that links to what it names, if the reference describes that."""

    def run(self):
        """Return the code, waiting to be resolved when all pages are read."""
        code = nodes.literal(self.rawtext, self.text)
        if not re.fullmatch(r"[A-Za-z_][\w.]*(\(\))?", self.text):
            return [code], []
        target = self.text.removesuffix("()")
        first = target.partition(".")[0]
        if "." in target and first != PACKAGE and first in _modules():
            target = f"{PACKAGE}.{target}"
        reference = addnodes.pending_xref(
            "",
            code,
            refdomain="py",
            reftype="obj",
            reftarget=target,
            refexplicit=False,
            refdoc=self.env.docname,
            optional=True,
        )
        reference["py:module"] = self.env.ref_context.get("py:module")
        reference["py:class"] = self.env.ref_context.get("py:class")
        return [reference], []


def leave_as_code(app, env, node, content):
    """Return the bare code of a reference that leads nowhere: most code names no object."""
    return content if node.get("optional") else None


def _modules():
    folder = os.path.dirname(import_module(PACKAGE).__file__)
    return {name.removesuffix(".py") for name in os.listdir(folder)}


class CommandLine(SphinxDirective):
    """What the command line says of itself, as a terminal shows it."""

    def run(self):
        """Return the help of the program and a paragraph with that of each command."""
        import typer
        from typer.testing import CliRunner

        app = import_module(f"{PACKAGE}.cli").app
        shown = []
        for command in ["", *typer.main.get_command(app).commands]:
            words = [PACKAGE, *filter(None, [command])]
            result = CliRunner().invoke(
                app, [*words[1:], "--help"], prog_name=PACKAGE, terminal_width=80
            )
            text = f"$ {' '.join(words)} --help\n{result.output.rstrip()}"
            shown.append(nodes.literal_block(text, text, language="console"))
        return shown


def setup(app):
    """Tell Sphinx about all of the above."""
    app.add_role("named", Named())
    app.add_directive("command-line", CommandLine)
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("env-before-read-docs", import_keras)
    app.connect("autodoc-process-docstring", before_napoleon, BEFORE_NAPOLEON)
    app.connect("autodoc-process-docstring", after_napoleon, AFTER_NAPOLEON)
    app.connect("autodoc-skip-member", without_fields)
    app.connect("missing-reference", leave_as_code)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
