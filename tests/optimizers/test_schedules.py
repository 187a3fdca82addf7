"""The schedules: their values at every step, in compiled programs, and what they refuse."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from ravine.optimizers import (
    AdaGrad,
    Adam,
    CosineDecay,
    DecayAfter,
    GradientDescent,
    InverseSquareRoot,
    LinearWarmup,
    Momentum,
    Nesterov,
    RMSprop,
    StepDecay,
    WarmupStableDecay,
)
from ravine.training import recipe_of

BACKEND = keras.backend.backend()
SCHEDULES = {
    "InverseSquareRoot": InverseSquareRoot(0.1),
    "DecayAfter": DecayAfter(0.1, steps_per_epoch=2, epochs=1, factor=0.5),
    "LinearWarmup": LinearWarmup(0.1, steps=5),
    "StepDecay": StepDecay(0.1, [2, 5], 0.5),
    "WarmupStableDecay": WarmupStableDecay(0.1, 8, warmup=2, decay=3),
    "LinearWarmup before CosineDecay": LinearWarmup(CosineDecay(0.1, 7), steps=3),
}
each_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
OPTIMIZERS = [AdaGrad, Adam, GradientDescent, Momentum, Nesterov, RMSprop]


@pytest.mark.parametrize("t", [1, 2, 3, 100, 21_105, 2**24 + 1, 2**31 - 1])
def test_inverse_square_root(t):
    assert float(InverseSquareRoot(0.3)(t - 1)) == pytest.approx(0.3 / math.sqrt(t), rel=2e-7)


@pytest.mark.parametrize("steps", [1, 7, 1327, 5_000_000])
def test_decay_after_is_zarembas(steps):
    """39 epochs, the first 6 at the whole rate, then 5/6 of the last epoch's."""
    schedule = DecayAfter(1.0, steps)
    expected = 1.0
    for epoch in range(1, 40):
        expected *= 5 / 6 if epoch > 6 else 1
        first, last = (epoch - 1) * steps, epoch * steps - 1
        for step in (first, (first + last) // 2, last):
            assert float(schedule(step)) == pytest.approx(expected, rel=1e-6), (epoch, step)


def test_decay_after_counts_steps_that_float32_cannot():
    steps = 2**24 + 1
    schedule = DecayAfter(1.0, steps_per_epoch=steps, epochs=3, factor=0.5)
    assert [float(schedule(3 * steps + more)) for more in (-1, 0)] == [1.0, 0.5]


def test_decay_from_the_first_epoch():
    schedule = DecayAfter(1.0, steps_per_epoch=10, epochs=0, factor=0.5)
    assert [float(schedule(step)) for step in (0, 9, 10)] == [0.5, 0.5, 0.25]


@pytest.mark.parametrize("steps", [1, 2, 20, 2000, 2**24 + 1])
def test_linear_warmup(steps):
    schedule = LinearWarmup(0.3, steps)
    for t in {1, (steps + 1) // 2, steps}:
        assert float(schedule(t - 1)) == pytest.approx(0.3 * t / steps, rel=2e-7), t
    for t in (steps + 1, 2 * steps, 2**31 - 1):
        assert float(schedule(t - 1)) == pytest.approx(0.3, rel=2e-7), t


@each_schedule
def test_a_step_may_be_a_number_or_a_variable(schedule):
    counter = Adam(schedule).iterations
    counter.assign(5)
    rates = [schedule(step) for step in (5, np.int32(5), counter)]
    assert len({float(rate) for rate in rates}) == 1
    assert {keras.backend.standardize_dtype(rate.dtype) for rate in rates} == {"float32"}


def compiled(optimizer, theta):
    """Return a compiled function of the gradient that takes one step."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(lambda g: optimizer.apply([g], [theta]), autograph=False)

    import jax

    step = jax.jit(lambda slots, g, weights: optimizer.stateless_apply(slots, [g], weights))

    def run(g):
        variables = optimizer.variables
        weights, slots = step([v.value for v in variables], g, [theta.value])
        for variable, value in zip((theta, *variables), (*weights, *slots), strict=True):
            variable.assign(value)

    return run


@each_schedule
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda each: each.__name__)
def test_compiled_steps_are_those_at_the_rates_of_the_schedule(optimizer, schedule):
    """Beside an optimizer whose rate is set by hand before every step."""
    scheduled, by_hand = optimizer(schedule), optimizer(1.0)
    thetas = [keras.Variable([1.0, -2.0]) for _ in range(2)]
    for each, theta in zip((scheduled, by_hand), thetas, strict=True):
        each.build([theta])
    step = compiled(scheduled, thetas[0])
    for t in range(1, 9):
        g = ops.convert_to_tensor(np.array([0.3 * t, -1.0], "float32"))
        step(g)
        by_hand.learning_rate = float(schedule(t - 1))
        by_hand.apply([g], [thetas[1]])
        first, second = (ops.convert_to_numpy(theta) for theta in thetas)
        np.testing.assert_allclose(first, second, rtol=1e-6, atol=1e-6)
    assert int(scheduled.iterations) == 8


@each_schedule
def test_config_of_an_optimizer_keeps_the_schedule(schedule):
    optimizer = Adam(schedule)
    config = keras.optimizers.serialize(optimizer)
    copies = [keras.optimizers.deserialize(config), recipe_of(optimizer).make()]
    for copy in copies:
        kept = copy.get_config()["learning_rate"]
        assert kept["registered_name"] == f"ravine>{type(schedule).__name__}"
        assert kept["config"] == schedule.get_config()
        assert isinstance(copy._learning_rate, type(schedule))


def test_recipes_tell_schedules_apart():
    recipes = [
        recipe_of(Adam(DecayAfter(1.0, steps, epochs, factor)))
        for steps, epochs, factor in ((9, 6, 0.5), (8, 6, 0.5), (9, 5, 0.5), (9, 6, 0.6))
    ]
    recipes += [recipe_of(Adam(InverseSquareRoot(rate))) for rate in (0.1, 0.2)]
    recipes += [recipe_of(Adam(LinearWarmup(0.1, steps))) for steps in (2, 3)]
    assert len(set(recipes)) == 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *(
            (
                (rate, 9),
                f"initial_learning_rate must be a finite number above 0, but it was {rate!r}.",
            )
            for rate in (0, -0.1, math.nan, math.inf, True, "0.1", None)
        ),
        *(
            (
                (1.0, steps),
                f"steps_per_epoch must be a whole number of at least 1, but it was {steps!r}.",
            )
            for steps in (0, -1, 1.5, 2.0, True, None)
        ),
        *(
            (
                (1.0, 9, epochs),
                f"epochs must be a whole number of at least 0, but it was {epochs!r}.",
            )
            for epochs in (-1, 0.5, False)
        ),
        *(
            ((1.0, 9, 6, factor), f"factor must be a number in (0, 1], but it was {factor!r}.")
            for factor in (0, -0.5, 1.2, math.nan, True, "5/6")
        ),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(ValueError) as error:
        DecayAfter(*arguments)
    assert str(error.value) == message
    if message.startswith("initial"):
        with pytest.raises(ValueError) as error:
            InverseSquareRoot(arguments[0])
        assert str(error.value) == message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 9), "learning_rate must be a finite number above 0, but it was 0."),
        (
            (math.nan, 9),
            "learning_rate must be a finite number above 0, but it was nan.",
        ),
        ((0.1, 0), "steps must be a whole number of at least 1, but it was 0."),
        ((0.1, 2.0), "steps must be a whole number of at least 1, but it was 2.0."),
    ],
)
def test_refused_warmups(arguments, message):
    with pytest.raises(ValueError) as error:
        LinearWarmup(*arguments)
    assert str(error.value) == message


def test_numbers_of_numpy_are_taken():
    schedule = DecayAfter(np.float32(0.5), np.int64(3), np.int32(2), np.float64(0.25))
    config = schedule.get_config()
    assert list(config.values()) == [0.5, 3, 2, 0.25]
    assert [type(value) for value in config.values()] == [float, int, int, float]
