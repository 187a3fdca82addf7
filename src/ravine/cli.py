"""The command line: list, run, tune and record the experiments, and see which data are there."""

# Longer than 300 lines: one function for each command, and they share what they print.

import os
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from ravine import _terminal
from ravine._terminal import one_sentence, say, show, show_table
from ravine.data import SOURCES, datasets
from ravine.files import only_writer

# The other modules load Keras, for seconds, and so are imported by the commands that need them.
UNLOADABLE = ImportError, ValueError  # a backend that is not there, or an unknown one

app = typer.Typer(
    help="Run the experiments of the course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
SIZES = ("quick", "full")
RUNS = Path("runs")
MOST = 1_000_000  # epochs or seeds

Name = Annotated[str, typer.Argument(help="Name of the experiment, see `ravine list`.")]
Optimizers = Annotated[
    list[str] | None,
    typer.Option(
        help="Only these, separated by commas, such as adam,momentum. A name that has a comma goes "
        "into an option of its own: --optimizers adam --optimizers 'Adam, scaled β'."
    ),
]
Size = Annotated[str, typer.Option(help="quick or full.")]
Epochs = Annotated[int | None, typer.Option(min=1, max=MOST, help="Instead of the setting's own.")]
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


@app.callback()
def begin() -> None:
    """Run the experiments of the course."""
    _terminal.speak_every_encoding()


@app.command("list")
def list_experiments() -> None:
    """List the experiments and what their two sizes run."""
    with one_sentence(*UNLOADABLE):
        from ravine.experiments import EXPERIMENTS

    for name, experiment in EXPERIMENTS.items():
        show(f"{name}: {experiment.title}")
        for size in SIZES:
            setting = experiment.setting(size)
            again = size == "full" and list(setting.optimizers) == list(experiment.quick.optimizers)
            chosen = "the same optimizers" if again else ", ".join(setting.optimizers)
            counts = f"{setting.epochs} epochs, {len(setting.seeds)} seeds"
            show(
                f"{name} {size}: {experiment.dataset}, {setting.data}; {counts}; {chosen}", indent=2
            )


@app.command()
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
        from ravine.results import summary

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
        out / "checkpoints" / experiment / size,
        [] if resume else names,
    )
    rows = [
        (
            str(name),
            f"{row['loss']:.4f} ({row['lowest']:.4f} to {row['highest']:.4f})",
            f"{row['accuracy']:.3f}",
            f"{row['seconds']:.2f}",
            f"{row['diverged']} of {row['runs']} diverged" if row["diverged"] else "",
        )
        for name, row in summary(record.frame).iterrows()
    ]
    show_table(("optimizer", "training loss", "test accuracy", "s per epoch", ""), rows)


@app.command()
def tune(
    experiment: Name,
    size: Size = "quick",
    optimizers: Optimizers = None,
    epochs: Epochs = None,
    out: Out = RUNS,
    resume: Resume = True,
    devices: Devices = None,
    cluster: OnCluster = False,
) -> None:
    """Run the grid of learning rates that the quick settings were chosen with, and record it.

    Ctrl-C is safe: the same command goes on after the last whole epoch.
    """
    with one_sentence(*UNLOADABLE):
        from ravine import experiments

        found = experiments.find(experiment)
        setting = found.setting(size)
        names = _chosen(optimizers, found.grids)
    epochs = epochs or setting.epochs
    trials = experiments.trials(found, names)
    total = len(trials) * len(experiments.TUNING_SEEDS) * (epochs * setting.points + 1)
    record = _recorded(
        partial(experiments.tune, experiment, size, names, epochs=epochs, on_cluster=cluster),
        total,
        out,
        devices,
        out / "checkpoints" / experiment / f"{size}-grid",
        [] if resume else trials,
    )
    rows = [
        (
            str(row.optimizer),
            f"{row.learning_rate:g}",
            f"{row.loss:.4f}",
            "best" if row.best else "",
        )
        for row in experiments.best_rates(record.frame).itertuples()
    ]
    show_table(("optimizer", "learning rate", "training loss", ""), rows)


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
    cluster: OnCluster = False,
) -> None:
    """Train what the figures at their published length still miss, and add it to the records.

    Ctrl-C is safe: the same command goes on after the last row. Two of them share the runs out.
    """
    from ravine.experiments import state_directory  # loads no Keras

    states = state_directory()
    with one_sentence(*UNLOADABLE, OSError):
        if listed:
            _show_plan(out, states)
            return
        _terminal.step_back()
        from ravine import experiments
        from ravine.results import RecordError
        from ravine.training import ClusterError

    with one_sentence(RecordError, ClusterError, OSError, ValueError):
        if add is not None:
            for directory in experiments.add(add, out):
                say(f"Added to {directory}")
            return
        if cluster and devices:
            raise ValueError("--cluster gives every run one device: leave --devices out.")
        say(f"Checkpoints are in {states}")
        try:
            if cluster:  # whose machines show no progress here; `--list` does
                found = experiments.record_on_cluster(hours, out, states)
            else:
                with _terminal.warnings_in_one_line(), _terminal.recording() as watch:
                    found = experiments.record(hours, out, states, watch=watch, devices=devices)
        except KeyboardInterrupt:
            typer.echo("Stopped: the same command goes on after the last row.", err=True)
            raise typer.Exit(130) from None
    for problem in found.problems:
        typer.echo(f"Left out: {problem}", err=True)
    end = "All that can be recorded here is." if found.complete else "The time is over."
    say(f"{len(found.units)} runs recorded in {out}. {end}")


@app.command()
def compare(
    experiment: Name,
    size: Annotated[
        str | None,
        typer.Option(help="quick, full, or such as 5-epochs; by default the longest of them."),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(help="Where the records are; by default runs, and then those of the book."),
    ] = None,
) -> None:
    """Show a recorded experiment beside what was published of it, with intervals over seeds."""
    from ravine.results import comparison, published, records

    with one_sentence(records.RecordError, published.PublishedError, *UNLOADABLE):
        if size not in (None, *SIZES) and not records.SHORTER.fullmatch(size):
            raise ValueError(
                f'The size must be "quick", "full" or such as "5-epochs", but it was {size!r}.'
            )
        root = results
        if root is None:
            with suppress(records.RecordError):
                own = size or records.longest(experiment, RUNS)
                root = RUNS if os.path.exists(RUNS / experiment / own) else None
        try:
            record = records.load(experiment, size or records.longest(experiment, root), root)
        except records.RecordError:
            from ravine import experiments  # for seconds, and so only now

            experiments.find(experiment)
            raise
        found = comparison.compare(experiment, record.frame)
    found_size, date = record.provenance["size"], record.provenance["date"]
    where = f"of the book, {found_size}" if root is None else f"in {root / experiment / found_size}"
    say(
        f"The record {where}, of {date}. In brackets 95 % intervals, those of the orderings "
        "together; below means by more than 1 %, level within 10 %."
    )
    table = comparison.readable(found.values)
    show_table([*map(str, table)], [[*map(str, row)] for row in table.itertuples(index=False)])
    show(*comparison.sentences(found.orderings))


@app.command()
def data() -> None:
    """Show which data sets are there, check them, and say how to get the others."""
    for name in SOURCES:
        for size in ("sample", "full"):
            paths = datasets.locate(name, size)
            try:
                if size == "full" and not all(path.exists() for path in paths):
                    state = f"missing; {datasets.how_to_get(name, size)}"
                else:
                    state = f"there; {datasets.load(name, size).provenance}"
            except (datasets.DatasetError, OSError) as error:
                state = f"unusable; {error}"
            where = ", ".join(map(str, paths)) or "drawn by code"
            say(f"{name}, {size}: {where}\n  {state}")


def _show_plan(out: Path, states: Path) -> None:
    """Print how far each line of the plan is. Loads no Keras."""
    from ravine.experiments import progress

    lines = progress(out, states)
    columns = ("", "for", "record", "epochs", "runs", "seeds", "hours", "missing", "")
    rows = [
        (
            line.line.letter,
            line.line.figure,
            f"{line.line.experiment}/{line.line.size}",
            str(line.line.epochs),
            f"{line.recorded} of {line.units}",
            ", ".join(map(str, line.seeds)),
            f"{line.hours:.1f}",
            f"{line.missing:.1f}",
            f"{line.older} epochs are there" if line.older else "",
        )
        for line in lines
    ]
    show_table(columns, rows)
    here, gpu = (
        sum(line.missing for line in lines if line.gpu == needed) for needed in (False, True)
    )
    say(f"{here:.1f} hours are missing, and {gpu:.0f} on a GPU. Checkpoints are in {states}")


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


def _chosen(texts: list[str] | None, known: Iterable[str]) -> list[str]:
    """Return the known names that `texts` list, whatever their case; all of them for none."""
    names = {name.lower(): name for name in known}
    if not texts:
        return list(names.values())
    listed = []
    for text in texts:  # a name may have a comma of its own
        whole = text.strip().lower()
        listed += [whole] if whole in names else [part.strip() for part in whole.split(",")]
    for name in listed:
        if name not in names:
            raise ValueError(
                f"There is no optimizer {name!r}; there is {'; '.join(names.values())}."
            )
    return [names[name] for name in dict.fromkeys(listed)]


if __name__ == "__main__":
    app()
