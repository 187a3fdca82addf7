"""A recipe tells apart what a compiled program depends on, and refuses what it cannot copy."""

import keras
import numpy as np
import pytest

from ravine.experiments import vae
from ravine.optimizers import AdaGrad, Adam, GradientDescent, Momentum, Nesterov, RMSprop
from ravine.training.recipes import hyperparameters, recipe_of, set_hyperparameters


def test_hyperparameters_of_our_classes_are_no_part_of_the_recipe():
    optimizers = Adam(0.1), Adam(0.2), Adam(0.1, beta_1=0.8, beta_2=0.99, epsilon=1e-7)
    assert len({recipe_of(optimizer) for optimizer in optimizers}) == 1
    values = {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-7}
    assert hyperparameters(optimizers[2]) == pytest.approx(values)
    assert recipe_of(Momentum(0.1, beta=0.5)) == recipe_of(Momentum(0.2, beta=0.7))


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (Adam, {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 0.1}),
        (AdaGrad, {"epsilon": 0.1}),
        (GradientDescent, {}),
        (Momentum, {"beta": 0.3}),
        (Nesterov, {"beta": 0.3}),
        (RMSprop, {"rho": 0.5, "epsilon": 0.1}),
        (vae.UncorrectedAdam, {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 0.1}),
    ],
)
def test_a_copy_with_the_same_hyperparameters_takes_the_same_steps(kind, arguments):
    """A copy that was made for other numbers, and reads all of them from variables."""
    optimizer = kind(0.2, **arguments)
    assert set(hyperparameters(optimizer)) == {"learning_rate", *arguments}
    copy = recipe_of(kind()).make()
    set_hyperparameters(copy, hyperparameters(optimizer))
    paths = []
    for each in (optimizer, copy):
        theta = keras.Variable([1.0, -2.0])
        for gradient in ([3.0, 0.1], [-1.0, 0.2], [2.0, 0.0]):
            each.apply([keras.ops.array(gradient)], [theta])
        paths.append(keras.ops.convert_to_numpy(theta))
    np.testing.assert_allclose(*paths, rtol=1e-6)
    assert abs(paths[0] - [1.0, -2.0]).min() > 1e-2


def test_other_settings_and_classes_are():
    other_class = type("Adam", (Adam,), {})
    recipes = [recipe_of(optimizer) for optimizer in (Adam(0.1), Adam(0.1, clipnorm=1.0))]
    recipes += [recipe_of(other_class(0.1)), recipe_of(Momentum(0.1))]
    assert len(set(recipes)) == 4


def test_what_another_class_does_with_its_numbers_is_not_known():
    first, second = (keras.optimizers.SGD(0.1, momentum=momentum) for momentum in (0.0, 0.9))
    assert recipe_of(first) != recipe_of(second)
    assert list(hyperparameters(second)) == ["learning_rate"]


def test_a_schedule_is_part_of_the_recipe():
    schedules = [keras.optimizers.schedules.ExponentialDecay(0.1, n, 0.9) for n in (10, 20)]
    first, second = (recipe_of(Adam(schedule)) for schedule in schedules)
    assert first != second
    assert "learning_rate" not in hyperparameters(Adam(schedules[0]))
    made, expected = first.make().get_config(), Adam(schedules[0]).get_config()
    assert made["learning_rate"] == expected["learning_rate"]


def test_a_built_in_optimizer_has_a_recipe():
    made = recipe_of(keras.optimizers.SGD(0.1, momentum=0.7)).make()
    assert made.momentum == 0.7


def test_a_class_without_arguments_of_its_own_needs_no_get_config():
    class SignDescent(keras.optimizers.Optimizer):
        pass

    assert recipe_of(SignDescent(0.1)) == recipe_of(SignDescent(0.2))


def test_a_forgotten_argument_is_named():
    class Forgetful(keras.optimizers.Optimizer):
        def __init__(self, learning_rate=0.1, beta=0.9, name="forgetful", **kwargs):
            super().__init__(learning_rate, name=name, **kwargs)
            self.beta = beta

    with pytest.raises(ValueError, match=r"Forgetful.get_config\(\) leaves out 'beta'"):
        recipe_of(Forgetful(beta=0.5))
