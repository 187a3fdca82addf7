"""What code a result comes from: fingerprints of functions and classes as they were compiled.

A fingerprint holds the instructions of a function, with its constants, and of all functions that it
calls, down to Keras, NumPy and Python's own. Comments, docstrings, formatting, and the file in
which a function lies leave no instructions. It needs no source, and so tells the code that runs
from a file that was edited since, and knows cells of a notebook.
"""

import dis
import functools
import hashlib
import platform
import types
from collections.abc import Iterator
from typing import Any

PYTHON = ".".join(platform.python_version_tuple()[:2])  # each has instructions of its own
OTHERS = ("site-packages", "dist-packages", "lib/python", "<frozen")
PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))
CONTAINERS = (tuple, list, set, frozenset)


def fingerprint(*things: Any) -> str:
    """Return 16 hexadecimal digits that change with the code of functions, classes or objects."""
    found: dict[Any, list[Any]] = {}
    waiting = list(things)
    while waiting:
        for part in _parts(waiting.pop()):
            if part not in found:
                found[part], used = _described(part)
                waiting += used
    text = repr(sorted(map(repr, found.values())))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _parts(thing: Any) -> Iterator[types.FunctionType | type]:
    """Yield the functions and classes that something is made of, without installed packages'."""
    if isinstance(thing, types.FunctionType):
        if _is_ours(thing.__module__, thing.__code__.co_filename):
            yield thing
    elif isinstance(thing, functools.partial):
        for each in (thing.func, *thing.args, *thing.keywords.values()):
            yield from _parts(each)
    elif isinstance(thing, types.MethodType | staticmethod | classmethod):
        yield from _parts(thing.__func__)
    elif isinstance(thing, property):
        for each in (thing.fget, thing.fset):
            yield from _parts(each)
    elif isinstance(thing, CONTAINERS):
        for each in thing:
            yield from _parts(each)
    elif isinstance(thing, dict):
        yield from _parts(list(thing.values()))
    elif hasattr(thing, "__wrapped__"):  # such as what functools.cache returns
        yield from _parts(thing.__wrapped__)
    elif isinstance(thing, type):
        for kind in thing.__mro__:
            # no attribute that is another class
            methods = types.FunctionType | staticmethod | classmethod | property
            own = [each for each in vars(kind).values() if isinstance(each, methods)]
            parts = [part for each in own for part in _parts(each)]
            if parts or kind.__module__ == "__main__":
                yield kind
            yield from parts
    elif not isinstance(thing, (*PLAIN, types.ModuleType, types.BuiltinFunctionType)):
        yield from _parts(type(thing))


def _is_ours(module, file):
    """Tell whether code is the course's or its user's."""
    return (module or "").split(".")[0] == "ravine" or not any(part in file for part in OTHERS)


def _described(part):
    """Return what a function does, or a class sets, and the objects that it uses."""
    if isinstance(part, type):
        constants = {name: each for name, each in vars(part).items() if isinstance(each, PLAIN)}
        return {name: repr(constants[name]) for name in constants if name[:2] != "__"}, []
    cells = dict(zip(part.__code__.co_freevars, part.__closure__ or (), strict=True))
    used: list[Any] = [part.__defaults__ or (), part.__kwdefaults__ or {}]
    text: list[Any] = [_plain(part.__defaults__), list(map(str, part.__kwdefaults__ or {}))]
    for code in _codes(part.__code__):
        here = None  # what was loaded last, if it is one of a module's
        for each in dis.get_instructions(code):
            text.append((each.opname, _plain(each.argval)))
            here = _loaded(each, here, part.__globals__, cells)
            if here is not None and not isinstance(here, types.ModuleType):
                text.append(_plain(here))
                used.append(here)
    return text, used


def _loaded(instruction, module, names, cells):
    """Return what an instruction loads from outside its function, or None."""
    kind, name = instruction.opname, instruction.argval
    if kind in ("LOAD_GLOBAL", "LOAD_NAME") and name != "__name__":
        return names.get(name)
    if kind in ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"):
        return _content(cells.get(name))
    if kind in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(module, types.ModuleType):
        return getattr(module, name, None)
    return None


def _codes(code):
    """Yield a function's code and that of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _content(cell):
    """Return what a variable of an enclosing function holds, or None."""
    try:
        return cell.cell_contents
    except (AttributeError, ValueError):  # none, or it is not set yet
        return None


def _plain(value):
    """Describe a constant in the same words in every process; of other things only that they are.

    What a list or a dictionary holds may change while the program runs, and is none of its code.
    """
    if isinstance(value, frozenset):
        return sorted(map(repr, value))
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return repr(value) if isinstance(value, PLAIN) else ""
