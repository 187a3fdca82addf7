"""Every symbol of a page is in the notation."""

import pytest

from tests.book import symbols
from tools.book.notebooks import ROOT, find_chapters, read_notebook

NOTATION = (ROOT / "book/appendix/notation.md").read_text(encoding="utf-8")
TABLES = """\
| Symbol | In code | Meaning |
|---|---|---|
| $\\theta_t$, $\\hat m_t$ | `theta` | parameters; a mean |

| Symbol | Page | Meaning |
|---|---|---|
| $q$ | [One](../beyond/one.ipynb) | a letter of this page |
"""


@pytest.mark.parametrize("path", find_chapters(), ids=lambda path: path.stem)
def test_symbols_are_in_the_notation(path):
    texts = [cell.source for cell in read_notebook(path).cells if cell.cell_type == "markdown"]
    assert symbols.unexplained(NOTATION, path.stem, texts) == []


def test_letters_are_read_with_accents_and_without_indices_and_words():
    latex = r"\hat{m}_t = \frac{q^2}{\theta_{t-1}} \text{ if } \mathbb E[\bar\eta] \tag{1.1}"
    assert symbols.symbols(latex) == {"hat m", "q", "theta", "bar eta"}


def test_a_symbol_that_no_table_has_is_found():
    texts = [r"$$ \theta_t = q\,\hat m_{t-1} $$ and $\theta$, costs `$a`"]
    assert symbols.unexplained(TABLES, "one", texts) == []
    (complaint,) = symbols.unexplained(TABLES, "two", texts)
    assert "two has q" in complaint
    (complaint,) = symbols.unexplained(TABLES, "one", [r"$$ \theta_t = \hat v_t $$"])
    assert "one has hat v" in complaint


def test_a_symbol_in_a_sentence_is_found_even_where_a_line_ends_in_it():
    texts = ["The step $\\theta_t$ is $q\n\\hat m_t$, for\n$c$ classes."]
    (complaint,) = symbols.unexplained(TABLES, "one", texts)
    assert "one has c in c," in complaint
