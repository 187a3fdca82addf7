"""Executes the chapters as other machines would, and lists the cells that come out differently.

    python -m tools.book.elsewhere [--on NAME] [NOTEBOOK ...]

A processor of another kind adds in another order, and so rounds differently. What a page states as
a finding must not hang on that. Here the compared outputs and the assertions of all chapters are
checked again under arithmetic that other processors use, and on **rounding twins**: runs whose
random first weights and whose walks' starts are disturbed by one part in ten million.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from ravine.results import machine
from tools.book.notebooks import ROOT, in_book

TWIN = "RAVINE_ROUNDING_TWIN"  # its number
TWINS = str(ROOT / "tools/book/rounding_twin.py")


@dataclass(frozen=True)
class Arithmetic:
    """One way to calculate.

    Attributes:
        what: in words.
        environment: the variables that choose it.
        needs: the vector instructions without which it is not another arithmetic, or no one's.
    """

    what: str
    environment: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""


def _held_to(instructions: str, blas: str, numpy: str) -> dict[str, str]:
    """Returns what holds oneDNN, XLA, OpenBLAS and NumPy to older vector instructions."""
    return {
        "ONEDNN_MAX_CPU_ISA": instructions,
        "XLA_FLAGS": f"--xla_cpu_max_isa={instructions}",
        "OPENBLAS_CORETYPE": blas,
        "NPY_DISABLE_CPU_FEATURES": numpy,
    }


NEWEST = "X86_V4 AVX512_ICL AVX512_SPR"
ARITHMETICS = {
    "here": Arithmetic("this machine as it is"),
    "avx2": Arithmetic(
        "held to AVX2, as on AMD's Zen 3", _held_to("AVX2", "Zen", NEWEST), needs="AVX-512"
    ),
    "avx": Arithmetic(
        "held to AVX, as on processors of 2011",
        _held_to("AVX", "Sandybridge", f"X86_V3 {NEWEST}"),
        needs="AVX2",
    ),
    "plain": Arithmetic(
        "TensorFlow without oneDNN, on two threads",
        {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_NUM_INTRAOP_THREADS": "2"},
    ),
    **{
        f"twin-{number}": Arithmetic(
            f"rounding twin {number}: starts disturbed by one part in ten million",
            {TWIN: str(number)},
        )
        for number in (1, 2, 3)
    },
}


def available() -> list[str]:
    """Lists the arithmetics that this machine can stand for."""
    known = machine.vector_instructions()
    return [name for name, each in ARITHMETICS.items() if not each.needs or each.needs in known]


def environment_of(arithmetic: Arithmetic, folder: Path) -> dict[str, str]:
    """Returns the environment of a run; a twin's kernels begin with a line in `folder`."""
    environment = {**os.environ, "IPYTHONDIR": str(folder), **arithmetic.environment}
    if TWIN in arithmetic.environment:
        startup = folder / "profile_default" / "startup"
        startup.mkdir(parents=True)
        (startup / "twin.py").write_text(f"import runpy; runpy.run_path({TWINS!r})['disturb']()\n")
    return environment


def differing(notebooks: list[Path], arithmetic: Arithmetic) -> dict[str, str]:
    """Executes notebooks under an arithmetic.

    Returns:
        For each cell that came out differently its message, by page and cell.

    Raises:
        RuntimeError: if the tests did not run.
    """
    with tempfile.TemporaryDirectory(prefix="elsewhere-") as place:
        report = Path(place) / "report.xml"
        done = subprocess.run(
            [
                "make",
                "notebooks",
                f"OPTIONS=--quiet --junitxml={report}",
                f"NB={' '.join(map(str, notebooks))}",
            ],
            cwd=ROOT,
            env=environment_of(arithmetic, Path(place) / "ipython"),
            capture_output=True,
            text=True,
        )
        try:
            return failures(report)
        except (OSError, ValueError) as error:
            raise RuntimeError(done.stdout + done.stderr) from error


def failures(report: Path) -> dict[str, str]:
    """Reads what pytest's report says of each cell that failed.

    Raises:
        ValueError: if no cell was executed.
    """
    cells = [*ElementTree.parse(report).iter("testcase")]
    if not cells:
        raise ValueError("No cell was executed.")
    return {
        f"{cell.get('classname')}, {cell.get('name')}": trouble.text or ""
        for cell in cells
        for trouble in (*cell.iter("failure"), *cell.iter("error"))
    }


def main() -> None:
    """Runs the notebooks under each arithmetic; exits with 1 when a cell differs anywhere."""
    parser = argparse.ArgumentParser(description="Execute notebooks as other machines would.")
    parser.add_argument("notebooks", nargs="*", help="paths; without any, the whole book")
    parser.add_argument("--on", action="append", choices=ARITHMETICS, help="one arithmetic alone")
    arguments = parser.parse_args()
    notebooks = in_book(arguments.notebooks)
    names = arguments.on or available()
    different: dict[str, list[str]] = {}
    for name in names:
        print(f"{name}: {ARITHMETICS[name].what}", flush=True)
        found = differing(notebooks, ARITHMETICS[name])
        for cell, message in found.items():
            different.setdefault(cell, []).append(name)
            print(f"\n--- {cell}\n{message}", flush=True)
        print(f"{name}: {len(found) or 'no'} cells differ\n", flush=True)
    for cell, where in different.items():
        print(f"{cell}: differs on {', '.join(where)}")
    print(f"{len(different) or 'No'} cells differ on {len(names)} arithmetics.")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
