"""How the book draws: one style, then the pictures of walks, of training and of networks.

The functions draw what they are given and train nothing.
"""

from ravine.figures.networks import network_diagram
from ravine.figures.style import (
    CROSS,
    INK,
    LOOKS,
    PAPER,
    RING,
    TERRAIN,
    Look,
    band,
    curve,
    figure,
    look,
    tidy_log_axis,
    use_style,
)
from ravine.figures.training import (
    COLUMN_LABELS,
    MARK,
    OPEN,
    SHAPES,
    published_marks,
    sensitivity,
    training_curves,
)
from ravine.figures.walks import contours, paths, surface_3d, updates

__all__ = [
    "COLUMN_LABELS",
    "CROSS",
    "INK",
    "LOOKS",
    "MARK",
    "OPEN",
    "PAPER",
    "RING",
    "SHAPES",
    "TERRAIN",
    "Look",
    "band",
    "contours",
    "curve",
    "figure",
    "look",
    "network_diagram",
    "paths",
    "published_marks",
    "sensitivity",
    "surface_3d",
    "tidy_log_axis",
    "training_curves",
    "updates",
    "use_style",
]
