"""The commands `list` and `data`: which experiments and data sets there are."""

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from ravine.cli._options import SIZES, UNLOADABLE
from ravine.cli._tables import Column, show_table
from ravine.cli._terminal import one_sentence, say, show, show_next
from ravine.data import SOURCES, datasets

if TYPE_CHECKING:
    from ravine.experiments import Experiment


def list_experiments(
    experiment: Annotated[
        str | None, typer.Argument(help="Only this one, with its algorithms and their rates.")
    ] = None,
) -> None:
    """List the experiments and what their two sizes run, or all about one of them."""
    from ravine.results import RecordError

    with one_sentence(*UNLOADABLE, RecordError):
        from ravine.experiments import EXPERIMENTS, find

        if experiment is None:
            _show_all(EXPERIMENTS.values())
            show_next("list", next(iter(EXPERIMENTS)))
        else:
            _show_one(find(experiment))
            show_next("run", experiment)


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


def _show_all(experiments: Iterable["Experiment"]) -> None:
    """Print one line for all neighbours with as many algorithms and seeds on the same data."""

    def counts(experiment):
        quick, full = experiment.quick, experiment.full
        return (
            experiment.dataset,
            f"{len(quick.optimizers)}/{len(full.optimizers)}",
            f"{len(quick.seeds)}/{len(full.seeds)}",
        )

    columns = [Column("experiment", wraps=True), Column("data")]
    columns += [Column(name, number=True) for name in ("algorithms", "epochs", "seeds")]
    rows = []
    for (data, algorithms, seeds), found in groupby(experiments, counts):
        group = list(found)
        epochs = "/".join(_range([each.setting(size).epochs for each in group]) for size in SIZES)
        names = ", ".join(each.name for each in group)
        rows.append((names, data, algorithms, epochs, seeds))
    show("The numbers are those of the quick and the full size.")
    show_table(columns, rows)


def _range(numbers: list[int]) -> str:
    """Return "5", or "2-60" where the numbers differ."""
    return "-".join(map(str, sorted({min(numbers), max(numbers)})))


def _show_one(experiment: "Experiment") -> None:
    """Print the two sizes of an experiment, its algorithms with their rates, and its records."""
    from ravine.cli._found import roots
    from ravine.results import records

    show(f"{experiment.name}: {experiment.title}")
    columns = [Column("size"), Column("data")]
    columns += [Column(name, number=True) for name in ("epochs", "seeds", "minibatch")]
    rows = []
    for size in SIZES:
        setting = experiment.setting(size)
        counts = setting.epochs, len(setting.seeds), setting.batch_size
        rows.append((size, f"{experiment.dataset}, {setting.data}", *map(str, counts)))
    show_table(columns, rows)
    say("")
    makers = [experiment.setting(size).optimizers for size in SIZES]
    rates = [
        {name: f"{float(make().learning_rate):.4g}" for name, make in size.items()}
        for size in makers
    ]
    show_table(
        [
            Column("algorithm"),
            *(Column(f"rate at the\nstart, {size}", number=True) for size in SIZES),
        ],
        [(name, *(size.get(name, "") for size in rates)) for name in {**rates[0], **rates[1]}],
    )
    say("")
    for root in roots():
        if found := records.sizes(experiment.name, root):
            show(f"Recorded {f'in {root}' if root else 'in the book'}: {', '.join(found)}")
