"""The command line as the tests call it."""

import os
import subprocess
import sys

from typer.testing import CliRunner

from ravine.cli import app


def ravine(*arguments):
    return CliRunner().invoke(app, arguments)


def refused(result, *parts):
    """Check for one sentence, exit code 2 and no traceback."""
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1
    assert "Traceback" not in result.output
    for part in parts:
        assert part in result.stderr


def in_a_shell(*arguments, **environment):
    """Run the command as a shell does, without the settings of these tests."""
    inherited = {key: os.environ[key] for key in os.environ if key != "TF_CPP_MIN_LOG_LEVEL"}
    command = [sys.executable, "-m", "ravine", *arguments]
    return subprocess.run(command, capture_output=True, env={**inherited, **environment})
