"""The networks that the experiments train, one file each. All of them return logits.

A loss computed from logits is stable: softmax and logarithm are taken together, so a confident
network never takes the logarithm of a probability that was rounded to 0.

Each docstring says which figure or table of which publication the network is from, and what the
publication leaves open. Where there is an `l2`, it is the weight decay λ of the weights without
the biases: the penalty λ/2 · Σw² adds λw to the gradient.
"""

from ravine.networks.carried import assign, forget, stateful_layers, states
from ravine.networks.cnn import cifar_cnn
from ravine.networks.logistic import bag_of_words, logistic_regression
from ravine.networks.lstm import StatefulLSTM, lstm
from ravine.networks.mlp import mnist_mlp
from ravine.networks.resnet import resnet
from ravine.networks.transformer import CausalAttention, Positions, TiedEmbedding, transformer
from ravine.networks.vae import GaussianSample, vae
from ravine.networks.vgg import IMAGENET_DEVIATION, IMAGENET_MEAN, vgg16

__all__ = [
    "IMAGENET_DEVIATION",
    "IMAGENET_MEAN",
    "CausalAttention",
    "GaussianSample",
    "Positions",
    "StatefulLSTM",
    "TiedEmbedding",
    "assign",
    "bag_of_words",
    "cifar_cnn",
    "forget",
    "logistic_regression",
    "lstm",
    "mnist_mlp",
    "resnet",
    "stateful_layers",
    "states",
    "transformer",
    "vae",
    "vgg16",
]
