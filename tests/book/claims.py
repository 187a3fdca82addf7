"""The sentences that compare algorithms, held against the cells that decide them.

A sentence is tied to what decides it by a link or a citation of its own, or by the metadata of its
markdown cell: `"claims": {"a few of its words": "what decides it"}`, where that is the id of a code
cell that asserts or whose output is compared, or of the exercises if the code of a solution
asserts, `page#id` for a cell of another page, `(4.6)` for an equation, or `none` for words that
compare nothing. Of a question that the reader answers first, the answers claim something, and the
options do not.
"""

import re
from collections.abc import Iterable, Mapping

from nbformat import NotebookNode

from book._extensions import predict

ALGORITHM = re.compile(
    r"\b(?:Ada[A-Z]\w*|Adam\w*|AMSGrad|NAdam|RAdam|RMSprop|SGD|GD|[Mm]omentum|Nesterov|Lion|Muon"
    r"|Schedule-Free|[Gg]radient descent|[Hh]eavy ball|algorithms?|optimizers?)\b"
)
# "The best rate" is a setting, "no longer" a time, and a road "leads to" a place.
COMPARED = re.compile(
    r"\b(?:below|above|lower|lowest|higher|highest|faster|fastest|slower|slowest|ahead|behind"
    r"|best(?! (?:learning )?rates?\b)|worst|better|worse|fewer|fewest|smoother|earlier|sooner"
    r"|(?<!no )longer|shorter|leads?(?! (?:to|from)\b)|wins?|won|beats?|loses|lost"
    r"|level with|(?:is|are) level|told apart|(?:is|are|now|clearly) before(?= [A-Z])"
    r"|as fast|as low|as good|as long as(?= [A-Z])|(?:do|does|did) as well|times (?:as|more|less)"
    r"|twice (?:as|the|that)|(?:twice|times)(?= [A-Z]\w*'s)"
    r"|(?:half|third|quarters?|tenth) (?:as|of|the)|wider than|comes? first"
    r"|(?:is|are|was|were|ends?|arrives?) (?:first|last)|first by|last by)\b"
)
# What is shown rather than said, and text that is folded away or asks.
ASIDE = re.compile(r"```.*?```|\$\$.*?\$\$|</?[a-z][^>]*>", re.DOTALL)
PARAGRAPHS = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*|#>]|\d+\.) ?)")
ENDS = re.compile(r"(?<=[.?!:])(?:\*\*)? +(?=[A-Z*\[($])")
LINKED = re.compile(r"\{cite|\]\(")
SOLVED = re.compile(r"<details>.*?```python\n(.*?)```", re.DOTALL)
EQUATION = re.compile(r"\(\d+\.\d+\)")
NONE = "none"


def sentences(text: str) -> list[str]:
    """The sentences of a markdown cell, each on one line; headings and questions are none."""
    found = []
    for paragraph in PARAGRAPHS.split(ASIDE.sub(" ", text)):
        line = " ".join(paragraph.split())
        if not line.startswith("#"):
            found += [part for part in ENDS.split(line) if not part.endswith("?")]
    return found


def comparative(text: str) -> list[str]:
    """The sentences of a markdown cell that set an algorithm before or behind another."""
    return [part for part in sentences(text) if ALGORITHM.search(part) and COMPARED.search(part)]


def asserts(cell: NotebookNode) -> bool:
    """Whether the code of a cell asserts, or that of its solutions."""
    code = cell.source if cell.cell_type == "code" else "\n".join(SOLVED.findall(cell.source))
    return bool(re.search(r"^\s*assert ", code, re.M))


def decides(cell: NotebookNode) -> bool:
    """Whether a cell fails a test when what it shows has changed: solutions with code run too."""
    return asserts(cell) or "nbval-check-output" in cell.metadata.get("tags", [])


def claimed(cell: NotebookNode) -> str:
    """The text of a markdown cell that says what is so."""
    if "predict" not in cell.metadata:
        return cell.source
    return "\n\n".join(predict.parse(cell.source).answers)


def complaints(name: str, pages: Mapping[str, NotebookNode]) -> list[str]:
    """What is tied to nothing on the page of this name, and the ties that hold nothing."""
    found = []
    for cell in pages[name].cells:
        if cell.cell_type != "markdown":
            continue
        ties = cell.metadata.get("claims", {})
        for sentence in comparative(claimed(cell)):
            if not LINKED.search(sentence) and not any(words in sentence for words in ties):
                found.append(f"{name} {cell.id}: nothing decides {sentence!r}")
        text = " ".join(sentences(claimed(cell)))
        for words, decider in ties.items():
            if words not in text:
                found.append(f"{name} {cell.id}: the words {words!r} of a tie stand nowhere")
            elif not _holds(decider, name, pages):
                found.append(f"{name} {cell.id}: {decider!r} decides nothing of {words!r}")
    return found


def _holds(decider: str, name: str, pages: Mapping[str, NotebookNode]) -> bool:
    """Whether the end of a tie is there and can decide something."""
    if decider == NONE:
        return True
    if EQUATION.fullmatch(decider):
        tag = rf"\tag{{{decider.strip('()')}}}"
        return any(tag in cell.source for page in pages.values() for cell in page.cells)
    page, _, key = decider.rpartition("#")
    cells: Iterable[NotebookNode] = pages[page or name].cells if (page or name) in pages else []
    return any(cell.id == key and decides(cell) for cell in cells)
