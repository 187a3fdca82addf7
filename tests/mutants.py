"""Plant faults in the optimizers, one at a time, and see whether the tests find them.

Run by `make mutants`. The tests of values and state must pass on the code as it is and fail on at
least 95 % of the faults; a fault that no test finds needs a reason in `SURVIVORS`. Otherwise the
script exits with 1. The files on the disk stay as they are: a fault is planted while Python
imports the module.
"""

import contextlib
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
    "test_state.py",
    "test_options.py",
]
ENOUGH = 0.95


@dataclass(frozen=True)
class Mutant:
    """One fault: in `file`, `old` becomes `new`."""

    file: str
    wrong: str
    old: str
    new: str


ADAM_M = "self.assign(m, self.beta_1 * m + (1 - self.beta_1) * g)"
ADAM_V = "self.assign(v, self.beta_2 * v + (1 - self.beta_2) * ops.square(g))"
ADAM_STEP = "step = eta * m_hat / (ops.sqrt(v_hat) + self.epsilon)"
MOMENTUM_M = "self.assign(m, self.beta * m + g)"
MOMENTUM_STEP = "self.assign_sub(variable, ops.cast(eta * m, variable.dtype))"
NESTEROV_STEP = "eta * (self.beta * m + g)"
ADAGRAD_G = "self.assign(G, G + ops.square(g))  # eq. (4.1)"
RMSPROP_G = "self.assign(G, self.rho * G + (1 - self.rho) * ops.square(g))"
ROOT_OF_G = "ops.sqrt(G + self.epsilon)"
DTYPE = 'return "float64" if dtype == "float64" else "float32"'
STEP_OVER_G = "step = eta * g / ops.sqrt(G + self.epsilon)"

ADAM = [
    ("epsilon inside the root", ADAM_STEP, "step = eta * m_hat / ops.sqrt(v_hat + self.epsilon)"),
    (
        "epsilon added to the uncorrected root, as in Keras",
        ADAM_STEP,
        "step = eta * m_hat * ops.sqrt(1 - self.beta_2**t) / (ops.sqrt(v) + self.epsilon)",
    ),
    (
        "epsilon added to the step (erratum 1)",
        ADAM_STEP,
        "step = eta * m_hat / ops.sqrt(v_hat) + self.epsilon",
    ),
    ("epsilon missing", ADAM_STEP, "step = eta * m_hat / ops.sqrt(v_hat)"),
    ("epsilon squared", "+ self.epsilon)", "+ self.epsilon**2)"),
    ("m not corrected", "m_hat = m / (1 - self.beta_1**t)", "m_hat = 1.0 * m"),
    ("v not corrected", "v_hat = v / (1 - self.beta_2**t)", "v_hat = 1.0 * v"),
    ("neither corrected", ADAM_STEP, "step = eta * m / (ops.sqrt(v) + self.epsilon)"),
    ("m corrected with beta_2", "(1 - self.beta_1**t)", "(1 - self.beta_2**t + 0)"),
    ("v corrected with beta_1", "(1 - self.beta_2**t)", "(1 - self.beta_1**t)"),
    ("m corrected by multiplying", "m / (1 - self.beta_1**t)", "m * (1 - self.beta_1**t)"),
    ("beta_1 times t for beta_1 to the t", "self.beta_1**t", "self.beta_1 * t"),
    ("t counts from 0", "self.iterations + 1, ", "self.iterations, "),
    ("t counts from 2", "self.iterations + 1, ", "self.iterations + 2, "),
    ("t stays 1", "ops.cast(self.iterations + 1, g.dtype)", "ops.cast(1, g.dtype)"),
    (
        "t counted in Python, which a compiled step does once",
        "t = ops.cast(self.iterations + 1, g.dtype)",
        "self.t = getattr(self, 't', 0) + 1\n        t = ops.cast(self.t, g.dtype)",
    ),
    ("beta_2 in m", ADAM_M, "self.assign(m, self.beta_2 * m + (1 - self.beta_2) * g)"),
    (
        "beta_1 in v",
        ADAM_V,
        "self.assign(v, self.beta_1 * v + (1 - self.beta_1) * ops.square(g))",
    ),
    ("m a sum, no mean", ADAM_M, "self.assign(m, self.beta_1 * m + g)"),
    ("v a sum, no mean", ADAM_V, "self.assign(v, self.beta_2 * v + ops.square(g))"),
    ("old and new swapped in m", ADAM_M, "self.assign(m, (1 - self.beta_1) * m + self.beta_1 * g)"),
    ("old m forgotten", ADAM_M, "self.assign(m, (1 - self.beta_1) * g)"),
    ("g for its square", "ops.square(g)", "g"),
    ("absolute value for the square", "ops.square(g)", "ops.abs(g)"),
    ("square of m for that of g", "ops.square(g)", "ops.square(m)"),
    ("no root", "(ops.sqrt(v_hat) + self.epsilon)", "(v_hat + self.epsilon)"),
    ("root of m as well", "eta * m_hat", "eta * ops.sqrt(ops.abs(m_hat))"),
    ("rate missing", "eta * m_hat", "m_hat"),
    ("rate squared", "eta * m_hat", "eta * eta * m_hat"),
    ("rate inside the mean", "(1 - self.beta_1) * g)", "(1 - self.beta_1) * eta * g)"),
    ("g for m_hat in the step", "eta * m_hat", "eta * g"),
    ("uphill", "self.assign_sub(variable", "self.assign_add(variable"),
    ("gradient's sign turned", ADAM_M, "self.assign(m, self.beta_1 * m - (1 - self.beta_1) * g)"),
    (
        "m of the step before",
        f"{ADAM_M}  # eq. (5.1)",
        f"m, stored = 1.0 * m, m\n        {ADAM_M.replace('assign(m', 'assign(stored')}",
    ),
    (
        "v of the step before",
        f"{ADAM_V}  # eq. (5.2)",
        f"v, stored = 1.0 * v, v\n        {ADAM_V.replace('assign(v', 'assign(stored')}",
    ),
    ("state shared", "v = self.v[self._get_variable_index(variable)]", "v = self.v[0]"),
    ("one state for m and v", 'self.v = state_like(self, variables, "v")', "self.v = self.m"),
    ("beta_2 not in the config", '"beta_2": self.beta_2,', ""),
    ("another epsilon in the config", '"epsilon": self.epsilon,', '"epsilon": 1e-8,'),
    ("another default", "beta_2=0.999", "beta_2=0.99"),
    ("an argument ignored", 'check_decay("beta_1", beta_1)', "0.9"),
]
MOMENTUM = [
    ("running mean", MOMENTUM_M, "self.assign(m, self.beta * m + (1 - self.beta) * g)"),
    ("nothing forgotten", MOMENTUM_M, "self.assign(m, m + g)"),
    ("nothing remembered", MOMENTUM_M, "self.assign(m, self.beta * g)"),
    ("gradient's sign turned", MOMENTUM_M, "self.assign(m, self.beta * m - g)"),
    ("Nesterov's step", "eta * m,", "eta * (self.beta * m + g),"),
    (
        "rate inside the sum, as in Keras",
        f"{MOMENTUM_M}  # eq. (3.1)\n        {MOMENTUM_STEP}",
        "self.assign(m, self.beta * m + eta * g)\n"
        "        self.assign_sub(variable, ops.cast(m, variable.dtype))",
    ),
    (
        "m of the step before",
        f"{MOMENTUM_M}  # eq. (3.1)\n        {MOMENTUM_STEP}",
        f"{MOMENTUM_STEP}\n        {MOMENTUM_M}",
    ),
    ("uphill", "self.assign_sub(variable", "self.assign_add(variable"),
    ("rate missing", "eta * m,", "m,"),
    ("state shared", "self.m[self._get_variable_index(variable)]", "self.m[0]"),
    (
        "state starts at 1",
        'self.m = state_like(self, variables, "m")',
        'self.m = state_like(self, variables, "m")\n'
        "        for m in self.m:\n            m.assign(ops.ones_like(m))",
    ),
    ("beta not in the config", ', "beta": self.beta}', "}"),
]
NESTEROV = [
    ("heavy ball", NESTEROV_STEP, "eta * m"),
    ("beta missing", NESTEROV_STEP, "eta * (m + g)"),
    ("beta twice", NESTEROV_STEP, "eta * (self.beta * self.beta * m + g)"),
    ("gradient missing", NESTEROV_STEP, "eta * self.beta * m"),
    ("rate for m alone", NESTEROV_STEP, "(eta * self.beta * m + g)"),
    ("running mean", MOMENTUM_M, "self.assign(m, self.beta * m + (1 - self.beta) * g)"),
]
ADAGRAD = [
    ("epsilon outside the root", ROOT_OF_G, "(ops.sqrt(G) + self.epsilon)"),
    ("epsilon missing", ROOT_OF_G, "ops.sqrt(G)"),
    (
        "epsilon in the sum, once per step",
        f"{ADAGRAD_G}\n        {STEP_OVER_G}",
        "self.assign(G, G + ops.square(g) + self.epsilon)\n        step = eta * g / ops.sqrt(G)",
    ),
    ("no root", ROOT_OF_G, "(G + self.epsilon)"),
    ("absolute value for the square", "ops.square(g)", "ops.abs(g)"),
    ("a mean, no sum", "G + ops.square(g)", "0.5 * G + 0.5 * ops.square(g)"),
    ("only the last gradient", "G + ops.square(g)", "ops.square(g)"),
    (
        "sum of the step before",
        f"{ADAGRAD_G}\n        {STEP_OVER_G}",
        f"{STEP_OVER_G}\n        {ADAGRAD_G}",
    ),
    (
        "sum starts at 0.1, as in Keras",
        'self.G = state_like(self, variables, "G")',
        'self.G = state_like(self, variables, "G")\n'
        "        [G.assign(0.1 * ops.ones_like(G)) for G in self.G]",
    ),
]
RMSPROP = [
    ("epsilon outside the root", ROOT_OF_G, "(ops.sqrt(G) + self.epsilon)"),
    ("a sum, no mean", RMSPROP_G, "self.assign(G, self.rho * G + ops.square(g))"),
    ("AdaGrad's sum", RMSPROP_G, "self.assign(G, G + ops.square(g))"),
    ("old and new swapped", RMSPROP_G, "self.assign(G, (1 - self.rho) * G + self.rho * g**2)"),
    ("no root", ROOT_OF_G, "(G + self.epsilon)"),
    (
        "start corrected, as in Adam",
        ROOT_OF_G,
        "ops.sqrt(G / (1 - self.rho ** ops.cast(self.iterations + 1, g.dtype)) + self.epsilon)",
    ),
    (
        "mean of the step before",
        f"{RMSPROP_G}  # eq. (4.3)\n        {STEP_OVER_G}",
        f"{STEP_OVER_G}\n        {RMSPROP_G}",
    ),
    ("rho not in the config", '"rho": self.rho, ', ""),
]
GRADIENT_DESCENT = [
    ("uphill", "self.assign_sub(variable", "self.assign_add(variable"),
    ("rate missing", "ops.cast(eta * g", "ops.cast(g"),
    ("rate squared", "ops.cast(eta * g", "ops.cast(eta * eta * g"),
    ("sign of the gradient", "ops.cast(eta * g", "ops.cast(eta * ops.sign(g)"),
    ("mean of the gradient", "ops.cast(eta * g", "ops.cast(eta * ops.mean(g) * ops.ones_like(g)"),
]
AMSGRAD_V_MAX = "self.assign(v_max, ops.maximum(v_max, v))"
AMSGRAD = [
    ("no maximum", AMSGRAD_V_MAX, "self.assign(v_max, v)"),
    ("smallest for the largest", AMSGRAD_V_MAX, "self.assign(v_max, ops.minimum(v_max, v))"),
    ("maximum of the squares", AMSGRAD_V_MAX, "self.assign(v_max, ops.maximum(v_max, g * g))"),
    (
        "maximum fed back into v",
        AMSGRAD_V_MAX,
        "self.assign(v, ops.maximum(v_max, v))\n        self.assign(v_max, v)",
    ),
    (
        "bias corrected, as in Keras",
        "step = eta * m / ",
        "t = ops.cast(self.iterations + 1, g.dtype)\n        step = eta * ops.sqrt("
        "1 - self.beta_2**t) / (1 - self.beta_1**t) * m / ",
    ),
    ("divided by v", "ops.sqrt(v_max)", "ops.sqrt(v)"),
    ("epsilon inside the root", "(ops.sqrt(v_max) + self.epsilon)", "ops.sqrt(v_max + 1e-7)"),
    ("one state for v and v_max", 'state_like(self, variables, "v_max")', "self.v"),
]
ADAMW_DECAY = "decay * theta)"
ADAMW = [
    ("no decay", " + decay * theta", ""),
    ("growth for decay", "+ decay * theta)", "- decay * theta)"),
    ("decay without the rate", ADAMW_DECAY, "decay * theta / eta)"),
    ("rate twice", ADAMW_DECAY, "eta * decay * theta)"),
    (
        "L2, inside the gradient",
        "decay = self.weight_decay if self._use_weight_decay(variable) else 0.0",
        "decay, g = 0.0, g + self.weight_decay * theta",
    ),
    (
        "decay divided by the root too",
        "+ self.epsilon) + decay * theta)",
        "+ self.epsilon) + decay * theta / (ops.sqrt(v_hat) + self.epsilon))",
    ),
    ("Keras decays as well", "def _apply_weight_decay(", "def _unused("),
    ("no variable excluded", "self._use_weight_decay(variable)", "True"),
    ("constant decay", "decay * theta)", "decay * ops.sign(theta))"),
]
NADAM = [
    ("Adam", "m_bar = ", "m_bar = m / (1 - beta_1**t)  # "),
    ("corrected for t in both parts", "beta_1 ** (t + 1)", "beta_1**t"),
    ("second part not corrected", "* g / (1 - beta_1**t)", "* g"),
    ("whole gradient in the second part", "+ (1 - beta_1) * g /", "+ g /"),
    ("m for g", "(1 - beta_1) * g / ", "(1 - beta_1) * m / "),
]
ADAMAX_U = "ops.maximum(self.beta_2 * u, ops.abs(g))"
ADAMAX = [
    ("nothing fades", ADAMAX_U, "ops.maximum(u, ops.abs(g))"),
    ("no maximum", ADAMAX_U, "self.beta_2 * u + (1 - self.beta_2) * ops.abs(g)"),
    ("without absolute values", ADAMAX_U, "ops.maximum(self.beta_2 * u, g)"),
    ("m not corrected", "m_hat = m / (1 - self.beta_1**t)", "m_hat = m"),
    ("u corrected", "(u + self.epsilon)", "(u / (1 - self.beta_2**t) + self.epsilon)"),
    ("root of u", "(u + self.epsilon)", "(ops.sqrt(u) + self.epsilon)"),
    ("epsilon missing", "(u + self.epsilon)", "u"),
]
RADAM = [
    ("always rectified", "ops.where(rho > 4, rectified, m_hat)", "rectified"),
    ("never rectified", "ops.where(rho > 4, rectified, m_hat)", "m_hat"),
    ("no step before", "rectified, m_hat)", "rectified, 0.0 * m_hat)"),
    ("rectified one step late, as in PyTorch", "ops.where(rho > 4", "ops.where(rho > 5"),
    ("factor without the root", "ops.sqrt(r_squared)", "r_squared"),
    ("factor missing", "ops.sqrt(r_squared) * m_hat", "m_hat"),
    ("rho_inf too large by 1", "rho_inf = 2 / (1 - beta_2) - 1", "rho_inf = 2 / (1 - beta_2)"),
    ("t counted once", "rho_inf - 2 * t /", "rho_inf - t /"),
    (
        "rho as it stands in the paper, which float32 cannot hold",
        "2 * t / ops.expm1(-t * ops.log(beta_2))",
        "2 * t * self.beta_2**t / (1 - self.beta_2**t)",
    ),
    (
        "a Python number that a sweep cannot change",
        "ops.convert_to_tensor(self.beta_2",
        "ops.cast(0.999",
    ),
]
ADABELIEF = [
    ("Adam", "ops.square(g - m)", "ops.square(g)"),
    ("surprise against the mean before", "ops.square(g - m)", "ops.square((g - m) / self.beta_1)"),
    ("epsilon outside the mean only", "surprise + self.epsilon)", "surprise)"),
    ("epsilon inside the mean only", "(ops.sqrt(s_hat) + self.epsilon)", "ops.sqrt(s_hat)"),
    ("s not corrected", "s_hat = s / (1 - self.beta_2**t)", "s_hat = s"),
    ("no root", "ops.sqrt(s_hat)", "s_hat"),
]
LION_C = "c = self.beta_1 * m + (1 - self.beta_1) * g"
LION = [
    ("sign missing", "eta * ops.sign(c)", "eta * c"),
    ("sign of the gradient", "ops.sign(c)", "ops.sign(g)"),
    ("sign of the mean", "ops.sign(c)", "ops.sign(m)"),
    ("beta_2 in the step", LION_C, "c = self.beta_2 * m + (1 - self.beta_2) * g"),
    (
        "beta_1 in the mean",
        "self.assign(m, self.beta_2 * m + (1 - self.beta_2) * g)",
        "self.assign(m, self.beta_1 * m + (1 - self.beta_1) * g)",
    ),
    ("c stored", "self.assign(m, self.beta_2 * m + (1 - self.beta_2) * g)", "self.assign(m, c)"),
    ("rate missing", "eta * ops.sign(c)", "ops.sign(c)"),
    ("uphill", "self.assign_sub(variable", "self.assign_add(variable"),
    ("beta_2 not in the config", ', "beta_2": self.beta_2}', "}"),
]
SUPPORT = [
    ("repeated rows not summed", 'if hasattr(gradient, "dense_shape"):', "if False:"),
    ("built a second time", "if not optimizer.built:", "if True:"),
    ("another model accepted", "for variable in known] != ", "for variable in known] == "),
    ("wrong shape accepted", "if not _same_shape(", "if False and not _same_shape("),
    ("broadcast accepted", "len(gradient_shape) == len(shape) and all(", "all("),
    ("unknown length refused", "given in (None, length)", "given == length"),
    ("state in the variable's precision", "if working_dtype(variable) == ", "if '' != "),
    ("update in the variable's precision", DTYPE, "return dtype"),
    ("double precision lost", DTYPE, 'return "float32"'),
    ("low-precision state starts at 1", 'initializer="zeros"', 'initializer="ones"'),
    ("TensorFlow's variables", 'getattr(variable, "path", variable.name)', "variable.path"),
    ("rate 0 accepted", "not learning_rate > 0", "not learning_rate >= 0"),
    ("decay 1 accepted", "not 0 <= value < 1:", "not 0 <= value <= 1:"),
    ("negative decay accepted", "not 0 <= value < 1:", "not -1 <= value < 1:"),
    ("negative epsilon accepted", "or value < 0", "or value < -1"),
    ("epsilon 0 refused", "or value < 0", "or value <= 0"),
    ("True accepted", "and not isinstance(value, bool) ", ""),
    ("infinity accepted", "and math.isfinite(value)", ""),
    ("rate left an integer", "return float(learning_rate)", "return learning_rate"),
]

MUTANTS = [
    Mutant(f"{file}.py", *fault)
    for file, faults in {
        "adam": ADAM,
        "momentum": MOMENTUM,
        "nesterov": NESTEROV,
        "adagrad": ADAGRAD,
        "rmsprop": RMSPROP,
        "gradient_descent": GRADIENT_DESCENT,
        "amsgrad": AMSGRAD,
        "adamw": ADAMW,
        "nadam": NADAM,
        "adamax": ADAMAX,
        "radam": RADAM,
        "adabelief": ADABELIEF,
        "lion": LION,
        "support": SUPPORT,
    }.items()
    for fault in faults
]

# (file, what is wrong) -> why no test finds it.
SURVIVORS: dict[tuple[str, str], str] = {}

# The row of the contract that a file concerns. Adam uses all of what they share.
ROW = {
    "adam.py": "Adam",
    "momentum.py": "Momentum",
    "nesterov.py": "Nesterov",
    "adagrad.py": "AdaGrad",
    "rmsprop.py": "RMSprop",
    "gradient_descent.py": "GradientDescent",
    "amsgrad.py": "AMSGrad",
    "adamw.py": "AdamW",
    "nadam.py": "NAdam",
    "adamax.py": "AdaMax",
    "radam.py": "RAdam",
    "adabelief.py": "AdaBelief",
    "lion.py": "Lion",
    "support.py": "Adam",
}


def mutated(mutant):
    """Return the faulty source."""
    source = (SOURCES / mutant.file).read_text(encoding="utf-8")
    assert source.count(mutant.old) == 1, f"not exactly once in {mutant.file}: {mutant.old}"
    return source.replace(mutant.old, mutant.new)


class Planted(importlib.machinery.SourceFileLoader, importlib.abc.MetaPathFinder):
    """Import one module from a faulty source."""

    def __init__(self, mutant):
        self.source = mutated(mutant)
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
    return noted.test or (f"pytest ended with {int(code)}" if code else None)


def main():
    began = time.perf_counter()
    context = multiprocessing.get_context("spawn")
    missed = []
    with ProcessPoolExecutor(2, mp_context=context, initializer=prepare) as workers:
        clean = workers.submit(first_failure, None)
        found = workers.map(first_failure, MUTANTS)
        if clean.result():
            print(f"The code as it is fails {clean.result()}; mend that first.")
            workers.shutdown(cancel_futures=True)
            return 1
        for mutant, test in zip(MUTANTS, found, strict=True):
            print(f"{mutant.file:20} {mutant.wrong:52} {test or 'NOT FOUND'}", flush=True)
            if not test:
                missed.append((mutant.file, mutant.wrong))

    share = 1 - len(missed) / len(MUTANTS)
    seconds = time.perf_counter() - began
    print(f"{share:.0%} of {len(MUTANTS)} faults found in {seconds:.0f} s.")
    for name in missed:
        print(f"Not found: {', '.join(name)}: {SURVIVORS.get(name, 'no reason is given')}.")
    return int(share < ENOUGH or not set(missed) <= set(SURVIVORS))


if __name__ == "__main__":
    sys.exit(main())
