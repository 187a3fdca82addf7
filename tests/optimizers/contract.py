"""The contract that every optimizer of the course keeps: one row per optimizer.

A new optimizer joins all tests of this folder by adding one `Row` to `CONTRACT`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import pytest

from ravine.optimizers import (
    AdaBelief,
    AdaDelta,
    AdaGrad,
    Adam,
    AdaMax,
    AdamW,
    AMSGrad,
    GradientDescent,
    Lion,
    Momentum,
    NAdam,
    Nesterov,
    RAdam,
    RMSprop,
    Shampoo,
)
from tests.optimizers import oracle

BACKEND = keras.backend.backend()
RATE = 0.05
LARGE_EPSILON = 1e-3

compiled = pytest.mark.skipif(BACKEND == "torch", reason="PyTorch takes every step eagerly")
only_tensorflow = pytest.mark.skipif(
    BACKEND != "tensorflow", reason=f"a feature of TensorFlow; the backend is {BACKEND}"
)


@dataclass(frozen=True)
class Golden:
    """First steps worked out by hand: from theta = 1, at rate 0.1."""

    kwargs: dict
    gradients: tuple[float, ...]
    iterates: tuple[float, ...]


@dataclass(frozen=True)
class Row:
    """What one optimizer promises.

    `kwargs` holds every hyperparameter but the rate, each away from its default, so that an
    argument that is dropped somewhere shows; `defaults` holds the published values. `slots` are the
    names of its state. `quadratic_rate` and `rosenbrock_rate` suit these two surfaces.

    A row says where its values are known from besides its oracle, by one of these at least:
    `twin` makes the built-in of Keras with the same kwargs and the large epsilon, if Keras has one
    that takes the same steps; `twin_epsilon`, where it is given, is the built-in's epsilon at step
    t that means the same. `recorded` says that optax.json holds its first steps.

    `whole_models` says that it also trains whole models. They cost seconds each and test what all
    classes share, so one of each kind does.

    `factors` are the names of the state that a matrix has in place of the slots: two square
    matrices, one for its rows and one for its columns.
    """

    optimizer: type
    kwargs: dict
    defaults: dict
    slots: tuple[str, ...]
    oracle: Callable
    golden: Golden
    quadratic_rate: float
    rosenbrock_rate: float
    twin: Callable | None = None
    twin_epsilon: Callable | None = None
    recorded: bool = False
    whole_models: bool = False
    factors: tuple[str, str] | tuple[()] = ()

    @property
    def name(self):
        return self.optimizer.__name__

    @property
    def large_epsilon(self):
        """The kwargs with an epsilon too large to hide a misplaced one."""
        return self.kwargs | ({"epsilon": LARGE_EPSILON} if "epsilon" in self.kwargs else {})

    def make(self, learning_rate=RATE, **changes):
        return self.optimizer(learning_rate=learning_rate, **(self.kwargs | changes))

    def path(self, start, gradients, learning_rate=RATE, **changes):
        """Return the oracle's iterates."""
        kwargs = self.kwargs | changes
        weight_decay = kwargs.pop("weight_decay", None)
        steps = self.oracle(gradients, learning_rate, **kwargs)
        return oracle.iterates(start, steps, learning_rate, weight_decay)


CONTRACT = [
    Row(
        optimizer=GradientDescent,
        kwargs={},
        defaults={},
        slots=(),
        oracle=oracle.gradient_descent,
        # 1 - 0.1 * 2 = 0.8, 0.8 - 0.1 * -4 = 1.2
        golden=Golden({}, (2.0, -4.0), (0.8, 1.2)),
        twin=lambda: keras.optimizers.SGD(RATE),
        quadratic_rate=0.1,
        rosenbrock_rate=0.001,
        whole_models=True,
    ),
    Row(
        optimizer=Momentum,
        kwargs={"beta": 0.8},
        defaults={"beta": 0.9},
        slots=("m",),
        oracle=oracle.momentum,
        # m = 2, 1 - 0.2 = 0.8; m = 1 - 4 = -3, 0.8 + 0.3 = 1.1; m = -1.5 + 1 = -0.5, 1.1 + 0.05
        golden=Golden({"beta": 0.5}, (2.0, -4.0, 1.0), (0.8, 1.1, 1.15)),
        twin=lambda: keras.optimizers.SGD(RATE, momentum=0.8),
        quadratic_rate=0.02,
        rosenbrock_rate=0.0005,
        whole_models=True,
    ),
    Row(
        optimizer=Nesterov,
        kwargs={"beta": 0.8},
        defaults={"beta": 0.9},
        slots=("m",),
        oracle=oracle.nesterov,
        # m = 2, 1 - 0.1 * (1 + 2) = 0.7; m = -3, 0.7 - 0.1 * (-1.5 - 4) = 1.25;
        # m = -0.5, 1.25 - 0.1 * (-0.25 + 1) = 1.175
        golden=Golden({"beta": 0.5}, (2.0, -4.0, 1.0), (0.7, 1.25, 1.175)),
        twin=lambda: keras.optimizers.SGD(RATE, momentum=0.8, nesterov=True),
        quadratic_rate=0.02,
        rosenbrock_rate=0.0005,
        whole_models=True,
    ),
    Row(
        optimizer=AdaGrad,
        kwargs={"epsilon": 1e-7},
        defaults={"epsilon": 1e-8},
        slots=("G",),
        oracle=oracle.adagrad,
        # G = 9, 1 - 0.1 * 3 / sqrt(9 + 7) = 0.925; G = 18, 0.925 + 0.1 * 3 / sqrt(18 + 7) = 0.985
        golden=Golden({"epsilon": 7.0}, (3.0, -3.0), (0.925, 0.985)),
        twin=lambda: keras.optimizers.Adagrad(
            RATE, initial_accumulator_value=0.0, epsilon=LARGE_EPSILON
        ),
        quadratic_rate=0.5,
        rosenbrock_rate=0.2,
        whole_models=True,
    ),
    Row(
        optimizer=RMSprop,
        kwargs={"rho": 0.8, "epsilon": 1e-7},
        defaults={"rho": 0.9, "epsilon": 1e-8},
        slots=("G",),
        oracle=oracle.rmsprop,
        # G = 0.25 * 4 = 1, 1 - 0.1 * 2 / sqrt(1 + 3) = 0.9;
        # G = 0.75 + 0.25 = 1, 0.9 + 0.1 * 1 / sqrt(1 + 3) = 0.95
        golden=Golden({"rho": 0.75, "epsilon": 3.0}, (2.0, -1.0), (0.9, 0.95)),
        twin=lambda: keras.optimizers.RMSprop(RATE, rho=0.8, epsilon=LARGE_EPSILON),
        quadratic_rate=0.01,
        rosenbrock_rate=0.01,
        whole_models=True,
    ),
    Row(
        optimizer=AdaDelta,
        kwargs={"rho": 0.8, "epsilon": 1e-7},
        defaults={"rho": 0.95, "epsilon": 1e-6},
        slots=("G", "D"),
        oracle=oracle.adadelta,
        # G = 8, d = sqrt(1 / 9) * 4 = 4/3, 1 - 0.1 * 4/3; D = 8/9, G = 4 + 2 = 6,
        # d = -sqrt((8/9 + 1) / 7) * 2 = -2 * sqrt(17/63)
        golden=Golden({"rho": 0.5, "epsilon": 1.0}, (4.0, -2.0), (0.8666666667, 0.9705591630)),
        twin=lambda: keras.optimizers.Adadelta(RATE, rho=0.8, epsilon=LARGE_EPSILON),
        quadratic_rate=5.0,
        rosenbrock_rate=1.0,
    ),
    Row(
        optimizer=Adam,
        kwargs={"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-7},
        defaults={"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
        slots=("m", "v"),
        oracle=oracle.adam,
        # m = 1, v = 1, m_hat = 1 / 0.5 = 2, v_hat = 1 / 0.25 = 4, 1 - 0.1 * 2 / (2 + 2) = 0.95;
        # m = 0.5 - 1 = -0.5, v = 0.75 + 1 = 1.75, m_hat = -0.5 / 0.75 = -2/3,
        # v_hat = 1.75 / 0.4375 = 4, 0.95 + 0.1 * (2/3) / (2 + 2) = 0.95 + 1/60
        golden=Golden(
            {"beta_1": 0.5, "beta_2": 0.75, "epsilon": 2.0}, (2.0, -2.0), (0.95, 0.9666666667)
        ),
        twin=lambda: keras.optimizers.Adam(RATE, beta_1=0.8, beta_2=0.95),
        # Keras divides m by sqrt(v) + epsilon_hat with v not corrected. Multiply numerator and
        # denominator of Algorithm 1 by sqrt(1 - beta_2^t): its epsilon shrinks early on.
        twin_epsilon=lambda t: LARGE_EPSILON * keras.ops.sqrt(1 - 0.95**t),
        quadratic_rate=0.1,
        rosenbrock_rate=0.05,
        whole_models=True,
    ),
    Row(
        optimizer=AMSGrad,
        kwargs={"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-7},
        defaults={"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
        slots=("m", "v", "v_max"),
        oracle=oracle.amsgrad,
        # m = 2, v = 4, 1 - 0.1 * 2 / (2 + 2) = 0.95; m = 1, v = 3, the largest stays 4,
        # 0.95 - 0.1 * 1 / (2 + 2) = 0.925; m = 0.5 + 2 = 2.5, v = 2.25 + 4 = 6.25,
        # 0.925 - 0.1 * 2.5 / (2.5 + 2) = 0.925 - 1/18
        golden=Golden(
            {"beta_1": 0.5, "beta_2": 0.75, "epsilon": 2.0},
            (4.0, 0.0, 4.0),
            (0.95, 0.925, 0.8694444444),
        ),
        quadratic_rate=0.1,
        rosenbrock_rate=0.05,
        recorded=True,  # Keras corrects the bias as Adam does; see test_built_in_at_a_late_step
    ),
    Row(
        optimizer=AdamW,
        kwargs={"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-7, "weight_decay": 0.03},
        defaults={"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "weight_decay": 0.01},
        slots=("m", "v"),
        oracle=oracle.adamw,
        # Adam's steps of above: 1 - 0.1 * (0.5 + 0.5 * 1) = 0.9;
        # 0.9 - 0.1 * (-1/6 + 0.5 * 0.9) = 0.855 + 1/60
        golden=Golden(
            {"beta_1": 0.5, "beta_2": 0.75, "epsilon": 2.0, "weight_decay": 0.5},
            (2.0, -2.0),
            (0.9, 0.8716666667),
        ),
        twin=lambda: keras.optimizers.AdamW(RATE, beta_1=0.8, beta_2=0.95, weight_decay=0.03),
        twin_epsilon=lambda t: LARGE_EPSILON * keras.ops.sqrt(1 - 0.95**t),
        quadratic_rate=0.1,
        rosenbrock_rate=0.05,
        recorded=True,
        whole_models=True,  # it decays by itself
    ),
    Row(
        optimizer=NAdam,
        kwargs={"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-7},
        defaults={"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
        slots=("m", "v"),
        oracle=oracle.nadam,
        # m = 1, m_bar = 0.5 * 1 / 0.75 + 0.5 * 2 / 0.5 = 8/3, v_hat = 4,
        # 1 - 0.1 * (8/3) / 4 = 14/15;
        # m = -0.5, m_bar = 0.5 * -0.5 / 0.875 - 0.5 * 2 / 0.75 = -2/7 - 4/3 = -34/21, v_hat = 4,
        # 14/15 + 0.1 * (34/21) / 4 = 14/15 + 17/420
        golden=Golden(
            {"beta_1": 0.5, "beta_2": 0.75, "epsilon": 2.0},
            (2.0, -2.0),
            (0.9333333333, 0.9738095238),
        ),
        quadratic_rate=0.1,
        rosenbrock_rate=0.05,
        recorded=True,  # Keras follows a schedule of beta_1; see test_built_in_at_a_late_step
    ),
    Row(
        optimizer=AdaMax,
        kwargs={"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-7},
        defaults={"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
        slots=("m", "u"),
        oracle=oracle.adamax,
        # m_hat = 1.5 / 0.5 = 3, u = 3, 1 - 0.1 * 3 / (3 + 1) = 0.925; m = 0.75 - 0.5 = 0.25,
        # m_hat = 0.25 / 0.75 = 1/3, u = max(1.5, 1), 0.925 - 0.1 * (1/3) / (1.5 + 1) = 0.925 - 1/75
        golden=Golden(
            {"beta_1": 0.5, "beta_2": 0.5, "epsilon": 1.0}, (3.0, -1.0), (0.925, 0.9116666667)
        ),
        twin=lambda: keras.optimizers.Adamax(RATE, beta_1=0.8, beta_2=0.95, epsilon=LARGE_EPSILON),
        quadratic_rate=0.1,
        rosenbrock_rate=0.05,
        recorded=True,
    ),
    Row(
        optimizer=RAdam,
        kwargs={"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-7},
        defaults={"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8},
        slots=("m", "v"),
        oracle=oracle.radam,
        # rho_inf = 19; rho_t = 1, 1.947, 2.842, 3.686 and 4.5806, so four steps of 0.1 * 2 and
        # then 0.1 * r * 2 / (2 + 2) with r = 0.15611
        golden=Golden(
            {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 2.0},
            (2.0,) * 5,
            (0.8, 0.6, 0.4, 0.2, 0.1921943),
        ),
        quadratic_rate=0.1,
        # its first steps are as long as the gradients, which reach 200 there
        rosenbrock_rate=0.002,
        recorded=True,  # Keras has none
    ),
    Row(
        optimizer=AdaBelief,
        kwargs={"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-7},
        defaults={"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-16},
        slots=("m", "s"),
        oracle=oracle.adabelief,
        # m = 2, s = 0.25 * (4 - 2)^2 + 3 = 4, m_hat = 4, s_hat = 16, 1 - 0.1 * 4 / (4 + 3) = 33/35;
        # m = 1, s = 3 + 0.25 * (0 - 1)^2 + 3 = 6.25, m_hat = 4/3, s_hat = 6.25 / 0.4375 = 100/7,
        # 33/35 - 0.1 * (4/3) / (10 / sqrt(7) + 3)
        golden=Golden(
            {"beta_1": 0.5, "beta_2": 0.75, "epsilon": 3.0}, (4.0, 0.0), (0.9428571429, 0.9231904)
        ),
        quadratic_rate=0.1,
        rosenbrock_rate=0.05,
        recorded=True,  # Keras has none
    ),
    Row(
        optimizer=Lion,
        kwargs={"beta_1": 0.8, "beta_2": 0.95},
        defaults={"beta_1": 0.9, "beta_2": 0.99},
        slots=("m",),
        oracle=oracle.lion,
        # c = 2, down; m = 1, c = 0.5 - 0.25, down; m = 0.75 - 0.125 = 0.625, c = 0.3125 - 1, up
        golden=Golden({"beta_1": 0.5, "beta_2": 0.75}, (4.0, -0.5, -2.0), (0.9, 0.8, 0.9)),
        twin=lambda: keras.optimizers.Lion(RATE, beta_1=0.8, beta_2=0.95),
        quadratic_rate=0.01,
        rosenbrock_rate=0.01,
        recorded=True,
    ),
    Row(
        optimizer=Shampoo,
        kwargs={"epsilon": 1e-7},
        defaults={"epsilon": 1e-6},
        slots=("G",),
        factors=("L", "R"),
        oracle=oracle.shampoo,
        golden=Golden({"epsilon": 7.0}, (3.0, -3.0), (0.925, 0.985)),  # as AdaGrad
        # of vectors; test_shampoo has the matrices
        twin=lambda: keras.optimizers.Adagrad(
            RATE, initial_accumulator_value=0.0, epsilon=LARGE_EPSILON
        ),
        quadratic_rate=0.5,
        rosenbrock_rate=0.2,
    ),
]

ROWS = {row.name: row for row in CONTRACT}
every_optimizer = pytest.mark.parametrize("row", CONTRACT, ids=ROWS)
KINDS = [row for row in CONTRACT if row.whole_models]
every_kind_of_optimizer = pytest.mark.parametrize("row", KINDS, ids=lambda row: row.name)


def random_gradients(steps, scales=(1e-4, 1e-2, 1.0, 100.0), seed=0):
    """Return gradients of shape (steps, len(scales)); one coordinate per scale.

    With gradients from 1e-4 to 100 an epsilon of 1e-3 rules in some coordinates and vanishes in
    others, inside the root as well as outside.
    """
    return np.random.default_rng(seed).normal(size=(steps, len(scales))) * np.array(scales)


def follow(optimizer, start, gradients):
    """Apply the gradients one by one, eagerly; return theta_0 .. theta_T as float64."""
    theta = keras.Variable(start)
    path = [to_numpy(theta)]
    for g in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(g, dtype=theta.dtype)], [theta])
        path.append(to_numpy(theta))
    return np.array(path)


def walk(optimizer, start, gradient, steps, before_step=None):
    """Walk with gradient(t, theta) in one compiled loop; return theta_0 .. theta_T as float64."""
    theta = keras.Variable(start)
    optimizer.build([theta])
    before_step = before_step or (lambda t: None)
    first = to_numpy(theta)
    rest = LOOPS[BACKEND](optimizer, theta, gradient, steps, before_step)
    return np.concatenate([first[None], np.asarray(rest, "float64")])


def _tensorflow_loop(optimizer, theta, gradient, steps, before_step):
    import tensorflow as tf

    def step(_, t):
        before_step(tf.cast(t, theta.dtype))
        optimizer.apply([gradient(t, theta)], [theta])
        return tf.convert_to_tensor(theta)

    # Without AutoGraph, which would compile the optimizer again from the file on the disk.
    @tf.function(autograph=False)
    def loop():
        return tf.scan(step, tf.range(1, steps + 1), initializer=tf.convert_to_tensor(theta))

    return loop()


def _jax_loop(optimizer, theta, gradient, steps, before_step):
    import jax

    def step(state, t):
        values, slots = state
        before_step(t.astype(theta.dtype))
        state = optimizer.stateless_apply(slots, [gradient(t, values[0])], values)
        return state, state[0][0]

    start = ([theta.value], [v.value for v in optimizer.variables])
    return jax.lax.scan(step, start, jax.numpy.arange(1, steps + 1))[1]


def _eager_loop(optimizer, theta, gradient, steps, before_step):
    path = []
    for t in range(1, steps + 1):
        before_step(t)
        optimizer.apply([gradient(t, theta)], [theta])
        path.append(to_numpy(theta))
    return path


LOOPS = {"tensorflow": _tensorflow_loop, "jax": _jax_loop, "torch": _eager_loop}


def compiled_step(optimizer, theta):
    """Return a function of the gradient that takes one step, as one compiled program."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(lambda g: optimizer.apply([g], [theta]), autograph=False)
    import jax

    apply = jax.jit(optimizer.stateless_apply)

    def step(g):
        slots = [slot.value for slot in optimizer.variables]
        thetas, slots = apply(slots, [g], [theta.value])
        for variable, value in zip([theta, *optimizer.variables], thetas + slots, strict=True):
            variable.assign(value)

    return step


def count_traces(row, monkeypatch):
    """Return a list that grows by one whenever `update_step` runs in Python."""
    traces, update_step = [], row.optimizer.update_step

    def counted(*arguments):
        traces.append(len(traces))
        update_step(*arguments)

    monkeypatch.setattr(row.optimizer, "update_step", counted)
    return traces


def to_numpy(tensor):
    """Return a tensor or variable of any dtype, bfloat16 included, as a float64 array."""
    if keras.backend.standardize_dtype(tensor.dtype) == "bfloat16":
        tensor = keras.ops.cast(tensor, "float32")  # NumPy has no bfloat16 of its own
    return np.array(keras.ops.convert_to_numpy(tensor), "float64")


def assert_close(actual, expected, tolerance):
    """Compare two paths; the error is measured against how far each coordinate travels.

    A coordinate with tiny gradients counts as much as one with large ones.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    travelled = np.max(np.abs(expected - expected[0]), axis=0)
    error = np.max(np.abs(actual - expected), axis=0)
    assert actual.shape == expected.shape
    assert np.all(error <= tolerance * travelled), f"relative error {error / travelled}"
