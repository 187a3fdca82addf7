"""The box of an algorithm is its class: every equation and every line of code is in one row."""

import importlib
import inspect
import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from tests.book.samples import good_notebook
from tools.book.algorithm import BoxError, box
from tools.book.notebooks import find_chapters, read_notebook, write_notebook
from tools.book.sync_source import SourceError, differences, fill, read_shown

ROW = re.compile(r"^\| (\$.*?) \| (`.*`) \|$", re.MULTILINE)
TAG = re.compile(r"\\tag\{(.*?)\}")
CHAPTERS = {path: read_notebook(path) for path in find_chapters()}


def shown_optimizers():
    """Returns the page and the reference of each class with an `update_step` that a page shows."""
    return [
        pytest.param(path, cell.metadata["source"], id=cell.metadata["source"].partition("::")[2])
        for path in CHAPTERS
        for cell in CHAPTERS[path].cells
        if "source" in cell.metadata and "def update_step" in cell.source
    ]


def boxes_missing(notebook):
    """Returns the optimizers that a notebook shows without their box above."""
    pairs = zip([None, *notebook.cells], notebook.cells, strict=False)
    return [
        cell.metadata["source"]
        for above, cell in pairs
        if "source" in cell.metadata and "def update_step" in cell.source
        if above is None or above.metadata.get("box") != cell.metadata["source"]
    ]


def rows_shown(path, reference):
    """Returns the rows of a box as its page has them: the equations, the numbers and the lines."""
    (cell,) = [cell for cell in CHAPTERS[path].cells if cell.metadata.get("box") == reference]
    return [
        (
            " ".join(re.findall(r"\$(.*?)\$", left)).replace(r"\quad {}", ""),
            re.findall(r"\((\d+\.\d+)\)", re.sub(r"\$.*?\$", "", left)),
            re.findall(r"`(.*?)`", right),
        )
        for left, right in ROW.findall(cell.source)
    ]


def method(reference):
    """Returns the class of a reference, as Python imports it."""
    file, _, name = reference.removeprefix("src/").partition("::")
    return getattr(importlib.import_module(file.removesuffix(".py").replace("/", ".")), name)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_box_stands_above_every_optimizer(path):
    assert boxes_missing(CHAPTERS[path]) == []


@pytest.mark.parametrize("path, reference", shown_optimizers())
def test_every_line_of_code_is_in_one_row(path, reference):
    """Read anew from the class that Python imports, and from what the page shows."""
    source = inspect.getsource(method(reference).update_step)
    body = source.split('"""')[2]
    lines = [re.sub(r"  # (eq\. )?\(\d.*", "", line.strip()) for line in body.split("\n")]
    shown = [line.strip() for _, _, code in rows_shown(path, reference) for line in code]
    assert shown == [line for line in lines if line]


@pytest.mark.parametrize("path, reference", shown_optimizers())
def test_every_equation_is_in_one_row(path, reference):
    """Cross out the equations of the rows: only what joins them is left of the docstring's box."""
    text = inspect.getdoc(method(reference)).split("$$")[1]
    left = re.sub(r"\s|&(?==)|\\(begin|end)\{aligned\}", "", text)
    for equation, _, _ in rows_shown(path, reference):
        if "=" in equation:
            words = re.sub(r"\s", "", equation).replace(r"\vert", "|")
            assert left.count(words) >= 1, equation
            left = left.replace(words, "", 1)
    assert re.fullmatch(r"(\\\\|,\\qquad)*", left), left


@pytest.fixture(scope="module")
def numbered():
    """The equations of all chapters, by their numbers, without spaces."""
    texts = [cell.source for notebook in CHAPTERS.values() for cell in notebook.cells]
    blocks = ["".join(block.split()) for text in texts for block in text.split("$$")[1::2]]
    return {number: block for block in blocks for number in TAG.findall(block)}


@pytest.mark.parametrize("path, reference", shown_optimizers())
def test_every_number_is_that_of_an_equation_with_the_same_left_side(path, reference, numbered):
    found = rows_shown(path, reference)
    assert any(numbers for _, numbers, _ in found)
    for equation, numbers, _ in found:
        left = "".join(equation.partition("=")[0].split()) + "="
        assert all(left in numbered[number] for number in numbers), (equation, numbers)


WALRUS = r"""
class Walrus:
    r'''A class that was just written.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    m_t &= \sum_i g_i
        = m_{t-1} + |g_t|, \qquad m_0 = 0 \\
    \theta_t &= \theta_{t-1} - \begin{cases} m_t & \text{if } t > 1 \\
        0 & \text{otherwise} \end{cases}
    \end{aligned}
    $$
    '''

    def update_step(self, gradient, variable, learning_rate):
        '''Apply it.'''
        g = gradient
        m = self.m[0]
        t = self.iterations + 1

        self.assign(m, m + abs(g))  # eq. (1.1)
        # The first step waits.
        step = where(
            t > 1, m, 0
        )
        self.assign_sub(variable, step)  # eq. (1.2)
""".strip()
BOX = r"""
<div class="algorithm">

| Algorithm | `Walrus.update_step` |
|:---|:---|
| $g_t = \nabla_\theta E(\theta_{t-1})$ | `g = gradient` |
| $m_0 = 0$ | `m = self.m[0]` |
| $t$ | `t = self.iterations + 1` |
| $m_t = \sum_i g_i$<br>$\quad {}= m_{t-1} + \vert g_t\vert $ (1.1) | `self.assign(m, m + abs(g))` |
| $\theta_t = \theta_{t-1} - \begin{cases} m_t & \text{if } t > 1 \\ 0 & \text{otherwise} \end{cases}$ (1.2) | `# The first step waits.`<br>`step = where(`<br>`    t > 1, m, 0`<br>`)`<br>`self.assign_sub(variable, step)` |

</div>
""".strip()  # noqa: E501


def test_a_box_has_the_equations_on_the_left_and_the_lines_on_the_right():
    assert box(WALRUS) == BOX


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("        self.assign(m, m + abs(g))  # eq. (1.1)\n", "", "matches 'm_t = "),
        ("        m = self.m[0]\n", "", "matches 'm_0 = 0'"),
        ("    m_t &=", "    n_t &=", "matches 'n_t = "),
        ("step)  # eq. (1.2)\n", "step)\n        log(m)\n", r"matches 'log\(m\)'"),
        ("    m_t &=", "    \\mu_t &=", "name it in NAMES"),
        ("t > 1, m, 0\n", "t > 1 | t < 0, m, 0\n", "without | and `"),
        ("aligned", "gathered", "needs equations"),
        ("def update_step", "def step", "and an update_step"),
        ("class Walrus:", "def walrus():", "only a class"),
    ],
)
def test_what_does_not_match_is_an_error_of_one_sentence(old, new, says):
    assert old in WALRUS + "\n"
    with pytest.raises(BoxError, match=says):
        box((WALRUS + "\n").replace(old, new))


def test_lines_in_another_order_than_the_box_are_an_error():
    line = "        self.assign(m, m + abs(g))  # eq. (1.1)\n"
    later = WALRUS.replace(line, "") + "\n" + line
    with pytest.raises(BoxError, match="another order"):
        box(later)


@pytest.fixture
def page(tmp_path):
    """A page that shows Walrus with its box, both filled from the file beside it."""
    (tmp_path / "walrus.py").write_text(WALRUS)
    notebook, reference = good_notebook(), "walrus.py::Walrus"
    notebook.cells.append(new_markdown_cell(metadata={"box": reference}))
    notebook.cells.append(new_code_cell(metadata={"source": reference}))
    write_notebook(notebook, tmp_path / "page.ipynb")
    assert fill(tmp_path / "page.ipynb", tmp_path)
    return tmp_path / "page.ipynb"


def test_a_box_is_filled_from_its_class(page):
    notebook = read_notebook(page)
    assert notebook.cells[-2].source == BOX
    assert differences(page, page.parent) == []
    assert boxes_missing(notebook) == []


def test_a_box_that_is_missing_or_that_of_another_class_is_found(page):
    notebook = read_notebook(page)
    notebook.cells[-2].metadata["box"] = "adam.py::Adam"
    assert boxes_missing(notebook) == ["walrus.py::Walrus"]
    del notebook.cells[:-1]
    assert boxes_missing(notebook) == ["walrus.py::Walrus"]


@pytest.mark.parametrize(("old", "new"), [("abs(g)", "sum(g)"), ("m_{t-1} +", "m_{t-1} -")])
def test_a_box_that_drifted_from_its_class_is_found(page, old, new):
    """Once the code changes in src/, once the equation."""
    (page.parent / "walrus.py").write_text(WALRUS.replace(old, new))
    complaints = differences(page, page.parent)
    assert len(complaints) == 2, "the box and the class"
    assert new in complaints[0]


def test_a_class_of_which_no_box_can_be_made_is_a_complaint(page):
    (page.parent / "walrus.py").write_text(WALRUS.replace("m_0 = 0", "k_0 = 0"))
    assert any("matches 'k_0 = 0'" in text for text in differences(page, page.parent))
    with pytest.raises(SourceError, match="walrus"):
        read_shown(read_notebook(page).cells[-2], "walrus.py::Walrus", page.parent)
