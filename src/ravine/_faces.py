"""How a room's face hands out names whose files load Keras: when they are asked for."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_demand(room: str, files: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a face (PEP 562).

    Args:
        room: the package.
        files: for each of its files the names that the face hands out of it. The file's own name
            hands out the file.
    """
    home = {name: file for file, names in files.items() for name in names}

    def asked_for(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        file = import_module(f"{room}.{home[name]}")
        return file if name == home[name] else getattr(file, name)

    return asked_for
