"""Every option of an optimizer does in the protocol what it does in `fit`, or is refused."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers, ops

from ravine.optimizers import Adam, AdamW, GradientDescent
from ravine.surfaces import ravine, walk
from ravine.training import Trainer, common_start, compare, cross_entropy, recipe_of
from ravine.training.engine import minibatch_order
from ravine.training.recipes import hyperparameters
from tests.training.test_protocol import BATCH, blobs

STEPS = 3
SCALED = keras.optimizers.LossScaleOptimizer


def spared(optimizer):
    optimizer.exclude_from_weight_decay(var_names=["bias", "kernel"])
    return optimizer


OPTIONS = {
    "plain": lambda: Adam(0.1),
    "weight_decay": lambda: Adam(0.1, weight_decay=0.5),
    "excluded": lambda: spared(AdamW(0.1, weight_decay=0.5)),
    "clipnorm": lambda: GradientDescent(0.5, clipnorm=0.1),
    "clipvalue": lambda: keras.optimizers.SGD(0.5, clipvalue=0.05),
    "global_clipnorm": lambda: GradientDescent(0.5, global_clipnorm=0.1),
    "average": lambda: GradientDescent(0.5, use_ema=True, ema_momentum=0.5),
    "overwritten": lambda: keras.optimizers.SGD(
        0.5, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2
    ),
    "factor": lambda: GradientDescent(0.5, loss_scale_factor=1024.0),
    "wrapped": lambda: SCALED(GradientDescent(0.5), initial_scale=1024.0),
    "wrapped Keras": lambda: SCALED(keras.optimizers.SGD(0.5), dynamic_growth_steps=2),
    "accumulated": lambda: GradientDescent(0.5, gradient_accumulation_steps=2),
    "schedule": lambda: Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)),
}
# How far two ways to the same numbers may be apart, as a part of what the weights moved.
POLICIES = {"float32": 1e-4, "mixed_bfloat16": 0.05, "mixed_float16": 0.01, "float64": 1e-6}
TABLE = [
    *(("float32", option) for option in OPTIONS),
    *((policy, option) for policy in list(POLICIES)[1:] for option in ("plain", "average")),
]


def network():
    # another start than zeros, that decay can be seen in the biases
    ones = keras.initializers.Constant(0.5)
    return keras.Sequential([keras.Input((4,)), layers.Dense(3, bias_initializer=ones)])


def values(model):
    return [ops.convert_to_numpy(weight) for weight in model.trainable_variables]


def ours(make, data, start):
    model, optimizer = network(), make()
    recipe = recipe_of(optimizer)
    exact = "float64" if model.trainable_variables[0].dtype == "float64" else "float32"
    trainer = Trainer(model, recipe.make(exact), data, BATCH)
    trainer.restart(start, 0, hyperparameters(optimizer))
    trainer.train(0, 1)
    with trainer.finished():
        return values(model)


def fits(make, data, start):
    model = network()
    for variable, value in zip(model.variables, start, strict=True):
        variable.assign(value)
    model.compile(make(), loss=lambda y, out: cross_entropy(y, out), jit_compile=False)
    rows = minibatch_order(len(data.x_train), BATCH, 0, 1).ravel()
    x, y = data.x_train[rows], data.y_train[rows]
    model.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0)
    return values(model)


def distance(policy, option):
    """Return how far our way and that of `fit` end from each other, in steps that they take."""
    before = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_dtype_policy(policy)
    if policy == "float64":
        keras.config.set_floatx("float64")
    try:
        data, start = blobs(), common_start(network, 0)
        pairs = [ends(OPTIONS[option], data, start) for ends in (ours, fits)]
        trained = [each for each in start if np.issubdtype(each.dtype, np.floating)]
        moved = max(abs(a - b).max() for a, b in zip(pairs[1], trained, strict=True))
        assert moved > 1e-3
        return max(abs(a - b).max() for a, b in zip(*pairs, strict=True)) / moved
    finally:
        keras.config.set_dtype_policy(before[0])
        keras.config.set_floatx(before[1])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("policy", "option"), TABLE)
def test_the_protocol_takes_the_steps_of_fit(policy, option):
    assert distance(policy, option) < POLICIES[policy]


ON_JAX = """
from tests.training.test_carried_options import *
for policy, option in TABLE:
    found = distance(policy, option)
    assert found < POLICIES[policy], (policy, option, found)
print("passed")
"""


def test_on_jax():
    pytest.importorskip("jax")
    done = subprocess.run(
        [sys.executable, "-c", ON_JAX],
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "passed" in done.stdout, done.stderr[-2000:]


def test_the_average_is_what_is_evaluated():
    def last(make):
        return compare(network, blobs(), {"a": make}, [0], 1, BATCH)["eval_loss"].iloc[-1]

    raw, average = last(lambda: GradientDescent(0.5)), last(OPTIONS["average"])
    assert abs(raw - average) > 1e-3


def by_variable():
    optimizer = AdamW(0.1)
    optimizer.exclude_from_weight_decay(var_list=[keras.Variable(1.0)])
    return optimizer


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (by_variable, "name them by var_names"),
        (lambda: Adam(lambda: 0.1), "give a number or a LearningRateSchedule"),
    ],
)
def test_what_no_copy_can_have_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        recipe_of(make())


@pytest.mark.parametrize("option", ["average", "factor", "wrapped"])
def test_a_walk_refuses_what_belongs_to_a_training(option):
    with pytest.raises(ValueError, match="A walk shows the points themselves"):
        walk(ravine(), OPTIONS[option]())
