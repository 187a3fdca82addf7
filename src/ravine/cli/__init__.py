"""The command line: list, run, tune, record, compare and plot experiments, and see the data.

One file for each kind of command; `_terminal` and `_tables` are how they all speak.
"""

import typer

from ravine.cli import _terminal
from ravine.cli._comparing import compare
from ravine.cli._listing import data, list_experiments
from ravine.cli._plotting import plot
from ravine.cli._recording import record
from ravine.cli._training import run, tune

__all__ = ["app"]

app = typer.Typer(
    help="Run the experiments of the course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def begin() -> None:
    """Run the experiments of the course."""
    _terminal.speak_every_encoding()


app.command("list")(list_experiments)
for command in (run, tune, record, compare, plot, data):
    app.command()(command)
