"""Runs cells as a notebook's kernel does: in IPython's shell, without a terminal or front end.

Magics, `display`, top-level `await` and inline figures do what they do in Jupyter; nothing is shown
to anybody. The messages of Jupyter's kernels, which need sockets, are not there.
"""

import asyncio
import subprocess
import sys
import traceback
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

INLINE = "module://matplotlib_inline.backend_inline"
LONGEST_TEXT = 500  # characters of an error's text


class Shell(InteractiveShell):
    """IPython's shell with nobody at the other end."""

    def enable_gui(self, gui: Any = None) -> None:
        """Does nothing: there is no window."""

    def ask_exit(self) -> None:
        """Does nothing: `exit` in a cell is not the end of the notebook."""

    def showtraceback(self, *arguments: Any, **keywords: Any) -> None:
        """Does nothing: nobody reads it, and to format it takes time."""

    def showsyntaxerror(self, *arguments: Any, **keywords: Any) -> None:
        """Does nothing."""

    def _format_exception_for_storage(self, *arguments, **keywords):
        return {}

    def system(self, cmd: str) -> None:
        """Runs a command of the system, `!cmd`; it fails in silence where none may be started."""
        try:
            code = subprocess.run(
                self.var_expand(cmd, depth=1),
                shell=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ).returncode
        except OSError:
            code = 1
        self.user_ns["_exit_code"] = code

    system_piped = system_raw = system


class Kernel:
    """A shell in which nothing has run."""

    def __init__(self) -> None:
        """Starts IPython. Its files lie in the home folder; imports begin in the working folder."""
        # What a student writes into a file is imported from there; the course's tools are not.
        sys.path[0] = ""
        config = Config()
        config.HistoryManager.enabled = False
        self.shell = Shell.instance(config=config)
        self.shell.db = {}  # what `%cd` remembers: IPython's folder is not there for students' code
        # Representations for a browser are made for nobody.
        assert self.shell.display_formatter
        self.shell.display_formatter.active_types = ["text/plain"]
        self.shell.enable_matplotlib("inline")

    @property
    def namespace(self) -> dict[str, Any]:
        """The variables of the notebook."""
        return self.shell.user_ns

    async def run(self, source: str) -> None:
        """Runs a cell.

        Raises:
            BaseException: what the cell raises.
        """
        shell = self.shell
        failure = None
        try:
            code = shell.transform_cell(source)
        except Exception:
            code, failure = source, sys.exc_info()
        try:
            result = await shell.run_cell_async(
                source, store_history=True, transformed_cell=code, preprocessing_exc_tuple=failure
            )
        finally:
            shell.events.trigger("post_execute")
        shell.events.trigger("post_run_cell", result)
        await asyncio.sleep(0)  # tasks that the cell has left get their turn
        result.raise_error()

    def describe(self, error: BaseException) -> dict[str, Any]:
        """Says what was raised, and in which line of the student's cell."""
        cells = self.shell.compile._filename_map
        lines: list[int | None] = [
            line
            for frame, line in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename in cells
        ]
        if isinstance(error, SyntaxError):
            lines = [error.lineno]
            text = str(error.msg)
        else:
            text = str(error)
        return {
            "type": type(error).__name__[:80],
            "text": text[:LONGEST_TEXT],
            "line": lines[-1] if lines else None,
        }
