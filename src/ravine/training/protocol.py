"""The experiment protocol: how algorithms are compared so that only the algorithm differs.

1. Random initial weights are drawn from the seed and saved as the common start.
2. For each algorithm the same weights are loaded.
3. The same minibatches are served in the same order, a function of (seed, epoch) alone, with the
   same dropout noise.
4. A fixed number of steps is run.
5. The training loss of every epoch is recorded.

How an epoch runs as one compiled program is the business of `training.Trainer`.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from keras import ops

from ravine import backends
from ravine.backends import Loss
from ravine.data import Dataset
from ravine.training import losses
from ravine.training.checkpoints import without_automatic_names, without_modules
from ravine.training.engine import Evaluator, Trainer
from ravine.training.fingerprints import PYTHON, fingerprint
from ravine.training.names import checkpoint_of
from ravine.training.recipes import Recipe, hyperparameters, pieces, recipe_of

DIVERGED = 1e4  # an epoch whose mean loss is above this, or not a number, ends its run
START_ROWS = 1000  # of the training data give the loss before training

MakeModel = Callable[[], keras.Model]
MakeOptimizer = Callable[[], keras.optimizers.Optimizer]
Report = Callable[[dict[str, Any]], None]


def compare(
    make_model: MakeModel,
    dataset: Dataset,
    optimizers: Mapping[str, MakeOptimizer],
    seeds: Iterable[int],
    epochs: int,
    batch_size: int = 128,
    loss: Loss = losses.cross_entropy,
    points: int = 1,
    parts: int = 1,
    report: Report | None = None,
    checkpoints: Path | None = None,
) -> pd.DataFrame:
    """Train the same network with each algorithm, once per seed, and record the losses.

    Sets the global random seeds, see `backends.set_seed`.

    Args:
        make_model: function that makes the network.
        dataset: what to train and test on.
        optimizers: for each name a function that makes the optimizer; not the optimizer itself,
            since its state belongs to one model.
        seeds: one run of each algorithm per seed. The seed sets weights, order and dropout.
        epochs: passes over the training data.
        batch_size: rows of a minibatch, b. The last N mod b rows of each epoch's order are left
            out, others in every epoch, so that all steps have the same shape.
        loss: function (labels, outputs of the network) -> scalar, such as `training.cross_entropy`.
        points: rows of the table per epoch; more than one shows how an epoch goes.
        parts: number of equal parts in which the gradient of a minibatch is computed, to need less
            memory, see `training.Trainer`.
        report: called with every new row of the table, to show progress.
        checkpoints: directory in which every run keeps its state after every row. Runs that
            have one there go on from it, exactly as if they had not been interrupted; where the
            code of optimizer, network, loss or engine has changed since, they start anew, and a
            warning says so.

    Returns:
        One row per (optimizer, seed, point of an epoch), epoch 0 being the start, with the columns

        - loss: mean over the minibatches since the last row, each taken before its step, with
          dropout and penalties, as the paper plots it; in epoch 0 over the first `START_ROWS` rows
          of the training data without dropout and penalties;
        - eval_loss, accuracy: on the test data after each whole epoch, without dropout and
          penalties. The accuracy is not a number for a loss other than the cross-entropy;
        - valid_loss: the same on the validation data, where there are some;
        - train_loss_1, ..., eval_loss_1, ...: where `dataset.groups` has the classes in groups, the
          mean loss of the labels of each group, counted from 1: over the first `START_ROWS` rows of
          the training data, and over the test data;
        - seconds: duration of the training since the last row, compilation not included;
        - diverged: the loss was not a number or above `DIVERGED`. The run ends there, and this
          and its remaining rows have infinite losses.

        `attrs["trained"]` is the number of its rows that this call made. Where it is 0, all were in
        the checkpoints, and nothing was trained.

    Raises:
        TypeError: if an optimizer is given instead of a function that makes one.
        ValueError: if `batch_size`, `points` or `parts` does not fit the data, a seed comes twice,
            or a group of classes has no label among the rows that are evaluated.
        CheckpointError: if a checkpoint is damaged or belongs to a run with other settings.
    """
    seeds = [int(seed) for seed in seeds]
    _check(dataset, optimizers, seeds, batch_size, points, parts, loss)
    model = make_model()
    evaluate = Evaluator(model, loss, dataset.streams, parts, dataset.groups)
    evaluation = _Evaluation(evaluate, dataset)
    made = {name: make() for name, make in optimizers.items()}
    contestants = {name: (recipe_of(each), hyperparameters(each)) for name, each in made.items()}
    code = _code(make_model, model, loss)
    trainers: dict[Recipe, Trainer] = {}  # one serves a whole sweep of an algorithm
    rows: list[dict[str, Any]] = []
    trained = 0
    for seed in seeds:
        start = common_start(make_model, seed)  # 1.
        before = cache(evaluation.before)  # all algorithms start alike
        for name, (recipe, values) in contestants.items():
            if recipe not in trainers:
                exact = any(weight.dtype == "float64" for weight in model.trainable_variables)
                optimizer = recipe.make("float64" if exact else "float32")
                trainers[recipe] = Trainer(model, optimizer, dataset, batch_size, loss, parts)
            trainer = trainers[recipe]
            trainer.restart(start, seed, values)  # 2.
            checkpoint = None
            if checkpoints is not None:
                identity = _identity(trainer, recipe, values, seed, points)
                all_code = {"optimizer": fingerprint(*pieces(made[name])), **code}
                checkpoint = checkpoint_of(checkpoints, name, seed, identity, all_code)
            run = _run(trainer, before, evaluation.after, seed, epochs, points, checkpoint)
            for is_new, result in run:  # 3. to 5.
                trained += is_new
                rows.append({"optimizer": name, "seed": seed, **result})
                if report is not None:
                    report(rows[-1])
    frame = pd.DataFrame(rows)
    frame.attrs["trained"] = trained
    return frame


def _check(dataset, optimizers, seeds, batch_size, points, parts, loss):
    """Refuse arguments of `compare` that cannot be meant."""
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"Each seed may come once, but seeds were {seeds}.")
    rows = len(dataset.x_train)
    if not 1 <= batch_size <= rows:
        raise ValueError(
            f"batch_size must be from 1 to the {rows} rows of training data, but it was "
            f"{batch_size}."
        )
    if dataset.streams not in (None, batch_size):
        raise ValueError(
            f"batch_size must be the {dataset.streams} streams that the text is cut into, but it "
            f"was {batch_size}."
        )
    if not 1 <= points <= rows // batch_size:
        raise ValueError(
            f"points must be from 1 to the {rows // batch_size} steps of an epoch, but it was "
            f"{points}."
        )
    if parts < 1 or batch_size % parts:
        raise ValueError(f"parts must divide the batch_size {batch_size}, but it was {parts}.")
    if dataset.groups is not None:
        _check_groups(dataset, loss)
    devices = backends.count_devices()
    if batch_size // parts % devices:
        raise ValueError(
            f"The {devices} devices must divide the {batch_size // parts} rows that they share; "
            "choose another number of devices."
        )
    for name, make in optimizers.items():
        if isinstance(make, keras.optimizers.Optimizer) or not callable(make):
            raise TypeError(
                f"optimizers[{name!r}] must be a function that makes an optimizer, such as "
                f"lambda: Adam(1e-3), but it was {make!r}."
            )


def _check_groups(dataset, loss):
    """Refuse groups of classes whose losses could not be taken."""
    if loss is not losses.cross_entropy:
        raise ValueError("Groups have cross-entropies: leave groups out with another loss.")
    classes = 1 + max(int(labels.max()) for labels in (dataset.y_train, dataset.y_test))
    if len(dataset.groups) < classes or dataset.groups.min() < 0:
        raise ValueError(f"groups must hold a number from 0 for each of the {classes} classes.")
    for part, labels in {"training": dataset.y_train[:START_ROWS], "test": dataset.y_test}.items():
        counts = np.bincount(dataset.groups[labels].ravel(), minlength=dataset.groups.max() + 1)
        if not counts.all():
            raise ValueError(
                f"Group {counts.argmin()} of the classes has no labels in the {part} data that are "
                "evaluated; take fewer groups."
            )


@dataclass(frozen=True)
class _Evaluation:
    """What is recorded of a network before training and after every epoch."""

    evaluator: Evaluator
    dataset: Dataset

    def before(self):
        loss, _ = self.evaluator(self.dataset.x_train, self.dataset.y_train, START_ROWS)
        return {"loss": loss, **self.after(), "seconds": 0.0}

    def after(self):
        eval_loss, accuracy = self.evaluator(self.dataset.x_test, self.dataset.y_test)
        measured = {"eval_loss": eval_loss, "accuracy": accuracy}
        if self.dataset.x_valid is not None:
            measured["valid_loss"], _ = self.evaluator(self.dataset.x_valid, self.dataset.y_valid)
        return measured if self.dataset.groups is None else {**measured, **self.of_groups()}

    def of_groups(self):
        data, of = self.dataset, self.evaluator.by_group
        train, test = of(data.x_train, data.y_train, START_ROWS), of(data.x_test, data.y_test)
        named = {f"train_loss_{k}": float(value) for k, value in enumerate(train, 1)}
        return named | {f"eval_loss_{k}": float(value) for k, value in enumerate(test, 1)}


def _run(trainer, before, after, seed, epochs, points, checkpoint):
    """Yield, for the start and every point of every epoch, if it is new and what is recorded."""
    results = []
    if checkpoint is not None:
        arrays, results = checkpoint.load()
        if results:
            trainer.load_state(arrays)
    yield from ((False, result) for result in results[: epochs * points + 1])
    for row in range(len(results), epochs * points + 1):
        diverged = row > 0 and results[-1]["diverged"]
        if row == 0:
            result = {"epoch": 0, **before()}
        elif not diverged:
            past, point = divmod(row - 1, points)
            first, last = (trainer.steps * k // points for k in (point, point + 1))
            loss, seconds = trainer.train(seed, past + 1, first, last)
            measured = {}
            if row % points == 0:
                with trainer.finished():
                    measured = after()
            result = {"loss": loss, **measured, "seconds": seconds}
            # also true for NaN
            diverged = not all(result[key] < DIVERGED for key in result if "loss" in key)
        if diverged:
            result = {key: math.inf if "loss" in key else math.nan for key in results[0]}
        epoch = row // points if row % points == 0 else row / points
        results.append({**result, "epoch": epoch, "diverged": diverged})
        if checkpoint is not None:
            checkpoint.save(trainer.state(), results)
        yield True, results[-1]


def _identity(trainer, recipe, values, seed, points):
    """Describe a run by everything but its length: what must be equal when it goes on."""
    layers = [
        [type(layer).__name__, {k: v for k, v in layer.get_config().items() if k != "name"}]
        for layer in trainer.model.layers
    ]
    network = without_modules(json.loads(json.dumps(layers, default=repr)))
    groups = trainer.dataset.groups
    digest = None if groups is None else hashlib.sha256(groups.astype("<i4").tobytes())
    return {
        "optimizer": f"{recipe.optimizer.__name__} {recipe.settings}",
        **values,
        "seed": seed,
        "batch size": trainer.batch_size,
        "loss": trainer.loss.__name__,
        "points": points,
        "parts": trainer.parts,
        "data set": trainer.dataset.provenance,
        "network": without_automatic_names(network),
        "backend": backends.name(),
        # left out where there are none: other runs are described as they were
        **({} if digest is None else {"groups": digest.hexdigest()[:16]}),
    }


def _code(make_model, model, loss):
    """Return fingerprints of the code that all runs of one comparison come from."""
    programs = backends.chosen()
    engine = Trainer, Evaluator, _run, Recipe.make, programs.steps_of_epoch, programs.forward_pass
    return {
        "python": PYTHON,
        "network": fingerprint(make_model, *map(type, model._flatten_layers())),
        "loss": fingerprint(loss),
        "engine": fingerprint(*engine),
    }


def common_start(make_model: MakeModel, seed: int) -> list[np.ndarray]:
    """Return the values of all variables of a network made under `seed`.

    They hold the initial weights and the states of the dropout layers' random generators, so
    loading them restores the start and the noise. Sets the global random seeds as `compare` does.
    """
    backends.set_seed(seed)
    return [ops.convert_to_numpy(variable) for variable in make_model().variables]
