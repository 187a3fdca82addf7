"""One loader for every data set of the course, in two sizes.

`sample` comes with the package; `full` is the whole data set, taken from the directory in
`RAVINE_DATA` or downloaded once. Whatever is missing, truncated or wrong is an error of one
sentence. A full data set is never replaced by its sample.
"""

import hashlib
import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pooch

from ravine.data.readers import DatasetError
from ravine.data.sources import SOURCES, Download, Source
from ravine.files import data_directory

REINSTALL = "get it again from the repository or reinstall the package"
ABANDONED = 3600  # seconds without a new byte, after which a partial download is deleted


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set, ready to train on.

    Attributes:
        name: which one, see `load`.
        size: "sample" or "full".
        x_train: inputs, see `load`; minibatches are rows.
        y_train: labels, int32, shape (N,); of a text the next words, in the shape of `x_train`.
        x_test: inputs.
        y_test: labels.
        provenance: one sentence: how many of what, from where, which checksum.
        x_valid: inputs of a third part, where there is one.
        y_valid: labels of it.
        labels: names of the classes, or the vocabulary.
        streams: of a text cut by `unroll`: the rows come in order, so many to a minibatch.
        groups: of each class the number of its group, from 0, where losses are recorded by group,
            see `training.compare`; shape (classes,).
    """

    name: str
    size: str
    x_train: Any = field(repr=False)
    y_train: np.ndarray = field(repr=False)
    x_test: Any = field(repr=False)
    y_test: np.ndarray = field(repr=False)
    provenance: str
    x_valid: Any = field(default=None, repr=False)
    y_valid: Any = field(default=None, repr=False)
    labels: tuple[str, ...] = field(default=(), repr=False)
    streams: int | None = None
    groups: np.ndarray | None = field(default=None, repr=False)


def load(name: str, size: str = "sample") -> Dataset:
    """Load a data set.

    - mnist: digits, float32 in [0, 1], shape (N, 28, 28).
    - cifar10: colour images, float32 in [0, 1], shape (N, 32, 32, 3). The sample is patches of
      photographs.
    - imdb: reviews as bags of words, uint8, shape (N, words), 1 where a word occurs; label 1 for a
      positive one. The sample is synthetic.
    - ptb: a text as numbers of its words, int32, shape (N,), for training, validation and test;
      `unroll` cuts it into rows. The sample is from Python's documentation.
    - imagenet: `data.ImageFiles`, decoded when they are needed. The sample is patches of
      photographs, uint8, shape (N, 64, 64, 3).

    Args:
        name: one of these.
        size: "sample", which comes with the package, or "full". The files of "full" are taken from
            the directory in the environment variable `RAVINE_DATA`, where that is set; otherwise
            they are downloaded once into the user's cache directory.

    Raises:
        DatasetError: if a file is missing, truncated or not what it should be, if it cannot be
            downloaded, or if there is no such data set or size.
    """
    source, paths, advice = _source(name, size), locate(name, size), how_to_get(name, size)
    if size == "full" and not _user_directory():
        for download, path in zip(source.downloads, paths, strict=False):
            _download(download, path)
    for path in paths:
        if not path.exists():
            raise DatasetError(f"{path} is missing: {advice}.")
    try:
        for path, sha256 in _checksums(source, size, paths).items():
            if _sha256([path]) != sha256:
                raise ValueError(f"{path.name} is not the file with the SHA-256 {sha256}")
        fields = source.read(*paths)
    except Exception as error:  # a damaged file makes libraries raise almost anything
        where = paths[0] if len(paths) == 1 else paths[0].parent
        raise DatasetError(f"{where} is not usable ({_reason(error)}): {advice}.") from error

    origin = fields.pop("origin", source.origin)
    checksum = fields.pop("checksum", None) or _sha256(paths)
    provenance = f"{_counted(fields, source.unit)}: {origin} (SHA-256 {checksum})"
    return Dataset(name=name, size=size, provenance=provenance, **fields)


def locate(name: str, size: str) -> list[Path]:
    """Return where `load` looks for the files, which need not exist; none if code draws the data.

    In `RAVINE_DATA` a file may have the name it is downloaded with, or the one in `Source.files`.
    """
    source = _source(name, size)
    if size == "sample":
        return [data_directory() / "samples" / file for file in source.files]
    root = _user_directory() or Path(pooch.os_cache("ravine"))
    paths = [root / download.file for download in source.downloads]
    if not paths or (_user_directory() and not all(path.exists() for path in paths)):
        paths = [root / file for file in source.files]
    return paths


def how_to_get(name: str, size: str) -> str:
    """Say how to get a data set that is missing or damaged; the end of a sentence."""
    source = _source(name, size)
    urls = ", ".join(download.url for download in source.downloads)
    if size == "sample":
        return REINSTALL
    if not urls:
        return source.advice
    if _user_directory():
        return f"put {urls} into {_user_directory()}, or unset RAVINE_DATA to have it downloaded"
    return f"the first full run downloads {urls}; or put that into a directory and set RAVINE_DATA"


def halve(dataset: Dataset) -> Dataset:
    """Return the data set with images of half the width and height: the mean of 2×2 pixels.

    Args:
        dataset: images, shape (N, height, width, colours), height and width even; uint8 stays
            uint8, rounded.
    """

    def halved(images):
        n, height, width, colours = images.shape
        means = images.reshape(n, height // 2, 2, width // 2, 2, colours).mean(axis=(2, 4))
        return (means.round() if images.dtype == np.uint8 else means).astype(images.dtype)

    return replace(
        dataset,
        x_train=halved(dataset.x_train),
        x_test=halved(dataset.x_test),
        provenance=f"{dataset.provenance}, shrunk to half their width and height",
    )


def whiten(dataset: Dataset, epsilon: float = 0.1) -> Dataset:
    """Return the data set with ZCA-whitened images, as the CIFAR-10 network of the course takes.

    With the covariance U diag(λ) Uᵀ of the training images, each image x becomes
    U diag(1/√(λ/v + ε)) Uᵀ (x - mean) / √v, where v is the mean variance of a pixel. ε keeps the
    directions of the smallest variance from being blown up to noise; 0.1 is what pylearn2 uses for
    CIFAR-10 (images scaled to a norm of 55, so that v ≈ 1).

    Args:
        dataset: images, float32, shape (N, ...).
        epsilon: ε.
    """
    train = dataset.x_train.reshape(len(dataset.x_train), -1)
    mean = train.mean(axis=0)
    covariance = train.T @ train / len(train) - np.outer(mean, mean)
    variance = covariance.trace() / len(mean)
    values, vectors = np.linalg.eigh(covariance / variance)
    scale = 1 / np.sqrt(variance * (np.maximum(values, 0) + epsilon))
    matrix = (vectors * scale) @ vectors.T

    def whitened(x):
        flat = x.reshape(len(x), -1) @ matrix
        flat -= mean @ matrix
        return flat.reshape(x.shape)

    return replace(
        dataset,
        x_train=whitened(dataset.x_train),
        x_test=whitened(dataset.x_test),
        provenance=f"{dataset.provenance}, ZCA-whitened with ε = {epsilon:g}",
    )


def unroll(dataset: Dataset, streams: int = 20, steps: int = 35) -> Dataset:
    """Cut the texts of a data set into rows for a recurrent network that is unrolled over time.

    Each text is cut into equal `streams`, which are read side by side. A row holds `steps` words of
    one stream; rows i·streams to (i + 1)·streams - 1 are minibatch i, and its row j goes on where
    row j of minibatch i - 1 stopped. Words that do not fill the last minibatch are left out.

    Args:
        dataset: texts, shape (N,).
        streams: rows of a minibatch.
        steps: words of a row.

    Returns:
        Texts and next words, shape (k·streams, steps).

    Raises:
        ValueError: if a text is too short to fill one minibatch.
    """

    def cut(words):
        k = len(words) // (streams * steps)
        if not k:
            raise ValueError(
                f"{streams} streams of {steps} steps take {streams * steps} words, but a part of "
                f"{dataset.name} has {len(words)}."
            )
        rows = words[: len(words) // streams * streams].reshape(streams, -1)[:, : k * steps]
        return rows.reshape(streams, k, steps).swapaxes(0, 1).reshape(k * streams, steps)

    parts = ("x_train", "y_train", "x_valid", "y_valid", "x_test", "y_test")
    return replace(
        dataset,
        **{part: cut(getattr(dataset, part)) for part in parts},
        streams=streams,
        provenance=f"{dataset.provenance}, cut into {streams} streams of {steps} steps",
    )


def _source(name: str, size: str) -> Source:
    if name not in SOURCES:
        raise DatasetError(f"There is no data set {name!r}; there is {', '.join(SOURCES)}.")
    if size not in SOURCES[name]:
        raise DatasetError(f'The size must be "sample" or "full", but it was {size!r}.')
    return SOURCES[name][size]


def _user_directory() -> Path | None:
    directory = os.environ.get("RAVINE_DATA")
    return Path(directory) if directory else None


def _download(download: Download, path: Path) -> None:
    """Download to a temporary name, verify, move into place; verify only if it is there."""
    pooch.get_logger().setLevel("WARNING")  # it announces downloads on stderr
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for partial in path.parent.glob("tmp*"):  # of a download that was killed
            if time.time() - partial.stat().st_mtime > ABANDONED:
                partial.unlink(missing_ok=True)
        if path.is_symlink() and not path.is_file():
            path.unlink()  # or the download would end up in the directory it leads to
        pooch.retrieve(download.url, f"sha256:{download.sha256}", fname=path.name, path=path.parent)
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise DatasetError(
            f"{path.parent}, the folder of downloaded data, cannot be written: see that it can be, "
            f"or put {download.url} into a directory and set RAVINE_DATA to it."
        ) from error
    except (OSError, ValueError) as error:  # no network, no space; another checksum
        reason = "wrong checksum" if isinstance(error, ValueError) else type(error).__name__
        raise DatasetError(
            f"{download.url} could not be downloaded into {path.parent} ({reason}): try again, or "
            f"put the file with SHA-256 {download.sha256} into a directory and set RAVINE_DATA to "
            "it."
        ) from error


def _checksums(source: Source, size: str, paths: list[Path]) -> dict[Path, str | None]:
    """Return the checksums that the files of a source must have."""
    if size == "sample":
        sums = data_directory() / "samples" / "SHA256SUMS"
        lines = (line.split() for line in sums.read_text().splitlines())
        listed = {file: sha256 for sha256, file in lines}
        return {path: listed.get(file) for path, file in zip(paths, source.files, strict=True)}
    known = zip(paths, source.downloads, strict=False)
    # other formats hold checksums of their own, and may be packed in another way
    return {path: download.sha256 for path, download in known if path.suffix == ".txt"}


def _sha256(paths: list[Path]) -> str:
    """Return the checksum of files, one after the other."""
    sums = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(2**20), b""):
                sums.update(block)
    return sums.hexdigest()


def _counted(fields: dict[str, Any], unit: str) -> str:
    """Return such as "60,000 training and 10,000 test images"."""
    parts = {"training": "x_train", "validation": "x_valid", "test": "x_test"}
    last = int(unit == "words")  # only a label: no word follows it
    counts = [f"{len(fields[x]) + last:,} {part}" for part, x in parts.items() if x in fields]
    return f"{', '.join(counts[:-1])} and {counts[-1]} {unit}"


def _reason(error: Exception) -> str:
    """Return the first line of an error's message, with its type unless a reader raised it."""
    line = str(error).splitlines()[0] if str(error) else ""
    return line if type(error) is ValueError and line else f"{type(error).__name__} {line}".strip()
