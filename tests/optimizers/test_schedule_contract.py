"""What every schedule promises, held against exact fractions and against the schedules of Keras."""

import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravine import optimizers
from ravine.optimizers import (
    Adam,
    ConstantRate,
    CosineDecay,
    DecayAfter,
    GradientDescent,
    InverseSquareRoot,
    InverseTimeDecay,
    LinearDecay,
    LinearWarmup,
    StepDecay,
    WarmupStableDecay,
)
from ravine.surfaces import descend, quadratic
from ravine.training import recipe_of
from tests.optimizers.contract import BACKEND, KINDS

KERAS = keras.optimizers.schedules
RATE = Fraction(3, 10)
WHOLE_STEPS = st.integers(1, 10**6)


@dataclass(frozen=True)
class Row:
    """A schedule, its share of the first rate at step t from its equation, and Keras' twin.

    Attributes:
        make: function (rate) -> schedule.
        share: function t -> share of the rate, by an equation of its own, in float64 or exact.
        until: a step after which it is constant, or far along.
        twin: function (rate) -> schedule of Keras that has the same values, or None.
        arguments: that the constructor takes.
        falls: whether it never rises.
        jumps: the largest change between two steps, as a share of the rate.
    """

    make: Callable[[float], Any]
    share: Callable[[int], Any]
    until: int
    arguments: tuple[str, ...]
    twin: Callable[[float], Any] | None = None
    falls: bool = True
    jumps: float = 1.0


def in_three(t):
    """Up over 4 steps, level, and down over the last 10 of 40; each part by a case of its own."""
    if t < 4:
        return Fraction(t, 4)
    if t <= 30:
        return Fraction(1)
    return Fraction(max(41 - t, 0), 10)


def warm_then_cosine(t):
    return Fraction(t, 5) if t < 5 else (1 + math.cos(math.pi * min(t - 5, 30) / 30)) / 2


ROWS = {
    "ConstantRate": Row(ConstantRate, lambda t: 1, 50, ("learning_rate",), jumps=0),
    "InverseTimeDecay": Row(
        lambda rate: InverseTimeDecay(rate, 8),
        lambda t: Fraction(8, 8 + t - 1),
        200,
        ("initial_learning_rate", "steps"),
        twin=lambda rate: KERAS.InverseTimeDecay(rate, decay_steps=8, decay_rate=1.0),
        jumps=1 / 9,
    ),
    "InverseSquareRoot": Row(
        InverseSquareRoot,
        lambda t: t**-0.5,
        200,
        ("initial_learning_rate",),
        jumps=1 - 0.5**0.5,
    ),
    "StepDecay": Row(
        lambda rate: StepDecay(rate, [5, 6, 20], 0.25),
        lambda t: Fraction(1, 4 ** ((t > 5) + (t > 6) + (t > 20))),
        40,
        ("initial_learning_rate", "boundaries", "factor"),
        # Keras' boundary is the last step before the fall, counted from 0
        twin=lambda rate: KERAS.PiecewiseConstantDecay(
            [4, 5, 19], [rate, rate / 4, rate / 16, rate / 64]
        ),
    ),
    "DecayAfter": Row(
        lambda rate: DecayAfter(rate, steps_per_epoch=3, epochs=2, factor=0.5),
        lambda t: Fraction(1, 2 ** max((t - 1) // 3 + 1 - 2, 0)),
        40,
        ("initial_learning_rate", "steps_per_epoch", "epochs", "factor"),
    ),
    "LinearDecay": Row(
        lambda rate: LinearDecay(rate, 30),
        lambda t: max(1 - Fraction(t - 1, 30), 0),
        60,
        ("initial_learning_rate", "steps"),
        twin=lambda rate: KERAS.PolynomialDecay(rate, 30, end_learning_rate=0.0, power=1.0),
        jumps=1 / 30,
    ),
    "CosineDecay": Row(
        lambda rate: CosineDecay(rate, 30),
        lambda t: (1 + math.cos(math.pi * min(t - 1, 30) / 30)) / 2,
        60,
        ("initial_learning_rate", "steps"),
        twin=lambda rate: KERAS.CosineDecay(rate, 30, alpha=0.0),
        jumps=math.pi / 60,
    ),
    "LinearWarmup": Row(
        lambda rate: LinearWarmup(CosineDecay(rate, 30), 5),
        warm_then_cosine,
        60,
        ("learning_rate", "steps"),
        # Keras warms up from 0, which ours never is at: its step 1 is our first
        twin=lambda rate: (
            lambda step: KERAS.CosineDecay(0.0, 30, alpha=0.0, warmup_target=rate, warmup_steps=5)(
                step + 1
            )
        ),
        falls=False,
        jumps=1 / 5,
    ),
    "WarmupStableDecay": Row(
        lambda rate: WarmupStableDecay(rate, 40, warmup=4, decay=10),
        in_three,
        60,
        ("learning_rate", "steps", "warmup", "decay"),
        falls=False,
        jumps=1 / 4,
    ),
}
every = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def values(schedule, steps):
    return np.array([float(schedule(step)) for step in range(steps)])


def test_every_schedule_has_its_row():
    base = KERAS.LearningRateSchedule
    kinds = [getattr(optimizers, name) for name in optimizers.__all__]
    schedules = {k.__name__ for k in kinds if isinstance(k, type) and issubclass(k, base)}
    assert schedules == ROWS.keys()


@every
def test_values_are_those_of_the_equation(row):
    ours = values(row.make(float(RATE)), row.until)
    expected = [float(RATE * Fraction(row.share(t))) for t in range(1, row.until + 1)]
    np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.twin])
def test_values_are_those_of_keras(name):
    row = ROWS[name]
    twin = row.twin(float(RATE))
    np.testing.assert_allclose(
        values(row.make(float(RATE)), row.until), values(twin, row.until), rtol=1e-5, atol=1e-7
    )


@every
def test_it_is_never_negative_and_never_above_the_rate(row):
    ours = values(row.make(float(RATE)), row.until)
    assert (ours >= 0).all() and (ours <= np.float32(RATE) * (1 + 1e-6)).all()
    for step in (2**24 + 1, 2**31 - 1):
        assert 0 <= float(row.make(float(RATE))(step)) <= float(RATE) * (1 + 1e-6)


@every
def test_it_falls_and_jumps_as_its_row_says(row):
    steps = np.diff(values(row.make(1.0), row.until))
    assert (steps <= 1e-7).all() == row.falls
    assert np.abs(steps).max() <= row.jumps + 1e-6


@every
def test_config_makes_the_same_schedule_again(row):
    schedule = row.make(0.25)
    assert tuple(schedule.get_config()) == row.arguments
    stored = json.loads(json.dumps(keras.optimizers.schedules.serialize(schedule)))
    assert stored["registered_name"] == f"ravine>{type(schedule).__name__}"
    for copy in (
        keras.optimizers.schedules.deserialize(stored),
        type(schedule).from_config(json.loads(json.dumps(schedule.get_config()))),
        recipe_of(Adam(schedule)).make()._learning_rate,
    ):
        assert copy.get_config() == schedule.get_config()
        assert values(copy, 45).tolist() == values(schedule, 45).tolist()


@every
@pytest.mark.parametrize("precision", ["float16", "bfloat16", "float64"])
def test_the_course_of_the_rate_does_not_depend_on_the_precision(row, precision):
    """70,000 steps are more than float16 can count to, and 0.3 has three digits there."""
    if precision == "float64" and BACKEND == "jax" and not os.environ.get("JAX_ENABLE_X64"):
        pytest.skip("JAX has no float64 without JAX_ENABLE_X64")
    expected = [float(row.make(0.3)(step)) for step in (0, 7, 33, 70_000)]
    if type(row.make(0.3)) in (InverseSquareRoot, DecayAfter) and precision != "float64":
        pytest.skip("it counts in the precision of Keras, and recorded runs depend on its code")
    keras.config.set_floatx(precision)
    try:
        found = [float(row.make(0.3)(step)) for step in (0, 7, 33, 70_000)]
    finally:
        keras.config.set_floatx("float32")
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(end=WHOLE_STEPS, share=st.floats(0, 1))
def test_what_falls_to_zero_starts_whole_and_ends_at_its_last_step(end, share):
    linear, cosine = LinearDecay(0.5, end), CosineDecay(0.5, end)
    step = int(share * (end - 1))
    left = Fraction(end - step, end)
    assert float(linear(step)) == pytest.approx(float(left / 2), rel=1e-6)
    assert float(cosine(step)) == pytest.approx(math.sin(math.pi / 2 * left) ** 2 / 2, rel=1e-5)
    for schedule in (linear, cosine):
        assert float(schedule(0)) == 0.5
        assert float(schedule(end - 1)) > 0
        assert float(schedule(end)) == float(schedule(end + 7)) == 0


@settings(deadline=None, max_examples=40)
@given(warmup=st.integers(1, 10**6), share=st.floats(0, 1), name=st.sampled_from(sorted(ROWS)))
def test_a_warm_up_joins_what_follows(warmup, share, name):
    """Its last step is the first one of the schedule, and each later one is the next."""
    after = ROWS[name].make(0.5)
    schedule = LinearWarmup(after, warmup)
    t = 1 + int(share * (warmup - 1))
    first = float(after(0))
    assert float(schedule(t - 1)) == pytest.approx(first * t / warmup, rel=1e-6)
    for more in (0, 1, 2, 35):
        assert float(schedule(warmup - 1 + more)) == float(after(more))


@settings(deadline=None, max_examples=40)
@given(warmup=st.integers(1, 1000), level=st.integers(0, 1000), decay=st.integers(1, 1000))
def test_the_three_parts_meet(warmup, level, decay):
    end = warmup + level + decay
    schedule = WarmupStableDecay(0.5, end, warmup, decay)
    assert float(schedule(warmup - 1)) == float(schedule(end - decay)) == 0.5
    assert float(schedule(0)) == pytest.approx(0.5 / warmup)
    assert float(schedule(end - 1)) == pytest.approx(0.5 / decay)
    assert float(schedule(end)) == 0
    linear = LinearDecay(0.5, decay)
    for more in (0, decay // 2, decay):
        assert float(schedule(end - decay + more)) == pytest.approx(float(linear(more)))


def test_steps_are_counted_beyond_what_float32_can():
    end = 2**24 + 3
    assert float(optimizers.support.share_left(2**24 + 1, end, 1)) == 2.0


def follow(optimizer, gradients):
    theta = keras.Variable(np.array([1.0, -2.0], "float32"))
    for g in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(g)], [theta])
    return keras.ops.convert_to_numpy(theta)


@pytest.mark.parametrize("kind", KINDS, ids=lambda row: row.name)
def test_every_optimizer_follows_every_schedule(kind):
    """Beside the same optimizer whose rate is set by hand before every step."""
    gradients = np.random.default_rng(0).normal(size=(6, 2)).astype("float32")
    for row in ROWS.values():
        by_hand = kind.make(1.0)
        theta = keras.Variable(np.array([1.0, -2.0], "float32"))
        for t, g in enumerate(gradients, start=1):
            by_hand.learning_rate = 0.01 * float(row.share(t))
            by_hand.apply([keras.ops.convert_to_tensor(g)], [theta])
        found = follow(kind.make(row.make(0.01)), gradients)
        assert found == pytest.approx(keras.ops.convert_to_numpy(theta), abs=2e-6), row


@every
def test_a_compiled_walk_follows_it(row):
    """One program takes all steps; beside x <- x - η h x by hand."""
    surface = quadratic(4.0)
    points = descend(surface, {"": GradientDescent(row.make(0.1))}, steps=45)[""].points
    by_hand = [np.asarray(surface.start, float)]
    for t in range(1, 46):
        rate = 0.1 * float(row.share(t))
        by_hand.append(by_hand[-1] - rate * surface.gradient(by_hand[-1]))
    np.testing.assert_allclose(points, by_hand, rtol=1e-4, atol=1e-6)


def regression():
    x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
    return x, x.sum(axis=1, keepdims=True)


def small_network(dtype="float32"):
    layer = keras.layers.Dense(1, kernel_initializer="zeros", dtype=dtype)
    return keras.Sequential([keras.Input((3,), dtype="float32"), layer])


@pytest.mark.parametrize("kind", KINDS, ids=lambda row: row.name)
def test_fit_stops_where_the_rate_is_zero(kind):
    """After the five steps of the schedule a second epoch moves nothing."""
    model, (x, y) = small_network(), regression()
    model.compile(kind.make(LinearWarmup(LinearDecay(0.01, 4), 2)), loss="mse")
    model.fit(x, y, batch_size=8, verbose=0, shuffle=False)
    once = [w.copy() for w in model.get_weights()]
    assert any(np.abs(w).max() > 0 for w in once)
    model.fit(x, y, batch_size=8, verbose=0, shuffle=False)
    for first, second in zip(once, model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


@every
def test_fit_in_float16(row):
    """Mixed precision with a scaled loss, as Keras sets it up: finite, and it learns."""
    model, (x, y) = small_network("mixed_float16"), regression()
    model.compile(keras.optimizers.LossScaleOptimizer(Adam(row.make(0.1))), loss="mse")
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, batch_size=4, verbose=0)
    after = model.evaluate(x, y, verbose=0)
    assert np.isfinite(after) and after < before


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConstantRate(0), "learning_rate must be a finite number above 0, but it was 0."),
        (
            lambda: InverseTimeDecay(0.1, 0),
            "steps must be a whole number of at least 1, but it was 0.",
        ),
        (
            lambda: InverseTimeDecay(math.inf, 5),
            "initial_learning_rate must be a finite number above 0, but it was inf.",
        ),
        *(
            (
                lambda kind=kind: kind(0.1, 2.5),
                "steps must be a whole number of at least 1, but it was 2.5.",
            )
            for kind in (LinearDecay, CosineDecay)
        ),
        *(
            (
                lambda kind=kind: kind("0.1", 2),
                "initial_learning_rate must be a finite number above 0, but it was '0.1'.",
            )
            for kind in (LinearDecay, CosineDecay)
        ),
        *(
            (
                lambda given=given: StepDecay(0.1, given),
                "boundaries must be a list of whole numbers of at least 1 that rise, "
                f"but it was {given!r}.",
            )
            for given in ([], [0, 3], [3, 3], [5, 4], [2.0], [True, 3], "12", 5, None)
        ),
        (
            lambda: StepDecay(0.1, [3], 1.5),
            "factor must be a number in (0, 1], but it was 1.5.",
        ),
        (
            lambda: LinearWarmup(float, 5),
            "learning_rate must be a finite number above 0, but it was <class 'float'>.",
        ),
        (
            lambda: WarmupStableDecay(0.1, 9, 5, 5),
            "steps must be at least warmup + decay = 10, but it was 9.",
        ),
        (
            lambda: WarmupStableDecay(0.1, 9, 0, 5),
            "warmup must be a whole number of at least 1, but it was 0.",
        ),
        (
            lambda: WarmupStableDecay(0.1, 9, 1, None),
            "decay must be a whole number of at least 1, but it was None.",
        ),
    ],
)
def test_refused_with_one_sentence(make, message):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == message
