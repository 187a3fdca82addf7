"""Digits: the multilayer network of the paper's figure 2."""

from functools import partial

from ravine import models
from ravine.experiments.setting import Experiment, Setting
from ravine.optimizers import AdaGrad, Adam, GradientDescent, Momentum, RMSprop

# The best of each grid, see `experiments.tune`. None of them lies at the end of its grid.
MLP_QUICK_RATES = {
    "SGD": 0.3,
    "Momentum": 0.1,
    "AdaGrad": 0.01,
    "RMSprop": 0.001,
    "Adam": 0.001,
}
MLP_FAMILIES = {
    "SGD": GradientDescent,
    "Momentum": Momentum,
    "AdaGrad": AdaGrad,
    "RMSprop": RMSprop,
    "Adam": Adam,
}

MLP = Experiment(
    name="mnist-mlp",
    title="MNIST, two hidden layers with ReLU and dropout",
    dataset="mnist",
    quick=Setting(
        data="sample",
        make_model=models.mnist_mlp,
        optimizers={
            name: partial(MLP_FAMILIES[name], rate) for name, rate in MLP_QUICK_RATES.items()
        },
        epochs=8,
        seeds=(0, 1, 2),
    ),
    # The settings published with the thesis behind the course.
    full=Setting(
        data="full",
        make_model=models.mnist_mlp,
        optimizers={
            "SGD": partial(GradientDescent, 0.01),
            "Momentum": partial(Momentum, 0.01, beta=0.9),
            "AdaGrad": partial(AdaGrad, 0.045),
            "RMSprop": partial(RMSprop, 1e-4, rho=0.91),
            "Adam": partial(Adam, 1e-4, beta_1=0.91, beta_2=0.998),
        },
        epochs=200,
        seeds=(0, 1, 2, 3, 4),
    ),
    grids={
        "SGD": (0.03, 0.1, 0.3, 1.0, 3.0),
        "Momentum": (0.003, 0.01, 0.03, 0.1, 0.3),
        "AdaGrad": (0.003, 0.01, 0.03, 0.1, 0.3),
        "RMSprop": (0.0003, 0.001, 0.003, 0.01, 0.03),
        "Adam": (0.0003, 0.001, 0.003, 0.01, 0.03),
    },
    families=MLP_FAMILIES,
)

EXPERIMENTS = (MLP,)
