"""Notebooks of honest students that are odd: each passes in a kernel what it passes when graded.

They are made from the model answers, so that nothing of those is written here: `{answer}` stands
for the model's answer to a cell.
"""

# Longer than 300 lines: a table of notebooks.

from dataclasses import dataclass, field

from tools.homework.master import Master

A = "{answer}"
# A figure is drawn in a moment here; what it took is not what is tested.
FIGURE = "plt.plot([1, 2])\nplt.show()"


@dataclass(frozen=True)
class Honest:
    """A submission.

    Attributes:
        assignment: of which assignment.
        name: what is odd.
        answers: sources by `grade_id`.
        added: pairs of a `grade_id` and the source of a cell that is added after it.
        deleted: cells that are not there.
        moved: pairs of a cell and the cell that it stands behind.
        bare: whether all cells have lost their marks.
        loses: the tests that a kernel fails, too.
        raises: whether a cell may raise an error.
    """

    assignment: str
    name: str
    answers: dict[str, str] = field(default_factory=dict)
    added: tuple[tuple[str, str], ...] = ()
    deleted: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    bare: bool = False
    loses: frozenset[str] = frozenset()
    raises: bool = False


def cells(honest: Honest, master: Master) -> list[tuple[str | None, str]]:
    """Returns the code cells of a submission: `grade_id` or None, and the source."""
    made: list[tuple[str | None, str]] = []
    for cell in master.cells:
        if not cell.code or (cell.ungraded and cell.name not in honest.answers):
            continue
        written = cell.role in ("answer", "manual")
        source = FIGURE if cell.role == "manual" else cell.source if written else cell.released
        source = honest.answers.get(cell.name, A).replace(A, source)
        made.append((cell.name, source))
    for name, source in reversed(honest.added):
        made.insert(_place(made, name) + 1, (None, source))
    for name, behind in honest.moved:
        cell = made.pop(_place(made, name))
        made.insert(_place(made, behind) + 1, cell)
    made = [cell for cell in made if cell[0] not in honest.deleted]
    return [(None, source) for _, source in made] if honest.bare else made


def _place(made, name):
    return next(place for place, (own, _) in enumerate(made) if own == name)


def _each(assignment: str, cell: str, sources: dict[str, str]) -> list[Honest]:
    """Makes a submission for each way to write one cell."""
    return [Honest(assignment, name, {cell: source}) for name, source in sources.items()]


BACK, SGD, MOMENTUM, RMS, ADAM, EXPERIMENT, LANGUAGE = (
    *("backpropagation", "stochastic-gradient-descent", "momentum", "rmsprop", "adam"),
    *("experiment", "language"),
)

NOTEBOOKS: list[Honest] = [
    # What a notebook can do and a script cannot.
    *_each(
        BACK,
        "forward",
        {
            "%%time over an answer": f"%%time\n{A}",
            "%%capture over an answer": f"%%capture printed\nprint(1)\n{A}",
            "%time before an assignment": f"{A}\n%time loss = loss + 0",
            "%%timeit beside an answer": f"%timeit -n 1 -r 1 sum(range(9))\n{A}",
            "display without an import": f"{A}\ndisplay(loss)\ndisplay(np.eye(2))",
            "a question mark": f"?np.sum\n{A}",
            "top-level await": f"import asyncio\nawait asyncio.sleep(0)\n{A}",
            "a task that a later line awaits": f"import asyncio\n{A}\n"
            "async def late(x):\n    await asyncio.sleep(0.01)\n    return x\n"
            "waiting = asyncio.create_task(late(loss))\nloss = await waiting",
            "async for and async with": f"{A}\nimport contextlib\n"
            "@contextlib.asynccontextmanager\nasync def open_late():\n    yield loss\n"
            "async with open_late() as loss: pass",
            "a class of the notebook is pickled": f"{A}\nimport pickle\n"
            "class Kept:\n    pass\nkept = Kept()\nkept.loss = loss\n"
            "loss = pickle.loads(pickle.dumps(kept)).loss",
            "a pool of threads": f"{A}\nfrom concurrent.futures import ThreadPoolExecutor\n"
            "with ThreadPoolExecutor(2) as pool:\n"
            "    a_hidden = list(pool.map(lambda x: x + 0.0, a_hidden))",
            "a pool of processes": f"{A}\nimport multiprocessing\n"
            "def same(x):\n    return x + 0.0\n"
            "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
            "    a_hidden = pool.map(same, a_hidden)",
            "another program": f"import subprocess, sys\n"
            f"subprocess.run([sys.executable, '--version'], check=True)\n{A}",
            "a command of the shell": f"!echo 1 > one.txt\nwords = !cat one.txt\n{A}\n"
            "loss = loss * float(words[0])",
            "a package that is there already": f"%pip --version\n!pip --version\n{A}",
            "a magic for plots": "%matplotlib inline\n"
            f"%config InlineBackend.figure_format='svg'\n{A}",
            "autoreload": f"%load_ext autoreload\n%autoreload 2\n{A}",
            "the last output": f"{A}\nloss",
            "the last output is used": f"{A}\nfrom IPython.display import clear_output, Markdown\n"
            "clear_output()\nMarkdown('# Loss')",
            "a shell script": f"{A}\nget_ipython().run_cell_magic('bash', '', 'echo 1')",
            "exit": f"{A}\nexit",
            "input is caught": f"{A}\ntry:\n    input('how many?')\nexcept Exception:\n    pass",
            "warnings": f"import warnings\nwarnings.warn('look out')\n{A}\nnp.log(np.array([0.0]))",
            "a file is written and read": f"{A}\nnp.save('loss.npy', loss)\n"
            "loss = np.load('loss.npy')",
            "a file in /tmp": f"{A}\nimport tempfile, pathlib\n"
            "with tempfile.TemporaryDirectory() as folder:\n"
            "    pathlib.Path(folder, 'x').write_text(str(loss))\n"
            "    loss = float(pathlib.Path(folder, 'x').read_text())",
            "a debugger's leftovers": f"{A}\nget_ipython().run_line_magic('who', '')",
            "asking where one is": f"import sys\n{A}\nif 'google.colab' in sys.modules: loss = 0",
        },
    ),
    # Values of every kind that a kernel's tests take.
    *_each(
        BACK,
        "weights",
        {
            "nested tuples": f"{A}\ngradient_first = tuple(map(tuple, gradient_first))",
            "a data frame": f"{A}\nimport pandas as pd\n"
            "gradient_first = pd.DataFrame(gradient_first).to_numpy(copy=False)",
            "single precision": f"{A}\ngradient_first = np.float32(gradient_first)",
            "a masked array": f"{A}\ngradient_first = np.ma.array(gradient_first)",
            "an array of objects": f"{A}\ngradient_first = np.array(gradient_first, dtype=object)",
            "fractions": f"{A}\nfrom fractions import Fraction\n"
            "gradient_second = [[Fraction(x).limit_denominator() for x in gradient_second[0]]]",
            "decimals": f"{A}\nfrom decimal import Decimal\n"
            "gradient_second = [[Decimal(x) for x in gradient_second[0]]]",
            "a tensor": f"{A}\nimport tensorflow as tf\n"
            "gradient_second = tf.constant(gradient_second)",
            "a variable of Keras": f"{A}\nimport keras\n"
            "gradient_second = keras.Variable(gradient_second)",
            "big-endian numbers": f"{A}\ngradient_first = np.array(gradient_first, dtype='>f8')",
            "Fortran's order": f"{A}\ngradient_first = np.asfortranarray(gradient_first)",
            "a view": f"{A}\ngradient_first = np.repeat(gradient_first, 2, axis=1)[:, ::2]",
        },
    ),
    Honest(
        BACK,
        "a matrix, whose rows are matrices",
        {"weights": f"{A}\ngradient_first = np.matrix(gradient_first)"},
        loses=frozenset({"weights-test"}),
    ),
    *_each(
        BACK,
        "mistakes",
        {
            "an ordered dictionary": f"{A}\nfrom collections import OrderedDict\n"
            "mistakes = OrderedDict(mistakes)",
            "a default dictionary": f"{A}\nfrom collections import defaultdict\n"
            "mistakes = defaultdict(str, mistakes)",
            "a read-only dictionary": f"{A}\nimport types\n"
            "mistakes = types.MappingProxyType(mistakes)",
            "words of NumPy": f"{A}\nmistakes = {{k: np.str_(v) for k, v in mistakes.items()}}",
            "an enumeration": f"{A}\nimport enum\nclass Word(str, enum.Enum):\n"
            "    slope = 'slope'\n    right = 'right'\n    transposed = 'transposed'\n"
            "    reduced = 'reduced'\nmistakes = {k: Word(v) for k, v in mistakes.items()}",
            "a series": f"{A}\nimport pandas as pd\nmistakes = pd.Series(mistakes).to_dict()",
        },
    ),
    Honest(
        BACK,
        "words that np.where made, each an array",
        {"mistakes": f"{A}\nmistakes = {{k: np.where(True, v, '') for k, v in mistakes.items()}}"},
        loses=frozenset({"mistakes-test"}),
    ),  # an array has no hash: the kernel says so, too
    *_each(
        SGD,
        "regimes",
        {
            "an array of words": f"{A}\nregimes = np.array(regimes)",
            "an array of objects that are words": f"{A}\nregimes = np.array(regimes, dtype=object)",
            "a tuple of words": f"{A}\nregimes = tuple(regimes)",
            "a series of words": f"{A}\nimport pandas as pd\nregimes = pd.Series(regimes)",
            "a queue of words": f"{A}\nfrom collections import deque\nregimes = deque(regimes)",
        },
    ),
    *_each(
        SGD,
        "floor",
        {
            "an array without axes": f"{A}\nspread, ratio = np.array(spread), np.array(ratio)",
            "a scalar of NumPy": f"{A}\nspread, ratio = np.float64(spread), np.float32(ratio)",
            "a scalar tensor": f"{A}\nratio = ops.convert_to_tensor(ratio, 'float64')\n"
            "ratio = float(ratio)",
        },
    ),
    Honest(SGD, "a truth value of NumPy", {"mean-variance": f"{A}\ndepends = np.bool_(depends)"}),
    Honest(SGD, "zero for False", {"mean-variance": f"{A}\ndepends = int(depends)"}),
    # What NumPy returns from a function.
    Honest(
        MOMENTUM,
        "np.where chooses the word",
        {
            "matrix": f"{A}\nnamed = regime\ndef regime(eta, nu, beta, h):\n"
            "    return np.where(True, named(eta, nu, beta, h), 'nothing')"
        },
    ),
    Honest(
        MOMENTUM,
        "np.select chooses the word",
        {
            "matrix": f"{A}\nnamed = regime\ndef regime(eta, nu, beta, h):\n"
            "    return np.select([True], [named(eta, nu, beta, h)], 'nothing')"
        },
    ),
    Honest(
        MOMENTUM,
        "a word of NumPy",
        {
            "matrix": f"{A}\nnamed = regime\ndef regime(eta, nu, beta, h):\n"
            "    return np.str_(named(eta, nu, beta, h))"
        },
    ),
    Honest(
        MOMENTUM,
        "a cached function",
        {"matrix": f"import functools\n{A}\nregime = functools.lru_cache(regime)"},
    ),
    Honest(
        MOMENTUM,
        "a method for a function",
        {
            "matrix": f"{A}\nclass Namer:\n    def name(self, eta, nu, beta, h, f=regime):\n"
            "        return f(eta, nu, beta, h)\nregime = Namer().name"
        },
    ),
    Honest(
        MOMENTUM,
        "an object that can be called",
        {
            "matrix": f"{A}\nclass Namer:\n    def __init__(self, f): self.f = f\n"
            "    def __call__(self, *a): return self.f(*a)\nregime = Namer(regime)"
        },
    ),
    Honest(
        RMS,
        "a data frame for a table",
        {
            "lengths": f"{A}\nimport pandas as pd\n"
            "lengths_table = pd.DataFrame({'first': [rms_first]})\n"
            "rms_first = lengths_table['first'][0]"
        },
    ),
    Honest(
        RMS,
        "a named tuple of counts",
        {
            "counts": f"{A}\nfrom collections import namedtuple\n"
            "Two = namedtuple('Two', 'full rows')\n"
            "both = counts\ndef counts(shapes):\n    return Two(*both(shapes))"
        },
    ),
    Honest(
        RMS,
        "a list of arrays without axes",
        {
            "turns": f"{A}\nboth = rare_lengths\ndef rare_lengths(n, gamma):\n"
            "    return [np.array(x) for x in both(n, gamma)]"
        },
    ),
    Honest(
        RMS,
        "a dictionary's values",
        {
            "two-steps": f"{A}\nrmsprop_steps = np.array(list({{1: rmsprop_steps[0],"
            " 2: rmsprop_steps[1]}.values()))"
        },
    ),
    Honest(
        ADAM,
        "a generator inside",
        {
            "forgetting": f"{A}\nboth = forgetting\ndef forgetting(c, beta_2):\n"
            "    return tuple(x for x in both(c, beta_2))"
        },
    ),
    Honest(
        EXPERIMENT,
        "a series from a method",
        {
            "comparison-class": f"{A}\nimport pandas as pd\nraw = Comparison.differences\n"
            "Comparison.differences = lambda self: pd.Series(raw(self)).to_numpy()"
        },
    ),
    Honest(
        EXPERIMENT,
        "an interval as an array",
        {
            "comparison-class": f"{A}\nraw_interval = Comparison.interval\n"
            "Comparison.interval = lambda self, level=0.95: np.array(raw_interval(self, level))"
        },
    ),
    Honest(
        EXPERIMENT,
        "a truth value of NumPy for the edge",
        {
            "choose-rate": f"{A}\nchosen = choose_rate\ndef choose_rate(rates, losses):\n"
            "    rate, edge = chosen(rates, losses)\n    return np.float64(rate), np.bool_(edge)"
        },
    ),
    Honest(
        LANGUAGE,
        "a series for the groups",
        {
            "bigram-class": f"{A}\nimport pandas as pd\nmeans = Bigram.by_group\n"
            "Bigram.by_group = lambda self, values, groups: pd.Series(means(self, values, groups))"
        },
    ),
    # Figures and other cells that the assignment invites to build on.
    Honest(
        BACK,
        "an answer read from the figure's variables",
        {
            "figure": f"read = {{}}\nread['best'] = lambda value: value\n{FIGURE}",
            "reading": f"best = read['best']\n{A}\njump = best(jump)",
        },
    ),
    Honest(
        SGD,
        "an answer from the given function and the figure",
        {
            "figure": f"found = distances(AveragedSGD(0.1), steps=3)\n{FIGURE}",
            "distances": A,
            "reading": f"parts = len(found)\n{A}\npower = power * parts / 2",
        },
    ),
    Honest(
        MOMENTUM,
        "an answer from the given losses",
        {
            "losses": A,
            "reading": "fine = np.isfinite(losses(1, steps=2)).all()\n"
            f"{A}\nbest_nu = best_nu * fine",
        },
    ),
    Honest(
        RMS,
        "an answer from the figure's curves",
        {
            "losses": A,
            "figure": f"curves = {{('row', 0): losses((1, 2), 0, steps=2)}}\n{FIGURE}",
            "reading": f"extra = len(curves['row', 0]) - 3\n{A}\naligned_steps += extra",
        },
    ),
    Honest(
        ADAM,
        "an answer from what the figure measured",
        {
            "lengths": A,
            "figure": f"measured = {{'Adam': lengths(Adam(0.1))}}\n{FIGURE}",
            "reading": f"extra = len(measured['Adam']) * 0\n{A}\nlongest += extra",
        },
    ),
    Honest(
        ADAM,
        "a list that the figure fills",
        {
            "by-hand": f"{A}\nnotes = []",
            "lengths": A,
            "figure": f"notes.append(0)\n{FIGURE}",
            "reading": f"extra = notes[0]\n{A}\nlongest += extra",
        },
    ),
    Honest(
        EXPERIMENT,
        "a verdict from the class",
        {
            "reading": f"{A}\nexpected = Comparison(recorded_training['Adam'],"
            " recorded_training['Momentum']).verdict()\ntraining[0] = expected"
        },
    ),
    Honest(
        EXPERIMENT,
        "a figure that fails",
        {"figure": "raise RuntimeError('no time left')"},
        raises=True,
    ),
    Honest(
        LANGUAGE,
        "an answer from the race and its figure",
        {
            "race": A,
            "figure": f"best, left = {{'GD': 1.0}}, {{'GD': ZIPF[:1]}}\n{FIGURE}",
            "reading": f"extra = len(left['GD']) * 0\n{A}\ngd_left += extra",
        },
    ),
    # Names that are used again.
    Honest(
        BACK,
        "a name of an answer is used again",
        added=(
            (
                "output-gradients-test",
                "net = SoftplusNetwork([[0.0]], [0.0], [[1.0]], [0.0])\n"
                "loss = net.loss(np.array([[5.0]]), np.array([[0.0]]))\nchange = loss",
            ),
        ),
    ),
    Honest(
        BACK,
        "the data of a given cell are used up later",
        added=(("mistakes-test", "data_x = data_y = deep_weights = None"),),
    ),
    Honest(
        SGD,
        "a loop takes an answer's name",
        added=(("parabola-test", "for factor in (1, 2, 3):\n    theta_3 = limit = factor"),),
    ),
    Honest(
        SGD,
        "a scratch variable with a helper's name",
        {"parabola": f"{A}\npositions = [theta_3]\ncopied = positions[:]"},
    ),
    Honest(
        SGD,
        "a helper's name is used again after its tests",
        added=(("config-test", "positions = copied = None"),),
    ),
    Honest(
        MOMENTUM,
        "a scratch list with a helper's name",
        {"velocities": f"{A}\npositions = velocities\nlosses = 3"},
    ),
    Honest(
        MOMENTUM,
        "a name of a test is used again",
        added=(("qhm-first-step-test", "first = 3"), ("qhm-steps-test", "walked = config = first")),
    ),
    Honest(
        MOMENTUM,
        "the name of a test's variable is read",
        added=(
            ("qhm-first-step-test", "assert first[1][0] < 1\nbelow = first"),
            ("qhm-steps-test", "assert len(below) == 2"),
        ),
    ),
    Honest(
        RMS,
        "scratch variables with the helpers' names",
        {"places": f"{A}\npositions, state_shapes, copied = 1, 2, 3"},
    ),
    Honest(
        ADAM,
        "the positions are called positions",
        {"by-hand": f"{A}\npositions = list(thetas)\nthetas = positions"},
    ),
    Honest(
        ADAM,
        "an answer is deleted after its test",
        added=(("means-test", "del m_hats, v_hats"), ("positions-test", "del thetas")),
    ),
    Honest(
        ADAM,
        "everything is reset half-way",
        added=(
            (
                "tiny-step-test",
                "%reset -f\nimport keras\nimport numpy as np\nfrom keras import ops\n"
                "import matplotlib.pyplot as plt\nfrom ravine import figures\n"
                "from ravine.homework import expect, expect_close\n"
                "from ravine.optimizers import Adam",
            ),
        ),
    ),
    Honest(
        EXPERIMENT,
        "low and high in a loop",
        added=(
            (
                "verdict-test",
                "for pair in ([0.2, 0.1], [0.3, 0.1]):\n"
                "    low, high = Comparison(pair, [0.1, 0.2]).interval()",
            ),
        ),
    ),
    Honest(
        EXPERIMENT,
        "built-in names are used again",
        added=(
            ("imports", "sum_before, list_before = sum, list"),
            ("pairs-test", "input = str = 3"),
            ("t-interval-test", "del input, str"),
        ),
    ),
    Honest(
        LANGUAGE,
        "a method is added in a cell of its own, and frequencies are called pi",
        added=(
            (
                "bigram-class",
                "def smallest(self):\n    return self.losses(np.log(self.table))\n"
                "Bigram.smallest = smallest\npi, W, two = Bigram, np.zeros(3), 2",
            ),
        ),
    ),
    # Cells that moved, came, went or changed.
    Honest(
        BACK,
        "an empty cell, a comment, a cell of text",
        added=(("forward", ""), ("deltas", "# later"), ("weights", "'''a note'''")),
    ),
    Honest(
        BACK,
        "an import is added to the given cell",
        {"imports": f"{A}\nfrom math import log2", "change": f"{A}\ncurved = curved * log2(2)"},
    ),
    Honest(BACK, "the given imports are deleted", deleted=("imports",)),
    Honest(
        BACK,
        "all tests are deleted",
        deleted=("forward-test", "deltas-test", "weights-test"),
    ),
    Honest(BACK, "the marks are lost", bare=True),
    Honest(SGD, "a print in a test", {"walk-test": f"print('now')\n{A}\nprint('done')"}),
    Honest(SGD, "a helper is deleted", deleted=("positions",)),
    Honest(MOMENTUM, "a helper is changed", {"positions": f"{A}\nprint('here')"}),
    Honest(
        MOMENTUM,
        "an answer is tried twice",
        added=(("velocities", "velocities = [0, 0, 0]"), ("velocities", "old = velocities")),
        loses=frozenset({"velocities-test"}),
    ),
    Honest(RMS, "cells in another order", moved=(("places", "imports"), ("lengths", "imports"))),
    Honest(
        RMS,
        "an added cell fails",
        added=(("imports", "1 / 0"), ("counts", "undefined")),
        raises=True,
    ),
    Honest(
        BACK,
        "an error at the end of an answer",
        {"forward": f"{A}\nraise KeyError('forgotten line')"},
        raises=True,
    ),
    Honest(
        ADAM,
        "an added cell is no Python",
        added=(("imports", "for"), ("epsilons", "x = = 1")),
        raises=True,
    ),
    Honest(EXPERIMENT, "the marks of all cells are lost", bare=True),
    *_each(
        BACK,
        "change",
        {
            "a folder is entered": f"!mkdir -p work\n%cd -q work\n{A}\n%cd -q ..",
            "a guard for scripts": f"if __name__ == '__main__':\n    print('a script')\n{A}",
            "a future import": f"from __future__ import annotations\n{A}\n"
            "def same(x: Number) -> Number:\n    return x\nchange = same(change)",
            "thirty figures": f"{A}\nfor _ in range(30):\n    plt.figure()\nplt.pause(0.001)",
            "asyncio.run, which a notebook refuses": f"{A}\nimport asyncio\n"
            "async def late():\n    return 0\nwork = late()\ntry:\n    change = asyncio.run(work)\n"
            "except RuntimeError:\n    work.close()",
        },
    ),
]
