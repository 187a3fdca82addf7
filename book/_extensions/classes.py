"""Sphinx: a class as a reader wants it, in the cells that `tools.book.sync_source` fills.

In the box of an algorithm, the lines of code get the colours of code. In the cell of a class, which
holds it verbatim, the docstring is folded, and below stands where the reference has it set in type.
Both are plain HTML: a browser folds without a script, and the button copies the whole class.
"""

import ast

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

BOX = '<div class="algorithm">'
FOLDED = 3  # lines of a docstring from which on it is folded


class FoldedClass(nodes.literal_block):
    """The code of a class, and which of its lines are folded."""


def colour_boxes(app: Sphinx, doctree: nodes.document) -> None:
    """Marks the code of each box as Python."""
    for mark in doctree.findall(nodes.raw):
        if mark.astext().strip() == BOX:
            table = mark.next_node(nodes.table, descend=False, siblings=True)
            for code in table.findall(nodes.literal):
                code["classes"].append("code")
                code["language"] = "python"


def folded_lines(source: str) -> tuple[int, int] | None:
    """Returns the lines of a docstring after its first one, from and to, or None if it is short."""
    first = ast.parse(source).body[0]
    if not isinstance(first, ast.ClassDef) or ast.get_docstring(first) is None:
        return None
    start, end = first.body[0].lineno, first.body[0].end_lineno or 0
    return (start, end) if end - start >= FOLDED else None


def fold(app: Sphinx, doctree: nodes.document) -> None:
    """Folds the docstrings of the classes that a page shows from the package."""
    for cell in list(doctree.findall(nodes.container)):
        reference = (cell.get("cell_metadata") or {}).get("source")
        code = cell.next_node(nodes.literal_block) if reference else None
        lines = folded_lines(code.rawsource) if code else None
        if lines:
            name = reference.partition("::")[2]
            folded = FoldedClass(code.rawsource, code.rawsource, **code.attributes, lines=lines)
            code.replace_self(folded)
            cell.parent.insert(cell.parent.index(cell) + 1, where_described(name, app.env.docname))


def where_described(name: str, docname: str) -> nodes.paragraph:
    """Returns a line that leads to a class in the reference."""
    link = addnodes.pending_xref(
        "",
        nodes.literal("", name),
        refdomain="py",
        reftype="class",
        reftarget=name,
        refspecific=True,  # whichever room hands it out
        refexplicit=False,
        refdoc=docname,
    )
    words = nodes.Text("Its docstring, set in type: ")
    return nodes.paragraph("", "", words, link, classes=["described"])


def visit_folded(writer: HTML5Translator, node: FoldedClass) -> None:
    """Writes the code in three pieces, the second of them folded."""
    language, (start, end) = node["language"], node["lines"]
    page = writer.highlighter.highlight_block(node.rawsource, language, location=node)
    before, _, rest = page.partition("<pre>")
    code, _, after = rest.rpartition("</pre>")
    lines = code.split("\n")  # no colour goes on from one line to the next
    pieces = (lines[:start], lines[start:end], lines[end:])
    # Without the empty span, a browser takes away an empty line at the beginning.
    head, docstring, body = ("<span></span>" + "\n".join(piece) for piece in pieces)
    writer.body.append(
        f'<div class="highlight-{language} notranslate">{before}<div class="folded-class">'
        f"<pre>{head}\n</pre>"
        f"<details><summary>the other {end - start} lines of the docstring</summary>"
        f"<pre>{docstring}\n</pre></details>"
        f"<pre>{body}</pre></div>{after}</div>\n"
    )
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers with Sphinx."""
    app.add_node(FoldedClass, html=(visit_folded, None))
    app.connect("doctree-read", colour_boxes)
    app.connect("doctree-read", fold)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
