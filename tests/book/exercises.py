"""What the exercises of a page promise: which have a solution, and the code of those that have."""

import ast
import builtins
import re

from nbformat import NotebookNode

SAID = re.compile(r"\*Exercises? ([\d, and]+) ha(?:s|ve) no solution here\.\*")
SOLVED = re.compile(r"Solution of (\d+)")
NUMBER = re.compile(r"^(?:\*\*)?(\d+)\. ", flags=re.MULTILINE)
MAGIC = re.compile(r"^([ \t]*)[%!].*$", flags=re.MULTILINE)
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def section(notebook: NotebookNode) -> str:
    """The text under `## Exercises`, or nothing where a page has none."""
    prose = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = re.search(r"^## Exercises\n(.*?)(?=^## |\Z)", prose, re.DOTALL | re.MULTILINE)
    return found.group(1) if found else ""


def unsolved(text: str) -> list[int]:
    """The numbers of the exercises without a solution, which follows its exercise or names it."""
    named = {int(number) for number in SOLVED.findall(text)}
    parts = NUMBER.split(text)
    solutions = dict(zip(map(int, parts[1::2]), parts[2::2], strict=True))
    if named:
        return [number for number in solutions if number not in named]
    return [number for number, part in solutions.items() if "<details>" not in part]


def not_said(notebook: NotebookNode) -> list[str]:
    """A page must say which of its exercises have no solution."""
    text = section(notebook)
    without = unsolved(text)
    said = [int(number) for found in SAID.findall(text) for number in re.findall(r"\d+", found)]
    if said == without:
        return []
    return [f"exercises {without} have no solution, and the page says so of {said}"]


def solutions(notebook: NotebookNode) -> dict[int, str]:
    """The code of the solutions that have some, each under the number of its exercise."""
    text = section(notebook)
    parts = SOLVED.split(text) if SOLVED.search(text) else NUMBER.split(text)
    codes = {
        int(number): "\n\n".join(CODE.findall(part))
        for number, part in zip(parts[1::2], parts[2::2], strict=True)
    }
    return {number: code for number, code in codes.items() if code}


def unknown_names(notebook: NotebookNode) -> list[str]:
    """The code of a solution may use what it makes itself and what the page has made before."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    page = "\n".join(MAGIC.sub(r"\1pass", cell) for cell in cells)
    complaints = []
    for code in solutions(notebook).values():
        known = set(dir(builtins)) | _bound(page) | _bound(code)
        used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
        complaints += [f"a solution uses {name}, which nothing defines" for name in used - known]
    return complaints


def _bound(code: str) -> set[str]:
    """All names that code makes: by assignments, imports, definitions and arguments."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
    return names
