"""The variational autoencoder of the paper's figure 4: what bias correction does."""

from ravine.experiments.setting import Experiment

EXPERIMENTS: tuple[Experiment, ...] = ()
