"""Makes the students' version of an assignment: no answers, no hidden tests, no outputs.

Links lead to the site by its whole address: the notebook is opened in Colab and in an LMS.
"""

import io
import re
import zipfile
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from ravine.files import write_whole
from tools.book.notebooks import ROOT, repository_address, setup_source
from tools.homework.master import Master, MasterError

LINKED_FROM = ROOT / "book" / "homework"  # where the links of an assignment start
PAGES = LINKED_FROM
RELEASED = ROOT / "dist" / "homework"
SETUP = "setup"  # the name of the cell that installs the package on Colab
LINK = re.compile(r"\]\((?P<page>[\w./-]+)\.(?:ipynb|md)(?P<rest>#[^)]*)?\)")
MADE = (2020, 1, 1, 0, 0, 0)  # one date for all files of a zip: the same release, the same bytes


def site_address(repository: str) -> str:
    """Returns the address of the site that GitHub publishes for a repository."""
    owner, name = repository.removesuffix("/").removesuffix(".git").split("/")[-2:]
    return f"https://{owner}.github.io/{name}"


def linked(text: str, site: str) -> str:
    """Makes the links to other pages of the book lead to the site.

    Raises:
        MasterError: if there is no such page.
    """

    def whole(found: re.Match[str]) -> str:
        page = (LINKED_FROM / found["page"]).resolve()
        if not any(page.with_name(page.name + kind).is_file() for kind in (".ipynb", ".md")):
            raise MasterError(f"A link leads to {found['page']}, and the book has no such page.")
        return f"]({site}/{page.relative_to(ROOT).as_posix()}.html{found['rest'] or ''})"

    return LINK.sub(whole, text)


def student_version(master: Master) -> NotebookNode:
    """Returns the notebook as students get it, in nbgrader's format of a released assignment."""
    notebook = deepcopy(master.notebook)
    site = site_address(repository_address())
    for node, cell in zip(notebook.cells, master.cells, strict=True):
        node.source = cell.released
        if cell.name == SETUP:
            node.source = setup_source(repository_address())
        if node.cell_type == "code":
            node.outputs, node.execution_count = [], None
        else:
            node.source = linked(node.source, site)
        if "nbgrader" in node.metadata:
            node.metadata["deletable"] = False
            node.metadata["editable"] = cell.role in ("answer", "manual")
    notebook.metadata["ravine"] = {"homework": master.name}
    if master.edition:
        notebook.metadata["ravine"]["edition"] = master.edition
        notebook.cells[0].source += f"\n\nEdition `{master.edition}`."
    nbformat.validate(notebook)
    return notebook


def page_text(master: Master) -> str:
    """Returns the text of the released file."""
    return nbformat.writes(student_version(master)) + "\n"


def page_path(name: str) -> Path:
    """Names the page of an assignment in the book."""
    return PAGES / f"{name}.ipynb"


def release(masters: Iterable[Master], pages: bool = True) -> list[Path]:
    """Writes the students' notebooks: into the book, into `dist/homework`, and as a zip.

    Args:
        masters: the assignments.
        pages: whether they become pages of the book, too.

    Returns:
        The files in `dist/homework`, the zip last.
    """
    content, files = io.BytesIO(), []
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for master in masters:
            text = page_text(master)
            if pages:
                write_whole(page_path(master.name), text.encode())
            files.append(RELEASED / f"{master.name}.ipynb")
            write_whole(files[-1], text.encode())
            archive.writestr(zipfile.ZipInfo(files[-1].name, MADE), text)
    files.append(RELEASED / "homework.zip")
    write_whole(files[-1], content.getvalue())
    return files
