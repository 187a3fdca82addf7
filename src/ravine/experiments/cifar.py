"""CIFAR-10: the convolutional network of the paper's figure 3, with and without dropout."""

from functools import partial

from ravine import networks
from ravine.data import datasets
from ravine.experiments.setting import FAMILIES, Experiment, Family, Setting, at_rates
from ravine.optimizers import AdaGrad, Adam, GradientDescent, Momentum, Nesterov, RMSprop
from ravine.training import MakeOptimizer

GRIDS = {
    "SGD": (0.01, 0.03, 0.1, 0.3, 1.0),
    "Momentum": (0.001, 0.003, 0.01, 0.03, 0.1),
    "AdaGrad": (0.003, 0.01, 0.03, 0.1, 0.3),
    "RMSprop": (0.0003, 0.001, 0.003, 0.01, 0.03),
    "Adam": (0.0003, 0.001, 0.003, 0.01, 0.03),
}
# The best of each grid, see `experiments.tune`. None of them lies at the end of its grid.
QUICK_RATES = {"SGD": 0.03, "Momentum": 0.01, "AdaGrad": 0.01, "RMSprop": 0.003, "Adam": 0.003}
QUICK_DROPOUT_RATES = QUICK_RATES | {"SGD": 0.1}
# The settings published with the thesis behind the course, the same with dropout and without. They
# belong to the start that its PyTorch gives a network: with He's, SGD diverges at 0.1.
THESIS: dict[str, MakeOptimizer] = {
    "SGD": partial(GradientDescent, 0.1),
    "Momentum": partial(Momentum, 0.00728, beta=0.9127),
    "AdaGrad": partial(AdaGrad, 0.01),
    "RMSprop": partial(RMSprop, 4.338e-4, rho=0.9144),
    "Adam": partial(Adam, 3.3e-4, beta_1=0.5, beta_2=0.999935),
}

# The settings with which the thesis mimics the paper's curves (slide 69).
PAPER_FAMILIES: dict[str, Family] = {
    "Nesterov": partial(Nesterov, beta=0.99),
    "AdaGrad": AdaGrad,
    "Adam": partial(Adam, beta_1=0.9, beta_2=0.999965, epsilon=1e-9),
}
PAPER_GRIDS = {
    "Nesterov": (0.0001, 0.0003, 0.001, 0.003, 0.01),
    "AdaGrad": GRIDS["AdaGrad"],
    "Adam": GRIDS["Adam"],
}
PAPER_QUICK_RATES = {"Nesterov": 0.003, "AdaGrad": 0.01, "Adam": 0.003}
PAPER_DROPOUT_GRIDS = PAPER_GRIDS | {"Nesterov": (0.001, 0.003, 0.01, 0.03, 0.1)}
PAPER_QUICK_DROPOUT_RATES = PAPER_QUICK_RATES | {"Nesterov": 0.01}
PAPER: dict[str, MakeOptimizer] = {
    "Nesterov": partial(PAPER_FAMILIES["Nesterov"], 0.001),
    "AdaGrad": partial(AdaGrad, 0.001),
    "Adam": partial(PAPER_FAMILIES["Adam"], 1e-3),
}

# On the input and on the hidden layer; the paper does not give the rates, these are the usual ones.
DROPOUT = {"dropout": 0.5, "input_dropout": 0.2}


def _quick_data(dataset):
    """Return small images, whitened: a quarter of the pixels is a quarter of the work."""
    return datasets.whiten(datasets.halve(dataset))


def _experiment(name, title, families, grids, rates, full, **network):
    """Return an experiment with this network, `full` being the published optimizers."""
    return Experiment(
        name=name,
        title=title,
        dataset="cifar10",
        quick=Setting(
            data="sample",
            make_model=partial(networks.cifar_cnn, width=1 / 8, image=16, **network),
            optimizers=at_rates(families, rates),
            epochs=4,
            seeds=(0, 1, 2, 3, 4),
            batch_size=32,
            points=3,
            prepare=_quick_data,
        ),
        full=Setting(
            data="full",
            make_model=partial(networks.cifar_cnn, start="pytorch", **network),
            optimizers=full,
            epochs=45,
            seeds=(0, 1, 2, 3, 4),
            points=5,  # figure 3 shows the first three epochs on their own
            prepare=datasets.whiten,
        ),
        grids=grids,
        families=families,
    )


CNN = _experiment(
    "cifar-cnn",
    "CIFAR-10, three convolutional stages, whitened images",
    FAMILIES,
    GRIDS,
    QUICK_RATES,
    THESIS,
)
CNN_DROPOUT = _experiment(
    "cifar-cnn-dropout",
    "CIFAR-10, the same with dropout on the images and the hidden layer",
    FAMILIES,
    GRIDS,
    QUICK_DROPOUT_RATES,
    THESIS,
    **DROPOUT,
)
CNN_PAPER = _experiment(
    "cifar-cnn-paper",
    "CIFAR-10, without dropout, settings that mimic the paper's curves",
    PAPER_FAMILIES,
    PAPER_GRIDS,
    PAPER_QUICK_RATES,
    PAPER,
)
CNN_PAPER_DROPOUT = _experiment(
    "cifar-cnn-paper-dropout",
    "CIFAR-10, with dropout, settings that mimic the paper's curves",
    PAPER_FAMILIES,
    PAPER_DROPOUT_GRIDS,
    PAPER_QUICK_DROPOUT_RATES,
    PAPER,
    **DROPOUT,
)

EXPERIMENTS = (CNN, CNN_DROPOUT, CNN_PAPER, CNN_PAPER_DROPOUT)
