"""The commands of the homework: `python -m tools.homework --help` lists them."""

import os
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.fernet import Fernet
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ravine.files import InUseError, WriteError, only_writer, write_whole
from tools.homework import batch, classes, proof, sandbox, vault
from tools.homework import gradescope as gradescopes
from tools.homework import release as releasing
from tools.homework import similarity as comparing
from tools.homework.grading import CELL_TIMEOUT, expected_checks
from tools.homework.grading import grade as grade_cells
from tools.homework.master import MasterError
from tools.homework.report import Reports
from tools.homework.session import Workshop

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The homework of the course.")
console = Console()

# No date alone: it would be the first moment of that day.
MOMENTS = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]

Names = Annotated[list[str] | None, typer.Argument(help="Assignments; without any, all.")]


@app.command()
def release() -> None:
    """Write the students' notebooks: the pages of the book, and dist/homework with a zip."""
    for path in releasing.release(vault.load(name) for name in vault.ASSIGNMENTS):
        console.print(str(path), soft_wrap=True)


@app.command()
def grade(
    place: Annotated[Path, typer.Argument(help="A folder, a zip or a notebook handed in.")],
    out: Annotated[Path | None, typer.Option(help="Where results go; beside PLACE.")] = None,
    roster: Annotated[
        Path | None, typer.Option(help="The class: a CSV of id,name,section.")
    ] = None,
    due: Annotated[
        datetime | None, typer.Option(help="The deadline, local time.", formats=MOMENTS)
    ] = None,
    cell_timeout: Annotated[float, typer.Option(help="Seconds for a cell.")] = CELL_TIMEOUT,
    budget: Annotated[float, typer.Option(help="Seconds for a submission.")] = batch.BUDGET,
    jobs: Annotated[int | None, typer.Option(help="How many at the same time.")] = None,
    unprotected: Annotated[
        bool, typer.Option("--unprotected", help="Grade where students' code cannot be locked in.")
    ] = False,
) -> None:
    """Grade what students handed in. Stop it at any time: the same command goes on from there."""
    if not sandbox.landlock_version() and not unprotected:
        raise MasterError(
            "This system cannot lock students' code in (Linux 5.13 or newer with Landlock can): "
            "grade in a container as the teacher's guide says, and add --unprotected there."
        )
    place = classes.place_of(place)
    out = classes.results_of(place, out)
    masters = {name: vault.load(name) for name in vault.ASSIGNMENTS}
    try:
        with only_writer(out):
            course = classes.take_in(place, out, masters, roster, due)
            ready = [item for item in course.intake.submissions if not item.problem]
            console.print(f"{len(ready)} submissions. {sandbox.promise()}")
            jobs = jobs or batch.default_jobs(os.cpu_count(), classes.memory())
            began = time.monotonic()
            with Workshop() as workshop, _progress() as progress, Reports(course) as reports:
                bar = progress.add_task("grading", total=len(ready))

                def advance(item: batch.Graded) -> None:
                    reports.add(item)
                    progress.update(bar, advance=1)

                results = out / "results"
                limits = (cell_timeout, jobs, advance, budget)
                batch.grade_all(ready, masters, results, workshop, *limits)
            for line in classes.summary(reports, time.monotonic() - began):
                console.print(line, markup=False, highlight=False, soft_wrap=True)
    except (ValueError, InUseError, WriteError, AssertionError) as error:
        raise MasterError(str(error)) from error
    raise typer.Exit(bool(reports.problems))


def _progress():
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console)


@app.command()
def similarity(
    place: Annotated[Path, typer.Argument(help="A folder or a zip handed in.")],
    out: Annotated[Path | None, typer.Option(help="Where results go; beside PLACE.")] = None,
    roster: Annotated[Path | None, typer.Option(help="The class: a CSV of id,name.")] = None,
) -> None:
    """Compare the students' own code with copydetect; nothing of it is run."""
    place = classes.place_of(place)
    out = classes.results_of(place, out)
    masters = {name: vault.load(name) for name in vault.ASSIGNMENTS}
    try:
        intake = classes.take_in(place, out, masters, roster).intake
    except ValueError as error:
        raise MasterError(str(error)) from error
    for name, master in masters.items():
        folder = out / "similarity" / name
        if not any(item.assignment == name and not item.problem for item in intake.submissions):
            continue
        students = comparing.write_sources(folder, intake.submissions, master)
        uv = Path(sys.prefix) / "bin" / "uv"
        problem = comparing.compare(folder, uv) if students > 1 else "only one student has code"
        text = f"{folder / 'report.html'} compares {students} students"
        if problem:
            text = f"{name} is not compared ({problem}); the code lies in {folder}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)


@app.command()
def gradescope(names: Names = None) -> None:
    """Write an autograder for Gradescope for each assignment, to dist/homework."""
    for name in names or vault.ASSIGNMENTS:
        master = vault.load(name)
        path = releasing.RELEASED / f"autograder-{name}.zip"
        write_whole(path, gradescopes.autograder(master))
        tests = [task for task in master.tasks if task.role == "test"]
        full = sum(task.points for task in tests if not task.stretch)
        more = sum(task.points for task in tests if task.stretch)
        text = f"{path}: {full:g} points from tests" + (f", {more:g} on top" if more else "")
        console.print(text, markup=False, highlight=False, soft_wrap=True)


@app.command()
def check(names: Names = None) -> None:
    """Prove the tests: the model solutions pass, each listed variant loses what it should."""
    failed = False
    with Workshop() as workshop:
        for name in names or vault.ASSIGNMENTS:
            master = vault.load(name)
            try:
                expected = expected_checks(master, workshop, CELL_TIMEOUT)
            except AssertionError as error:
                console.print(f"[red]{error}[/]")
                failed = True
                continue
            console.print(f"{name}: the model solution passes {sum(expected.values())} checks")
            for variant in proof.variants(master):
                outcomes = grade_cells(master, variant.cells, expected, workshop)
                right = proof.lost(outcomes) == variant.loses
                failed |= not right
                verdict = "" if right else f" [red]instead of {sorted(variant.loses)}[/]"
                console.print(f"  {variant.name}: loses {sorted(proof.lost(outcomes))}{verdict}")
                if not right:
                    for outcome in outcomes:
                        console.print(f"      {outcome.task}: {outcome.note}", markup=False)
    raise typer.Exit(failed)


@app.command(name="open")
def open_masters(names: Names = None) -> None:
    """Write the assignments with their answers to private/homework, to read or to change them."""
    vault.OPENED.mkdir(parents=True, exist_ok=True)
    for name in names or vault.ASSIGNMENTS:
        for file, text in vault.unlock(name).items():
            path = vault.OPENED / file
            if path.exists() and path.read_text(encoding="utf-8") != text:
                console.print(f"[yellow]{path} has changes of yours and stays as it is.[/]")
                continue
            path.write_text(text, encoding="utf-8")
            console.print(str(path))


@app.command()
def lock(names: Names = None) -> None:
    """Lock what private/homework holds into the repository, under the key in the environment."""
    folder = vault.opened_folder() or vault.OPENED
    for name in names or vault.ASSIGNMENTS:
        notebook = folder / f"{name}.ipynb"
        if not notebook.is_file():
            continue
        variants = notebook.with_suffix(".yaml")
        files = {path.name: path.read_text(encoding="utf-8") for path in (notebook, variants)}
        vault.load(name)  # refuses what is malformed
        vault.lock(name, files)
        console.print(str(vault.locked_file(name)))


@app.command()
def key() -> None:
    """Print a new key, for RAVINE_HOMEWORK_KEY."""
    print(Fernet.generate_key().decode())


def main() -> None:
    """Runs a command; what is wrong is said in one sentence."""
    try:
        app()
    except MasterError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
