"""Digits: the multilayer network of the paper's figure 2, and the convex problem of figure 1a."""

from functools import partial

from ravine import networks
from ravine.experiments.setting import FAMILIES, Experiment, Family, Setting, at_rates, decaying
from ravine.optimizers import AdaDelta, AdaGrad, Adam, GradientDescent, Momentum, Nesterov, RMSprop
from ravine.training import MakeOptimizer

# The best of each grid, see `experiments.tune`. None of them lies at the end of its grid.
MLP_QUICK_RATES = {
    "SGD": 0.3,
    "Momentum": 0.1,
    "AdaGrad": 0.01,
    "RMSprop": 0.003,
    "Adam": 0.003,
}
MLP_L2_QUICK_RATES = MLP_QUICK_RATES | {"AdaGrad": 0.03}

# The quick network is narrower than the paper's, which has five times as many weights.
QUICK_HIDDEN = 300

MLP_GRIDS = {
    "SGD": (0.03, 0.1, 0.3, 1.0, 3.0),
    "Momentum": (0.003, 0.01, 0.03, 0.1, 0.3),
    "AdaGrad": (0.003, 0.01, 0.03, 0.1, 0.3),
    "RMSprop": (0.0003, 0.001, 0.003, 0.01, 0.03),
    "Adam": (0.0003, 0.001, 0.003, 0.01, 0.03),
}
# The settings published with the thesis behind the course, which belong to the start that its
# PyTorch gives a network. The paper's figure 2a has Nesterov and AdaDelta besides, without saying
# how; here Nesterov has the settings of the thesis' Momentum, AdaDelta those of its publication.
MLP_PUBLISHED: dict[str, MakeOptimizer] = {
    "SGD": partial(GradientDescent, 0.01),
    "Momentum": partial(Momentum, 0.01, beta=0.9),
    "Nesterov": partial(Nesterov, 0.01, beta=0.9),
    "AdaGrad": partial(AdaGrad, 0.045),
    "AdaDelta": AdaDelta,
    "RMSprop": partial(RMSprop, 1e-4, rho=0.91),
    "Adam": partial(Adam, 1e-4, beta_1=0.91, beta_2=0.998),
}


def _quick(make_model, rates, epochs):
    """Return a quick setting of the multilayer network, with these learning rates."""
    return Setting(
        data="sample",
        make_model=make_model,
        optimizers=at_rates(FAMILIES, rates),
        epochs=epochs,
        seeds=(0, 1, 2),
    )


def _full(make_model):
    """Return the published setting of the multilayer network, with the thesis' start."""
    return Setting(
        data="full",
        make_model=partial(make_model, start="pytorch"),
        optimizers=MLP_PUBLISHED,
        epochs=200,
        seeds=(0, 1, 2, 3, 4),
    )


MLP = Experiment(
    name="mnist-mlp",
    title="MNIST, two hidden layers with ReLU and dropout",
    dataset="mnist",
    quick=_quick(partial(networks.mnist_mlp, QUICK_HIDDEN), MLP_QUICK_RATES, epochs=8),
    full=_full(networks.mnist_mlp),
    grids=MLP_GRIDS,
    families=FAMILIES,
)

# The paper's figure 2b: the penalty in place of dropout makes the cost deterministic but for the
# minibatches. The paper does not give its strength.
mlp_with_penalty = partial(networks.mnist_mlp, dropout=0.0, l2=1e-4)

MLP_L2 = Experiment(
    name="mnist-mlp-l2",
    title="MNIST, two hidden layers with ReLU and an L2 penalty, no dropout",
    dataset="mnist",
    quick=_quick(partial(mlp_with_penalty, QUICK_HIDDEN), MLP_L2_QUICK_RATES, epochs=5),
    full=_full(mlp_with_penalty),
    grids=MLP_GRIDS,
    families=FAMILIES,
)

# The paper's figure 1a. All learning rates fall as η/√t, as its text says of these experiments.
# AdaGrad's own sum already divides by √t, so with the schedule it decays twice; whether the paper's
# did is not said, so it is run both ways.
LOGISTIC_FAMILIES: dict[str, Family] = {
    "Nesterov": partial(decaying, Nesterov),
    "AdaGrad": partial(decaying, AdaGrad),
    "AdaGrad constant rate": AdaGrad,
    "Adam": partial(decaying, Adam),
}
LOGISTIC_QUICK_RATES = {
    "Nesterov": 3.0,
    "AdaGrad": 0.3,
    "AdaGrad constant rate": 0.3,
    "Adam": 0.3,
}
# The best of the same grid on the full data, after 15 of the 45 epochs. The paper gives no rates.
LOGISTIC_FULL_RATES = {
    "Nesterov": 3.0,
    "AdaGrad": 0.3,
    "AdaGrad constant rate": 0.1,
    "Adam": 0.1,
}


def _logistic(data, rates, seeds):
    """Return a setting of logistic regression, which is cheap enough to run whole at both sizes."""
    return Setting(
        data=data,
        make_model=networks.logistic_regression,
        optimizers=at_rates(LOGISTIC_FAMILIES, rates),
        epochs=45,
        seeds=seeds,
    )


LOGISTIC = Experiment(
    name="mnist-logistic",
    title="MNIST, logistic regression with an L2 penalty, rates that fall as η/√t",
    dataset="mnist",
    quick=_logistic("sample", LOGISTIC_QUICK_RATES, (0, 1, 2)),
    full=_logistic("full", LOGISTIC_FULL_RATES, (0, 1, 2, 3, 4)),
    grids={
        "Nesterov": (0.1, 0.3, 1.0, 3.0, 10.0),
        "AdaGrad": (0.03, 0.1, 0.3, 1.0, 3.0),
        "AdaGrad constant rate": (0.01, 0.03, 0.1, 0.3, 1.0),
        "Adam": (0.01, 0.03, 0.1, 0.3, 1.0),
    },
    families=LOGISTIC_FAMILIES,
)

EXPERIMENTS = (MLP, MLP_L2, LOGISTIC)
