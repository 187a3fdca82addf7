"""The command line: `python -m tools.bench [--only NAME,...] [--all] [--rounds N] [--out DIR]`."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from rich.console import Console

from ravine.files import WriteError
from tools.bench import commands, results, site
from tools.bench.commands import ROOT
from tools.bench.groups import GROUPS, missing
from tools.bench.workers import WorkerError, take_turns

PAGES = ROOT / "_build" / "html"


def main(argv: Sequence[str] | None = None) -> None:
    """Measure the groups that are asked for, print their tables and write them down."""
    arguments = _parser().parse_args(argv)
    console = Console()
    if left_out := missing():
        names = " ".join(left_out)
        console.print(f"Left out: what needs {names}; `pip install {names}` adds it.")
    for name in arguments.only or _usual(arguments.all):
        try:
            _measure(name, arguments.rounds, arguments.out, console)
        except (WorkerError, WriteError) as error:
            sys.exit(str(error))
    console.print(f"Written to {arguments.out}")


def _parser():
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description="Time the course.")
    parser.add_argument("--only", type=_names, metavar="NAME[,NAME]", help=", ".join(GROUPS))
    parser.add_argument("--all", action="store_true", help="also what takes long: the project")
    parser.add_argument("--rounds", type=_count, default=9)
    parser.add_argument("--out", type=Path, default=ROOT / "data" / "results" / "bench")
    return parser


def _names(text):
    names = text.split(",")
    for name in names:
        if name not in GROUPS:
            raise argparse.ArgumentTypeError(
                f"there is no group {name!r}, but {', '.join(GROUPS)}."
            )
    return names


def _count(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it must be 1 or more, but it was {text!r}.")
    return int(text)


def _usual(everything):
    return [name for name, group in GROUPS.items() if everything or not group.once]


def _measure(name, rounds, directory, console):
    """Measure a group, print its table and write it down."""
    group = GROUPS[name]
    rounds = 1 if group.once else rounds
    frames = []
    environments: dict[str, dict] = {}
    for subject, teams in group.subjects.items():
        with console.status(f"{name}: {subject}"):
            rows, found = take_turns(teams, rounds)
        frames.append(pd.DataFrame([{"subject": subject, **row} for row in rows]))
        for backend, versions in found.items():  # not every subject has all packages
            environments.setdefault(backend, {}).update(versions)
    frame = pd.concat(frames)
    console.print(results.table(f"{name}: median (lowest to highest) of {rounds} rounds", frame))
    results.write(directory / f"{name}.csv", frame)
    if name == "project":
        results.write(directory / "pages.csv", site.weigh(PAGES))
        results.write(directory / "notebooks.csv", commands.measured_notebooks())
    provenance = {
        "environment": environments,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "rounds": rounds,
        **group.setting,
    }
    results.write_provenance(directory, name, provenance, GROUPS)


if __name__ == "__main__":
    main()
