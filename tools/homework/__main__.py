"""The commands of the homework: `python -m tools.homework --help` lists them."""

import os
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.fernet import Fernet
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ravine.files import InUseError, WriteError, only_writer, write_whole
from tools.homework import batch, classes, handout, proof, sandbox, vault
from tools.homework import edition as editions
from tools.homework import gradescope as gradescopes
from tools.homework import release as releasing
from tools.homework import similarity as comparing
from tools.homework.grading import CELL_TIMEOUT, expected_checks
from tools.homework.grading import grade as grade_cells
from tools.homework.master import Master, MasterError
from tools.homework.report import Reports
from tools.homework.roster import read_roster
from tools.homework.session import WorkerError, Workshop

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The homework of the course.")
console = Console()

# No date alone: it would be the first moment of that day.
MOMENTS = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]

Names = Annotated[list[str] | None, typer.Argument(help="Assignments; without any, all.")]


MEMORY = f"{batch.MEMORY // 2**30} GiB of memory"
WHOLE = (
    "Seconds for a submission as a whole: its cells, the tests, and what has to run again. "
    f"It may hold {MEMORY}, which no option changes."
)
AT_ONCE = f"How many at the same time; else one for each core and each {MEMORY}, at most eight."

Secret = Annotated[
    str,
    typer.Option("--edition", envvar=editions.SECRET_VARIABLE, help="Your edition's secret word."),
]


@app.command()
def release(
    edition: Secret = "",
    per_student: Annotated[
        Path | None, typer.Option(help="An edition for each student of this roster.")
    ] = None,
    pages: Annotated[
        bool, typer.Option("--pages", help="Make an edition the pages of the book, too.")
    ] = False,
) -> None:
    """Write the students' notebooks: the pages of the book, and dist/homework with a zip."""
    if per_student:
        if not edition:
            raise MasterError("Editions for students need a secret word: add EDITION=word.")
        try:
            people = read_roster(per_student.expanduser(), all_ids=True)
        except ValueError as error:
            raise MasterError(str(error)) from error
        console.print(f"{len(people.students)} students, {len(vault.ASSIGNMENTS)} assignments each")
        for path in handout.hand_out(edition, people)[-2:]:
            console.print(str(path), soft_wrap=True)
        return
    chosen = editions.edition(edition) if edition else editions.PUBLIC
    masters = [vault.load(name, chosen) for name in vault.ASSIGNMENTS]
    for path in releasing.release(masters, pages or not edition):
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
    cell_timeout: Annotated[
        float, typer.Option(min=1, help="Seconds for a cell, and for a test.")
    ] = CELL_TIMEOUT,
    budget: Annotated[float, typer.Option(min=1, help=WHOLE)] = batch.BUDGET,
    jobs: Annotated[int | None, typer.Option(min=1, help=AT_ONCE)] = None,
    edition: Secret = "",
    unprotected: Annotated[
        bool, typer.Option("--unprotected", help="Grade where students' code cannot be locked in.")
    ] = False,
) -> None:
    """Grade what students handed in. Stop it at any time: the same command goes on from there."""
    if not sandbox.strongest().files and not unprotected:
        raise MasterError(
            "This system cannot lock students' code in (a Linux with Landlock or namespaces can): "
            "grade in a container as the teacher's guide says, and add --unprotected there."
        )
    place = classes.place_of(place)
    out = classes.results_of(place, out)
    masters = {name: vault.load(name) for name in vault.ASSIGNMENTS}
    drawn = handout.Drawn(edition)
    try:
        with only_writer(out):
            course = classes.take_in(place, out, masters, roster, due, drawn.of)
            found = drawn.with_notes(course.intake.submissions)
            course = replace(course, intake=replace(course.intake, submissions=tuple(found)))
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
                batch.grade_all(ready, drawn.masters, results, workshop, *limits)
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
    edition: Secret = "",
) -> None:
    """Compare the students' own code with copydetect; nothing of it is run."""
    place = classes.place_of(place)
    out = classes.results_of(place, out)
    masters = {name: vault.load(name) for name in vault.ASSIGNMENTS}
    drawn = handout.Drawn(edition)
    try:
        intake = classes.take_in(place, out, masters, roster, None, drawn.of).intake
    except ValueError as error:
        raise MasterError(str(error)) from error
    ready = [item for item in intake.submissions if not item.problem]
    for item in intake.submissions:
        if item.problem:
            text = f"not compared: {item.path}: {item.problem}"
            console.print(text, markup=False, highlight=False, soft_wrap=True)
    for name in masters:
        folder = out / "similarity" / name
        own = [item for item in ready if item.assignment == name]
        if not own:
            continue
        students = comparing.write_sources(folder, own, drawn.masters)
        uv = Path(sys.prefix) / "bin" / "uv"
        problem = comparing.compare(folder, uv) if students > 1 else "only one student has code"
        text = f"{folder / 'report.html'} compares {students} students"
        if problem:
            text = f"{name} is not compared ({problem}); the code lies in {folder}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)


@app.command()
def gradescope(names: Names = None, edition: Secret = "") -> None:
    """Write an autograder for Gradescope for each assignment, to dist/homework."""
    chosen = editions.edition(edition) if edition else editions.PUBLIC
    for name in names or vault.ASSIGNMENTS:
        master = vault.load(name, chosen)
        path = releasing.RELEASED / f"autograder-{name}.zip"
        write_whole(path, gradescopes.autograder(master))
        tests = [task for task in master.tasks if task.role == "test"]
        full = sum(task.points for task in tests if not task.stretch)
        more = sum(task.points for task in tests if task.stretch)
        text = f"{path}: {full:g} points from tests" + (f", {more:g} on top" if more else "")
        console.print(text, markup=False, highlight=False, soft_wrap=True)


@app.command()
def check(names: Names = None, edition: Secret = "") -> None:
    """Prove the tests: the model solutions pass, each listed variant loses what it should.

    Without a secret word, of the public edition and of all options that others may draw.
    """
    right = True
    with Workshop() as workshop:
        for name in names or vault.ASSIGNMENTS:
            if edition:
                master = vault.load(name, editions.edition(edition))
                right &= prove(master, proof.variants(master), workshop)
                continue
            public = vault.load(name)
            right &= prove(public, proof.variants(public), workshop)
            for number in range(1, public.lines):
                master = vault.load(name, editions.line(number))
                right &= prove(master, proof.combined(master, public), workshop)
    raise typer.Exit(not right)


def prove(master: Master, variants: Iterable[proof.Variant], workshop: Workshop) -> bool:
    """Prints what model solution and variants lose, and says whether all of it is right."""
    title = f"{master.name} {master.edition}".strip()
    try:
        expected = expected_checks(master, workshop, CELL_TIMEOUT)
    except AssertionError as error:
        console.print(f"[red]{title}: {error}[/]")
        return False
    console.print(f"{title}: the model solution passes {sum(expected.values())} checks")
    all_right = True
    for variant in variants:
        outcomes = grade_cells(master, variant.cells, expected, workshop)
        right = proof.lost(outcomes) == variant.loses
        all_right &= right
        verdict = "" if right else f" [red]instead of {sorted(variant.loses)}[/]"
        console.print(f"  {variant.name}: loses {sorted(proof.lost(outcomes))}{verdict}")
        if not right:
            for outcome in outcomes:
                console.print(f"      {outcome.task}: {outcome.note}", markup=False)
    return all_right


@app.command(name="open")
def open_masters(names: Names = None, edition: Secret = "") -> None:
    """Write the assignments to private/homework, to change them or, with numbers, to read."""
    chosen = editions.edition(edition) if edition else editions.PUBLIC
    for name in names or vault.ASSIGNMENTS:
        for path, kept in vault.open_files(name):
            console.print(f"[yellow]{path}: {kept}[/]" if kept else str(path), soft_wrap=True)
        console.print(str(vault.write_filled(name, chosen)), soft_wrap=True)


@app.command()
def lock(names: Names = None) -> None:
    """Lock what private/homework holds into the repository, under the key in the environment."""
    folder = vault.opened_folder() or vault.OPENED
    for name in names or vault.ASSIGNMENTS:
        files = vault.files_of(folder, name)
        if f"{name}.ipynb" not in files:
            continue
        vault.load(name)  # refuses what is malformed
        vault.lock(name, files)
        console.print(str(vault.locked_file(name)))


@app.command()
def key() -> None:
    """Print a new key, for RAVINE_HOMEWORK_KEY or as a secret word."""
    print(Fernet.generate_key().decode())


def main() -> None:
    """Runs a command; what is wrong is said in one sentence."""
    try:
        app()
    except (MasterError, WorkerError) as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
