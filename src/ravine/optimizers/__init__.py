"""The optimizers of the course, one file each, and the rates that change while they run."""

from ravine.optimizers import support
from ravine.optimizers.adabelief import AdaBelief
from ravine.optimizers.adadelta import AdaDelta
from ravine.optimizers.adagrad import AdaGrad
from ravine.optimizers.adam import Adam
from ravine.optimizers.adamax import AdaMax
from ravine.optimizers.adamw import AdamW
from ravine.optimizers.amsgrad import AMSGrad
from ravine.optimizers.gradient_descent import GradientDescent
from ravine.optimizers.horizons import (
    CosineDecay,
    LinearDecay,
    LinearWarmup,
    WarmupStableDecay,
)
from ravine.optimizers.lion import Lion
from ravine.optimizers.momentum import Momentum
from ravine.optimizers.nadam import NAdam
from ravine.optimizers.nesterov import Nesterov
from ravine.optimizers.radam import RAdam
from ravine.optimizers.rmsprop import RMSprop
from ravine.optimizers.schedules import (
    ConstantRate,
    DecayAfter,
    InverseSquareRoot,
    InverseTimeDecay,
    StepDecay,
)
from ravine.optimizers.shampoo import Shampoo

__all__ = [
    "AMSGrad",
    "AdaBelief",
    "AdaDelta",
    "AdaGrad",
    "AdaMax",
    "Adam",
    "AdamW",
    "ConstantRate",
    "CosineDecay",
    "DecayAfter",
    "GradientDescent",
    "InverseSquareRoot",
    "InverseTimeDecay",
    "LinearDecay",
    "LinearWarmup",
    "Lion",
    "Momentum",
    "NAdam",
    "Nesterov",
    "RAdam",
    "RMSprop",
    "Shampoo",
    "StepDecay",
    "WarmupStableDecay",
    "support",
]
