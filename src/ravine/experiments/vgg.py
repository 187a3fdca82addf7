"""VGG16 on ImageNet, slide 47 of the presentation."""

from ravine.experiments.setting import Experiment

EXPERIMENTS: tuple[Experiment, ...] = ()
