"""Where the algorithms walk, and the walk itself.

Error surfaces over two parameters, the regression problems behind some of them, a bowl with the
noise of minibatches, classes as frequent as words, and the error of a whole network. Only the last,
and walking, load Keras.
"""

from typing import TYPE_CHECKING

from ravine._faces import on_demand
from ravine.surfaces.analytic import (
    SURFACES,
    bowl,
    himmelblau,
    many_minima,
    monkey_saddle,
    plateau,
    quadratic,
    ravine,
    rosenbrock,
    saddle,
)
from ravine.surfaces.noisy_quadratic import (
    Best,
    NoisyQuadratic,
    adam_losses,
    critical_batch,
    expected_loss,
    expected_losses,
    first_below,
    steady_loss,
)
from ravine.surfaces.regression import (
    LinearRegression,
    aligned_ravine,
    minibatches,
    oblique_ravine,
    sparse_ravine,
)
from ravine.surfaces.softmax import (
    DIRECTIONS,
    SoftmaxRegression,
    fit,
    frequency_groups,
    zipf_classes,
)
from ravine.surfaces.surface import Surface, Window

if TYPE_CHECKING:
    from ravine.surfaces.descent import BEYOND, Path, descend, walk
    from ravine.surfaces.network import (
        ErrorSurface,
        MainPlane,
        flatten,
        largest_eigenpairs,
        main_plane,
        plane_curvatures,
        random_direction,
        spectrum,
    )
    from ravine.surfaces.races import RATES, MedianRatio, Race, compare_ends, race, tuned_race

__all__ = [
    "BEYOND",
    "DIRECTIONS",
    "RATES",
    "SURFACES",
    "Best",
    "ErrorSurface",
    "LinearRegression",
    "MainPlane",
    "MedianRatio",
    "NoisyQuadratic",
    "Path",
    "Race",
    "SoftmaxRegression",
    "Surface",
    "Window",
    "adam_losses",
    "aligned_ravine",
    "bowl",
    "compare_ends",
    "critical_batch",
    "descend",
    "expected_loss",
    "expected_losses",
    "first_below",
    "fit",
    "flatten",
    "frequency_groups",
    "himmelblau",
    "largest_eigenpairs",
    "main_plane",
    "many_minima",
    "minibatches",
    "monkey_saddle",
    "oblique_ravine",
    "plane_curvatures",
    "plateau",
    "quadratic",
    "race",
    "random_direction",
    "ravine",
    "rosenbrock",
    "saddle",
    "sparse_ravine",
    "spectrum",
    "steady_loss",
    "tuned_race",
    "walk",
    "zipf_classes",
]

__getattr__ = on_demand(
    __name__,
    {
        "descent": ("BEYOND", "Path", "descend", "walk"),
        "races": ("RATES", "MedianRatio", "Race", "compare_ends", "race", "tuned_race"),
        "network": (
            "ErrorSurface",
            "MainPlane",
            "flatten",
            "largest_eigenpairs",
            "main_plane",
            "plane_curvatures",
            "random_direction",
            "spectrum",
        ),
    },
)
