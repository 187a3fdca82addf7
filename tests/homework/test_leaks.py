"""What a hidden test asks does not come out, a helper stays the assignment's, time is limited."""

import time

import pytest

from tests.homework.samples import RIGHT, cells_of, demo, handed_in
from tools.homework import proof
from tools.homework.grading import expected_checks, grade

SECRET = "8675309"  # a number of a hidden test


@pytest.fixture(scope="module")
def expected(workshop):
    return expected_checks(demo(), workshop, 30)


def graded(notebook, workshop, expected, timeout=30.0, budget=300.0):
    errors: dict[str, str] = {}
    outcomes = grade(demo(), cells_of(notebook), expected, workshop, timeout, errors, budget)
    return outcomes, errors


RECORD = "seen = []\ndef double(x):\n    seen.append(str(x))\n    return 2 * np.asarray(x)"
LEAKS = {
    "an error of a later test": {"counter": "def Counter(start):\n    raise ValueError(str(seen))"},
    "the name of an error": {
        "counter": "def Counter(start):\n    raise type(str(seen), (Exception,), {})"
    },
    "an error that a test takes for its own": {
        "counter": "class Counter:\n    value = property(lambda self: 1 / 0)\n"
        "    def __init__(self, start):\n        raise AttributeError(str(seen))"
    },
    "an error of a later cell": {"number": "raise KeyError(str(seen))"},
    "no Python in a later cell": {"number": "exec('x = = ' + str(seen))"},
    "the line of an error": {
        "number": "import sys\ncell = sys._getframe().f_code.co_filename\n"
        "exec(compile('\\n' * 8675308 + '1 / 0', cell, 'exec'))"
    },
    "a value that a message shows": {"number": "answer = str(seen)"},
    "a name of a class": {"number": "answer = type(str(seen), (), {})()"},
    "the same test again": {"double": f"{RECORD}\ndouble.again = 1"},
}


@pytest.mark.parametrize("answers", LEAKS.values(), ids=LEAKS.keys())
def test_no_word_of_a_hidden_test_comes_out(answers, workshop, expected):
    outcomes, errors = graded(handed_in({"double": RECORD} | answers), workshop, expected)
    assert outcomes[0].points == 2
    text = " ".join([*(outcome.note for outcome in outcomes), *errors.values()])
    assert SECRET not in text


def test_what_is_raised_before_a_hidden_test_is_shown(workshop, expected):
    notebook = handed_in({"double": "x = 1\nraise KeyError('my word')"})
    _, errors = graded(notebook, workshop, expected)
    assert errors == {"double": "KeyError: 'my word' (line 2 of its cell)"}
    later = handed_in({"number": "raise KeyError('my word')"})
    assert graded(later, workshop, expected)[1] == {"number": "KeyError (line 1 of its cell)"}


@pytest.mark.parametrize("place", ["in the answer", "in a later cell"])
def test_a_helper_that_is_replaced_stays_the_assignments(place, workshop, expected):
    wrong = "def double(x):\n    return 2 * x if np.ndim(x) else 0.0\n"
    helper = "def apply(function, values): return [-17350618.0, 6.5]"
    if place == "in the answer":
        notebook = handed_in({"double": wrong + helper})
    else:
        notebook = handed_in({"double": wrong}, extra=[(3, helper)])
    assert proof.lost(graded(notebook, workshop, expected)[0]) == {"double-test"}
    right = handed_in({"double": f"{RIGHT['double']}\napply = 3"})
    assert proof.lost(graded(right, workshop, expected)[0]) == set()


ODD = ("'\\ud800'", "'\\x1b[2J\\x07'", "'\\u202egnirts'", "'\\0'", "'x' * 10**7")


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("how", ["raise ValueError({})", "raise type({}[:9], (Exception,), {{}})"])
def test_odd_words_of_an_error_stop_nobody(text, how, workshop, expected):
    source = f"def double(x):\n    {how.format(text)}"
    outcomes, _ = graded(handed_in({"double": source}), workshop, expected)
    assert proof.lost(outcomes) == {"double-test"}
    outcomes[0].note.encode()
    assert outcomes[0].note.isprintable()
    assert len(outcomes[0].note) < 1000


def test_slow_cells_cost_nothing_within_the_budget(workshop, expected):
    slow = [(place, "import time\ntime.sleep(1.5)") for place in (1, 3, 5)]
    outcomes, errors = graded(handed_in(extra=slow), workshop, expected, timeout=4)
    assert proof.lost(outcomes) == set()
    assert errors == {}


def test_cells_that_end_the_process_cost_the_budget_at_most(workshop, expected):
    cells = [(2, "import os\nos._exit(0)"), (2, "import time\ntime.sleep(1)")] * 8
    started = time.monotonic()
    outcomes, _ = graded(handed_in(extra=cells), workshop, expected, budget=8)
    assert time.monotonic() - started < 20
    assert "8 s, was over" in outcomes[0].note


def test_a_stop_in_a_hidden_test_says_the_hint_alone(workshop, expected):
    source = "import os\ndef double(x):\n    return [2.0, 4.0] if x[0] == 1 else os._exit(1)"
    outcomes, _ = graded(handed_in({"double": source}), workshop, expected)
    assert (
        outcomes[0].note == "The visible tests pass, a hidden one does not. Try negative numbers."
    )
    assert [outcome.points for outcome in outcomes] == [0, 3, 1, None]
