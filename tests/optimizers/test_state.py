"""State: what is stored, saved, resumed and refused."""

import inspect

import keras
import numpy as np
import pytest
from keras import ops

from tests.optimizers.contract import (
    BACKEND,
    every_kind_of_optimizer,
    every_optimizer,
    follow,
    random_gradients,
    to_numpy,
)

FOR_ALL = {
    "name": "mine",
    "weight_decay": 0.01,
    "clipnorm": 1.0,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": True,
    "ema_momentum": 0.9,
    "ema_overwrite_frequency": 5,
    "loss_scale_factor": 2.0,
    "gradient_accumulation_steps": 2,
}


def constructor_arguments(row):
    """Return the names of the arguments of the class and of Keras' base class."""
    own = inspect.signature(row.optimizer).parameters
    base = inspect.signature(keras.optimizers.Optimizer.__init__).parameters
    if "args" in base:  # TensorFlow's layer passes everything on
        base = dict.fromkeys(FOR_ALL)
    return {*own, *base} - {"self", "args", "kwargs"}


@every_optimizer
def test_every_constructor_argument_is_in_the_config(row):
    """An argument that is missing there reloads as its default without a word."""
    assert constructor_arguments(row) == {"learning_rate", *row.kwargs, *FOR_ALL}
    config = row.make(0.5, **FOR_ALL).get_config()
    assert config == {"learning_rate": 0.5, **row.kwargs, **FOR_ALL}


@every_optimizer
def test_config_round_trip(row):
    config = row.make(0.5, **FOR_ALL).get_config()
    assert row.optimizer.from_config(dict(config)).get_config() == config


@every_optimizer
def test_serialization_round_trip(row):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.9)
    for learning_rate in (0.5, schedule):
        optimizer = row.make(learning_rate, **FOR_ALL)
        stored = keras.saving.serialize_keras_object(optimizer)
        again = keras.saving.deserialize_keras_object(stored)
        assert type(again) is row.optimizer
        assert again.get_config() == optimizer.get_config()
        assert keras.optimizers.deserialize(stored).get_config() == optimizer.get_config()


def small_model(optimizer, **compile_kwargs):
    """Return a linear model with the same initial weights on every call."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.set_weights([np.arange(6, dtype="float32").reshape(3, 2) / 10, np.zeros(2, "float32")])
    model.compile(optimizer, loss="mse", **compile_kwargs)
    return model


def small_batch():
    rng = np.random.default_rng(0)
    return rng.normal(size=(4, 3)).astype("float32"), rng.normal(size=(4, 2)).astype("float32")


@every_optimizer
def test_saved_model_resumes_with_the_same_step(row, tmp_path):
    model = small_model(row.make())
    for _ in range(3):
        model.train_on_batch(*small_batch())
    model.save(tmp_path / "model.keras")

    again = keras.models.load_model(tmp_path / "model.keras")
    assert type(again.optimizer) is row.optimizer
    for stored, loaded in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(to_numpy(loaded), to_numpy(stored))

    model.train_on_batch(*small_batch())
    again.train_on_batch(*small_batch())
    for continued, resumed in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(resumed, continued)


@every_optimizer
def test_restart_from_saved_state_is_exact(row):
    gradients = random_gradients(steps=8)
    whole = follow(row.make(), np.zeros(4, "float32"), gradients)

    first, theta = row.make(), keras.Variable(np.zeros(4, "float32"))
    for g in gradients[:4]:
        first.apply([ops.convert_to_tensor(g, "float32")], [theta])
    state = {}
    first.save_own_variables(state)

    second = row.make()
    resumed = keras.Variable(theta)
    second.build([resumed])
    second.load_own_variables(state)
    for g in gradients[4:]:
        second.apply([ops.convert_to_tensor(g, "float32")], [resumed])
    np.testing.assert_array_equal(to_numpy(resumed), whole[-1])


@every_optimizer
def test_one_slot_per_variable_and_symbol(row):
    shapes = [(), (3,), (2, 3)]
    optimizer = row.make()
    optimizer.build([keras.Variable(np.ones(shape, "float32")) for shape in shapes])

    matrices = [shape for shape in shapes if row.factors and len(shape) == 2]
    expected = {symbol: [s for s in shapes if s not in matrices] for symbol in row.slots}
    for axis, symbol in enumerate(row.factors):
        expected[symbol] = [(shape[axis], shape[axis]) for shape in matrices]

    bookkeeping = 2  # iteration and learning rate
    assert len(optimizer.variables) == bookkeeping + sum(map(len, expected.values()))
    for symbol, its_shapes in expected.items():
        slots = [slot for slot in getattr(optimizer, symbol) if slot is not None]
        assert [tuple(slot.shape) for slot in slots] == its_shapes
        assert all(np.all(to_numpy(slot) == 0) for slot in slots)
        assert all(slot.name.endswith(f"_{symbol}") for slot in slots)
        assert not any(slot.trainable for slot in slots)


@every_optimizer
def test_building_twice_makes_no_second_state(row):
    variables = [keras.Variable([1.0, 2.0]), keras.Variable([3.0])]
    optimizer = row.make()
    optimizer.build(variables)
    optimizer.apply([ops.ones((2,)), ops.ones((1,))], variables)
    before = [id(v) for v in optimizer.variables], [to_numpy(v) for v in optimizer.variables]

    optimizer.build(variables)
    assert [id(v) for v in optimizer.variables] == before[0]
    for variable, value in zip(optimizer.variables, before[1], strict=True):
        np.testing.assert_array_equal(to_numpy(variable), value)


@every_optimizer
def test_a_second_model_is_refused(row):
    """Its state belongs to the first; one sentence says what to do."""
    first, second = keras.Variable([1.0]), keras.Variable([1.0])
    optimizer = row.make()
    optimizer.build([first])
    for others in ([second], [first, second], []):
        with pytest.raises(ValueError, match="make a new optimizer for each model") as error:
            optimizer.build(others)
        assert f"This {row.name} already holds the state" in str(error.value)
        assert ". " not in str(error.value)

    with pytest.raises(ValueError, match="variable"):
        optimizer.apply([ops.ones((1,))], [second])
    assert to_numpy(second) == [1.0]


@pytest.mark.skipif(BACKEND == "jax", reason="on JAX fit hands over values and no variables")
@every_kind_of_optimizer
def test_fit_refuses_the_optimizer_of_another_model(row):
    optimizer = row.make()
    small_model(optimizer).train_on_batch(*small_batch())
    with pytest.raises(ValueError, match=r"make a new optimizer for each model|Unknown variable"):
        small_model(optimizer).train_on_batch(*small_batch())
