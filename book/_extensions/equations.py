r"""Where the text names an equation, as (5.1), a link leads to it.

An equation carries its number itself, `\tag{5.1}`, so that GitHub, Jupyter, Colab and the site all
show the same one. No number stands for two equations: the build warns, and `make book` stops.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

NUMBER = r"(?:\d+|[A-Z])\.\d+"  # of a chapter, or of a page with a letter, such as B.1
TAG = re.compile(rf"\\tag\{{({NUMBER})\}}")
MENTION = re.compile(rf"(\({NUMBER}\))")
# A title is repeated in the contents, where a link would stand within a link.
KEPT = nodes.literal | nodes.literal_block | nodes.math | nodes.math_block | nodes.raw
KEPT |= nodes.reference | nodes.title

logger = logging.getLogger(__name__)


def equations(env: BuildEnvironment) -> dict[str, tuple[str, str]]:
    """Returns the page and the place of each equation, by its number."""
    if not hasattr(env, "ravine_equations"):
        env.ravine_equations = {}
    return env.ravine_equations


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Makes each numbered equation of a page a place that a link can lead to."""
    found = equations(app.env)
    for block in doctree.findall(nodes.math_block):
        numbers = TAG.findall(block.astext())
        # Sphinx puts lines that end so into `split`, in which MathJax allows no tag.
        if numbers and r"\\" in block.astext():
            message = r"equation %s ends a line with \\; end it with \cr"
            logger.warning(message, numbers[0], location=block)
        for number in numbers:
            if number in found:
                message = "equation %s is on this page and on %s"
                logger.warning(message, number, found[number][0], location=block)
            block["ids"].append(f"equation-{number.lower().replace('.', '-')}")
            found[number] = app.env.docname, block["ids"][-1]


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Forgets the equations of a page that is read again."""
    known = equations(env)
    for number in [number for number, (page, _) in known.items() if page == docname]:
        del known[number]


def merge(app: Sphinx, env: BuildEnvironment, docnames: list[str], other: BuildEnvironment) -> None:
    """Adds what another process has read."""
    equations(env).update(equations(other))


def kept(text: nodes.Text) -> bool:
    """Says whether a text stands within code, mathematics, a link or a title."""
    node = text.parent
    while node is not None and not isinstance(node, KEPT):
        node = node.parent
    return node is not None


def link(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Turns the numbers in the text of a page into links."""
    known = equations(app.env)
    for text in list(doctree.findall(nodes.Text)):
        if not MENTION.search(text) or kept(text):
            continue
        pieces = []
        for piece in MENTION.split(text):
            page, place = known.get(piece[1:-1], (None, None))
            words = nodes.Text(piece)
            link = page and make_refnode(app.builder, docname, page, place, words)
            pieces.append(link or words)
        text.parent.replace(text, pieces)


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers with Sphinx."""
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("doctree-resolved", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
