"""An epoch in PyTorch, as one writes it there."""

import torch
from torch import nn

from ravine.networks import IMAGENET_DEVIATION, IMAGENET_MEAN
from tools.bench.networks import NETWORKS, VGG16_FILTERS, VGG16_POOLS
from tools.bench.workers import Run


def contestants(name: str) -> dict[str, Run]:
    """Return what trains a network in PyTorch: as it comes, and at its fastest."""
    network, make = NETWORKS[name], MAKERS[name]
    if name == "VGG16":  # a second one would take gigabytes
        fastest = _run(network, make(), fused=True, channels_last=True)
        return {"PyTorch channels last, fused Adam": fastest}
    eager = {"PyTorch eager, Adam": _run(network, make())}
    if name == "LSTM":  # whose loop over the words PyTorch's compiler leaves as it is
        return {**eager, "PyTorch eager, fused Adam": _run(network, make(), fused=True)}
    images = len(network.shape) == 3
    fastest = _run(network, make(), fused=True, compiled=True, channels_last=images)
    return {**eager, "PyTorch compiled, fused Adam": fastest}


def _run(network, model, fused=False, compiled=False, channels_last=False):
    dataset = network.noise()
    x, y = torch.as_tensor(dataset.x_train), torch.as_tensor(dataset.y_train).long()
    if len(network.shape) == 3:
        x = x.permute(0, 3, 1, 2).contiguous()
    if channels_last:
        x, model = (each.to(memory_format=torch.channels_last) for each in (x, model))
    optimizer = torch.optim.Adam(model.parameters(), fused=fused, weight_decay=network.decay)
    forward = torch.compile(model) if compiled else model

    def run():
        for rows in torch.as_tensor(network.order()):
            optimizer.zero_grad()
            logits = forward(x[rows]).flatten(0, -2)
            nn.functional.cross_entropy(logits, y[rows].flatten()).backward()
            optimizer.step()

    return run


class _LSTM(nn.Module):
    """Two LSTM layers on embedded words, with dropout between them; the state is carried on."""

    def __init__(self, words=10_000, units=650):
        super().__init__()
        self.embedding = nn.Embedding(words, units)
        self.dropout = nn.Dropout(0.5)
        self.lstm = nn.LSTM(units, units, 2, batch_first=True, dropout=0.5)
        self.output = nn.Linear(units, words)
        self.state = None

    def forward(self, x):
        outputs, state = self.lstm(self.dropout(self.embedding(x)), self.state)
        self.state = [each.detach() for each in state]
        return self.output(self.dropout(outputs))


class _Whitened(nn.Module):
    """Pixels less the mean colour, divided by the deviation."""

    def forward(self, x):
        return (x - torch.tensor(IMAGENET_MEAN)[:, None, None]) / IMAGENET_DEVIATION


def _mlp():
    hidden = [nn.Linear(784, 1000), nn.ReLU(), nn.Dropout(0.5)]
    hidden += [nn.Linear(1000, 1000), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(1000, 10))


def _cnn():
    layers = []
    for inputs, filters in ((3, 64), (64, 64), (64, 128)):
        convolution = nn.Conv2d(inputs, filters, 5, padding=2)
        layers += [convolution, nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)]
    head = nn.Linear(2048, 1000), nn.ReLU(), nn.Linear(1000, 10)
    return nn.Sequential(*layers, nn.Flatten(), *head)


def _vgg16():
    layers, inputs = [_Whitened()], 3
    for number, filters in enumerate(VGG16_FILTERS):
        layers += [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if number in VGG16_POOLS else []
        inputs = filters
    layers.append(nn.Flatten())
    for inputs in (512 * 7 * 7, 4096):
        layers += [nn.Linear(inputs, 4096), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.Linear(4096, 1000))


MAKERS = {"MLP": _mlp, "CNN": _cnn, "LSTM": _LSTM, "VGG16": _vgg16}
