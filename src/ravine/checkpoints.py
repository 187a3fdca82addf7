"""Save a run after every epoch and go on from there, exactly.

A checkpoint is one file with everything that decides how a run goes on: the network's variables
(the states of the dropout layers' random generators among them), the optimizer's, and the results
so far. The minibatch order needs no place in it, being a function of (seed, epoch). On PyTorch
dropout draws from a global generator instead, so there a run with dropout goes on with other noise.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ravine.files import write_whole


class CheckpointError(Exception):
    """A checkpoint is damaged or belongs to another run; the message says what to do."""


@dataclass(frozen=True)
class Checkpoint:
    """The file in which one run keeps its state.

    Attributes:
        path: the file, ending in ".npz".
        run: what the run is: the settings that must be the same when it goes on. JSON values.
    """

    path: Path
    run: dict[str, Any]

    def save(self, arrays: Sequence[np.ndarray], results: list[dict[str, Any]]) -> None:
        """Replace the file; an interruption leaves the old one as it was.

        Args:
            arrays: values of all variables, in a fixed order.
            results: what was recorded so far, one JSON object per epoch.
        """
        text = json.dumps({"run": self.run, "results": results}).encode()
        file = io.BytesIO()
        np.savez(file, *arrays, np.frombuffer(text, "uint8"))
        write_whole(self.path, file.getvalue())

    def load(self) -> tuple[list[np.ndarray], list[dict[str, Any]]]:
        """Return the arrays and the results; two empty lists if there is no file yet.

        Raises:
            CheckpointError: if the file is damaged, or was written by a run with other settings.
        """
        try:
            with self.path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                *arrays, text = [file[f"arr_{k}"] for k in range(len(file.files))]
            content = json.loads(text.tobytes())
            run, results = content["run"], content["results"]
        except FileNotFoundError:
            return [], []
        except (zipfile.BadZipFile, ValueError, KeyError, EOFError, OSError) as error:
            raise CheckpointError(
                f"{self.path} is damaged: delete it, and its run starts again from epoch 0."
            ) from error
        if run != self.run:
            changed = [key for key in {**run, **self.run} if run.get(key) != self.run.get(key)]
            raise CheckpointError(
                f"{self.path} belongs to a run with another {' and '.join(changed)}: "
                "delete it, or keep this run's checkpoints in another directory."
            )
        return arrays, results
