"""Shows how far Sphinx is: a line that counts in a terminal, a line for each page in a file."""

import io
import re
from typing import TextIO

STEP = re.compile(r"(reading sources|writing output)\.\.\. \[ *(\d+)%\] *(\S+)")
COLOUR = re.compile(r"\x1b\[[\d;]*m")
WORDS = {"reading sources": "Reading", "writing output": "Writing"}
CLEAR = "\r\x1b[K"  # the line that the cursor is on


class Progress(io.TextIOBase):
    """Takes what Sphinx says of its state, and passes on how far it is.

    Attributes:
        complaints: where warnings go. They begin on a line of their own.
    """

    def __init__(self, screen: TextIO, complaints: TextIO):
        self.screen, self.complaints = screen, _Complaints(self, complaints)
        self.line, self.shown = "", False
        self.terminal = screen.isatty()

    def write(self, text: str) -> int:
        """Takes a piece of a line, or several lines."""
        *whole, self.line = (self.line + text).split("\n")
        for line in whole:
            if step := STEP.search(COLOUR.sub("", line)):
                self._show(f"{WORDS[step[1]]} {step[2]:>3} %  {step[3]}")
        return len(text)

    def flush(self) -> None:
        """Shows what was passed on."""
        self.screen.flush()

    def end(self) -> None:
        """Leaves an empty line to what follows."""
        if self.shown:
            self.screen.write(CLEAR)
        self.shown = False
        self.screen.flush()

    def _show(self, text: str) -> None:
        if self.terminal:
            self.screen.write(CLEAR + text)
            self.shown = True
        else:
            self.screen.write(f"{text}\n")
        self.screen.flush()


class _Complaints(io.TextIOBase):
    """Passes warnings on, after the line that counts."""

    def __init__(self, progress: Progress, screen: TextIO):
        self.progress, self.screen = progress, screen

    def write(self, text: str) -> int:
        self.progress.end()
        return self.screen.write(text)

    def flush(self) -> None:
        self.screen.flush()

    def isatty(self) -> bool:
        return self.screen.isatty()
