"""A recipe tells apart what a compiled program depends on, and refuses what it cannot copy."""

import keras
import pytest

from ravine.optimizers import Adam, Momentum
from ravine.recipes import constant_rate, recipe_of


def test_a_learning_rate_is_no_part_of_the_recipe():
    assert recipe_of(Adam(0.1)) == recipe_of(Adam(0.2))
    assert hash(recipe_of(Adam(0.1))) == hash(recipe_of(Adam(0.2)))
    assert constant_rate(Adam(0.1)) == pytest.approx(0.1)


def test_other_settings_and_classes_are():
    other_class = type("Adam", (Adam,), {})
    recipes = [
        recipe_of(optimizer)
        for optimizer in (Adam(0.1), Adam(0.1, beta_1=0.8), Adam(0.1, clipnorm=1.0))
    ]
    recipes += [recipe_of(other_class(0.1)), recipe_of(Momentum(0.1))]
    assert len(set(recipes)) == 5


def test_a_schedule_is_part_of_the_recipe():
    schedules = [keras.optimizers.schedules.ExponentialDecay(0.1, n, 0.9) for n in (10, 20)]
    first, second = (recipe_of(Adam(schedule)) for schedule in schedules)
    assert first != second
    assert constant_rate(Adam(schedules[0])) is None
    assert first.make().get_config() == Adam(schedules[0]).get_config()


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
