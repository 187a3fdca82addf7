"""VGG16 on ImageNet, slide 47 of the presentation, with and without batch normalisation."""

from functools import partial

from ravine import networks
from ravine.data import datasets
from ravine.experiments.setting import FAMILIES, Experiment, Setting, at_rates
from ravine.optimizers import AdaGrad, Adam, GradientDescent, Momentum, RMSprop
from ravine.training import MakeOptimizer

GRIDS = {
    "SGD": (0.003, 0.01, 0.03, 0.1, 0.3),
    "Momentum": (0.001, 0.003, 0.01, 0.03, 0.1),
    "AdaGrad": (0.001, 0.003, 0.01, 0.03, 0.1),
    "RMSprop": (0.0001, 0.0003, 0.001, 0.003, 0.01),
    "Adam": (0.0001, 0.0003, 0.001, 0.003, 0.01),
}
# The best of each grid, see `experiments.tune`. None of them lies at the end of its grid.
QUICK_RATES = {"SGD": 0.03, "Momentum": 0.01, "AdaGrad": 0.01, "RMSprop": 0.003, "Adam": 0.003}
QUICK_BATCH_NORM_RATES = QUICK_RATES | {"RMSprop": 0.001}
# The settings published with the thesis behind the course. It could not make plain SGD learn and
# gives no rate for it; this one is Momentum's effective rate, 1e-5 / (1 - 0.9).
THESIS: dict[str, MakeOptimizer] = {
    "SGD": partial(GradientDescent, 1e-4),
    "Momentum": partial(Momentum, 1e-5, beta=0.9),
    "AdaGrad": partial(AdaGrad, 1e-5),
    "RMSprop": partial(RMSprop, 1e-6, rho=0.9),
    "Adam": partial(Adam, 1e-6, beta_1=0.9, beta_2=0.999),
}


def _experiment(name, title, rates, batch_norm):
    """Return an experiment whose quick size has these learning rates."""
    return Experiment(
        name=name,
        title=title,
        dataset="imagenet",
        quick=Setting(
            data="sample",
            make_model=partial(
                networks.vgg16, classes=10, width=1 / 16, batch_norm=batch_norm, image=32
            ),
            optimizers=at_rates(FAMILIES, rates),
            epochs=2,
            seeds=(0, 1, 2, 3, 4),
            batch_size=32,
            points=5,
            prepare=datasets.halve,
        ),
        # As VGG was trained (Simonyan and Zisserman, 2015, section 3.1): batch 256, weight decay
        # 5e-4, dropout 0.5, 74 epochs, images cut at random and mirrored; without the random
        # change of colours, and with constant rates, since the thesis mentions no schedule. The
        # thesis does not give its initial weights either; here they are He's.
        full=Setting(
            data="full",
            make_model=partial(networks.vgg16, batch_norm=batch_norm),
            optimizers=THESIS,
            epochs=74,
            seeds=(0, 1, 2),
            batch_size=256,
            points=20,  # an epoch of ImageNet takes hours
            parts=8,  # 256 images at once need more memory than most GPUs have
        ),
        grids=GRIDS,
        families=FAMILIES,
    )


VGG16 = _experiment("vgg16", "ImageNet, VGG16 as published", QUICK_RATES, batch_norm=False)
VGG16_BATCH_NORM = _experiment(
    "vgg16-batch-norm",
    "ImageNet, VGG16 with batch normalisation",
    QUICK_BATCH_NORM_RATES,
    batch_norm=True,
)

EXPERIMENTS = (VGG16, VGG16_BATCH_NORM)
