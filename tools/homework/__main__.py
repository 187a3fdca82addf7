"""The commands of the homework: `python -m tools.homework --help` lists them."""

import os
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.fernet import Fernet
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tools.homework import batch, handout, proof, report, sandbox, vault
from tools.homework import edition as editions
from tools.homework import release as releasing
from tools.homework.grading import CELL_TIMEOUT, expected_checks
from tools.homework.grading import grade as grade_cells
from tools.homework.master import Master, MasterError
from tools.homework.session import Workshop
from tools.homework.submissions import Submission, find_files, read_submissions

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The homework of the course.")
console = Console()

Names = Annotated[list[str] | None, typer.Argument(help="Assignments; without any, all.")]


Secret = Annotated[
    str,
    typer.Option("--edition", envvar=editions.SECRET_VARIABLE, help="Your edition's secret word."),
]


@app.command()
def release(
    edition: Secret = "",
    per_student: Annotated[
        Path | None, typer.Option(help="An edition for each student of this CSV of id,name.")
    ] = None,
    pages: Annotated[
        bool, typer.Option("--pages", help="Make an edition the pages of the book, too.")
    ] = False,
) -> None:
    """Write the students' notebooks: the pages of the book, and dist/homework with a zip."""
    if per_student:
        if not edition:
            raise MasterError("Editions for students need a secret word: add EDITION=word.")
        people = handout.read_class(per_student.expanduser())
        console.print(f"{len(people)} students, {len(vault.ASSIGNMENTS)} assignments each")
        for path in handout.hand_out(edition, people)[-2:]:
            console.print(str(path), soft_wrap=True)
        return
    chosen = editions.edition(edition) if edition else editions.PUBLIC
    masters = [vault.load(name, chosen) for name in vault.ASSIGNMENTS]
    for path in releasing.release(masters, pages or not edition):
        console.print(str(path), soft_wrap=True)


@app.command()
def grade(
    place: Annotated[Path, typer.Argument(help="A folder or a zip of submissions.")],
    out: Annotated[Path | None, typer.Option(help="Where results go; beside PLACE.")] = None,
    due: Annotated[datetime | None, typer.Option(help="The deadline, local time.")] = None,
    cell_timeout: Annotated[float, typer.Option(help="Seconds for a cell.")] = CELL_TIMEOUT,
    jobs: Annotated[int | None, typer.Option(help="How many at the same time.")] = None,
    edition: Secret = "",
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
    place = place.resolve()
    out = (out or place.with_name(f"{place.stem}-graded")).resolve()
    if out.is_relative_to(place):
        raise MasterError(f"{out} lies in the submissions: name another folder with --out.")
    masters = {name: vault.load(name) for name in vault.ASSIGNMENTS}
    try:
        files = find_files(place)
    except FileNotFoundError as error:
        raise MasterError(str(error)) from error
    submissions = read_submissions(files, list(masters.values()), due)
    submissions, drawn = handout.sort_out(submissions, edition)
    broken = [item for item in submissions if item.problem]
    console.print(f"{len(submissions) - len(broken)} submissions. {sandbox.promise()}")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    graded: list[batch.Graded] = []
    with Workshop() as workshop, Progress(*columns, console=console) as progress:
        bar = progress.add_task("grading", total=len(submissions) - len(broken))

        def advance(item: batch.Graded) -> None:
            progress.update(bar, advance=1)

        graded = batch.grade_all(
            [item for item in submissions if not item.problem],
            drawn,
            out / "results",
            workshop,
            cell_timeout,
            jobs or batch.default_jobs(os.cpu_count()),
            advance,
        )
    try:
        marks = report.write_all(out, graded, broken, masters)
    except ValueError as error:
        raise MasterError(str(error)) from error
    summarise(graded, broken, marks, out)


def summarise(
    graded: list[batch.Graded],
    broken: list[Submission],
    marks: dict[tuple[str, str, str], report.Mark],
    out: Path,
) -> None:
    """Prints what was done, and what is left for the teacher."""
    kept = sum(item.kept for item in graded)
    console.print(f"{len(graded)} graded, {kept} of them by an earlier run.")
    waiting = Counter(
        assignment for (_, assignment, _), mark in marks.items() if mark.points is None
    )
    for assignment, answers in sorted(waiting.items()):
        console.print(f"  {assignment}: {answers} answers to read")
    for item in graded:
        if item.submission.note:
            console.print(f"  {item.submission.student}: {item.submission.note}", markup=False)
    for submission in broken:
        text = f"  not graded: {submission.path}: {submission.problem}"
        console.print(text, markup=False, soft_wrap=True)
    console.print(f"Points, answers and feedback are in {out}", soft_wrap=True)


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
    except MasterError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
