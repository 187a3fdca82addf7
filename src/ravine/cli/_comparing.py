"""The command `compare`: a record beside what was published of it."""

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from ravine.cli._options import UNLOADABLE, Name, Results, in_folder
from ravine.cli._tables import Column, show_table
from ravine.cli._terminal import one_sentence, say, show, show_next

if TYPE_CHECKING:
    import pandas as pd

HEADINGS = {
    "loss": "Training loss (nats)",
    "lowest loss": "Lowest training loss of all epochs (nats)",
    "seconds per epoch": "Time of an epoch (s)",
}


def compare(
    experiment: Name,
    size: Annotated[
        str | None,
        typer.Option(help="quick, full, or such as 5-epochs; by default the longest of them."),
    ] = None,
    results: Results = None,
) -> None:
    """Show a recorded experiment beside what was published of it, with intervals over seeds."""
    from ravine.cli._found import find
    from ravine.results import PublishedError, RecordError, comparison

    with one_sentence(RecordError, PublishedError, *UNLOADABLE):
        found = find(experiment, size, results, grids=False)
        compared = comparison.compare(experiment, found.record.frame)
    say(found.sentence)
    show(
        "In brackets 95 % intervals, those of the orderings together; below means by more than "
        "1 %, level within 10 %."
    )
    for metric, rows in comparison.readable(compared.values).groupby("metric", sort=False):
        _show_values(str(metric), rows)
    _show_orderings(compared.orderings)
    show_next("plot", experiment, "--size", found.size, *in_folder(results))


def _show_values(metric: str, table: "pd.DataFrame") -> None:
    """Print our numbers of one metric, and what was published in a column for each source."""
    columns = [Column("algorithm", wraps=True), Column("ours", number=True), Column("interval")]
    columns += [Column("epochs", number=True)]
    names = ["optimizer", "ours", "interval", "epochs"]
    for name in table.columns.difference([*names, "metric"], sort=False):
        heading = [line for part in name.split(", ") for line in textwrap.wrap(part, 14)]
        columns.append(Column("\n".join(heading), number=True))
        names.append(name)
    say("")
    show(HEADINGS.get(metric, metric.capitalize()))
    show_table(columns, table[names].to_numpy().tolist())


def _show_orderings(orderings: "pd.DataFrame") -> None:
    """Print what the intervals say of each pair, then the pairs that have none."""
    from ravine.results import comparison

    table = comparison.judged(orderings[orderings["reason"] == ""])
    if len(table):
        say("")
        sources = list(table.columns.difference([*comparison.JUDGED], sort=False))
        names = ["claim", *sources, "ours", "interval", "epochs"]
        headings = ["claim", *sources, "ours", "ln of the\nratio", "epochs"]
        wraps = ["claim", *sources]
        columns = [
            Column(heading, wraps=name in wraps)
            for name, heading in zip(names, headings, strict=True)
        ]
        show_table(columns, table[names].to_numpy().tolist())
    without = comparison.sentences(orderings[orderings["reason"] != ""])
    if without:
        say("")
        show("Without an interval", *without)
