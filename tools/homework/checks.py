"""What a test is made of: the checks that are counted, and the names that it uses."""

import ast
import builtins
import importlib
from collections.abc import Callable
from typing import Any

from tools.homework.master import Master
from tools.homework.plan import given_imports

# What a test may import; everything else it takes from the student's process.
OF_THE_GRADER = ("numpy", "ravine.homework")
RESERVED = "_count_check"


def expectations(source: str) -> ast.Module:
    """Parses a test so that each check that it makes is counted."""
    return ast.fix_missing_locations(_CountChecks().visit(ast.parse(source)))


class _CountChecks(ast.NodeTransformer):
    """Puts a call that counts after each `assert` and each `expect...(...)`."""

    def visit_Assert(self, node):
        return self._counted(node)

    def visit_Expr(self, node):
        call = node.value
        named = isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        return self._counted(node) if named and call.func.id.startswith("expect") else node

    def _counted(self, node):
        return [node, ast.Expr(ast.Call(ast.Name(RESERVED, ast.Load()), [], []))]


def free_names(source: str) -> set[str]:
    """Lists the names that a test uses without defining or importing them."""
    tree = ast.parse(source)
    used: set[str] = set()
    bound = set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound.update(name.asname or name.name for name in node.names)
    return used - bound


def grader_names(master: Master) -> dict[str, Any]:
    """Imports for the tests what the given cells import of NumPy and of `ravine.homework`."""
    names = {}
    for node in given_imports(master):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name in OF_THE_GRADER:
                    names[name.asname or name.name] = importlib.import_module(name.name)
        elif node.module in OF_THE_GRADER:
            for name in node.names:
                module = importlib.import_module(node.module)
                names[name.asname or name.name] = getattr(module, name.name)
    return names


def without_values(expect_close: Callable) -> Callable:
    """Keeps the values out of a message: they may be those of a hidden test, kept for later."""

    def quiet(*arguments, show=False, **keywords):
        expect_close(*arguments, **keywords)

    return quiet
