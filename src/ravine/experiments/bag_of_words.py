"""Movie reviews as bags of words: the sparse problem of the paper's figure 1b."""

from ravine.experiments.setting import Experiment

EXPERIMENTS: tuple[Experiment, ...] = ()
