"""A language model on the Penn Treebank, slide 48 of the presentation."""

from ravine.experiments.setting import Experiment

EXPERIMENTS: tuple[Experiment, ...] = ()
