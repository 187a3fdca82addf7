"""The commands `run` and `tune`, which train and record."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from functools import partial
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ravine.cli import _terminal
from ravine.cli._options import (
    MOST,
    RUNS,
    UNLOADABLE,
    Devices,
    Epochs,
    Finer,
    Name,
    OnCluster,
    Optimizers,
    Out,
    Resume,
    Size,
    chosen,
    in_folder,
)
from ravine.cli._tables import Column, show_table
from ravine.cli._terminal import one_sentence, say, show_next
from ravine.data import datasets
from ravine.files import only_writer

if TYPE_CHECKING:
    from ravine.results import Record


def run(
    experiment: Name,
    size: Size = "quick",
    optimizers: Optimizers = None,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, max=MOST, help="How many seeds: 3 runs the seeds 0, 1 and 2."),
    ] = None,
    epochs: Epochs = None,
    out: Out = RUNS,
    resume: Resume = True,
    devices: Devices = None,
    cluster: OnCluster = False,
) -> None:
    """Run an experiment and record every epoch of every run.

    Ctrl-C is safe: the same command goes on after the last whole epoch.
    """
    with one_sentence(*UNLOADABLE):
        from ravine import experiments
        from ravine.results import digits, summary

        setting = experiments.find(experiment).setting(size)
        names = chosen(optimizers, setting.optimizers)
    chosen_seeds = list(setting.seeds if seeds is None else range(seeds))
    epochs = epochs or setting.epochs
    total = len(names) * len(chosen_seeds) * (epochs * setting.points + 1)
    record = _recorded(
        partial(experiments.run, experiment, size, names, chosen_seeds, epochs, on_cluster=cluster),
        total,
        out,
        devices,
        out / "checkpoints" / experiment / size,
        [] if resume else names,
    )
    columns = (
        Column("optimizer", wraps=True),
        Column("training\nloss (nats)", number=True),
        Column("lowest to\nhighest seed"),
        Column("test\naccuracy (%)", number=True),
        Column("s per\nepoch", number=True),
        Column("diverged"),
    )
    rows = [
        (
            str(name),
            digits(row["loss"], 4),
            f"{digits(row['lowest'], 4)} to {digits(row['highest'], 4)}",
            "" if isnan(row["accuracy"]) else f"{100 * row['accuracy']:.1f}",
            digits(row["seconds"]),
            f"{row['diverged']} of {row['runs']}" if row["diverged"] else "",
        )
        for name, row in summary(record.frame).iterrows()
    ]
    show_table(columns, rows)
    _show_next_of(record, out)


def tune(
    experiment: Name,
    size: Size = "quick",
    optimizers: Optimizers = None,
    epochs: Epochs = None,
    finer: Finer = False,
    out: Out = RUNS,
    resume: Resume = True,
    devices: Devices = None,
    cluster: OnCluster = False,
) -> None:
    """Run the grid of learning rates that the quick settings were chosen with, and record it.

    Ctrl-C is safe: the same command goes on after the last whole epoch.
    """
    from ravine.results import RecordError

    with one_sentence(*UNLOADABLE, RecordError):
        from ravine import experiments
        from ravine.results import records

        found = experiments.find(experiment)
        setting = found.setting(size)
        epochs = epochs or setting.epochs
        length = records.size_of(size, epochs, setting.epochs)
        coarse = records.load(experiment, length + records.GRID).frame if finer else None
        grids = found.grids if coarse is None else experiments.between(coarse)
        names = chosen(optimizers, grids)
    trials = experiments.trials(grids, names)
    total = len(trials) * len(experiments.TUNING_SEEDS) * (epochs * setting.points + 1)
    record = _recorded(
        partial(
            experiments.tune,
            experiment,
            size,
            names,
            epochs=epochs,
            on_cluster=cluster,
            finer_than=coarse,
        ),
        total,
        out,
        devices,
        out / "checkpoints" / experiment / f"{size}{records.FINER_GRID if finer else records.GRID}",
        [] if resume else trials,
    )
    _show_trials(record)
    _show_next_of(record, out)


def _show_trials(record: "Record") -> None:
    """Print the loss of every trial, and which one is the best of its algorithm."""
    from ravine import experiments
    from ravine.results import digits

    columns = (
        Column("optimizer", wraps=True),
        Column("learning\nrate", number=True),
        Column("training\nloss (nats)", number=True),
        Column(""),
    )
    trials = experiments.best_rates(record.frame).to_numpy()
    rows = [
        (str(name), f"{rate:g}", digits(loss, 4), "best" if best else "")
        for name, rate, loss, best in trials
    ]
    show_table(columns, rows)


def _recorded(
    run: Callable[..., Any],
    total: int,
    out: Path,
    devices: int | None,
    states: Path,
    dropped: Iterable[str],
) -> Any:
    """Run with a progress bar, write the record below `out`, and return it.

    The checkpoints lie in `states`, after those of the optimizers that are `dropped` are deleted.
    """
    with one_sentence(*UNLOADABLE):
        from ravine.results import merging
        from ravine.training import CheckpointError, ClusterError, forget_runs, several

    expected = datasets.DatasetError, CheckpointError, ClusterError, OSError, ValueError
    try:
        with (
            _terminal.stoppable() as check,
            _terminal.warnings_in_one_line(),
            one_sentence(*expected),
            only_writer(states),
            several(devices) if devices else nullcontext(),
            _terminal.progress(total) as show_row,
        ):
            for name in dropped:
                forget_runs(states, name)

            def report(row):
                check()
                show_row(row)

            record = run(report=report, checkpoints=states.absolute())
            said = merging.save(record, out)
    except KeyboardInterrupt:
        typer.echo("Stopped: the same command goes on after the last whole epoch.", err=True)
        raise typer.Exit(130) from None
    for sentence in said:
        say(sentence)
    return record


def _show_next_of(record: "Record", out: Path) -> None:
    """Print how to look at a new record: beside what was published, if anything was."""
    from ravine.results import PublishedError, published, records

    experiment, size = (record.provenance[key] for key in ("experiment", "size"))
    command = "plot"
    if not size.endswith(records.GRID):
        with suppress(PublishedError):
            published.load(experiment)
            command = "compare"
    where = in_folder(None if out == RUNS else out)
    show_next(command, experiment, "--size", size, *where)
