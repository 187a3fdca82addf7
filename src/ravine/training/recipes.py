"""What a compiled training program depends on, so that one program serves a whole sweep.

A program reads the hyperparameters of the course's optimizers, such as η, β₁ and β₂, from
variables. The optimizer's class and its other settings are compiled into it.
"""

import inspect
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from ravine.training.checkpoints import without_modules


@dataclass(frozen=True)
class Recipe:
    """An optimizer's class and settings, without the hyperparameters that a program reads.

    Two optimizers that differ in nothing but `hyperparameters` have equal recipes.

    Attributes:
        optimizer: the class.
        settings: its configuration as JSON, without its name, which tells recipes apart, and
            without the modules of what is registered, which may move.
        config: its configuration as a dictionary.
        read: names of the hyperparameters that are read from variables.
        excluded: pattern of the names of the weights that do not decay.
        inner: of the optimizer that this one wraps.
    """

    optimizer: type[keras.optimizers.Optimizer]
    settings: str
    config: dict[str, Any] = field(compare=False, repr=False)
    read: tuple[str, ...]
    excluded: str = ""
    inner: "Recipe | None" = None

    def make(self, dtype: str = "float32") -> keras.optimizers.Optimizer:
        """Return a new optimizer; its hyperparameters have to be set, see `set_hyperparameters`.

        Args:
            dtype: of the variables that hold them: what the update is computed in.
        """
        if self.inner is not None:
            return self.optimizer(self.inner.make(dtype), **self.config)
        optimizer = self.optimizer.from_config(dict(self.config))
        if self.excluded:
            optimizer.exclude_from_weight_decay(var_names=[self.excluded])
        for name in self.read:
            if name != "learning_rate":  # Keras keeps that one in a variable itself
                variable = optimizer.add_variable((), "zeros", dtype=dtype, name=name)
                setattr(optimizer, name, variable)
        return optimizer


def recipe_of(optimizer: keras.optimizers.Optimizer) -> Recipe:
    """Describe an optimizer, which is only read.

    Raises:
        ValueError: if its `get_config` leaves out an argument of its constructor: a copy made from
            the configuration would silently use that argument's default; or if it has what no copy
            can have: a rate that is any function, or weights excluded by `var_list`.
    """
    _check_can_be_copied(optimizer)
    config = optimizer.get_config()
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        inner = recipe_of(optimizer.inner_optimizer)
        del config["inner_optimizer"]
        settings = {key: value for key, value in config.items() if key != "name"}
        as_text = f"{json.dumps(settings, sort_keys=True)} of {inner.settings}"
        return Recipe(type(optimizer), as_text, config, inner.read, inner=inner)
    for argument in inspect.signature(type(optimizer)).parameters.values():
        collects = argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD)
        if not collects and argument.name not in config:
            raise ValueError(
                f"{type(optimizer).__name__}.get_config() leaves out {argument.name!r}, so a copy "
                "would use its default; add it there."
            )
    read = tuple(hyperparameters(optimizer))
    settings = {key: value for key, value in config.items() if key not in ("name", *read)}
    as_text = json.dumps(without_modules(settings), default=repr, sort_keys=True)
    excluded = names_without_decay(optimizer)
    if not excluded:
        return Recipe(type(optimizer), as_text, config, read)
    joined = "|".join(excluded)
    return Recipe(type(optimizer), f"{as_text} without decay of {joined}", config, read, joined)


def names_without_decay(optimizer: keras.optimizers.Optimizer) -> list[str]:
    """Return the `var_names` that `exclude_from_weight_decay` was given, sorted.

    Keras joins them in an order that changes from process to process, and `get_config` leaves them
    out.
    """
    pattern = getattr(optimizer, "_exclude_from_weight_decay_pattern", None)
    return [] if pattern is None else sorted(pattern.pattern.split("|"))


def _check_can_be_copied(optimizer):
    """Refuse what a copy would drop in silence."""
    name = type(optimizer).__name__
    if getattr(optimizer, "_exclude_from_weight_decay", None):
        raise ValueError(
            f"{name}.exclude_from_weight_decay names weights of one network by var_list, and here "
            "each run has a network of its own: name them by var_names."
        )
    rate = optimizer._learning_rate
    schedule = keras.Variable | keras.optimizers.schedules.LearningRateSchedule
    if not isinstance(rate, schedule):
        raise ValueError(
            f"The learning rate of {name} is a function, which a compiled program would call only "
            "once: give a number or a LearningRateSchedule."
        )


def hyperparameters(optimizer: keras.optimizers.Optimizer) -> dict[str, float]:
    """Return by name the numbers that one program can run with any value of.

    They are a constant learning rate, and the other numbers that the constructor of one of the
    course's own classes takes, which only calculate with them. Another class may do what it wants
    with a number, such as leave out a term where it is 0, so those are compiled into the program.
    """
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return hyperparameters(optimizer.inner_optimizer)
    found = {}
    if isinstance(optimizer._learning_rate, keras.Variable):
        found["learning_rate"] = float(ops.convert_to_numpy(optimizer._learning_rate))
    if type(optimizer).__module__.startswith("ravine."):
        for name in inspect.signature(type(optimizer)).parameters:
            value = vars(optimizer).get(name)
            if isinstance(value, float) and name != "learning_rate":
                found[name] = value
    return found


def pieces(optimizer: keras.optimizers.Optimizer) -> list[Any]:
    """Return an optimizer and what it is made of, such as a schedule: its code is theirs, too."""
    found = [optimizer, *vars(optimizer).values()]
    inner = getattr(optimizer, "inner_optimizer", None)
    return found if inner is None else [*found, *pieces(inner)]


def set_hyperparameters(optimizer: keras.optimizers.Optimizer, values: dict[str, float]) -> None:
    """Set the hyperparameters of an optimizer that `Recipe.make` made."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    for name, value in values.items():
        getattr(optimizer, "_learning_rate" if name == "learning_rate" else name).assign(value)


def first_values(
    slots: Iterable[keras.Variable], weights: Sequence[keras.Variable]
) -> list[np.ndarray | keras.Variable]:
    """Return what an optimizer's state holds before the first step, to set it back later.

    Args:
        slots: the variables of an optimizer that was just built.
        weights: what it was built for.

    Returns:
        For each slot its value; or, where it is a copy of a weight that is not all zeros, as in
        Schedule-Free, that weight, since the next run may start from other ones.
    """
    values = [ops.convert_to_numpy(slot) for slot in slots]
    return [_copied(value, weights) if value.any() else value for value in values]


def _copied(value, weights):
    """Return the weight that has this value, or else the value."""
    equal = (w for w in weights if np.array_equal(value, ops.convert_to_numpy(w)))
    return next(equal, value)
