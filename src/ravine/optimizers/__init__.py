"""The optimizers of the course, one file each, in the order of the chapters."""

from ravine.optimizers.adagrad import AdaGrad
from ravine.optimizers.adam import Adam
from ravine.optimizers.gradient_descent import GradientDescent
from ravine.optimizers.momentum import Momentum
from ravine.optimizers.nesterov import Nesterov
from ravine.optimizers.rmsprop import RMSprop

__all__ = ["AdaGrad", "Adam", "GradientDescent", "Momentum", "Nesterov", "RMSprop"]
