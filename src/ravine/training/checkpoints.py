"""Save a run after every epoch and go on from there, exactly.

A checkpoint is one file with everything that decides how a run goes on: the network's variables
(the states of the dropout layers' random generators among them), the optimizer's, and the results
so far. The minibatch order needs no place in it, being a function of (seed, epoch). On PyTorch
dropout draws from a global generator instead, so there a run with dropout goes on with other noise.
Of the results only the durations in seconds differ from those of an uninterrupted run.

The file holds 32 bytes of SHA-256 over all that follows, then arrays one after the other as
`numpy.save` writes them: a JSON text, as bytes, and the variables. The file before it is kept too,
so a run whose newest checkpoint is damaged goes on from an epoch earlier, to the same result. While
a checkpoint is written there are three, and the disk needs the space for them.
"""

import hashlib
import json
import os
import re
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from ravine.files import whole_file

DIGEST = "sha256"
DIGEST_BYTES = 32
# How version 0.1 described a run: by modules, too, which have moved since.
FORMERLY = {
    r'"module": "[^"]*", (?="registered_name": "[^"]+>)': "",
    r"drawn by ravine\.synthetic": "drawn by code",
}


class CheckpointError(Exception):
    """No checkpoint of a run can be used; the message says which, why and what to do."""


class CheckpointWarning(UserWarning):
    """A checkpoint is damaged, or not of the code that runs; the message says what is done."""


class _DamagedError(Exception):
    """The content of a file is not what was written."""


@dataclass(frozen=True)
class Checkpoint:
    """The file in which one run keeps its state, and the one before it.

    Attributes:
        path: the newest.
        run: what the run is: the settings that must be the same when it goes on. JSON values.
        code: fingerprints of the code that trains, by what it makes, or None if nobody minds: a run
            of other code starts anew. `python` says which Python made them, see `fingerprints`.
        name: of the optimizer, as its comparison calls it. Files of older versions hold none.
    """

    path: Path
    run: dict[str, Any]
    code: dict[str, str] | None = None
    name: str | None = None

    @property
    def previous(self) -> Path:
        """The file of the save before the newest."""
        return self.path.with_stem(f"{self.path.stem}.previous")

    def save(self, arrays: Iterable[np.ndarray], results: list[dict[str, Any]]) -> None:
        """Write the newest file and keep the one before it; an interruption leaves both.

        Args:
            arrays: values of all variables, in a fixed order; they are written one by one, so an
                iterator needs the memory of one.
            results: what was recorded so far, one JSON object per row.

        Raises:
            WriteError: if the disk is full or the directory cannot be written.
        """
        content = {"run": self.run, "code": self.code, "name": self.name, "results": results}
        text = json.dumps(content).encode()
        with whole_file(self.path, keep=self.previous) as file:
            file.write(bytes(DIGEST_BYTES))  # its place
            for array in chain([np.frombuffer(text, "uint8")], arrays):
                np.save(file, array, allow_pickle=False)
            file.seek(DIGEST_BYTES)
            digest = hashlib.file_digest(file, DIGEST).digest()
            file.seek(0)
            file.write(digest)

    def load(self) -> tuple[list[np.ndarray], list[dict[str, Any]]]:
        """Return the arrays and the results; two empty lists if nothing was saved yet.

        Where the newest file is damaged it is set aside, with a `CheckpointWarning`, and what the
        one before it holds is returned. Where the code has changed since, both are set aside, with
        a warning that says so, and the run starts anew. No file is deleted.

        Raises:
            CheckpointError: if there is no undamaged file, or one cannot be read, or it was written
                by a run with other settings.
        """
        damaged: list[str] = []
        for path in (self.path, self.previous):
            try:
                content, arrays = _read(path)
                break
            except FileNotFoundError:  # of the newest: a save was killed between two renames
                continue
            except _DamagedError:
                damaged.append(str(path))
            except OSError as error:
                raise CheckpointError(
                    f"{path} cannot be read ({error.strerror}): see that this account may read "
                    "it, and that its disk is sound."
                ) from error
        else:
            if damaged:
                raise CheckpointError(
                    f"{' and '.join(damaged)} {'is' if len(damaged) == 1 else 'are'} damaged: "
                    f"delete {'it' if len(damaged) == 1 else 'them'}, and the run starts again "
                    "from epoch 0."
                )
            return [], []
        changed = _differing(_as_today(content["run"]), _as_today(self.run))
        if changed:
            raise CheckpointError(
                f"{path} belongs to a run with another {' and '.join(changed)}: start over with "
                "--no-resume on the command line, or in Python keep this run's checkpoints in "
                "another directory."
            )
        if damaged:
            aside = self._set_aside(self.path, "damaged")
            _warn(
                f"{self.path} is damaged: it is now called {aside}, and the run goes on from the "
                "checkpoint before it, to the same result."
            )
        if not self._of_this_code(path, content.get("code")):
            return [], []
        return arrays, content["results"]

    def exists(self) -> bool:
        """Tell whether anything was saved yet."""
        return self.path.exists() or self.previous.exists()

    def holds_this_run(self) -> bool:
        """Tell whether a file is there of a run with the same settings, and not another name's."""
        for path in (self.path, self.previous):
            try:
                content = _read(path)[0]
            except (OSError, _DamagedError):
                continue
            same = not _differing(_as_today(content["run"]), _as_today(self.run))
            return same and content.get("name") in (None, self.name)
        return False

    def move_to(self, other: "Checkpoint") -> None:
        """Give the files the names of another checkpoint; a stop in between loses no newest one."""
        for old, new in ((self.previous, other.previous), (self.path, other.path)):
            if old.exists():
                old.replace(new)

    def may_be_ours(self) -> bool:
        """Tell whether the newest file does not say that it belongs to another name."""
        try:
            return _read(self.path)[0].get("name") in (None, self.name)
        except (OSError, _DamagedError):
            return True

    def _of_this_code(self, path, code):
        """Tell whether a run may go on from a file, or set the files of other code aside."""
        if self.code is None or code == self.code:
            return True
        if code is None or code["python"] != self.code["python"]:
            reason = "" if code is None else f" other than by Python {code['python']}"
            _warn(
                f"{path} does not say{reason} by which code it was written, and the run goes on "
                "from it: if you have edited any since, start over with --no-resume on the command "
                "line, or in Python in another directory."
            )
            return True
        names = [self._set_aside(path, "other-code")]
        if path == self.path and self.previous.exists():
            names.append(self._set_aside(self.previous, "other-code"))
        _warn(
            f"The code of the {' and '.join(_differing(code, self.code))} has changed since {path} "
            f"was written: the run starts anew, and the old state is kept as {' and '.join(names)}."
        )
        return False

    def _set_aside(self, path, why):
        """Rename a file, or the next save would keep it as the one before, and return its name."""
        aside = path.with_name(f"{path.name}.{why}-{time.time_ns()}")
        os.replace(path, aside)
        return aside.name


def _differing(one, other):
    return [key for key in {**one, **other} if one.get(key) != other.get(key)]


def _warn(message):
    warnings.warn(message, CheckpointWarning, stacklevel=4)


def without_modules(config: Any) -> Any:
    """Return a Keras configuration in which what is registered is known by its name alone.

    Keras writes the module beside it, and a file that moves would make another run of it. What is
    not registered, or is Keras' own, keeps its module: there it is a part of the name.

    Args:
        config: JSON values, such as an object's `get_config` or a list of them.
    """
    if isinstance(config, list | tuple):
        return [without_modules(value) for value in config]
    if not isinstance(config, dict):
        return config
    registered = ">" in (config.get("registered_name") or "")  # package>name
    return {
        key: without_modules(value)
        for key, value in config.items()
        if not (registered and key == "module")
    }


def without_automatic_names(config: Any) -> Any:
    """Return a Keras configuration without the numbers that Keras counts its layers with.

    A second network of a process is made of layers called dense_2 and dense_3. What its
    configuration calls by such a name, at any depth, is called dense #0 and dense #1 here. A name
    that someone gave stays.

    Args:
        config: JSON values.
    """
    names: dict[str, str] = {}
    _find_automatic_names(config, names)
    return _renamed(config, names)


def _find_automatic_names(config, names):
    if isinstance(config, dict):
        kind, inner = config.get("class_name"), config.get("config")
        if isinstance(kind, str) and isinstance(inner, dict):
            snake = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", kind)
            snake = re.sub("([a-z])([A-Z])", r"\1_\2", snake).lower()
            name = inner.get("name")
            # of its two layers Bidirectional says which is which
            found = re.fullmatch(
                rf"((?:forward_|backward_)?{re.escape(snake)})(?:_\d+)?", str(name)
            )
            if found and name not in names:
                names[name] = f"{found[1]} #{len(names)}"
    for each in config.values() if isinstance(config, dict) else config:
        if isinstance(each, dict | list):
            _find_automatic_names(each, names)


def _renamed(config, names):
    if isinstance(config, dict):
        return {key: _renamed(value, names) for key, value in config.items()}
    if isinstance(config, list):
        return [_renamed(value, names) for value in config]
    return names.get(config, config) if isinstance(config, str) else config


def _as_today(run):
    """Describe a run as it would be described now."""
    for old, new in FORMERLY.items():
        run = {
            key: re.sub(old, new, value) if isinstance(value, str) else value
            for key, value in run.items()
        }
    if "network" in run:
        return run | {"network": without_automatic_names(run["network"])}
    return run


def read_checkpoint(path: Path) -> tuple[dict[str, Any], list[np.ndarray], list[dict[str, Any]]]:
    """Return run, arrays and results of one file, once its checksum is found right."""
    content, arrays = _read(path)
    return content["run"], arrays, content["results"]


def _read(path):
    with path.open("rb") as file:
        digest = file.read(DIGEST_BYTES)
        if hashlib.file_digest(file, DIGEST).digest() != digest:
            raise _DamagedError
        file.seek(DIGEST_BYTES)
        content = json.loads(np.load(file, allow_pickle=False).tobytes())
        arrays = []
        while file.peek(1):
            arrays.append(np.load(file, allow_pickle=False))
    return content, arrays
