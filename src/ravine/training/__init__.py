"""How algorithms are compared: the protocol, and what trains a network underneath.

`compare` runs the protocol, `Trainer` runs epochs. All but the checkpoints loads Keras, and so is
loaded when it is asked for.
"""

from typing import TYPE_CHECKING

from ravine._faces import on_demand
from ravine.training.checkpoints import (
    Checkpoint,
    CheckpointError,
    CheckpointWarning,
    read_checkpoint,
    without_modules,
)
from ravine.training.names import forget_runs, run_name

if TYPE_CHECKING:
    from ravine.training.cluster import ClusterError, compare_on_cluster, on_every_place
    from ravine.training.devices import several
    from ravine.training.engine import (
        Evaluator,
        Loss,
        Trainer,
        minibatch_order,
    )
    from ravine.training.losses import cross_entropy, negative_elbo
    from ravine.training.protocol import (
        DIVERGED,
        MakeModel,
        MakeOptimizer,
        Report,
        common_start,
        compare,
    )
    from ravine.training.recipes import (
        Recipe,
        first_values,
        hyperparameters,
        names_without_decay,
        recipe_of,
        set_hyperparameters,
    )

__all__ = [
    "DIVERGED",
    "Checkpoint",
    "CheckpointError",
    "CheckpointWarning",
    "ClusterError",
    "Evaluator",
    "Loss",
    "MakeModel",
    "MakeOptimizer",
    "Recipe",
    "Report",
    "Trainer",
    "common_start",
    "compare",
    "compare_on_cluster",
    "cross_entropy",
    "first_values",
    "forget_runs",
    "hyperparameters",
    "minibatch_order",
    "names_without_decay",
    "negative_elbo",
    "on_every_place",
    "read_checkpoint",
    "recipe_of",
    "run_name",
    "set_hyperparameters",
    "several",
    "without_modules",
]

__getattr__ = on_demand(
    __name__,
    {
        "cluster": ("ClusterError", "compare_on_cluster", "on_every_place"),
        "devices": ("several",),
        "engine": (
            "Evaluator",
            "Loss",
            "Trainer",
            "minibatch_order",
        ),
        "losses": ("cross_entropy", "negative_elbo"),
        "protocol": (
            "DIVERGED",
            "MakeModel",
            "MakeOptimizer",
            "Report",
            "common_start",
            "compare",
        ),
        "recipes": (
            "Recipe",
            "first_values",
            "hyperparameters",
            "names_without_decay",
            "recipe_of",
            "set_hyperparameters",
        ),
    },
)
