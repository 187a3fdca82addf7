"""A broken or hostile submission loses the tasks that it touches, and no other loses any.

What these submissions attack belongs to the test: a file of its own, a process of its own. So they
do no harm where the protection is broken, which is when they run unprotected.
"""

import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.homework.samples import RIGHT, TASKS, cells_of, demo, handed_in
from tools.homework import messages, proof
from tools.homework.grading import expected_checks, grade
from tools.homework.session import Session, SessionEndedError

LIMIT = 2.0  # seconds for a cell


@pytest.fixture(scope="module")
def expected(workshop):
    return expected_checks(demo(), workshop, LIMIT)


def graded(notebook, workshop, expected):
    return grade(demo(), cells_of(notebook), expected, workshop, LIMIT)


def lost(notebook, workshop, expected):
    return set(proof.lost(graded(notebook, workshop, expected)))


def test_right_answers_keep_all(workshop, expected):
    outcomes = graded(handed_in(), workshop, expected)
    assert [outcome.points for outcome in outcomes] == [2, 3, 1, None]
    assert expected == {"double-test": 3, "counter-test": 4, "number-test": 2}


# What a task's own code does to it: the two others keep their points.
IN_A_FUNCTION = {
    "endless loop": "while True: pass",
    "endless printing": "while True: print('x' * 100)",
    "endless recursion": "return double(x)",
    "sys.exit": "import sys; sys.exit(0)",
    "os._exit": "import os; os._exit(0)",
    "kill itself": "import ctypes; ctypes.string_at(0)",
    "abort": "import os; os.abort()",
    "huge allocation": "return np.ones(10**12)",
    "huge allocation in small steps": "held = []\n    while True: held.append(bytearray(10**8))",
    "huge result": "return np.ones(10**7)",
    "deep result": "r = []\n    for _ in range(10**5): r = [r]\n    return r",
    "huge number": "return 10**6000",
    "a word": "return 'right'",
    "nothing": "return None",
    "nan": "return np.asarray(x) * float('nan')",
    "an empty array": "return []",
    "ragged": "return [[1.0], [1.0, 2.0]]",
    "itself": "r = []; r.append(r); return r",
    "shell": "import os; os.system('true'); return 2 * x if x is None else None",
    "exit in an exception": "class E(BaseException): pass\n    raise E('x' * 10**7)",
    "sleeps": "import time; time.sleep(1000)",
    "ends the channel": "import os; os.closerange(3, 255); return 2 * np.asarray(x)",
    "closes in __str__": "class E(Exception):\n"
    "        def __str__(self): import os; os._exit(1)\n    raise E",
}


@pytest.mark.parametrize("body", IN_A_FUNCTION.values(), ids=IN_A_FUNCTION.keys())
def test_a_hostile_function_loses_its_own_task(body, workshop, expected):
    notebook = handed_in({"double": f"def double(x):\n    {body}"})
    started = time.monotonic()
    assert lost(notebook, workshop, expected) == {"double-test"}
    assert time.monotonic() - started < 10 * LIMIT


# What happens while a cell runs: its task is lost, the cells around it run all the same.
IN_A_CELL = {
    "endless loop": "while True: pass",
    "endless printing": "while True: print('x' * 100)",
    "sys.exit": "import sys\nsys.exit(0)",
    "os._exit": "import os\nos._exit(0)",
    "no Python": "def double(x:\n  return",
    "undefined name": "doubel = tripel",
    "a thread that never ends": "import threading\n"
    "threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()\nraise SystemExit",
    "input": "input('give me points')",
    "nul byte": "x = 1\0",
    "deep expression": "x = " + "(" * 500 + "1" + ")" * 500,
    "all tasks' time": "import time\ntime.sleep(10**6)",
    "not answered": "raise NotImplementedError()",
}


@pytest.mark.parametrize("source", IN_A_CELL.values(), ids=IN_A_CELL.keys())
def test_a_hostile_cell_loses_its_own_task(source, workshop, expected):
    assert lost(handed_in({"double": source}), workshop, expected) == {"double-test"}


LIAR = """
class Liar(np.ndarray):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __gt__(self, other): return True
    def __sub__(self, other): return self * 0
    __rsub__ = __sub__
    def __abs__(self): return 0.0
    def __array_ufunc__(self, *arguments, **keywords): return True
    def __array_function__(self, *arguments, **keywords): return True
    def all(self): return True
def double(x): return np.zeros(2).view(Liar)
"""
FORGED = {
    "an array that equals everything": LIAR,
    "an object that equals everything": "class Yes:\n"
    "    def __eq__(self, other): return True\n    __gt__ = __lt__ = __ge__ = __le__ = __eq__\n"
    "    def __array__(self, *a, **k): return self\n    def __float__(self): return self\n"
    "def double(x): return Yes()",
    "numpy patched": "np.allclose = np.isclose = lambda *a, **k: True\n"
    "np.testing.assert_allclose = lambda *a, **k: None\nnp.isfinite = lambda x: True\n"
    "def double(x): return [0.0, 0.0]",
    "expect patched": "import ravine.homework\n"
    "expect = expect_close = ravine.homework.expect_close = lambda *a, **k: None\n"
    "def double(x): return [0.0, 0.0]",
    "pytest patched": "try:\n    import pytest\n"
    "    pytest.approx = pytest.raises = lambda *a, **k: None\nexcept ImportError: pass\n"
    "def double(x): return [0.0, 0.0]",
    "builtins patched": "import builtins\n"
    "builtins.AssertionError = type('Quiet', (Exception,), {})\n"
    "builtins.isinstance = lambda *a: True\nbuiltins.float = lambda x: 0.0\n"
    "def double(x): return [0.0, 0.0]",
    "the channel's messages forged": "import gc, socket\n"
    "from tools.homework import messages\n"
    "for s in gc.get_objects():\n"
    "    if isinstance(s, socket.socket):\n"
    "        for _ in range(100):\n"
    "            messages.send(s, {'id': 0, 'value': {'array': [2.0, 4.0], 'dtype': 'float64'}})\n"
    "def double(x): return [0.0, 0.0]",
    "the answer of the visible test": "def double(x): return [2.0, 4.0]",
    "forged results of the server": "import tools.homework.worker as w\n"
    "w.Server._do = lambda self, request: None\n"
    "def double(x): return [0.0, 0.0]",
}


@pytest.mark.parametrize("source", FORGED.values(), ids=FORGED.keys())
def test_forged_results_give_no_points(source, workshop, expected):
    assert "double-test" in lost(handed_in({"double": source}), workshop, expected)


def test_hidden_tests_are_not_in_the_memory_of_the_process(workshop, expected):
    # The numbers of a hidden test arrive when it runs; its text never does.
    source = """
import re

def found(pattern):
    for line in open("/proc/self/maps"):
        area, rights = line.split()[:2]
        low, high = (int(part, 16) for part in area.split("-"))
        if rights.startswith("rw") and high - low < 10**9:
            try:
                with open("/proc/self/mem", "rb") as file:
                    file.seek(low)
                    if re.search(pattern, file.read(high - low)):
                        return True
            except OSError:
                pass
    return False

assert found(b"nothing but this sentenc[e] holds")  # the search works: it finds its own comment

def double(x):
    if found(b"double of hidden number[s]"):
        raise ValueError("found")
    return 2 * np.asarray(x)

# nothing but this sentence holds
"""
    notebook = handed_in({"double": source})
    outcomes = grade(demo(), cells_of(notebook), expected, workshop, timeout=60)
    assert proof.lost(outcomes) == set(), outcomes


def test_an_answer_to_no_question_ends_the_session(tmp_path):
    ours, theirs = socket.socketpair()
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    messages.send(theirs, {"process": victim.pid})
    messages.send(theirs, {"id": "guessed", "value": 42})
    session = Session(ours, tmp_path)
    with pytest.raises(SessionEndedError):
        session.names(["double"])
    assert victim.wait(10) == -signal.SIGKILL
    victim.communicate()
    theirs.close()


# What students do to the notebook itself.


def without_tests(notebook):
    notebook.cells = [
        cell
        for cell in notebook.cells
        if not cell.metadata.get("nbgrader", {}).get("grade_id", "").endswith("-test")
    ]


def with_empty_tests(notebook):
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id", "").endswith("-test"):
            cell.source = "pass"


def with_tests_that_cheat(notebook):
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id", "").endswith("-test"):
            cell.source = "import os\nos._exit(0)"


def without_metadata(notebook):
    for cell in notebook.cells:
        cell.metadata = type(cell.metadata)()
    notebook.metadata = type(notebook.metadata)()


def with_given_code_changed(notebook):
    notebook.cells[1].source = "import numpy as np\ndef apply(*a): return [1.0]"


def with_each_cell_twice(notebook):
    notebook.cells = [cell for cell in notebook.cells for _ in range(2)]


def with_points_raised(notebook):
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata["nbgrader"]["points"] = 100


@pytest.mark.parametrize(
    "spoil",
    [
        without_tests,
        with_empty_tests,
        with_tests_that_cheat,
        without_metadata,
        with_given_code_changed,
        with_each_cell_twice,
        with_points_raised,
    ],
)
def test_what_becomes_of_the_tests_gains_and_loses_nothing(spoil, workshop, expected):
    right, wrong = handed_in(), handed_in({"double": "def double(x):\n    return x"})
    spoil(right)
    spoil(wrong)
    outcomes = graded(right, workshop, expected)
    assert [outcome.points for outcome in outcomes] == [2, 3, 1, None]
    assert lost(wrong, workshop, expected) == {"double-test"}


def test_all_tasks_can_be_lost(workshop, expected):
    notebook = handed_in({name: "raise NotImplementedError()" for name in RIGHT})
    assert lost(notebook, workshop, expected) == set(TASKS)


def test_a_notebook_full_of_endless_loops_is_given_up(workshop, expected):
    loops = [(1, "while True: pass") for _ in range(20)]
    cells = cells_of(handed_in(extra=loops))
    started = time.monotonic()
    outcomes = grade(demo(), cells, expected, workshop, LIMIT, budget=5 * LIMIT)
    assert proof.lost(outcomes) == set(TASKS)
    assert outcomes[0].note == "The time for the whole notebook, 10 s, was over before this test."
    assert time.monotonic() - started < 6 * LIMIT


def test_hidden_failures_tell_only_the_hint(workshop, expected):
    source = "def double(x):\n    if x[0] != 1: raise ValueError(f'hidden: {x}')\n    return [2, 4]"
    note = graded(handed_in({"double": source}), workshop, expected)[0].note
    assert note == "The visible tests pass, a hidden one does not. Try negative numbers."


def test_visible_failures_say_what_is_wrong(workshop, expected):
    wrong = {"double": "def double(x):\n    return x", "number": "answer = 'many'"}
    outcomes = graded(handed_in(wrong), workshop, expected)
    assert outcomes[0].note == "double([1, 2]) is not right."
    assert outcomes[2].note.startswith("The result cannot be checked (TypeError")
    raising = {"double": "def double(x):\n    y = 1\n    return y / 0"}
    note = graded(handed_in(raising), workshop, expected)[0].note
    assert note == "Your code raised ZeroDivisionError: division by zero (line 3 of its cell)"


def test_a_missing_check_gives_no_points(workshop, expected):
    short = expected | {"double-test": expected["double-test"] + 1}
    outcomes = graded(handed_in(), workshop, short)
    assert [outcome.points for outcome in outcomes] == [0, 3, 1, None]
    assert outcomes[0].note == "Not all checks of this task could be made."
