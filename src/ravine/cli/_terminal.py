"""How the command line speaks: lines that fit, a bar, one sentence for an error."""

import io
import os
import shlex
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

# Paths and names are printed as they are: [final] is no colour, and :smile: is no picture.
console = Console(markup=False, emoji=False, highlight=False)


def speak_every_encoding() -> None:
    """Print what the encoding of stdout lacks, such as η, as its code, as Python does on stderr."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def show(*texts: str, indent: int = 0) -> None:
    """Print lines that break between words where the terminal is narrower.

    Args:
        *texts: one for each line.
        indent: blanks before it.
    """
    for text in texts:
        console.print(Padding(Text(text), (0, 0, 0, indent), expand=False))


def say(text: str) -> None:
    """Print one line that no one breaks, with a path in it perhaps."""
    console.print(text, soft_wrap=True)


def show_next(*words: str) -> None:
    """Print the command that makes sense next, on a line that no one breaks."""
    say(f"Next: {shlex.join(['ravine', *words])}")


@contextmanager
def one_sentence(*errors: type[Exception]) -> Iterator[None]:
    """End with exit code 2 and the message of an expected error, without a traceback."""
    try:
        yield
    except errors as error:
        text = " ".join(str(error).split()) or type(error).__name__
        typer.echo(f"Error: {text}", err=True)
        raise typer.Exit(2) from error


@contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """Let Ctrl-C raise `KeyboardInterrupt` inside, so that what is being written ends whole.

    Yields a function that raises it again, where a library has swallowed it.
    """
    pressed = []

    def raises(*_):
        pressed.append(True)
        raise KeyboardInterrupt

    def check():
        if pressed:
            raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, raises)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """Print a warning as its message, without the line of code that it comes from."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: typer.echo(f"Warning: {message}", err=True)
        yield


@contextmanager
def progress(total: int) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Show a bar on a terminal; yield the function that moves it on by one row."""
    columns = (
        TextColumn("{task.description}", markup=False),
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


@contextmanager
def recording() -> Iterator[Callable[[Any], None]]:
    """Show how far the recorder is; yield the function that it tells every row."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
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
                say(text)

        yield watch


def step_back() -> None:
    """Let other work on this machine go first."""
    with suppress(AttributeError):  # not on Windows; threads that start later are as patient
        os.nice(10)
