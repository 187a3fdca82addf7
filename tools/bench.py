"""`make bench`: what an epoch costs, ours beside `model.fit`, PyTorch and the bare matrix products.

All contestants train the same network on the same minibatches of digits or noise with Adam (or SGD,
to see what Adam adds). They take turns, round after round, since a shared machine is faster in one
minute than in the next; what counts is the ratio within a round. Medians and the lowest and highest
ratio of all rounds are printed and written to `data/results/bench/`.

PyTorch is optional: without it, its rows are left out. It runs in a process of its own, because the
compiler that it brings along and TensorFlow crash each other.
"""

import argparse
import importlib.util
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from ravine import models, records
from ravine.datasets import Dataset
from ravine.engine import Trainer
from ravine.files import write_whole
from ravine.optimizers import Adam, GradientDescent

BATCH = 128
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Network:
    """A network to time.

    Attributes:
        name: what the table calls it.
        make: function that makes it in Keras.
        shape: of one input.
        steps: minibatches in one timing.
        products: for each layer the matrix product of its forward pass, (rows, inner, columns)
            for one minibatch, a convolution being the product that it amounts to.
        torch_layers: function (torch.nn) -> its layers in PyTorch.
    """

    name: str
    make: Callable[[], keras.Model]
    shape: tuple[int, ...]
    steps: int
    products: tuple[tuple[int, int, int], ...]
    torch_layers: Callable


def _mlp_in_torch(nn):
    return [
        *(nn.Flatten(), nn.Linear(784, 1000), nn.ReLU(), nn.Dropout(0.5)),
        *(nn.Linear(1000, 1000), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1000, 10)),
    ]


def _cnn_in_torch(nn):
    layers = []
    for inputs, filters in ((3, 64), (64, 64), (64, 128)):
        convolution = nn.Conv2d(inputs, filters, 5, padding=2)
        layers += [convolution, nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)]
    return [*layers, nn.Flatten(), nn.Linear(2048, 1000), nn.ReLU(), nn.Linear(1000, 10)]


NETWORKS = (
    Network(
        "MLP",
        models.mnist_mlp,
        (28, 28),
        steps=40,
        products=((BATCH, 784, 1000), (BATCH, 1000, 1000), (BATCH, 1000, 10)),
        torch_layers=_mlp_in_torch,
    ),
    Network(
        "CNN",
        models.cifar_cnn,
        (32, 32, 3),
        steps=4,
        products=(
            (BATCH * 32 * 32, 25 * 3, 64),
            (BATCH * 16 * 16, 25 * 64, 64),
            (BATCH * 8 * 8, 25 * 64, 128),
            (BATCH, 2048, 1000),
            (BATCH, 1000, 10),
        ),
        torch_layers=_cnn_in_torch,
    ),
)


def noise(network: Network) -> Dataset:
    """Return standard normal inputs and random labels: the time does not depend on them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(network.steps * BATCH, *network.shape)).astype("float32")
    y = rng.integers(0, 10, len(x)).astype("int32")
    return Dataset("noise", "sample", x, y, x[:BATCH], y[:BATCH], "standard normal")


def contestants(network: Network) -> dict[str, Callable[[], None]]:
    """Return for each contestant a function that trains `network.steps` minibatches."""
    dataset = noise(network)
    found = {
        "ravine, Adam": _ours(network, dataset, Adam()),
        "ravine, SGD": _ours(network, dataset, GradientDescent()),
        "Keras fit, built-in Adam": _fit(network, dataset),
    }
    if importlib.util.find_spec("torch"):
        found["PyTorch eager, Adam"] = _torch_elsewhere(network, compiled=False)
        found["PyTorch compiled, fused Adam"] = _torch_elsewhere(network, compiled=True)
    found["matrix products alone"] = _products(network)
    return found


def _ours(network, dataset, optimizer):
    trainer = Trainer(network.make(), optimizer, dataset, BATCH)
    return lambda: trainer.train(seed=0, epoch=1)


def _fit(network, dataset):
    model = network.make()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(), loss=loss)
    return lambda: model.fit(dataset.x_train, dataset.y_train, batch_size=BATCH, verbose=0)


def _torch_elsewhere(network, compiled):
    """Return what `_torch` returns, at work in another process, in which Keras has PyTorch."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    backend = os.environ.get("KERAS_BACKEND")
    os.environ["KERAS_BACKEND"] = "torch"
    context.Process(target=_serve, args=(there, network.name, compiled), daemon=True).start()
    os.environ.pop("KERAS_BACKEND")
    if backend is not None:
        os.environ["KERAS_BACKEND"] = backend

    def run():
        here.send("run")
        here.recv()

    return run


def _serve(connection, name, compiled):
    """Train once for every message, and answer it, until nobody asks any more."""
    network = next(network for network in NETWORKS if network.name == name)
    run = _torch(network, noise(network), compiled)
    with suppress(EOFError):
        while connection.recv():
            run()
            connection.send("done")


def _torch(network, dataset, compiled):
    import torch

    model = torch.nn.Sequential(*network.torch_layers(torch.nn))
    x, y = torch.as_tensor(dataset.x_train), torch.as_tensor(dataset.y_train).long()
    if len(network.shape) == 3:
        x = x.permute(0, 3, 1, 2).contiguous()
        if compiled:
            x = x.to(memory_format=torch.channels_last)
            model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), fused=compiled)
    forward = torch.compile(model) if compiled else model

    def run():
        for rows in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(forward(x[rows]), y[rows]).backward()
            optimizer.step()

    return run


def _products(network):
    """Return a function that multiplies the matrices of forward and backward pass, no more."""
    rng = np.random.default_rng(0)
    pairs = []
    for n, k, m in network.products:
        x, w, g = (rng.normal(size=size).astype("float32") for size in ((n, k), (k, m), (n, m)))
        pairs += [(x, w), (x.T, g)]
        if pairs[2:]:  # nobody needs the gradient with respect to the first layer's input
            pairs.append((g, w.T))

    def run():
        for _ in range(network.steps):
            for a, b in pairs:
                a @ b

    return run


def measure(network: Network, rounds: int) -> pd.DataFrame:
    """Let the contestants take turns; return one row per (contestant, round) with `seconds`."""
    runs = contestants(network)
    for run in runs.values():  # compiles and warms up
        run()
        run()
    rows = []
    for number in range(rounds):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            seconds = (time.perf_counter() - began) / network.steps
            rows.append(
                {"network": network.name, "contestant": name, "round": number, "seconds": seconds}
            )
    return pd.DataFrame(rows)


def ratios(frame: pd.DataFrame, of: str, to: str) -> list[float]:
    """Return seconds of one contestant over those of another, a number per round."""
    by_round = frame.pivot(index="round", columns="contestant", values="seconds")
    return (by_round[of] / by_round[to]).tolist()


def main() -> None:
    """Time all networks, print the table, and write it down."""
    parser = argparse.ArgumentParser(description="Time an epoch, ours beside others.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, default=ROOT / "data" / "results" / "bench")
    arguments = parser.parse_args()
    frame = pd.concat([measure(network, arguments.rounds) for network in NETWORKS])

    console = Console()
    title = "median (lowest to highest) of the rounds"
    table = Table("network", "contestant", "ms per step", "× the time of ravine, Adam", title=title)
    for network, group in frame.groupby("network", sort=False):
        for name, seconds in group.groupby("contestant", sort=False)["seconds"]:
            found = ratios(group, str(name), "ravine, Adam")
            table.add_row(
                str(network),
                str(name),
                f"{1000 * seconds.median():.1f}",
                f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})",
            )
    console.print(table)
    for network, group in frame.groupby("network", sort=False):
        found = ratios(group, "ravine, Adam", "ravine, SGD")
        console.print(
            f"{network!s}: Adam takes {statistics.median(found):.3f} of SGD's time "
            f"({min(found):.3f} to {max(found):.3f}); the presentation has 6.19 / 6.02 = "
            f"{6.19 / 6.02:.3f} for the CNN."
        )

    environment = records.environment()
    if importlib.util.find_spec("torch"):
        environment["torch"] = version("torch")
    provenance = {"environment": environment, "date": records.now(), "batch_size": BATCH}
    text = json.dumps(provenance, indent=2, ensure_ascii=False) + "\n"
    write_whole(arguments.out / "provenance.json", text.encode())
    write_whole(arguments.out / "steps.csv", frame.to_csv(index=False).encode())
    console.print(f"Written to {arguments.out}")


if __name__ == "__main__":
    main()
