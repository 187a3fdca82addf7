"""Record the error surface of ResNet-56 on CIFAR-10, with and without skip connections.

`python -m tools.data.record_surface [--images N] [--epochs N] [--points N] [--rows N] [--out DIR]`
trains both networks and measures their error around the weights where training ended, as the
chapter on the error surface does with small networks. At the defaults two processor cores took
24 minutes.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from rich.console import Console

from ravine import networks
from ravine.data import datasets
from ravine.files import write_whole
from ravine.optimizers import Adam
from ravine.results import machine
from ravine.surfaces import ErrorSurface, random_direction
from ravine.training import Evaluator, Trainer, common_start

ROOT = Path(__file__).parents[2]
NETWORKS = {"skips": True, "plain": False}
BATCH_SIZE, RATE, SEED = 128, 1e-3, 0


def main() -> None:
    """Measure both networks and write a table and where it is from."""
    parser = argparse.ArgumentParser(prog="python -m tools.data.record_surface")
    parser.add_argument("--images", type=int, default=10_000, help="of the training data")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--points", type=int, default=15, help="along each direction; odd")
    parser.add_argument("--rows", type=int, default=200, help="images that the error is taken over")
    parser.add_argument("--blocks", type=int, default=9, help="per stage; 9 is ResNet-56")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "data" / "results" / "error-surface", metavar="DIR"
    )
    arguments = parser.parse_args()
    console = Console()
    try:
        whole = datasets.load("cifar10", "full")
    except datasets.DatasetError as error:
        sys.exit(str(error))
    kept = slice(arguments.images)
    data = replace(whole, x_train=whole.x_train[kept], y_train=whole.y_train[kept])
    found = machine.environment()  # before the run: of the code that runs
    began = time.perf_counter()
    tables, ends = [], {}
    for name, skips in NETWORKS.items():
        make_model = partial(networks.resnet, arguments.blocks, skips=skips, l2=0.0)
        table, ends[name] = measure(make_model, data, arguments, console, name)
        tables.append(table.assign(network=name))
    table = pd.concat(tables)[["network", "a", "b", "error"]]
    provenance = {
        "network": f"ResNet-{6 * arguments.blocks + 2}, He et al. (2016), no weight decay",
        "dataset": f"the first {len(data.x_train)} training images of: {whole.provenance}",
        "optimizer": f"Adam, learning rate {RATE:g}",
        "batch_size": BATCH_SIZE,
        "epochs": arguments.epochs,
        "seed": SEED,
        "rows": arguments.rows,
        "end": ends,
        "environment": found,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - began),
    }
    csv = table.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    write_whole(arguments.out / "surfaces.csv", csv.encode())
    said = json.dumps(provenance, indent=2, ensure_ascii=False)
    write_whole(arguments.out / "provenance.json", f"{said}\n".encode())
    console.print(f"Written to {arguments.out}")


def measure(make_model, data, arguments, console, name):
    """Train a network and return its heights over a plane, and what it had learnt."""
    model: keras.Model = make_model()
    trainer = Trainer(model, Adam(RATE), data, BATCH_SIZE)
    trainer.restart(common_start(make_model, SEED), SEED)
    for epoch in range(1, arguments.epochs + 1):
        loss, seconds = trainer.train(SEED, epoch)
        console.print(f"{name}: epoch {epoch}, training loss {loss:.3f}, {seconds:.0f} s")
    test_loss, accuracy = Evaluator(model)(data.x_test, data.y_test, 2000)
    surface = ErrorSurface(model, data.x_train[: arguments.rows], data.y_train[: arguments.rows])
    first, second = (random_direction(model, k) for k in (0, 1))
    grid = np.linspace(-1, 1, arguments.points)
    heights = surface.plane(surface.theta, first, second, grid, grid)
    b, a = np.meshgrid(grid, grid, indexing="ij")
    table = pd.DataFrame({"a": a.ravel(), "b": b.ravel(), "error": heights.ravel()})
    end = {"training loss": loss, "test loss, 2000 images": test_loss, "test accuracy": accuracy}
    return table, {key: round(value, 4) for key, value in end.items()}


if __name__ == "__main__":
    main()
