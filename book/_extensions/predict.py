"""Sphinx: a question that the reader answers before the page shows the answer.

In the notebook it is a markdown cell, which reads as it is in Jupyter, on Colab and on GitHub:

    **Predict.** The question, in one paragraph?

    - **A.** One option.
    - **B.** Another one.
    - **C.** A third one.

    <details><summary>Answers</summary>

    - **A. No.** Why this is tempting, and what is true.
    - **B. Yes.** Why.
    - **C. No.** Why this is tempting, and what is true.

    </details>

The metadata of the cell name the code cell that shows the answer, as `{"predict": "its id"}`. The
site makes radio buttons of it and a link to that cell. Without scripts, and on paper, the page has
what the notebook has.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

START = "Predict."
PLACE = '<form class="predict"'
ITEM = r"- .+\n(?:  +\S.*\n)*"
SHAPE = re.compile(
    rf"\*\*{re.escape(START)}\*\* (?P<text>(?:.+\n)+)\n(?P<options>(?:{ITEM})+)\n"
    rf"<details><summary>Answers</summary>\n\n(?P<answers>(?:{ITEM})+)\n</details>\n"
)
OPTION = re.compile(r"- \*\*([A-Z])\.\*\* (.+)", re.DOTALL)
ANSWER = re.compile(r"- \*\*([A-Z])\. (Yes|No)\.\*\* (.+)", re.DOTALL)
FEWEST, MOST = 3, 4  # options

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Question:
    """A question; `options` and `answers` have one text each for A, B, C ... in this order."""

    text: str
    options: tuple[str, ...]
    answers: tuple[str, ...]
    right: int  # the place of the right option


def parse(source: str) -> Question:
    """Reads the source of a cell that asks.

    Raises:
        ValueError: if it has another form than the one above.
    """
    found = SHAPE.fullmatch(source.rstrip() + "\n")
    if not found:
        raise ValueError(
            "A question is `**Predict.**` and one paragraph, a list of options, and a list of "
            "answers in <details>, with an empty line between them, and nothing else in its cell."
        )
    options = [OPTION.fullmatch(item.strip()) for item in re.findall(ITEM, found["options"])]
    answers = [ANSWER.fullmatch(item.strip()) for item in re.findall(ITEM, found["answers"])]
    letters = tuple("ABCD"[: len(options)])
    if not FEWEST <= len(options) <= MOST:
        raise ValueError(f"A question has {FEWEST} or {MOST} options, and this one {len(options)}.")
    if tuple(item and item[1] for item in options) != letters:
        raise ValueError("Each option begins with its letter, in order, as `- **A.** `.")
    if tuple(item and item[1] for item in answers) != letters:
        raise ValueError("Each option has its answer, in order, as `- **A. No.** ` or `Yes`.")
    verdicts = [item[2] for item in answers if item]
    if verdicts.count("Yes") != 1:
        raise ValueError(f"Exactly one answer is Yes, and here {verdicts.count('Yes')} are.")
    return Question(
        text=" ".join(found["text"].split()),
        options=tuple(" ".join(item[2].split()) for item in options if item),
        answers=tuple(" ".join(item[3].split()) for item in answers if item),
        right=verdicts.index("Yes"),
    )


def raw(markup: str) -> nodes.raw:
    """Returns a piece of HTML."""
    return nodes.raw("", markup, format="html")


def words(paragraph: nodes.Element) -> nodes.inline:
    """Returns what a paragraph says as one piece: a link in it needs text around it."""
    return nodes.inline("", "", *paragraph.children)


def begins(paragraph: nodes.paragraph) -> bool:
    """Says whether a question begins here."""
    # The parser puts an empty text before bold words.
    said = [node for node in paragraph.children if node.astext()]
    return bool(said) and isinstance(said[0], nodes.strong) and said[0].astext() == START


def form(cell: dict, parts: list[nodes.Element], right: int) -> list[nodes.Node]:
    """Returns the form that a question becomes.

    Args:
        cell: of the notebook, as JSON.
        parts: its paragraph, its options, the beginning of <details>, its answers, the end.
        right: the place of the right option.
    """
    text, options, opening, answers, closing = parts
    name = f"predict-{cell['id']}"
    made: list[nodes.Node] = [
        raw(f'{PLACE} id="{name}" autocomplete="off"><fieldset><legend>'),
        words(text),
        raw("</legend>"),
    ]
    for place, item in enumerate(options.children):
        button = f'<input type="radio" name="{name}" value="{place}" hidden>'
        made += [raw(f"<label>{button}"), words(item.children[0]), raw("</label>")]
    for place, item in enumerate(answers.children):
        item["classes"].append("yes" if place == right else "no")
    see = nodes.reference("", "See it", internal=True, refid=f"cell-{cell['metadata']['predict']}")
    return [
        *made,
        raw('</fieldset><button type="submit" hidden>Check</button><div role="status"></div>'),
        opening,
        answers,
        nodes.paragraph("", "", see, classes=["see"]),
        closing,
        raw("</form>"),
    ]


def ask(app: Sphinx, doctree: nodes.document) -> None:
    """Turns the questions of a page into forms, and the cells that answer into places."""
    path = Path(app.env.doc2path(app.env.docname))
    found = [paragraph for paragraph in doctree.findall(nodes.paragraph) if begins(paragraph)]
    cells = json.loads(path.read_text("utf-8"))["cells"] if path.suffix == ".ipynb" else []
    asking = [cell for cell in cells if "predict" in cell["metadata"]]
    if len(found) != len(asking):
        message = "%s paragraphs begin with **Predict.**, and the metadata of %s cells say so"
        logger.warning(message, len(found), len(asking), location=doctree)
        return
    places = {
        cells[node["cell_index"]]["id"]: node
        for node in doctree.findall(nodes.container)
        if "cell_index" in node
    }
    for paragraph, cell in zip(found, asking, strict=True):
        seen = cell["metadata"]["predict"]
        try:
            question = parse("".join(cell["source"]))
        except ValueError as error:
            logger.warning("cell %s: %s", cell["id"], error, location=paragraph)
            continue
        if seen not in places:
            message = "cell %s: no cell %s on this page shows the answer"
            logger.warning(message, cell["id"], seen, location=paragraph)
            continue
        place = f"cell-{seen}"
        if place not in places[seen]["ids"]:
            places[seen]["ids"].append(place)
        section = paragraph.parent
        start = section.index(paragraph)
        section[start : start + 5] = form(cell, section[start : start + 5], question.right)


def add_files(app, pagename, templatename, context, doctree) -> None:
    """Adds the script and the style to the pages that ask."""
    if PLACE in context.get("body", ""):
        app.add_css_file("predict.css")
        app.add_js_file("predict.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers with Sphinx."""
    app.connect("doctree-read", ask)
    app.connect("html-page-context", add_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
