"""CIFAR-10: the convolutional network of the paper's figure 3."""

from ravine.experiments.setting import Experiment

EXPERIMENTS: tuple[Experiment, ...] = ()
