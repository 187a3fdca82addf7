"""Three questions a page are answered before the page shows the answer, and the answers hold."""

import re
from copy import deepcopy

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from book._extensions import predict
from tests.book import claims, questions
from tools.book.notebooks import find_chapters, read_notebook

ASKING = (
    "motivation", "gradient-descent", "momentum", "rmsprop", "adam", "experiments", "beyond",
)  # fmt: skip
PATHS = find_chapters()
PAGES = {path.stem: read_notebook(path) for path in PATHS}
NAMES = [path.stem for path in PATHS if path.parent.name in ASKING]

TEXT = """**Predict.** Does it rain?

- **A.** Momentum is faster than SGD, some say,
  and so no.
- **B.** It does.
- **C.** Never.

<details><summary>Answers</summary>

- **A. No.** The sky looks blue, but it
  is not.
- **B. Yes.** It rains on 2.5 of 1,024 days, or $3\\pi$ of them.
- **C. No.** It would be dry then, 40 % of all or $1.3\\cdot10^{-6}$.

</details>"""

CODE = "assert 1 < 2, 'x'"
QUOTING = TEXT.replace("2.5 of 1,024 days, or", "many days,")


def page(
    text=TEXT, shown="decider", decider="decider", words="rains on", code=CODE, compared=False
):
    code, tags = ("print(1)", ["nbval-check-output"]) if compared else (code, [])
    metadata = {"predict": shown, "claims": {words: decider}}
    output = new_output("stream", text="days 2.46 of 1024\nshare 0.40, 1.3e-06; it rains  on")
    cells = [
        new_code_cell("1", id="before"),
        *[new_markdown_cell(text, metadata=metadata) for _ in range(3)],
        new_code_cell(code, id="decider", outputs=[output], metadata={"tags": tags}),
        new_code_cell("2", id="silent"),
        new_markdown_cell(r"$$ a = b \tag{4.6} $$"),
    ]
    return {"page": new_notebook(cells=cells)}


@pytest.mark.parametrize("name", NAMES)
def test_three_questions_a_page_whose_answers_hold(name):
    assert questions.complaints(name, PAGES) == []


@pytest.mark.parametrize("name", NAMES)
def test_another_answer_marked_as_right_is_found(name):
    page = deepcopy(PAGES[name])
    for cell in questions.asking(page):
        text = cell.source
        for letter in re.findall(r"\*\*([A-D])\. No\.\*\*", text):
            other = re.sub(r"(\*\*[A-D]\. )Yes\.", r"\1No.", text)
            cell.source = other.replace(f"**{letter}. No.**", f"**{letter}. Yes.**")
            assert questions.complaints(name, PAGES | {name: page}), (cell.id, letter)
        cell.source = text


def test_the_right_answer_is_not_known_by_its_place_or_its_length():
    """One who always takes the same letter, or the longest option, is wrong most of the time."""
    asked = [predict.parse(cell.source) for name in NAMES for cell in questions.asking(PAGES[name])]
    for place in range(predict.FEWEST):
        assert 0.2 < sum(q.right == place for q in asked) / len(asked) < 0.45
    longest = [q for q in asked if max(q.options, key=len) == q.options[q.right]]
    assert len(longest) < 0.5 * len(asked)


def test_good_questions_pass():
    assert questions.complaints("page", page()) == []
    assert questions.complaints("page", page(compared=True)) == []
    assert questions.complaints("page", page(QUOTING, compared=True)) == []
    assert claims.complaints("page", page()) == []
    question = predict.parse(TEXT)
    assert question.text == "Does it rain?" and question.right == 1
    assert question.options[0] == "Momentum is faster than SGD, some say, and so no."
    assert len(question.answers) == 3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("B. Yes", "B. No", "exactly one answer is Yes, and here 0 are"),
        ("C. No", "C. Yes", "exactly one answer is Yes, and here 2 are"),
        ("- **C.** Never.\n", "", "has 3 or 4 options, and this one 2"),
        ("- **C.** N", "- **D.** N", "begins with its letter"),
        ("- **C. No.**", "- **D. No.**", "has its answer"),
        ("- **B. Yes.** It rains", "- **B. Sure.** It rains", "has its answer"),
        ("Does it rain?", "Does it rain?\n\nOr snow?", "one paragraph"),
        ("</details>", "</details>\n\nSo.", "nothing else in its cell"),
        ("<details><summary>Answers</summary>\n\n", "", "in <details>"),
    ],
)
def test_another_form_is_found(old, new, said):
    assert old in TEXT
    with pytest.raises(ValueError, match=f"(?i){said}"):
        predict.parse(TEXT.replace(old, new))
    assert len(questions.complaints("page", page(TEXT.replace(old, new)))) == 3


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (page(shown="nowhere"), "no code cell 'nowhere' comes after it"),
        (page(shown="before"), "no code cell 'before' comes after it"),
        (page(shown="silent"), "the cell 'silent' shows nothing"),
        (page(words="looks blue"), "no cell that can fail decides"),  # words of a wrong answer
        (page(decider="none"), "no cell that can fail decides"),
        (page(decider="(4.6)"), "no cell that can fail decides"),
        (page(code="print(1)"), "no cell that can fail decides"),
        (
            page(QUOTING, words="many days", compared=True),
            "the right answer quotes nothing that it prints",
        ),
        (page(TEXT.replace("2.5", "2.6")), "the number 2.6 of the answers"),
        (page(TEXT.replace("40 %", "41 %")), "the number 41 of the answers"),
        (page(TEXT.replace("10^{-6}", "10^{-5}")), "the number 1.3e-5 of the answers"),
        (page(TEXT.replace("1,024", "1,025")), "the number 1,025 of the answers"),
        (
            page(TEXT.replace("The sky looks blue, but it\n  is not.", "It does.")),
            "no sentence that explains",
        ),
    ],
)
def test_an_answer_without_ground_is_found(planted, said):
    found = questions.complaints("page", planted)
    assert len(found) == 3 and all(said in complaint for complaint in found)


def test_a_fourth_question_and_a_missing_one_are_found():
    two, four = page(), page()
    del two["page"].cells[1]
    four["page"].cells.insert(1, four["page"].cells[1])
    assert questions.complaints("page", two) == ["page asks 2 questions and not 3"]
    assert questions.complaints("page", four) == ["page asks 4 questions and not 3"]


def test_options_claim_nothing_and_answers_do():
    text = TEXT.replace("but it\n  is not", "and Momentum is faster than SGD")
    found = claims.complaints("page", page(text))
    assert len(found) == 3 and all("nothing decides 'The sky" in complaint for complaint in found)
