"""Sphinx: how the package's docstrings become the pages of the API reference.

autodoc and napoleon do the work. The docstrings are written to be read in the source as well, as
Markdown writes mathematics and code; here that becomes the reStructuredText those two expect:
$...$ and $$...$$ become mathematics, and `name` becomes a link where the reference describes that
name and stays code where it does not. The directive `room-file` describes a file of a room, each
name as readers import it, from the room's face; `command-line` shows what `ravine --help` says.
"""

import inspect
import os
import re
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

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
        first, dot, rest = target.partition(".")
        if dot and first in (modules := _modules()):
            target = f"{modules[first]}.{rest}"
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


@cache
def _modules():
    """Return the rooms, and the files that a face hands out, with their whole names."""
    found = iter_modules(import_module(PACKAGE).__path__)
    rooms = [room.name for room in found if not room.name.startswith("_")]
    modules = {}
    for room in rooms:
        face = import_module(f"{PACKAGE}.{room}")
        for name in getattr(face, "__all__", ()):
            if inspect.ismodule(thing := getattr(face, name)):
                modules[name] = thing.__name__
    return modules | {room: f"{PACKAGE}.{room}" for room in rooms}


class RoomFile(SphinxDirective):
    """What a file of a room defines; `.. room-file:: ravine.surfaces analytic`.

    A name that the face of the room hands out is described as the face's: from there it is
    imported, and there it stays when the file moves.
    """

    required_arguments = 2

    def run(self):
        """Return the file's own words and its public classes and functions, in their order."""
        room, name = self.arguments
        face, file = import_module(room), import_module(f"{room}.{name}")
        lines = [*to_restructured(inspect.getdoc(file)).split("\n"), ""]
        for public, thing in vars(file).items():
            if public[0] == "_" or getattr(thing, "__module__", None) != file.__name__:
                continue
            kind = "function" if inspect.isfunction(thing) else "class"
            if kind == "class" and issubclass(thing, Exception):
                kind = "exception"
            home = room if public in face.__all__ else file.__name__
            lines.append(f".. auto{kind}:: {home}.{public}")
            if kind != "function":
                lines.append("   :members:")
                if thing.__base__.__module__ != "builtins":
                    lines.append("   :show-inheritance:")
            lines.append("")
        return self.parse_text_to_nodes("\n".join(lines))


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
    app.add_directive("room-file", RoomFile)
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("env-before-read-docs", import_keras)
    app.connect("autodoc-process-docstring", before_napoleon, BEFORE_NAPOLEON)
    app.connect("autodoc-process-docstring", after_napoleon, AFTER_NAPOLEON)
    app.connect("autodoc-skip-member", without_fields)
    app.connect("missing-reference", leave_as_code)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
