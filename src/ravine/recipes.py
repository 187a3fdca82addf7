"""What a compiled training program depends on, so that one program serves many learning rates.

The learning rate is a variable that a program reads. The optimizer's class and its other settings
are compiled into it.
"""

import inspect
import json
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import ops


@dataclass(frozen=True)
class Recipe:
    """An optimizer's class and settings, without a constant learning rate.

    Two optimizers that differ in nothing but a constant learning rate have equal recipes.

    Attributes:
        optimizer: the class.
        settings: its configuration as JSON, without its name, which tells recipes apart.
        config: its configuration as a dictionary.
    """

    optimizer: type[keras.optimizers.Optimizer]
    settings: str
    config: dict[str, Any] = field(compare=False, repr=False)

    def make(self) -> keras.optimizers.Optimizer:
        """Return a new optimizer; a constant learning rate has to be set afterwards."""
        return self.optimizer.from_config(dict(self.config))


def recipe_of(optimizer: keras.optimizers.Optimizer) -> Recipe:
    """Describe an optimizer, which is only read.

    Raises:
        ValueError: if its `get_config` leaves out an argument of its constructor: a copy made from
            the configuration would silently use that argument's default.
    """
    config = optimizer.get_config()
    for argument in inspect.signature(type(optimizer)).parameters.values():
        collects = argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD)
        if not collects and argument.name not in config:
            raise ValueError(
                f"{type(optimizer).__name__}.get_config() leaves out {argument.name!r}, so a copy "
                "would use its default; add it there."
            )
    if constant_rate(optimizer) is not None:
        config = {**config, "learning_rate": 1.0}
    settings = {key: value for key, value in config.items() if key != "name"}
    return Recipe(type(optimizer), json.dumps(settings, default=repr, sort_keys=True), config)


def constant_rate(optimizer: keras.optimizers.Optimizer) -> float | None:
    """Return a constant learning rate, or None for a schedule or a callable."""
    rate = optimizer._learning_rate
    return float(ops.convert_to_numpy(rate)) if isinstance(rate, keras.Variable) else None
