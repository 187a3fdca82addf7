"""The commands of the homework: `python -m tools.homework --help` lists them."""

import os
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.fernet import Fernet
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tools.homework import batch, proof, report, sandbox, vault
from tools.homework import release as releasing
from tools.homework.grading import CELL_TIMEOUT, expected_checks
from tools.homework.grading import grade as grade_cells
from tools.homework.master import MasterError
from tools.homework.session import Workshop
from tools.homework.submissions import Submission, find_files, read_submissions

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The homework of the course.")
console = Console()

Names = Annotated[list[str] | None, typer.Argument(help="Assignments; without any, all.")]


@app.command()
def release() -> None:
    """Write the students' notebooks: the pages of the book, and dist/homework with a zip."""
    for path in releasing.release(vault.load(name) for name in vault.ASSIGNMENTS):
        console.print(str(path), soft_wrap=True)


@app.command()
def grade(
    place: Annotated[Path, typer.Argument(help="A folder or a zip of submissions.")],
    out: Annotated[Path | None, typer.Option(help="Where results go; beside PLACE.")] = None,
    due: Annotated[datetime | None, typer.Option(help="The deadline, local time.")] = None,
    cell_timeout: Annotated[float, typer.Option(help="Seconds for a cell.")] = CELL_TIMEOUT,
    jobs: Annotated[int | None, typer.Option(help="How many at the same time.")] = None,
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
            masters,
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
