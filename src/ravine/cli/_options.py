"""What several commands take: the name of an experiment, a size, algorithms, a folder."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

# What importing Keras raises for a backend that is not there, or an unknown one. It takes seconds,
# and so the commands import it when they need it.
UNLOADABLE = ImportError, ValueError

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
Results = Annotated[
    Path | None,
    typer.Option(help="Where the records are; by default runs, and then those of the book."),
]
Finer = Annotated[
    bool,
    typer.Option(
        "--finer", help="Only halfway from the best rate of the book's grid to its neighbours."
    ),
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


def in_folder(results: Path | None) -> list[str]:
    """Return the option that names the folder of records, or nothing for the usual ones."""
    return [] if results is None else ["--results", str(results)]


def chosen(texts: list[str] | None, known: Iterable[str]) -> list[str]:
    """Return the known names that `texts` list, whatever their case; all of them for none.

    Raises:
        ValueError: if one is not known.
    """
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
