"""What a run ran on: versions, commit, device, processor and memory, for its provenance."""

import os
import platform
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from ravine import __version__

# By the names that people use, those that NumPy knows them by.
VECTOR_INSTRUCTIONS = {
    "AVX-512": "AVX512_SKX",
    "AVX2": "AVX2",
    "AVX": "AVX",
    "SSE4.2": "SSE42",
    "SVE": "SVE",
    "NEON": "NEON",
}


def environment() -> dict[str, str]:
    """Return the versions of what a run depends on, and the device it runs on.

    "commit" is there if the package runs from a checkout: the commit of its code, followed by
    "+changes" if files of the package differ from it.
    """
    from ravine import backends  # loads TensorFlow, for seconds, which reading does not need

    backend = backends.name()
    commit = commit_of(Path(__file__).parents[1])  # the package
    return {
        "backend": backend,
        "device": backends.gpu() or _cpu(),
        "python": platform.python_version(),
        "ravine": __version__,
        **({} if commit is None else {"commit": commit}),
        **{package: version(package) for package in ("keras", backend, "numpy")},
    }


def commit_of(directory: Path) -> str | None:
    """Return the commit that is checked out, with "+changes" if files in `directory` differ.

    None if git does not know the directory, as that of an installed package.
    """

    def git(*arguments):
        command = ["git", "--no-optional-locks", "-C", str(directory), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        if not git("ls-files"):  # in somebody else's repository, but no part of it
            return None
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "-s", ".") else "")
    except (OSError, subprocess.CalledProcessError):  # no git, or no repository
        return None


def peak_memory() -> float:
    """Return the most memory that this process has held so far, in MiB; a GPU's is not in it."""
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS, else KiB
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def processor() -> str:
    """Return the processor's model and its widest vector instructions.

    Such as "AMD EPYC 7763 64-Core Processor with AVX2". How it rounds hangs on both.
    """
    known = vector_instructions()
    return _model() + (f" with {known[0]}" if known else "")


def vector_instructions() -> list[str]:
    """Return the kinds of vector instructions that the processor has, the widest first."""
    core = "numpy.core" if version("numpy").startswith("1.") else "numpy._core"
    features = import_module(f"{core}._multiarray_umath").__cpu_features__
    return [name for name, key in VECTOR_INSTRUCTIONS.items() if features.get(key)]


def _model():
    """Return the name that the maker gave the processor, as its system tells it."""
    with suppress(OSError):  # Linux
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        with suppress(OSError, subprocess.CalledProcessError):
            return subprocess.run(
                command, capture_output=True, text=True, check=True
            ).stdout.strip()
    return platform.processor() or platform.machine()


def _cpu():
    """Return the CPU's kind, cores and model."""
    return f"CPU, {platform.machine()}, {os.cpu_count()} cores, {processor()}"
