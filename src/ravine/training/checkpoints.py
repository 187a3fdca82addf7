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
    """The newest checkpoint is damaged, and the run goes on from the one before it."""


class _DamagedError(Exception):
    """The content of a file is not what was written."""


@dataclass(frozen=True)
class Checkpoint:
    """The file in which one run keeps its state, and the one before it.

    Attributes:
        path: the newest.
        run: what the run is: the settings that must be the same when it goes on. JSON values.
    """

    path: Path
    run: dict[str, Any]

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
        text = json.dumps({"run": self.run, "results": results}).encode()
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
        one before it holds is returned. No file is deleted.

        Raises:
            CheckpointError: if there is no undamaged file, or one cannot be read, or it was written
                by a run with other settings.
        """
        damaged: list[str] = []
        for path in (self.path, self.previous):
            try:
                run, arrays, results = read_checkpoint(path)
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
        run = _as_today(run)
        if run != self.run:
            changed = [key for key in {**run, **self.run} if run.get(key) != self.run.get(key)]
            raise CheckpointError(
                f"{path} belongs to a run with another {' and '.join(changed)}: "
                "delete it, or keep this run's checkpoints in another directory."
            )
        if damaged:
            self._set_aside()
        return arrays, results

    def _set_aside(self):
        """Rename the damaged newest file, or the next save would keep it over the good one."""
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
        os.replace(self.path, aside)
        warnings.warn(
            f"{self.path} is damaged: it is now called {aside.name}, and the run goes on from the "
            "checkpoint before it, to the same result.",
            CheckpointWarning,
            stacklevel=3,
        )


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


def _as_today(run):
    """Describe a run as it would be described now."""
    for old, new in FORMERLY.items():
        run = {
            key: re.sub(old, new, value) if isinstance(value, str) else value
            for key, value in run.items()
        }
    return run


def read_checkpoint(path: Path) -> tuple[dict[str, Any], list[np.ndarray], list[dict[str, Any]]]:
    """Return run, arrays and results of one file, once its checksum is found right."""
    with path.open("rb") as file:
        digest = file.read(DIGEST_BYTES)
        if hashlib.file_digest(file, DIGEST).digest() != digest:
            raise _DamagedError
        file.seek(DIGEST_BYTES)
        content = json.loads(np.load(file, allow_pickle=False).tobytes())
        arrays = []
        while file.peek(1):
            arrays.append(np.load(file, allow_pickle=False))
    return content["run"], arrays, content["results"]
