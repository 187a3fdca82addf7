"""The command line: list, run, tune and record the experiments, and see which data are there."""

# Longer than 300 lines: one function for each command, and they share what they print.

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ravine.data import SOURCES, datasets

# The other modules load TensorFlow, for seconds, and so are imported by the commands that need
# them. Its start-up lines say nothing about an experiment.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

app = typer.Typer(
    help="Run the experiments of the course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
console = Console()

Name = Annotated[str, typer.Argument(help="Name of the experiment, see `ravine list`.")]
Optimizers = Annotated[
    str | None, typer.Option(help="Only these, separated by commas, such as adam,momentum.")
]
Size = Annotated[str, typer.Option(help="quick or full.")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Instead of the setting's own.")]
Out = Annotated[
    Path, typer.Option(help="Where the record goes; data/results keeps it as the book's own.")
]
Resume = Annotated[
    bool, typer.Option(help="Go on where an interrupted run of the same settings stopped.")
]
Devices = Annotated[
    int | None, typer.Option(min=2, help="Share every minibatch out over this many devices.")
]
OnCluster = Annotated[
    bool,
    typer.Option(
        "--cluster",
        help="Share the runs out over the Ray cluster in RAY_ADDRESS, or over this machine.",
    ),
]


@app.command("list")
def list_experiments() -> None:
    """List the experiments and what their two sizes run."""
    from ravine.experiments import EXPERIMENTS

    table = Table("experiment", "size", "data", "optimizers", "epochs", "seeds", box=None)
    for name, experiment in EXPERIMENTS.items():
        console.print(f"{name}: {experiment.title}")
        for size in ("quick", "full"):
            setting = experiment.setting(size)
            table.add_row(
                name,
                size,
                f"{experiment.dataset}, {setting.data}",
                ", ".join(setting.optimizers),
                str(setting.epochs),
                str(len(setting.seeds)),
            )
    console.print(table)


@app.command()
def run(
    experiment: Name,
    size: Size = "quick",
    optimizers: Optimizers = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="How many seeds: 3 runs the seeds 0, 1 and 2.")
    ] = None,
    epochs: Epochs = None,
    out: Out = Path("runs"),
    resume: Resume = True,
    devices: Devices = None,
    cluster: OnCluster = False,
) -> None:
    """Run an experiment and record every epoch of every run.

    Ctrl-C is safe: the same command goes on after the last whole epoch.
    """
    from ravine import experiments
    from ravine.results import summary
    from ravine.training import run_name

    with _one_sentence(ValueError):
        setting = experiments.find(experiment).setting(size)
        names = _chosen(optimizers, setting.optimizers)
    chosen_seeds = list(setting.seeds if seeds is None else range(seeds))
    epochs = epochs or setting.epochs
    total = len(names) * len(chosen_seeds) * (epochs * setting.points + 1)
    record = _recorded(
        partial(experiments.run, experiment, size, names, chosen_seeds, epochs, on_cluster=cluster),
        total,
        out,
        devices,
        _states(out, experiment, size, [] if resume else [f"{run_name(n)}-seed-*" for n in names]),
    )
    table = Table("optimizer", "training loss", "test accuracy", "s per epoch", "", box=None)
    for name, row in summary(record.frame).iterrows():
        diverged = f"{row['diverged']} of {row['runs']} diverged" if row["diverged"] else ""
        table.add_row(
            str(name),
            f"{row['loss']:.4f} ({row['lowest']:.4f} to {row['highest']:.4f})",
            f"{row['accuracy']:.3f}",
            f"{row['seconds']:.2f}",
            diverged,
        )
    console.print(table)


@app.command()
def tune(
    experiment: Name,
    size: Size = "quick",
    optimizers: Optimizers = None,
    epochs: Epochs = None,
    out: Out = Path("runs"),
    resume: Resume = True,
    devices: Devices = None,
    cluster: OnCluster = False,
) -> None:
    """Run the grid of learning rates that the quick settings were chosen with, and record it.

    Ctrl-C is safe: the same command goes on after the last whole epoch.
    """
    from ravine import experiments
    from ravine.training import run_name

    with _one_sentence(ValueError):
        found = experiments.find(experiment)
        setting = found.setting(size)
        names = _chosen(optimizers, found.grids)
    epochs = epochs or setting.epochs
    trials = sum(len(found.grids[name]) for name in names)
    grid = f"{size}-grid"
    total = trials * len(experiments.TUNING_SEEDS) * (epochs * setting.points + 1)
    record = _recorded(
        partial(experiments.tune, experiment, size, names, epochs=epochs, on_cluster=cluster),
        total,
        out,
        devices,
        _states(out, experiment, grid, [] if resume else [f"{run_name(n)}-[0-9]*" for n in names]),
    )
    table = Table("optimizer", "learning rate", "training loss", "", box=None)
    for row in experiments.best_rates(record.frame).itertuples():
        best = "best" if row.best else ""
        table.add_row(str(row.optimizer), f"{row.learning_rate:g}", f"{row.loss:.4f}", best)
    console.print(table)


@app.command()
def record(
    hours: Annotated[float, typer.Option(min=0.0, help="Stop after so many hours.")] = 2.5,
    listed: Annotated[
        bool, typer.Option("--list", help="Show what is recorded and the hours that are missing.")
    ] = False,
    add: Annotated[
        Path | None, typer.Option(help="Take in what a recorder has recorded in this folder.")
    ] = None,
    out: Out = Path("data/results"),
    devices: Devices = None,
) -> None:
    """Train what the figures at their published length still miss, and add it to the records.

    Ctrl-C is safe: the same command goes on after the last row. Two of them share the runs out.
    """
    from ravine.experiments import state_directory  # loads no Keras

    states = state_directory()
    if listed:
        _show_plan(out, states)
        return
    with suppress(AttributeError):  # not on Windows; threads that start later are as patient
        os.nice(10)
    from ravine import experiments
    from ravine.results import RecordError

    with _one_sentence(RecordError, OSError, ValueError):
        if add is not None:
            for directory in experiments.add(add, out):
                console.print(f"Added to {directory}", soft_wrap=True)
            return
        console.print(f"Checkpoints are in {states}", soft_wrap=True)
        try:
            with warnings.catch_warnings(), _recording() as watch:
                warnings.showwarning = lambda message, *_, **__: typer.echo(
                    f"Warning: {message}", err=True
                )
                found = experiments.record(hours, out, states, watch=watch, devices=devices)
        except KeyboardInterrupt:
            typer.echo("Stopped: the same command goes on after the last row.", err=True)
            raise typer.Exit(130) from None
    for problem in found.problems:
        typer.echo(f"Left out: {problem}", err=True)
    end = "All that can be recorded here is." if found.complete else "The time is over."
    console.print(f"{len(found.units)} runs recorded in {out}. {end}", soft_wrap=True)


@app.command()
def compare(
    experiment: Name,
    size: Size = "full",
    results: Annotated[
        Path | None, typer.Option(help="Where the records are; by default those of the book.")
    ] = None,
) -> None:
    """Show a recorded experiment beside what was published of it, with intervals over seeds."""
    from ravine.results import comparison, published, records

    with _one_sentence(records.RecordError, published.PublishedError):
        record = records.load(experiment, size, results)
        found = comparison.compare(experiment, record.frame)
    table = comparison.readable(found.values)
    shown = Table(*table.columns, box=None)
    for row in table.itertuples(index=False):
        shown.add_row(*map(str, row))
    console.print(shown)
    for sentence in comparison.sentences(found.orderings):
        console.print(sentence, soft_wrap=True, highlight=False)


@app.command()
def data() -> None:
    """Show which data sets are there, check them, and say how to get the others."""
    for name in SOURCES:
        for size in ("sample", "full"):
            paths = datasets.locate(name, size)
            if size == "full" and not all(path.exists() for path in paths):
                state = f"missing; {datasets.how_to_get(name, size)}"
            else:
                try:
                    state = f"there; {datasets.load(name, size).provenance}"
                except datasets.DatasetError as error:
                    state = f"unusable; {error}"
            where = ", ".join(map(str, paths)) or "drawn by code"
            console.print(f"{name}, {size}: {where}\n  {state}", soft_wrap=True, highlight=False)


def _show_plan(out: Path, states: Path) -> None:
    """Print how far each line of the plan is. Loads no Keras."""
    from ravine.experiments import progress

    lines = progress(out, states)
    table = Table("", "for", "record", "epochs", "runs", "seeds", "hours", "missing", box=None)
    for line in lines:
        older = f", {line.older} epochs are there" if line.older else ""
        table.add_row(
            line.line.letter,
            line.line.figure,
            f"{line.line.experiment}/{line.line.size}{older}",
            str(line.line.epochs),
            f"{line.recorded} of {line.units}",
            ", ".join(map(str, line.seeds)),
            f"{line.hours:.1f}",
            f"{line.missing:.1f}",
        )
    console.print(table)
    here, gpu = (
        sum(line.missing for line in lines if line.gpu == needed) for needed in (False, True)
    )
    console.print(
        f"{here:.1f} hours are missing, and {gpu:.0f} on a GPU. Checkpoints are in {states}",
        soft_wrap=True,
    )


@contextmanager
def _recording() -> Iterator[Callable[[Any], None]]:
    """Show how far the recorder is; yield the function that it tells every row."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("loading")

        def watch(moment):
            name = f"{moment.unit.experiment}/{moment.unit.size}, {moment.unit.trial}"
            left = f"{moment.unit_left / 60:.0f} min left, plan {moment.plan_left / 3600:.1f} h"
            text = f"{name}, seed {moment.unit.seed}: loss {moment.row['loss']:.4f}, {left}"
            bar.update(task, completed=moment.rows, total=moment.total, description=text)
            if moment.rows == moment.total:
                console.print(text, soft_wrap=True, highlight=False)

        yield watch


def _states(out: Path, experiment: str, size: str, dropped: Iterable[str]) -> Path:
    """Return the directory of the checkpoints, after deleting files of the names in `dropped`."""
    directory = out / "checkpoints" / experiment / size
    for pattern in dropped:
        for file in directory.glob(pattern):
            file.unlink()
    return directory


def _recorded(
    run: Callable[..., Any], total: int, out: Path, devices: int | None, states: Path
) -> Any:
    """Run with a progress bar, write the record below `out`, and return it."""
    from ravine.results import records
    from ravine.training import CheckpointError, ClusterError, several

    expected = datasets.DatasetError, CheckpointError, ClusterError, OSError, ValueError
    try:
        with (
            warnings.catch_warnings(),
            _one_sentence(*expected),
            several(devices) if devices else nullcontext(),
            _progress(total) as report,
        ):
            warnings.showwarning = lambda message, *_, **__: typer.echo(
                f"Warning: {message}", err=True
            )
            record = run(report=report, checkpoints=states.absolute())
            directory = records.save(record, out)
    except KeyboardInterrupt:
        typer.echo("Stopped: the same command goes on after the last whole epoch.", err=True)
        raise typer.Exit(130) from None
    console.print(f"Recorded in {directory}", soft_wrap=True)
    return record


def _chosen(text: str | None, known: Iterable[str]) -> list[str]:
    """Return the known names that `text` lists, whatever their case; all of them for None."""
    names = {name.lower(): name for name in known}
    if text is None:
        return list(names.values())
    listed = [name.strip().lower() for name in text.split(",")]
    for name in listed:
        if name not in names:
            raise ValueError(f"There is no optimizer {name!r}; there is {', '.join(names)}.")
    return [names[name] for name in dict.fromkeys(listed)]


@contextmanager
def _one_sentence(*errors: type[Exception]) -> Iterator[None]:
    """End with exit code 2 and the message of an expected error, without a traceback."""
    try:
        yield
    except errors as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from error


@contextmanager
def _progress(total: int) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Show a bar on a terminal; yield the function that moves it on by one row."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("compiling", total=total)

        def report(row):
            text = f"{row['optimizer']}, seed {row['seed']}: loss {row['loss']:.4f}"
            bar.update(task, advance=1, description=text)

        yield report


if __name__ == "__main__":
    app()
