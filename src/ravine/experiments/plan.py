"""What `ravine record` works through: the figures at their published length, the best value first.

The plan is data and loads no Keras. A test holds its names, seeds and epochs against the settings.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ravine.results import records


@dataclass(frozen=True)
class Unit:
    """One run that is recorded: one algorithm with one seed.

    Attributes:
        experiment: name of the experiment.
        size: folder of the record: "full" at the published length, "3-epochs" at a shorter one, and
            with "-grid" where the run is a trial of the grid of learning rates.
        epochs: its length.
        optimizer: name of the algorithm.
        seed: of weights, order and dropout.
        rate: learning rate of a trial; None for the setting's own.
        seconds: of an epoch on two idle cores, a guess until this machine has measured it.
        gpu: whether it is left to machines with a GPU.
    """

    experiment: str
    size: str
    epochs: int
    optimizer: str
    seed: int
    rate: float | None
    seconds: float
    gpu: bool

    @property
    def trial(self) -> str:
        """What the run is called, as `experiments.tune` calls its trials."""
        return self.optimizer if self.rate is None else f"{self.optimizer}, {self.rate:g}"

    def goes_on_as(self, other: "Unit") -> bool:
        """Whether another unit is the same run, longer or shorter."""
        mine, theirs = ((unit.experiment, unit.trial, unit.seed) for unit in (self, other))
        return mine == theirs


@dataclass(frozen=True)
class Line:
    """One line of the plan: an experiment at one length.

    Attributes:
        letter: of the line.
        figure: what it is for.
        experiment: name of the experiment.
        epochs: its length.
        optimizers: names, in the order in which they run.
        seeds: each for all algorithms before the next.
        rates: for a grid, the learning rates of each algorithm.
    """

    letter: str
    figure: str
    experiment: str
    epochs: int
    optimizers: tuple[str, ...]
    seeds: tuple[int, ...]
    rates: tuple[float, ...] = ()

    @property
    def size(self) -> str:
        """Folder of the record."""
        length = records.size_of("full", self.epochs, EXPERIMENTS[self.experiment].epochs)
        return length + records.GRID if self.rates else length

    def units(self) -> Iterator[Unit]:
        """Yield the units of the line in their order."""
        known = EXPERIMENTS[self.experiment]
        for seed in self.seeds:
            for optimizer in self.optimizers:
                for rate in self.rates or (None,):
                    yield Unit(
                        self.experiment,
                        self.size,
                        self.epochs,
                        optimizer,
                        seed,
                        rate,
                        known.seconds,
                        known.gpu,
                    )


@dataclass(frozen=True)
class Known:
    """What the plan has to know of an experiment: published epochs, and an epoch's seconds."""

    epochs: int
    seconds: float
    gpu: bool = False


EXPERIMENTS = {
    "mnist-mlp": Known(200, 4.3),
    "mnist-mlp-l2": Known(200, 5.4),
    "bag-of-words": Known(160, 2.2),
    "cifar-cnn": Known(45, 96),
    "cifar-cnn-dropout": Known(45, 112),
    "cifar-cnn-paper": Known(45, 93),
    "cifar-cnn-paper-dropout": Known(45, 112),
    "vae": Known(100, 6),
    "ptb-small": Known(13, 150),
    "ptb-small-clipped": Known(13, 150),
    "ptb-transformer": Known(10, 75),
    "ptb-lstm": Known(39, 25, gpu=True),  # seconds on a GPU
    "ptb-lstm-clipped": Known(39, 25, gpu=True),
    "vgg16": Known(74, 7200, gpu=True),
    "vgg16-batch-norm": Known(74, 7200, gpu=True),
}

THESIS = ("Adam", "RMSprop", "AdaGrad", "Momentum", "SGD")
PAPER = ("Adam", "Nesterov", "AdaGrad")
MLP = ("Adam", "Nesterov", "Momentum", "RMSprop", "AdaGrad", "AdaDelta")
DETERMINISTIC = ("Adam", "Nesterov", "RMSprop", "AdaGrad")
REVIEWS = ("Adam", "AdaGrad", "AdaGrad constant rate", "Nesterov", "RMSprop")
TRANSFORMER = ("Adam", "SGD", "Momentum", "AdamW", "Muon")
VAE = tuple(
    f"Adam {beta_1} {beta_2}{correction}"
    for beta_1 in ("0", "0.9")
    for beta_2 in ("0.9999", "0.999", "0.99")
    for correction in ("", " uncorrected")
)
VAE_RATES = (1e-3, 1e-2, 1e-4, 1e-1, 1e-5, 3e-3, 3e-4, 3e-2, 3e-5)

PLAN = (
    Line("a", "figure 2a, slide 42", "mnist-mlp", 200, MLP, (0, 1, 2)),
    Line("b", "figure 3, left", "cifar-cnn-paper", 3, PAPER, (0, 1, 2)),
    Line("b", "figure 3, left, dropout", "cifar-cnn-paper-dropout", 3, PAPER, (0, 1, 2)),
    Line("b", "slide 43, three epochs", "cifar-cnn", 3, THESIS, (0, 1, 2)),
    Line("b", "slide 43, dropout, three epochs", "cifar-cnn-dropout", 3, THESIS, (0, 1, 2)),
    Line("c", "figure 4, left", "vae", 10, VAE, (0,), VAE_RATES),
    Line("d", "figure 3, slide 69", "cifar-cnn-paper", 45, PAPER, (0,)),
    Line("e", "slides 43 and 70", "cifar-cnn", 45, THESIS, (0,)),
    Line("f", "Zaremba's small network", "ptb-small-clipped", 13, THESIS, (0,)),
    Line("f", "the same, no clipping", "ptb-small", 13, THESIS, (0,)),
    Line("g", "figure 2b", "mnist-mlp-l2", 200, DETERMINISTIC, (0,)),
    Line("h", "slide 70, dropout", "cifar-cnn-dropout", 45, THESIS, (0,)),
    Line("i", "figure 1b", "bag-of-words", 160, REVIEWS, (0, 1, 2)),
    Line("j", "a transformer", "ptb-transformer", 10, TRANSFORMER, (0,)),
    Line("j", "figure 2a, more seeds", "mnist-mlp", 200, MLP, (3, 4)),
    Line("j", "slide 42, SGD", "mnist-mlp", 200, ("SGD",), (0, 1, 2)),
    Line("j", "figure 3, dropout", "cifar-cnn-paper-dropout", 45, PAPER, (0,)),
    Line("j", "figure 2b, more seeds", "mnist-mlp-l2", 200, DETERMINISTIC, (1, 2)),
    Line("j", "figure 4, left, more seeds", "vae", 10, VAE, (1, 2), VAE_RATES),
    Line("j", "figure 4, right", "vae", 100, VAE, (0,), VAE_RATES),
    Line("j", "figure 3, more seeds", "cifar-cnn-paper", 45, PAPER, (1, 2)),
    Line("j", "slide 43, more seeds", "cifar-cnn", 45, THESIS, (1, 2)),
    Line("j", "Zaremba's, more seeds", "ptb-small-clipped", 13, THESIS, (1, 2)),
    Line("k", "slide 48, left", "ptb-lstm-clipped", 39, THESIS, (0, 1, 2)),
    Line("k", "slide 48, right", "ptb-lstm", 39, THESIS, (0, 1, 2)),
    Line("k", "slide 47", "vgg16-batch-norm", 74, THESIS, (0,)),
    Line("k", "slide 47, as published", "vgg16", 74, THESIS, (0,)),
)


def units() -> list[Unit]:
    """Return all units of the plan, the most valuable first."""
    return [unit for line in PLAN for unit in line.units()]
