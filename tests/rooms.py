"""Reads the imports of the code and holds them against the rooms of the house.

`ROOMS` is the plan that CONTRIBUTING shows: in falling order, what each room may import of the
others. Everything else imports any room, and all of them through its face.
"""

import ast
import re
import textwrap
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from tools.book.notebooks import ROOT, find_notebooks, read_notebook

PACKAGE = "ravine"
SOURCE = ROOT / "src" / PACKAGE

ROOMS: dict[str, set[str]] = {
    "cli": {"data", "experiments", "figures", "files", "results", "training"},
    "experiments": {
        "data",
        "files",
        "networks",
        "optimizers",
        "results",
        "surfaces",
        "training",
    },
    "figures": {"results", "surfaces"},
    "surfaces": {"backends", "networks", "results", "training"},
    "training": {"backends", "data", "files", "networks"},
    "results": {"backends", "files"},
    "backends": {"networks"},
    "networks": set(),
    "data": {"files"},
    "optimizers": set(),
    "files": set(),
    "homework": set(),
    "quiet": set(),
}
# Imports past a face that have a reason: none of them is a name that others should use.
ALLOWED = {
    # how many programs were compiled
    "tests/backends/second_call.py": {"ravine.surfaces.descent._program"},
    "tests/optimizers/test_successors.py": {"ravine.surfaces.descent._program"},
}
LONGEST_FILE, LONGEST_FUNCTION = 300, 60  # lines; of a function those of its docstring do not count
REASON = re.compile(r"# Longer than \d+ lines: \w+")


def room_of(path: str) -> str | None:
    """The room that a file of the package belongs to, or whose tests it holds; a path from ROOT."""
    parts = Path(path).with_suffix("").parts
    if parts[:2] == ("src", PACKAGE):
        return parts[2]
    if parts[0] != "tests":
        return None
    name = parts[1].removeprefix("test_")
    return name if name in ROOMS else None


@cache
def face(room: str) -> tuple[set[str], set[str]]:
    """The names that a room hands out, and those among them that are its files."""
    if not (SOURCE / room).is_dir():
        body = ast.parse((SOURCE / f"{room}.py").read_text(encoding="utf-8")).body
        return {name for node in body for name in defined(node) if name[0] != "_"}, set()
    tree = ast.parse((SOURCE / room / "__init__.py").read_text(encoding="utf-8"))
    names = next(
        set(ast.literal_eval(node.value))
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    files = {name for target, _ in imports(tree) for name in target[2:] if len(target) == 3}
    return names, names & files & {path.stem for path in (SOURCE / room).glob("*.py")}


def defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [
            name.id for each in targets for name in ast.walk(each) if isinstance(name, ast.Name)
        ]
    return []


def imports(tree: ast.Module) -> Iterator[tuple[list[str], int]]:
    """What a file imports of the package, as the parts of a dotted name, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            targets = [f"{'.' * node.level}{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for target in targets:
            if target.split(".")[0] in (PACKAGE, ""):
                yield target.split("."), node.lineno


def through_faces(tree: ast.Module) -> Iterator[tuple[list[str], int]]:
    """What a file takes from faces that it has imported whole, such as `figures.look`."""
    bound = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == PACKAGE and not node.level:
            bound |= {alias.asname or alias.name: alias.name for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            room = bound.get(node.value.id)
            if room in ROOMS and (SOURCE / room).is_dir() and not node.attr.startswith("__"):
                yield [PACKAGE, room, node.attr], node.lineno


def past_a_face(target: list[str]) -> bool:
    """Whether an import reaches behind the face of a room."""
    if len(target) < 3:
        return False
    names, files = face(target[1])
    return target[2] not in names or (len(target) > 3 and target[2] not in files)


def complaints(path: str, source: str) -> list[str]:
    """What is wrong with the imports of one file, a path from ROOT; one sentence each."""
    tree, room, found = ast.parse(source), room_of(path), []
    inside = path.startswith("src/")
    is_face = inside and path.endswith(f"{room}/__init__.py")
    for target, line in [*imports(tree), *through_faces(tree)]:
        where, name = f"{path}:{line}", ".".join(target)
        if target[0] == "":
            found.append(f"{where} imports {name}: write the whole name.")
            continue
        other = target[1] if len(target) > 1 else "__init__"
        if other not in ROOMS:  # of the package itself, such as its version
            if other[0] == "_" and not (inside or other.startswith("__")):
                found.append(f"{where} imports {name}, which is private.")
            elif other[0] != "_":
                found.append(f"{where} imports {name}, and there is no room {other}.")
            continue
        if other == room:
            if inside and not is_face and handed_by_own_face(target):
                found.append(
                    f"{where} imports {name} from the face of its own room: name the file."
                )
            continue
        if inside and room in ROOMS and other not in ROOMS[room]:
            found.append(f"{where} imports {name}, but {room} may not import {other}.")
        if past_a_face(target) and name not in ALLOWED.get(path, ()):
            found.append(f"{where} imports {name} past the face of {other}: add it there.")
    return found


def handed_by_own_face(target: list[str]) -> bool:
    """Whether a file takes something from its own face, which in turn imports the file."""
    files = {path.stem for path in (SOURCE / target[1]).glob("*.py")}
    return len(target) < 3 or (len(target) == 3 and target[2] not in files)


def python_files() -> Iterator[tuple[str, str]]:
    """All code of the repository that imports the package, as (path from ROOT, source)."""
    for folder in ("src", "tools", "tests", "book/_extensions"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def pages() -> Iterator[tuple[str, str]]:
    """The code that readers see: cells and fenced examples, as (path from ROOT, source)."""
    for path in find_notebooks():
        cells = read_notebook(path).cells
        code = [without_magics(cell.source) for cell in cells if cell.cell_type == "code"]
        prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
        yield path.relative_to(ROOT).as_posix(), "\n".join([*code, *examples(prose)])
    for path in [*ROOT.glob("*.md"), *(ROOT / "book").rglob("*.md")]:
        text = path.read_text(encoding="utf-8")
        yield path.relative_to(ROOT).as_posix(), "\n".join(examples([text]))


def without_magics(source: str) -> str:
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)


def examples(texts: Iterable[str]) -> list[str]:
    """The Python between fences."""
    fences = [
        found for text in texts for found in re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    ]
    return [textwrap.dedent(fence) for fence in fences]


def circles() -> list[str]:
    """Files of one room that import each other in a circle."""
    graph = {}
    for path in SOURCE.rglob("*.py"):
        if path.parent == SOURCE or path.stem == "__init__":
            continue
        room, tree = path.parent.name, ast.parse(path.read_text(encoding="utf-8"))
        graph[room, path.stem] = {
            (room, target[2])
            for target, _ in imports(tree)
            if target[1] == room and len(target) > 2
        }
    while leaves := {file for file, needs in graph.items() if not needs & graph.keys()}:
        graph = {file: needs for file, needs in graph.items() if file not in leaves}
    return [f"{room}/{file}.py is part of a circle of imports" for room, file in sorted(graph)]


def too_long(path: str, source: str) -> list[str]:
    """What is longer than it should be, and does not say why: a file in its first lines, a function
    in the line above it or its first ones."""
    lines, found = source.splitlines(), []
    if len(lines) > LONGEST_FILE and not REASON.search("\n".join(lines[:30])):
        found.append(f"{path} has {len(lines)} lines: split it, or say why it is longer.")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        text = node.body[0] if ast.get_docstring(node) else None
        documented = text.end_lineno - text.lineno + 1 if text else 0
        length = node.end_lineno - node.lineno + 1 - documented
        first = node.body[1 if text and len(node.body) > 1 else 0].lineno  # line of code
        top = lines[max(node.lineno - 2, 0) : first]
        if length > LONGEST_FUNCTION and not REASON.search("\n".join(top)):
            found.append(f"{path}: {node.name} has {length} lines: split it, or say why.")
    return found


def untyped(path: str, source: str) -> list[str]:
    """The public functions and methods whose arguments or result lack a type."""
    tree, found = ast.parse(source), []
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    public = [tree, *(each for each in classes if not each.name.startswith("_"))]
    for node in (node for place in public for node in place.body):
        if not isinstance(node, ast.FunctionDef) or re.match(r"_(?!_)", node.name):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        named = [each for each in arguments if each.arg not in ("self", "cls")]
        if node.returns is None or any(each.annotation is None for each in named):
            found.append(f"{path}: {node.name} needs the types of its arguments and its result.")
    return found


def plan_in(text: str) -> dict[str, set[str]]:
    """The table of rooms in CONTRIBUTING: what each may import."""
    rows = re.findall(r"^\| `(\w+)(?:/|\.py)` \|.*\| (.*) \|$", text, re.MULTILINE)
    return {room: set(re.findall(r"`(\w+)`", needs)) for room, needs in rows}
