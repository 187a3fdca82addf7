"""What must hold for the book. Each guard returns its complaints: an empty list is good news.

The guards of one notebook take the notebook itself, so that a test can plant a defect and see the
guard find it.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbformat import NotebookNode
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.book.notebooks import (
    find_notebooks,
    is_homework,
    read_notebook,
    repository_address,
    setup_source,
)

LARGEST = 300_000  # bytes
ROOM = 40_000  # bytes of them that a chapter leaves to one who adds a figure
CONCEPTS = ("gradient-descent", "momentum", "rmsprop", "adam")  # folders of concept chapters
COMPARED = "nbval-check-output"

# A path of somebody's machine. After a colon, a dot or a word it is a part of an address.
MACHINE_PATH = re.compile(
    r"(?<![\w.:/-])/(?:root|work|home|Users|tmp|opt|mnt|content|usr/local)/\w|\b[A-Z]:\\\w"
)

# What rounding makes of a small negative number. On another processor it may come out as 0.
NEGATIVE_ZERO = re.compile(r"(?<![\w.-])-0(?:\.0*)?(?![\w.])")


# One notebook


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def texts(cell: NotebookNode) -> Iterator[str]:
    """All text of a cell that a reader sees: the source and the outputs, pictures left out."""
    yield cell.source
    for output in cell.get("outputs", []):
        yield output.get("text", "")
        for kind, data in output.get("data", {}).items():
            if kind.startswith("text/"):
                yield data


def images(cell: NotebookNode) -> list[NotebookNode]:
    return [
        output
        for output in cell.get("outputs", [])
        if any(kind.startswith("image/") for kind in output.get("data", {}))
    ]


def alt_text(cell: NotebookNode) -> str:
    return cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")


def caption(cell: NotebookNode) -> str:
    return cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", "")


def malformed(notebook: NotebookNode) -> list[str]:
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        return [f"not a valid notebook: {error.message}"]
    return []


def out_of_order(notebook: NotebookNode) -> list[str]:
    counts = [cell.execution_count for cell in code_cells(notebook)]
    if counts == list(range(1, len(counts) + 1)):
        return []
    return [f"the cells' counts are {counts}: execute it from first cell to last"]


def without_outputs(notebook: NotebookNode) -> list[str]:
    if any(cell.outputs for cell in code_cells(notebook)):
        return []
    return ["no output is stored"]


def noisy(notebook: NotebookNode) -> list[str]:
    complaints = []
    for number, cell in enumerate(code_cells(notebook), start=1):
        for output in cell.outputs:
            if output.output_type == "error":
                complaints.append(f"code cell {number} raises {output.ename}")
            elif output.get("name") == "stderr":
                complaints.append(f"code cell {number} writes to stderr: {output.text[:80]}")
    return complaints


def undescribed_figures(notebook: NotebookNode) -> list[str]:
    complaints = []
    for number, cell in enumerate(code_cells(notebook), start=1):
        if len(images(cell)) > 1:
            complaints.append(f"code cell {number} shows several figures under one alt text")
        if images(cell) and len(alt_text(cell)) < 40:
            complaints.append(f"the figure of code cell {number} lacks alt text of 40 characters")
    return complaints


def machine_paths(notebook: NotebookNode) -> list[str]:
    return [
        f"cell {number} holds a path of one machine: {found.group()}..."
        for number, cell in enumerate(notebook.cells, start=1)
        for text in texts(cell)
        if (found := MACHINE_PATH.search(text))
    ]


def wrong_setup(notebook: NotebookNode) -> list[str]:
    cells = code_cells(notebook)
    expected = setup_source(repository_address())
    if not cells or cells[0].source != expected:
        return [f"the first code cell must be the setup cell:\n{expected}"]
    if "remove-cell" not in tags(cells[0]):
        return ["the setup cell lacks the tag remove-cell"]
    return []


def compared_too_little(notebook: NotebookNode) -> list[str]:
    compared = [cell for cell in code_cells(notebook) if COMPARED in tags(cell)]
    complaints = []
    if len(compared) < 3:
        complaints.append(f"{len(compared)} cells are tagged {COMPARED}; at least 3 must be")
    for cell in compared:
        if not any(text.strip() for text in list(texts(cell))[1:]):
            complaints.append(f"a cell tagged {COMPARED} shows no text: {cell.source[:60]}")
    return complaints


def negative_zeros(notebook: NotebookNode) -> list[str]:
    return [
        f"a compared cell prints {found.group()}; the format z makes it 0, as in {{x:z.2f}}: {text}"
        for cell in code_cells(notebook)
        if COMPARED in tags(cell)
        for text in list(texts(cell))[1:]
        if (found := NEGATIVE_ZERO.search(text))
    ]


def is_text(node: ast.expr | None) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def bare_assertions(notebook: NotebookNode) -> list[str]:
    """Assertions that tell a student who changed something nothing but where they stand."""
    complaints = []
    for number, cell in enumerate(code_cells(notebook), start=1):
        source = re.sub(r"^(\s*)[%!].*$", r"\1pass", cell.source, flags=re.MULTILINE)
        complaints += [
            f"code cell {number} asserts without a sentence: {ast.unparse(node.test)}"
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Assert) and not is_text(node.msg)
        ]
    return complaints


def stored_nowhere(notebook: NotebookNode) -> list[str]:
    if notebook.metadata.get("processor"):
        return []
    return ["no processor is named that its outputs were made on: use `make execute`"]


def notation_not_linked(notebook: NotebookNode) -> list[str]:
    first = notebook.cells[0] if notebook.cells else None
    # Homework is opened outside of the book: it links to the page on the site.
    linked = first is not None and re.search(r"notation\.(md|html)\)", first.source)
    if not linked:
        return ["the first cell does not link to the table of symbols, appendix/notation.md"]
    return []


def doubled_words(notebook: NotebookNode) -> list[str]:
    """What stands between two equal words may be a line's end or the stars of bold text."""
    return [
        f"a word stands there twice: {found.group()}"
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for text in [re.sub(r"```.*?```|\$.*?\$|`[^`]*`", "", cell.source, flags=re.DOTALL)]
        for found in re.finditer(r"\b([A-Za-z]{2,})(?: |\n|[ \n]?\*+ ?)\1\b", text)
    ]


def exercises_missing(notebook: NotebookNode) -> list[str]:
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    sections = re.split(r"^## ", prose, flags=re.MULTILINE)
    section = next((text for text in sections if text.startswith("Exercises\n")), "")
    exercises = len(re.findall(r"^(?:\*\*)?\d+\. ", section, flags=re.MULTILINE))
    solutions = section.count("<details>")
    complaints = []
    if exercises < 4:
        complaints.append(f"{exercises} numbered exercises under ## Exercises; at least 4 must be")
    if solutions < 2:
        complaints.append(f"{solutions} solutions folded in <details>; at least 2 must be")
    return complaints


def already_run(notebook: NotebookNode) -> list[str]:
    ran = [cell for cell in code_cells(notebook) if cell.outputs or cell.execution_count]
    return ["homework is handed out without outputs: run make homework-release"] if ran else []


HOMEWORK = (
    malformed,
    already_run,
    machine_paths,
    wrong_setup,
    notation_not_linked,
    doubled_words,
)
ALL_NOTEBOOKS = (
    malformed,
    out_of_order,
    without_outputs,
    noisy,
    undescribed_figures,
    machine_paths,
    wrong_setup,
    compared_too_little,
    negative_zeros,
    stored_nowhere,
    notation_not_linked,
    bare_assertions,
    doubled_words,
)


def notebook_complaints(path: Path) -> list[str]:
    """All that is wrong with one stored notebook."""
    notebook = read_notebook(path)
    guards = [*(HOMEWORK if is_homework(path) else ALL_NOTEBOOKS)]
    if path.parent.name in CONCEPTS:
        guards.append(exercises_missing)
    complaints = [complaint for guard in guards for complaint in guard(notebook)]
    if path.stat().st_size > LARGEST:
        complaints.append(f"{path.stat().st_size} bytes, and {LARGEST} is the limit")
    return complaints


def crowded(path: Path) -> list[str]:
    """A chapter must have room for one more figure."""
    size = path.stat().st_size
    if size <= LARGEST - ROOM:
        return []
    return [
        f"{size} bytes leave no room for one more figure under {LARGEST - ROOM}: "
        f"python -m tools.book.shrink {path.name}, or split the chapter"
    ]


# All notebooks together


def contents(root: Path) -> list[str]:
    """The files of the table of contents, without their endings."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter for part in toc["parts"] for chapter in part["chapters"]]
    return [
        page["file"] for chapter in chapters for page in (chapter, *chapter.get("sections", []))
    ]


def contents_complaints(root: Path) -> list[str]:
    """The table of contents and the files of the book must be the same."""
    listed = set(contents(root))
    pages = [*find_notebooks(root), *(root / "book").rglob("*.md")]
    stored = {page.relative_to(root).with_suffix("").as_posix() for page in pages}
    return [f"{name} is in _toc.yml and does not exist" for name in sorted(listed - stored)] + [
        f"{name} exists and is not in _toc.yml" for name in sorted(stored - listed)
    ]


def repeated_alt_texts(notebooks: dict[str, NotebookNode]) -> list[str]:
    counts = Counter(
        alt_text(cell)
        for notebook in notebooks.values()
        for cell in code_cells(notebook)
        if images(cell)
    )
    return [f"{n} figures share their alt text: {text}" for text, n in counts.items() if n > 1]


def uncited_works(bibliography: str, texts: Iterable[str]) -> list[str]:
    """Every work of the bibliography must be cited; the site's build finds the opposite."""
    works = re.findall(r"^@\w+\{([^,]+),", bibliography, flags=re.MULTILINE)
    citations = re.findall(r"\{cite:\w+\}`([^`]+)`", "\n".join(texts))
    cited = {key.strip() for citation in citations for key in citation.split(",")}
    return [f"{work} is in references.bib and cited nowhere" for work in works if work not in cited]


def optimizer_classes(root: Path) -> list[str]:
    """The public optimizers, as `path::Name`."""
    return [
        f"{path.relative_to(root).as_posix()}::{node.name}"
        for path in sorted((root / "src/ravine/optimizers").glob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        if any(ast.unparse(base).endswith("Optimizer") for base in node.bases)
    ]


def optimizers_not_shown(optimizers: list[str], notebooks: dict[str, NotebookNode]) -> list[str]:
    shown = {
        cell.metadata.get("source")
        for notebook in notebooks.values()
        for cell in code_cells(notebook)
    }
    return [f"{name} is shown in no chapter" for name in optimizers if name not in shown]


def modules_without_reference(root: Path) -> list[str]:
    """Each public module of the package must be described in the API reference.

    A file whose public objects its package hands on, as `optimizers` does, is described with it.
    """
    pages = [root / "book/appendix/api.md", *sorted((root / "book/appendix/api").glob("*.md"))]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages if page.is_file())
    described = re.findall(r"automodule:: ([\w.]+)\n((?: +:.*\n)*)", text)
    named = {module for module, _ in described}
    named |= {f"{room}.{file}" for room, file in re.findall(r"room-file:: ([\w.]+) (\w+)", text)}
    handed_on = {module for module, options in described if ":imported-members:" in options}
    complaints = []
    for path in sorted((root / "src/ravine").rglob("*.py")):
        parts = path.relative_to(root / "src").with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        module, package = ".".join(parts), ".".join(parts[:-1])
        if not package or any(part.startswith("_") for part in parts) or module in named:
            continue
        if package in handed_on and public_objects(path) <= exported(path.parent / "__init__.py"):
            continue
        complaints.append(f"{module} is missing in the API reference")
    return complaints


def public_objects(path: Path) -> set[str]:
    """The classes and functions at the top level of a module, without the private ones."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    defined = (node for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef))
    return {node.name for node in defined if not node.name.startswith("_")}


def exported(path: Path) -> set[str]:
    """The names in a package's `__all__`."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


# The repository


def address_complaints(root: Path) -> list[str]:
    """The address of pyproject.toml must stand in each file that carries it."""
    address = repository_address(root)
    carriers = [root / name for name in ("_config.yml", "CITATION.cff")]
    complaints = [
        f"{path.name} does not hold {address}"
        for path in carriers
        if address not in path.read_text(encoding="utf-8")
    ]
    slug = address.removeprefix("https://github.com/")
    if f"/github/{slug}/blob/main/" not in (root / "README.md").read_text(encoding="utf-8"):
        complaints.append(f"README.md does not link to {slug} on Colab")
    for path in find_notebooks(root):
        if code_cells(read_notebook(path))[0].source != setup_source(address):
            complaints.append(f"{path.name} installs from elsewhere than {address}")
    return complaints


INDEX = re.compile(r"--(?:extra-)?index-url|--find-links|pythonhosted\.|\bpypi\.org|registry\.npm")


def machine_traces(text: str) -> list[str]:
    """Paths of a machine and hosts of a package index, which no file should tell of."""
    return [found.group() for pattern in (MACHINE_PATH, INDEX) for found in pattern.finditer(text)]


def workflow_complaints(workflow: dict[Any, Any]) -> list[str]:
    """A workflow must name actions by commit, and give each job no more rights than it needs."""
    complaints = []
    least = {"contents": "read"}
    if (rights := workflow.get("permissions")) != least:
        complaints.append(f"by default it may do {rights}, and {least} is enough")
    for name, job in workflow["jobs"].items():
        if "timeout-minutes" not in job:
            complaints.append(f"job {name} has no time limit")
        for step in job["steps"]:
            action = step.get("uses", "")
            if action and not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action):
                complaints.append(f"job {name} uses {action}, which is not a commit")
            keeps = step.get("with", {}).get("persist-credentials") is not False
            if "/checkout@" in action and keeps and "permissions" not in job:
                complaints.append(f"job {name} leaves its token behind after the checkout")
    # YAML reads the key `on` as true.
    if "pull_request" in workflow[True] and "secrets." in str(workflow):
        complaints.append("a pull request would reach a secret")
    return complaints


def missing_tests(root: Path, commands: str) -> list[str]:
    """What a command runs of the tests and tools must exist: a weekly job would tell too late."""
    paths = re.findall(r"(?<![\w./-])(?:tests|tools)/[\w./-]*\w", commands)
    return [f"{path} does not exist" for path in paths if not (root / path).exists()]


def requirement_complaints(project: dict, requirements: str) -> list[str]:
    """Each dependency of pyproject.toml must have a pinned version that satisfies it, with hash."""
    pins: dict[str, list[str]] = {}
    complaints = []
    for entry in re.split(r"\n(?=[a-z])", re.sub(r"^ *#.*\n?", "", requirements, flags=re.M)):
        head, *hashes = entry.split("--hash=")
        pin = Requirement(head.replace("\\", "").strip())
        version = str(pin.specifier).removeprefix("==")
        pins.setdefault(canonicalize_name(pin.name), []).append(version)
        if not hashes:
            complaints.append(f"{pin.name} has no hash")
        if re.match("nvidia|cuda", pin.name):
            complaints.append(f"{pin.name} is for one kind of machine")
    extras = project["project"]["optional-dependencies"]
    install = project["dependency-groups"]["install"]
    installed = [text for name in ("book", "homework", "test") for text in extras[name]]
    for text in [*project["project"]["dependencies"], *installed, *install]:
        wanted = Requirement(text)
        versions = pins.get(canonicalize_name(wanted.name), [])
        if not versions or not all(version in wanted.specifier for version in versions):
            complaints.append(f"requirements.txt does not satisfy {text}")
    return complaints


def broken_links(page: Path) -> list[str]:
    """Relative links of a Markdown page that lead to no file."""
    targets = re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8"))
    return [
        f"{page.name} links to {target}, which does not exist"
        for target in targets
        if "://" not in target and not (page.parent / target).exists()
    ]
