"""Plant faults in the optimizers, one at a time, and see whether the tests find them.

Run by `make mutants`. The tests of values and state must pass on the code as it is and fail on at
least 95 % of the faults; a fault that no test finds needs a reason in `SURVIVORS`. Otherwise the
script exits with 1. The files on the disk stay as they are: a fault is planted while Python
imports the module.

    python tests/mutants.py adam.py lion.py    plants the faults of these files alone
"""

import ast
import contextlib
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import io
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "ravine" / "optimizers"
TESTS = ROOT / "tests" / "optimizers"
# Those without whole trainings, quickest first.
FILES = [
    "test_contract.py",
    "test_optax.py",
    "test_successors.py",
    "test_shampoo.py",
    "test_state.py",
    "test_options.py",
]
ENOUGH = 0.95


@dataclass(frozen=True)
class Mutant:
    """One fault: in `file`, the code `old` becomes `new`.

    `...` in `old` is any expression, and in `new` that expression again. So a fault names its place
    by what the line there defines, as in "step = ...", and however the line is written it fits.
    """

    file: str
    wrong: str
    old: str
    new: str


M = "self.assign(m, ...)"
V = "self.assign(v, ...)"
G = "self.assign(G, ...)"
STEP = "step = ..."
THETA = "self.assign_sub(variable, ...)"
UPHILL = "self.assign_add(variable, ...)"
# The step uses the state as it was before this gradient.
M_BEFORE = "m, stored = 1.0 * m, m; self.assign(stored, ...)"
V_BEFORE = "v, stored = 1.0 * v, v; self.assign(stored, ...)"
G_BEFORE = "G, stored = 1.0 * G, G; self.assign(stored, ...)"
STARTS_AT_1 = "; [s.assign(ops.ones_like(s)) for s in "


def step(value):
    """Return the last line of an update, which takes this step."""
    return f"self.assign_sub(variable, ops.cast({value}, variable.dtype))"


def without(name):
    """Return a line of `get_config` that leaves one argument out."""
    return f"return {{key: value for key, value in (...).items() if key != '{name}'}}"


ADAM = [
    ("epsilon inside the root", STEP, "step = eta * m_hat / ops.sqrt(v_hat + self.epsilon)"),
    (
        "epsilon added to the uncorrected root, as in Keras",
        STEP,
        "step = eta * m_hat * ops.sqrt(1 - self.beta_2**t) / (ops.sqrt(v) + self.epsilon)",
    ),
    (
        "epsilon added to the step (erratum 1)",
        STEP,
        "step = eta * m_hat / ops.sqrt(v_hat) + self.epsilon",
    ),
    ("epsilon missing", STEP, "step = eta * m_hat / ops.sqrt(v_hat)"),
    ("epsilon squared", STEP, "step = eta * m_hat / (ops.sqrt(v_hat) + self.epsilon**2)"),
    ("m not corrected", "m_hat = ...", "m_hat = 1.0 * m"),
    ("v not corrected", "v_hat = ...", "v_hat = 1.0 * v"),
    ("neither corrected", STEP, "step = eta * m / (ops.sqrt(v) + self.epsilon)"),
    ("m corrected with beta_2", "m_hat = ...", "m_hat = m / (1 - self.beta_2**t)"),
    ("v corrected with beta_1", "v_hat = ...", "v_hat = v / (1 - self.beta_1**t)"),
    ("m corrected by multiplying", "m_hat = ...", "m_hat = m * (1 - self.beta_1**t)"),
    ("beta_1 times t for beta_1 to the t", "m_hat = ...", "m_hat = m / (1 - self.beta_1 * t)"),
    ("beta_1 read once, in Python", "m_hat = ...", "m_hat = m / (1 - float(self.beta_1) ** t)"),
    ("t counts from 0", "t = ...", "t = ops.cast(self.iterations, g.dtype)"),
    ("t counts from 2", "t = ...", "t = ops.cast(self.iterations + 2, g.dtype)"),
    ("t stays 1", "t = ...", "t = ops.cast(1, g.dtype)"),
    (
        "t counted in Python, which a compiled step does once",
        "t = ...",
        "self.t = getattr(self, 't', 0) + 1; t = ops.cast(self.t, g.dtype)",
    ),
    ("beta_2 in m", M, "self.assign(m, self.beta_2 * m + (1 - self.beta_2) * g)"),
    ("beta_1 in v", V, "self.assign(v, self.beta_1 * v + (1 - self.beta_1) * ops.square(g))"),
    ("m a sum, no mean", M, "self.assign(m, self.beta_1 * m + g)"),
    ("v a sum, no mean", V, "self.assign(v, self.beta_2 * v + ops.square(g))"),
    ("old and new swapped in m", M, "self.assign(m, (1 - self.beta_1) * m + self.beta_1 * g)"),
    ("old m forgotten", M, "self.assign(m, (1 - self.beta_1) * g)"),
    ("g for its square", V, "self.assign(v, self.beta_2 * v + (1 - self.beta_2) * g)"),
    (
        "absolute value for the square",
        V,
        "self.assign(v, self.beta_2 * v + (1 - self.beta_2) * ops.abs(g))",
    ),
    (
        "square of m for that of g",
        V,
        "self.assign(v, self.beta_2 * v + (1 - self.beta_2) * ops.square(m))",
    ),
    ("no root", STEP, "step = eta * m_hat / (v_hat + self.epsilon)"),
    (
        "root of m as well",
        STEP,
        "step = eta * ops.sqrt(ops.abs(m_hat)) / (ops.sqrt(v_hat) + self.epsilon)",
    ),
    ("rate missing", STEP, "step = m_hat / (ops.sqrt(v_hat) + self.epsilon)"),
    ("rate squared", STEP, "step = eta * eta * m_hat / (ops.sqrt(v_hat) + self.epsilon)"),
    ("rate inside the mean", M, "self.assign(m, self.beta_1 * m + (1 - self.beta_1) * eta * g)"),
    ("g for m_hat in the step", STEP, "step = eta * g / (ops.sqrt(v_hat) + self.epsilon)"),
    ("uphill", THETA, UPHILL),
    ("gradient's sign turned", M, "self.assign(m, self.beta_1 * m - (1 - self.beta_1) * g)"),
    ("m of the step before", M, M_BEFORE),
    ("v of the step before", V, V_BEFORE),
    ("state shared", "v = ...", "v = self.v[0]"),
    ("one state for m and v", "self.v = ...", "self.v = self.m"),
    ("beta_2 not in the config", "return ...", without("beta_2")),
    ("another epsilon in the config", "return ...", "return (...) | {'epsilon': 1e-8}"),
    ("another default", "0.999", "0.99"),
    ("an argument ignored", "self.beta_1 = ...", "self.beta_1 = 0.9"),
]
MOMENTUM = [
    ("running mean", M, "self.assign(m, self.beta * m + (1 - self.beta) * g)"),
    ("nothing forgotten", M, "self.assign(m, m + g)"),
    ("nothing remembered", M, "self.assign(m, self.beta * g)"),
    ("gradient's sign turned", M, "self.assign(m, self.beta * m - g)"),
    ("Nesterov's step", THETA, step("eta * (self.beta * m + g)")),
    ("rate inside the sum, as in Keras", M, "self.assign(m, self.beta * m + eta * g); eta = 1.0"),
    ("m of the step before", M, M_BEFORE),
    ("uphill", THETA, UPHILL),
    ("rate missing", THETA, step("1.0 * m")),
    ("state shared", "m = ...", "m = self.m[0]"),
    ("state starts at 1", "self.m = ...", f"self.m = ...{STARTS_AT_1}self.m]"),
    ("beta not in the config", "return ...", without("beta")),
]
NESTEROV = [
    ("heavy ball", THETA, step("eta * m")),
    ("beta missing", THETA, step("eta * (m + g)")),
    ("beta twice", THETA, step("eta * (self.beta * self.beta * m + g)")),
    ("gradient missing", THETA, step("eta * self.beta * m")),
    ("rate for m alone", THETA, step("eta * self.beta * m + g")),
    ("running mean", M, "self.assign(m, self.beta * m + (1 - self.beta) * g)"),
]
ADAGRAD = [
    ("epsilon outside the root", STEP, "step = eta * g / (ops.sqrt(G) + self.epsilon)"),
    ("epsilon missing", STEP, "step = eta * g / ops.sqrt(G)"),
    (
        "epsilon in the sum, once per step",
        G,
        "self.assign(G, G + ops.square(g) + self.epsilon); G = G - self.epsilon",
    ),
    ("no root", STEP, "step = eta * g / (G + self.epsilon)"),
    ("absolute value for the square", G, "self.assign(G, G + ops.abs(g))"),
    ("a mean, no sum", G, "self.assign(G, 0.5 * G + 0.5 * ops.square(g))"),
    ("only the last gradient", G, "self.assign(G, ops.square(g))"),
    ("sum of the step before", G, G_BEFORE),
    (
        "sum starts at 0.1, as in Keras",
        "self.G = ...",
        "self.G = ...; [G.assign(0.1 * ops.ones_like(G)) for G in self.G]",
    ),
]
RMSPROP = [
    ("epsilon outside the root", STEP, "step = eta * g / (ops.sqrt(G) + self.epsilon)"),
    ("a sum, no mean", G, "self.assign(G, self.rho * G + ops.square(g))"),
    ("AdaGrad's sum", G, "self.assign(G, G + ops.square(g))"),
    ("old and new swapped", G, "self.assign(G, (1 - self.rho) * G + self.rho * ops.square(g))"),
    ("no root", STEP, "step = eta * g / (G + self.epsilon)"),
    (
        "start corrected, as in Adam",
        STEP,
        "t = ops.cast(self.iterations + 1, g.dtype)\n"
        "step = eta * g / ops.sqrt(G / (1 - self.rho**t) + self.epsilon)",
    ),
    ("mean of the step before", G, G_BEFORE),
    ("rho not in the config", "return ...", without("rho")),
]
D = "self.assign(D, ...)"
ADADELTA = [
    ("RMSprop", "d = ...", "d = g / ops.sqrt(G + self.epsilon)"),
    ("epsilon missing beside the steps", "d = ...", "d = ops.sqrt(D) / ops.sqrt(G + 1e-7) * g"),
    (
        "epsilon missing beside the gradients",
        "d = ...",
        "d = ops.sqrt(D + self.epsilon) / ops.sqrt(G) * g",
    ),
    (
        "epsilon outside the roots",
        "d = ...",
        "d = (ops.sqrt(D) + self.epsilon) / (ops.sqrt(G) + self.epsilon) * g",
    ),
    ("no root", "d = ...", "d = (D + self.epsilon) / (G + self.epsilon) * g"),
    ("roots swapped", "d = ...", "d = ops.sqrt(G + self.epsilon) / ops.sqrt(D + self.epsilon) * g"),
    ("steps a sum, no mean", D, "self.assign(D, self.rho * D + ops.square(d))"),
    ("gradients a sum, no mean", G, "self.assign(G, self.rho * G + ops.square(g))"),
    ("rate inside the mean", D, "d = eta * d; self.assign(D, ...); eta = 1.0"),
    ("gradient for the step", D, "self.assign(D, self.rho * D + (1 - self.rho) * ops.square(g))"),
    ("mean of the step before", G, G_BEFORE),
    (
        "size of the step itself",
        D,
        "self.assign(D, ...); d = ops.sqrt(D + self.epsilon) / ops.sqrt(G + self.epsilon) * g",
    ),
    ("rate missing", THETA, step("1.0 * d")),
    ("uphill", THETA, UPHILL),
    ("one state for both means", "self.D = ...", "self.D = self.G"),
]
GRADIENT_DESCENT = [
    ("uphill", THETA, UPHILL),
    ("rate missing", THETA, step("1.0 * g")),
    ("rate squared", THETA, step("eta * eta * g")),
    ("sign of the gradient", THETA, step("eta * ops.sign(g)")),
    ("mean of the gradient", THETA, step("eta * ops.mean(g) * ops.ones_like(g)")),
]
V_MAX = "self.assign(v_max, ...)"
AMSGRAD = [
    ("no maximum", V_MAX, "self.assign(v_max, v)"),
    ("smallest for the largest", V_MAX, "self.assign(v_max, ops.minimum(v_max, v))"),
    ("maximum of the squares", V_MAX, "self.assign(v_max, ops.maximum(v_max, g * g))"),
    (
        "maximum fed back into v",
        V_MAX,
        "self.assign(v, ops.maximum(v_max, v)); self.assign(v_max, v)",
    ),
    (
        "bias corrected, as in Keras",
        STEP,
        "t = ops.cast(self.iterations + 1, g.dtype)\n"
        "step = ... * ops.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)",
    ),
    ("divided by v", STEP, "step = eta * m / (ops.sqrt(v) + self.epsilon)"),
    ("epsilon inside the root", STEP, "step = eta * m / ops.sqrt(v_max + self.epsilon)"),
    ("one state for v and v_max", "self.v_max = ...", "self.v_max = self.v"),
]
ADAMW_MOVE = "m_hat / (ops.sqrt(v_hat) + self.epsilon)"
ADAMW = [
    ("no decay", STEP, f"step = eta * {ADAMW_MOVE}"),
    ("growth for decay", STEP, f"step = eta * ({ADAMW_MOVE} - decay * theta)"),
    ("decay without the rate", STEP, f"step = eta * {ADAMW_MOVE} + decay * theta"),
    ("rate twice", STEP, f"step = eta * ({ADAMW_MOVE} + eta * decay * theta)"),
    ("L2, inside the gradient", "decay = ...", "decay, g = 0.0, g + self.weight_decay * theta"),
    (
        "decay divided by the root too",
        STEP,
        "step = eta * (m_hat + decay * theta) / (ops.sqrt(v_hat) + self.epsilon)",
    ),
    (
        "Keras decays as well",
        "def _apply_weight_decay(self, variables): ...",
        "def _unused(self, variables): ...",
    ),
    ("no variable excluded", "decay = ...", "decay = self.weight_decay"),
    ("constant decay", STEP, f"step = eta * ({ADAMW_MOVE} + decay * ops.sign(theta))"),
]
M_BAR = "m_bar = ..."
NADAM = [
    ("Adam", M_BAR, "m_bar = m / (1 - beta_1**t)"),
    (
        "corrected for t in both parts",
        M_BAR,
        "m_bar = (beta_1 * m + (1 - beta_1) * g) / (1 - beta_1**t)",
    ),
    (
        "second part not corrected",
        M_BAR,
        "m_bar = beta_1 * m / (1 - beta_1 ** (t + 1)) + (1 - beta_1) * g",
    ),
    (
        "whole gradient in the second part",
        M_BAR,
        "m_bar = beta_1 * m / (1 - beta_1 ** (t + 1)) + g / (1 - beta_1**t)",
    ),
    (
        "m for g",
        M_BAR,
        "m_bar = beta_1 * m / (1 - beta_1 ** (t + 1)) + (1 - beta_1) * m / (1 - beta_1**t)",
    ),
]
U = "self.assign(u, ...)"
ADAMAX = [
    ("nothing fades", U, "self.assign(u, ops.maximum(u, ops.abs(g)))"),
    ("no maximum", U, "self.assign(u, self.beta_2 * u + (1 - self.beta_2) * ops.abs(g))"),
    ("without absolute values", U, "self.assign(u, ops.maximum(self.beta_2 * u, g))"),
    ("m not corrected", "m_hat = ...", "m_hat = m"),
    ("u corrected", STEP, "step = eta * m_hat / (u / (1 - self.beta_2**t) + self.epsilon)"),
    ("root of u", STEP, "step = eta * m_hat / (ops.sqrt(u) + self.epsilon)"),
    ("epsilon missing", STEP, "step = eta * m_hat / u"),
]
RADAM = [
    ("always rectified", STEP, "step = eta * rectified"),
    ("never rectified", STEP, "step = eta * m_hat"),
    ("no step before", STEP, "step = eta * ops.where(rho > 4, rectified, 0.0)"),
    (
        "rectified one step late, as in PyTorch",
        STEP,
        "step = eta * ops.where(rho > 5, rectified, m_hat)",
    ),
    (
        "factor without the root",
        "rectified = ...",
        "rectified = r_squared * m_hat / (ops.sqrt(v_hat) + self.epsilon)",
    ),
    ("factor missing", "rectified = ...", "rectified = m_hat / (ops.sqrt(v_hat) + self.epsilon)"),
    ("rho_inf too large by 1", "rho_inf = ...", "rho_inf = ... + 1"),
    ("t counted once", "rho = ...", "rho = (rho_inf + (...)) / 2"),
    (
        "rho as it stands in the paper, which float32 cannot hold",
        "rho = ...",
        "rho = rho_inf - 2 * t * self.beta_2**t / (1 - self.beta_2**t)",
    ),
    (
        "a Python number that a sweep cannot change",
        "beta_2 = ...",
        "beta_2 = ops.cast(0.999, g.dtype)",
    ),
]
S = "self.assign(s, ...)"
ADABELIEF = [
    ("Adam", "surprise = ...", "surprise = (1 - self.beta_2) * ops.square(g)"),
    (
        "surprise against the mean before",
        "surprise = ...",
        "surprise = (1 - self.beta_2) * ops.square((g - m) / self.beta_1)",
    ),
    ("epsilon outside the mean only", S, "self.assign(s, self.beta_2 * s + surprise)"),
    ("epsilon inside the mean only", STEP, "step = eta * m_hat / ops.sqrt(s_hat)"),
    ("s not corrected", "s_hat = ...", "s_hat = s"),
    ("no root", STEP, "step = eta * m_hat / (s_hat + self.epsilon)"),
]
LION = [
    ("sign missing", THETA, step("eta * c")),
    ("sign of the gradient", THETA, step("eta * ops.sign(g)")),
    ("sign of the mean", THETA, step("eta * ops.sign(m)")),
    ("beta_2 in the step", "c = ...", "c = self.beta_2 * m + (1 - self.beta_2) * g"),
    ("beta_1 in the mean", M, "self.assign(m, self.beta_1 * m + (1 - self.beta_1) * g)"),
    ("c stored", M, "self.assign(m, c)"),
    ("rate missing", THETA, step("ops.sign(c)")),
    ("uphill", THETA, UPHILL),
    ("beta_2 not in the config", "return ...", without("beta_2")),
]
ROOTS = "roots = ..."
ROOT_BACK = "root = ..."
L, R = "self.assign(L, ...)", "self.assign(R, ...)"
SHAMPOO = [
    ("square root for the fourth", ROOTS, "roots = ops.power(eigenvalues + self.epsilon, -0.5)"),
    ("epsilon missing", ROOTS, "roots = ops.power(eigenvalues, -0.25)"),
    ("epsilon added to the root", ROOTS, "roots = 1 / (eigenvalues**0.25 + self.epsilon)"),
    ("no division", ROOTS, "roots = ops.power(eigenvalues + self.epsilon, 0.25)"),
    ("rows alone", STEP, "step = ops.matmul(self._root(L), g)"),
    ("columns alone", STEP, "step = ops.matmul(g, self._root(R))"),
    ("old L forgotten", L, "self.assign(L, ops.matmul(g, ops.transpose(g)))"),
    ("old R forgotten", R, "self.assign(R, ops.matmul(ops.transpose(g), g))"),
    ("sides swapped", L, "self.assign(L, L + ops.matmul(ops.transpose(g), g))"),
    ("squares of entries", L, "self.assign(L, L + ops.square(g))"),
    ("eigenvectors as rows", ROOT_BACK, "root = ops.matmul(ops.transpose(Q) * roots, Q)"),
    ("not turned back", ROOT_BACK, "root = Q * roots"),
    ("eigenvalues below 0 kept", "eigenvalues = ...", "eigenvalues = eigenvalues"),
    ("rate missing", THETA, step("step")),
    ("uphill", THETA, UPHILL),
    ("state in the variable's precision", "support.working_dtype(variable)", "variable.dtype"),
    (
        "G for matrices, too",
        "keras.optimizers.Optimizer.build(self, variables)",
        "super().build(variables)",
    ),
]
SUPPORT = [
    ("repeated rows not summed", 'hasattr(gradient, "dense_shape")', "False"),
    ("built a second time", "optimizer.built", "False"),
    ("another model accepted", "[id(v) for v in optimizer._trainable_variables] != ...", "False"),
    ("wrong shape accepted", "_same_shape(tuple(gradient.shape), ...)", "True"),
    ("broadcast accepted", "len(gradient_shape) == ...", "True"),
    ("unknown length refused", "given in (None, length)", "given == length"),
    ("state in the variable's precision", "working_dtype(variable) == ...", "True"),
    ("update in the variable's precision", '"float64" if dtype == ... else "float32"', "dtype"),
    ("double precision lost", '"float64" if dtype == ... else "float32"', '"float32"'),
    ("low-precision state starts at 1", '"zeros"', '"ones"'),
    ("TensorFlow's variables", 'getattr(variable, "path", ...)', "variable.path"),
    ("rate 0 accepted", "learning_rate > 0", "learning_rate >= 0"),
    ("decay 1 accepted", "0 <= value < 1", "0 <= value <= 1"),
    ("negative decay accepted", "0 <= value < 1", "-1 <= value < 1"),
    ("negative epsilon accepted", "value < 0", "value < -1"),
    ("epsilon 0 refused", "value < 0", "value <= 0"),
    (
        "True accepted",
        "isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)",
        "isinstance(value, Real) and math.isfinite(value)",
    ),
    ("infinity accepted", "math.isfinite(value)", "True"),
    ("a variable accepted", "isinstance(value, Real)", "hasattr(value, '__float__')"),
    ("rate left an integer", "float(learning_rate)", "learning_rate"),
]

# The file -> the row of the contract that it concerns, and its faults. Adam uses all of `support`.
FAULTS = {
    "adam.py": ("Adam", ADAM),
    "momentum.py": ("Momentum", MOMENTUM),
    "nesterov.py": ("Nesterov", NESTEROV),
    "adagrad.py": ("AdaGrad", ADAGRAD),
    "rmsprop.py": ("RMSprop", RMSPROP),
    "adadelta.py": ("AdaDelta", ADADELTA),
    "gradient_descent.py": ("GradientDescent", GRADIENT_DESCENT),
    "amsgrad.py": ("AMSGrad", AMSGRAD),
    "adamw.py": ("AdamW", ADAMW),
    "nadam.py": ("NAdam", NADAM),
    "adamax.py": ("AdaMax", ADAMAX),
    "radam.py": ("RAdam", RADAM),
    "adabelief.py": ("AdaBelief", ADABELIEF),
    "lion.py": ("Lion", LION),
    "shampoo.py": ("Shampoo", SHAMPOO),
    "support.py": ("Adam", SUPPORT),
}
ROW = {file: row for file, (row, _) in FAULTS.items()}
MUTANTS = [Mutant(file, *fault) for file, (_, faults) in FAULTS.items() for fault in faults]

# (file, what is wrong) -> why no test finds it.
SURVIVORS: dict[tuple[str, str], str] = {}


def source_of(mutant):
    """Return the code as it is."""
    return (SOURCES / mutant.file).read_text(encoding="utf-8")


def mutated(mutant, source):
    """Return the faulty code, without comments and type hints."""
    old, new = without_hints(mutant.old).body, without_hints(mutant.new).body
    if isinstance(old[0], ast.Expr) and isinstance(new[0], ast.Expr) and len(new) == 1:
        old, new = [old[0].value], [new[0].value]  # a part of a line
    planter = Planter(old[0], new)
    faulty = planter.visit(without_hints(source))
    assert planter.planted == 1, (
        f"The fault {mutant.wrong!r} has {planter.planted} places in {mutant.file}: write `old` in "
        f"tests/mutants.py, now {mutant.old!r}, so that it fits one."
    )
    return ast.unparse(ast.fix_missing_locations(faulty))


def without_hints(code):
    """Return the tree of a piece of code, where no function says its types."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return tree


def is_blank(node):
    return isinstance(node, ast.Constant) and node.value is ...


def fits(pattern, node, blanks):
    """Tell whether two trees are the same, and put into `blanks` what stands where `...` is."""
    if is_blank(pattern):
        blanks.append(node)
        return True
    if isinstance(pattern, list):
        return len(pattern) == len(node) and all(
            fits(*pair, blanks) for pair in zip(pattern, node, strict=True)
        )
    if isinstance(pattern, ast.AST):
        return type(pattern) is type(node) and all(
            fits(getattr(pattern, field), getattr(node, field), blanks) for field in pattern._fields
        )
    return type(pattern) is type(node) and pattern == node  # 1.0 is not 1


class Planter(ast.NodeTransformer):
    """Replace the statement or expression `old` by `new`, wherever it stands."""

    def __init__(self, old, new):
        self.old, self.new, self.planted = old, new, 0

    def visit(self, node):
        blanks = []
        if not fits(self.old, node, blanks):
            return self.generic_visit(node)
        self.planted += 1
        filled = [Filler(blanks).visit(copy.deepcopy(part)) for part in self.new]
        return filled if isinstance(node, ast.stmt) else filled[0]


class Filler(ast.NodeTransformer):
    """Put what was found where `...` is."""

    def __init__(self, blanks):
        self.blanks = blanks

    def visit_Constant(self, node):
        return copy.deepcopy(self.blanks[0]) if is_blank(node) else node


class Planted(importlib.machinery.SourceFileLoader, importlib.abc.MetaPathFinder):
    """Import one module from a faulty source."""

    def __init__(self, mutant):
        self.source = mutated(mutant, source_of(mutant))
        super().__init__(f"ravine.optimizers.{mutant.file[:-3]}", str(SOURCES / mutant.file))

    def find_spec(self, name, path=None, target=None):
        if name == self.name:
            return importlib.util.spec_from_file_location(name, self.path, loader=self)
        return None

    def get_code(self, name):  # and no code from __pycache__
        return compile(self.source, self.path, "exec")


class FirstFailure:
    """Note the first test that fails."""

    test = None

    def pytest_runtest_logreport(self, report):
        if report.failed and self.test is None:
            self.test = report.nodeid.partition("::")[2]

    def pytest_collectreport(self, report):
        if report.failed and self.test is None:
            self.test = "import"


def prepare():
    """Make a worker ready: the slow imports happen here, once."""
    os.chdir(ROOT)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    import keras  # noqa: F401


def first_failure(mutant):
    """Run the tests on a fault, or with None on the code as it is; return what failed first."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith((str(SOURCES), str(TESTS))):
            del sys.modules[name]
    planted = [Planted(mutant)] if mutant else []
    select = ["-k", alone(ROW[mutant.file])] if mutant else []
    sys.meta_path[:0] = planted
    try:
        return next(filter(None, (failure_in(file, select) for file in FILES)), None)
    finally:
        del sys.meta_path[: len(planted)]


def alone(name):
    """Return what chooses the tests of Adam, say, and neither those of AdamW nor of RAdam."""
    longer = {row for row in ROW.values() if name.lower() in row.lower()} - {name}
    return " and not ".join([name, *sorted(longer)])


def failure_in(file, select):
    import pytest

    noted = FirstFailure()
    options = ["-x", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", *select]
    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main([*options, str(TESTS / file)], [noted])
    if noted.test or code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return noted.test  # a file may have no test of one optimizer
    return f"pytest ended with {int(code)}"


def main(files):
    mutants = [mutant for mutant in MUTANTS if mutant.file in files or not files]
    began = time.perf_counter()
    context = multiprocessing.get_context("spawn")
    missed = []
    with ProcessPoolExecutor(2, mp_context=context, initializer=prepare) as workers:
        clean = workers.submit(first_failure, None)
        found = workers.map(first_failure, mutants)
        if clean.result():
            print(f"The code as it is fails {clean.result()}; mend that first.")
            workers.shutdown(cancel_futures=True)
            return 1
        for mutant, test in zip(mutants, found, strict=True):
            print(f"{mutant.file:20} {mutant.wrong:52} {test or 'NOT FOUND'}", flush=True)
            if not test:
                missed.append((mutant.file, mutant.wrong))

    share = 1 - len(missed) / len(mutants)
    seconds = time.perf_counter() - began
    print(f"{share:.0%} of {len(mutants)} faults found in {seconds:.0f} s.")
    for name in missed:
        print(f"Not found: {', '.join(name)}: {SURVIVORS.get(name, 'no reason is given')}.")
    return int(share < ENOUGH or not set(missed) <= set(SURVIVORS))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
