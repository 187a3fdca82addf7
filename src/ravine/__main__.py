"""The command `ravine`, and `python -m ravine`."""

import os
import signal
from typing import Any

STOPPED = 130  # what shells say of a command that Ctrl-C ended


def main() -> None:
    """Run the command line; Ctrl-C ends it from its first moment on."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _stop)
    from ravine import quiet

    with quiet.startup():
        from ravine.cli import app

        app()


def _stop(*_: Any) -> None:
    """End at once: an exception would be lost in one of the libraries that are being imported."""
    os.write(2, b"Stopped.\n")
    os._exit(STOPPED)


if __name__ == "__main__":
    main()
