"""The command `record`, which trains what the figures at their published length still miss."""

from pathlib import Path
from typing import Annotated

import typer

from ravine.cli import _terminal
from ravine.cli._options import UNLOADABLE, Devices, OnCluster, Out
from ravine.cli._tables import Column, show_table
from ravine.cli._terminal import one_sentence, say, show, show_next


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


def _show_plan(out: Path, states: Path) -> None:
    """Print how far each line of the plan is. Loads no Keras."""
    from ravine.experiments import progress

    lines = progress(out, states)
    columns = (
        Column(""),
        Column("for", wraps=True),
        Column("experiment"),
        Column("epochs", number=True),
        Column("runs"),
        Column("seeds"),
        Column("hours\nspent", number=True),
        Column("hours\nleft", number=True),
    )
    rows = [
        (
            line.line.letter,
            line.line.figure + (f"; {line.older} epochs are there" if line.older else ""),
            line.line.experiment + (" rates" if line.line.rates else ""),
            str(line.line.epochs),
            f"{line.recorded}/{line.units}",
            " ".join(map(str, line.seeds)),
            f"{line.hours:.1f}",
            f"{line.missing:.1f}",
        )
        for line in lines
    ]
    show_table(columns, rows)
    here, gpu = (
        sum(line.missing for line in lines if line.gpu == needed) for needed in (False, True)
    )
    show(f"{here:.1f} hours are missing, and {gpu:.0f} on a GPU.")
    say(f"Checkpoints are in {states}")
    if here:
        show_next("record", "--hours", "2.5")
    else:
        show_next("list")
