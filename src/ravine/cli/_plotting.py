"""The command `plot`: a picture of a record, and its curves as lines of text."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ravine.cli import _terminal
from ravine.cli._options import UNLOADABLE, Name, Optimizers, Results, chosen, in_folder
from ravine.cli._terminal import one_sentence, say, show_next
from ravine.files import write_whole

if TYPE_CHECKING:
    from ravine.cli._found import Found

FORMATS = (".png", ".svg", ".pdf")


def plot(
    experiment: Name,
    size: Annotated[
        str | None,
        typer.Option(
            help="quick, full, or such as 5-epochs, each with -grid after it for the search for "
            "learning rates; by default the longest of them."
        ),
    ] = None,
    optimizers: Optimizers = None,
    results: Results = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The picture: a .png, .svg or .pdf. By default NAME-SIZE.png, here."),
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Print the curves and draw none.")] = False,
) -> None:
    """Draw a recorded experiment in the colours of the book, and print its curves as text.

    The picture goes into a file; none is opened.
    """
    from ravine.cli import _curves
    from ravine.cli._found import find
    from ravine.results import RecordError, records

    with one_sentence(RecordError, OSError, *UNLOADABLE):
        if out is not None and out.suffix.lower() not in FORMATS:
            raise ValueError(
                f"The picture must be a file such as {experiment}.png, .svg or .pdf, but it was "
                f"{str(out)!r}."
            )
        found = find(experiment, size, results, grids=True)
        frame = found.record.frame
        frame = frame[frame["optimizer"].isin(chosen(optimizers, frame["optimizer"].unique()))]
        path = out or Path(f"{found.experiment}-{found.size}.png")
        if not text:
            with _terminal.warnings_in_one_line():
                title = f"{found.experiment}, {found.size}"
                picture = _curves.drawn(frame, title, path.suffix.lower())
            write_whole(path, picture)
    say(found.sentence)
    if found.size.endswith(records.GRID):
        _curves.show_grid(frame)
    else:
        _curves.show_curves(frame)
    if not text:
        say(f"Drawn in {path}")
    _show_next_of(found, results)


def _show_next_of(found: "Found", results: Path | None) -> None:
    """Print what comes after a picture: the search for the rates, or a run with the best ones."""
    from ravine.cli._found import roots
    from ravine.results import records

    if found.size.endswith(records.GRID):
        show_next("run", found.experiment)
        return
    folders = roots() if results is None else [results]
    recorded = [name for root in folders for name in records.sizes(found.experiment, root)]
    grids = [name for name in recorded if name.endswith(records.GRID)]
    if grids:
        own = found.size + records.GRID
        size = own if own in grids else grids[0]
        show_next("plot", found.experiment, "--size", size, *in_folder(results))
    else:
        show_next("tune", found.experiment)
