"""Runs notebooks as Colab would: alone in an empty folder, with the versions that Colab ships.

    python -m tools.book.colab [NOTEBOOK ...]

Without names, one chapter of each part. It makes an environment with the versions below, puts a
stand-in for the module `google.colab` into it, and lets git fetch this clone where a notebook asks
for the repository. A notebook's own first cell then installs the package. What must hold: every
cell runs, and TensorFlow, Keras and NumPy are what they were.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.book.notebooks import ROOT, in_book, repository_address

# What Colab shipped when this list was made; `!pip list` in a notebook there tells.
SHIPPED = {
    "tensorflow": "2.19.0",
    "keras": "3.10.0",
    "numpy": "2.0.2",
    "pandas": "2.2.2",
    "matplotlib": "3.10.0",
    "scipy": "1.16.1",
    "ipykernel": "6.17.1",
    "ipython": "7.34.0",
    "jax": "0.5.3",
    "typer": "0.16.0",
    "rich": "13.9.4",
    "pillow": "11.3.0",
}
ALSO = ("nbclient", "pip", "setuptools<81")
SAMPLE = (
    "gradient-descent/gradient-descent",
    "momentum/momentum",
    "rmsprop/adagrad-and-rmsprop",
    "adam/adam",
    "experiments/logistic-regression",
    "beyond/running-averages",
)

EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=3600, kernel_name="python3").execute()
"""
# As on Colab, where this module is there before the first cell runs.
STARTUP = "import google.colab\n"


def make_environment(folder: Path) -> Path:
    """Makes an environment with what Colab ships and returns its Python."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    wanted = [f"{name}=={version}" for name, version in SHIPPED.items()]
    install: list[str | Path] = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--compile-bytecode",
        "--python",
        python,
    ]
    subprocess.run([*install, *wanted, *ALSO], check=True)
    packages = next((folder / "lib").glob("python3*")) / "site-packages"
    (packages / "google" / "colab").mkdir(parents=True, exist_ok=True)
    (packages / "google" / "colab" / "__init__.py").write_text("")
    return python


def versions(python: Path) -> dict[str, str]:
    """Reads the versions of the packages of Colab that an environment has now."""
    code = (
        "import sys\nfrom importlib.metadata import version\n"
        "for name in sys.argv[1:]: print(version(name))"
    )
    printed = subprocess.run(
        [python, "-c", code, *SHIPPED], check=True, capture_output=True, text=True
    )
    return dict(zip(SHIPPED, printed.stdout.split(), strict=True))


def run_alone(notebook: Path, python: Path, home: Path) -> str:
    """Executes a notebook alone in an empty folder; returns what went wrong, "" for nothing."""
    folder = Path(tempfile.mkdtemp(dir=home))
    shutil.copy(notebook, folder)
    profile = home / "ipython" / "profile_default" / "startup"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "colab.py").write_text(STARTUP)
    # Where the notebook asks git for the repository, it gets this clone.
    fetched = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{ROOT.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": repository_address(),
    }
    environment = {**os.environ, **fetched, "IPYTHONDIR": str(home / "ipython")}
    environment["PATH"] = f"{python.parent}{os.pathsep}{environment['PATH']}"
    environment["JUPYTER_PATH"] = str(python.parent.parent / "share" / "jupyter")
    done = subprocess.run(
        [python, "-c", EXECUTE, notebook.name],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def main() -> None:
    """Runs the named notebooks, or the sample; exits with 1 when one fails."""
    parser = argparse.ArgumentParser(description="Run notebooks as Colab would.")
    parser.add_argument("notebooks", nargs="*", help="paths; without any, one of each part")
    named = parser.parse_args().notebooks
    notebooks = in_book(named or [str(ROOT / "book" / f"{name}.ipynb") for name in SAMPLE])
    failed = False
    with tempfile.TemporaryDirectory(prefix="colab-") as place:
        home = Path(place)
        python = make_environment(home / "environment")
        before = versions(python)
        for notebook in notebooks:
            trouble = run_alone(notebook, python, home)
            after = versions(python)
            moved = [f"{n} {before[n]} -> {after[n]}" for n in SHIPPED if before[n] != after[n]]
            name = notebook.relative_to(ROOT) if notebook.is_relative_to(ROOT) else notebook
            verdict = trouble or ", ".join(moved) or "runs"
            print(f"{name}: {verdict}", flush=True)
            failed |= bool(trouble or moved)
    sys.exit(failed)


if __name__ == "__main__":
    main()
