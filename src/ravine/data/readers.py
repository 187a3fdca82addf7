"""Read the files that images come in: one function for each format.

Each takes the paths of the files and returns fields of `data.Dataset`. A file that does not hold
what it should is a `ValueError` that says what was found. Nothing is unpacked onto the disk, and no
file can run code: pickled arrays are refused.
"""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

ARRAYS = ("x_train", "y_train", "x_test", "y_test")

CIFAR_BATCHES = {
    "train": [f"cifar-10-batches-bin/data_batch_{i}.bin" for i in range(1, 6)],
    "test": ["cifar-10-batches-bin/test_batch.bin"],
}
# Standard deviation of red, green and blue over the training images, on the scale 0 to 255.
CIFAR_DEVIATION = (62.99, 62.09, 66.70)

PATCH_STEP = {"train": 16, "test": 32}  # pixels from one patch of a photograph to the next

Rows = tuple[int, ...]


class DatasetError(Exception):
    """A data set is missing or not what it should be; the message says what to do."""


def read_images(
    path: Path, *, rows: Rows, shape: tuple[int, ...], labels: tuple[str, ...]
) -> dict[str, Any]:
    """Read images and labels from the uint8 arrays `ARRAYS` of an .npz.

    Args:
        path: the file. Labels may also have the shape (N, 1), as Keras gives CIFAR-10's.
        rows: number of training and of test images.
        shape: of one image.
        labels: names of the classes, all of which must occur.

    Returns:
        Images, float32 in [0, 1], shape (N, *shape), labels, int32, shape (N,), and their names.
    """
    arrays = read_npz(path, ARRAYS)
    for name in ("y_train", "y_test"):
        if arrays[name].shape[1:] == (1,):
            arrays[name] = arrays[name][:, 0]
    _check(arrays, rows, shape, labels)
    return {**_in_unit_range(arrays), "labels": labels}


def read_cifar(path: Path, *, rows: Rows, labels: tuple[str, ...]) -> dict[str, Any]:
    """Read CIFAR-10 from an .npz, as `read_images` does, or from the archive of its authors.

    The archive (.tar.gz, "binary version") holds six files of records: one byte for the label, then
    32×32 bytes each for red, green and blue.
    """
    shape = (32, 32, 3)
    if path.suffix == ".npz":
        fields = read_images(path, rows=rows, shape=shape, labels=labels)
    else:
        arrays = _read_cifar_archive(path)
        _check(arrays, rows, shape, labels)
        fields = {**_in_unit_range(arrays), "labels": labels}
    return {**fields, **_cifar_copy(fields["x_train"])}


def read_patches(path: Path, *, rows: Rows, size: int) -> dict[str, Any]:
    """Cut square patches out of photographs; the photograph is the class.

    Training patches come from the left halves, test patches from the right ones, so the two parts
    share no pixel. The corners of the patches lie on a grid of `PATCH_STEP`, so training patches
    overlap. Classes come in turn, so that any first rows are balanced.

    Args:
        path: an .npz with `photographs`, uint8, shape (classes, height, width, 3), and `names`.
        rows: number of training and of test patches.
        size: width and height of a patch, in pixels.

    Returns:
        Patches, uint8, shape (N, size, size, 3), labels, int32, shape (N,), and their names.
    """
    photographs, names = read_npz(path, ("photographs", "names")).values()
    half = photographs.shape[2] // 2
    arrays = {}
    for part, pixels in {
        "train": photographs[:, :, :half],
        "test": photographs[:, :, half:],
    }.items():
        step = PATCH_STEP[part]
        windows = np.lib.stride_tricks.sliding_window_view(pixels, (size, size), axis=(1, 2))
        # (class, top, left, colour, y, x) -> (top, left, class, y, x, colour)
        patches = windows[:, ::step, ::step].transpose(1, 2, 0, 4, 5, 3)
        arrays[f"x_{part}"] = patches.reshape(-1, size, size, 3)
        arrays[f"y_{part}"] = np.indices(patches.shape[:3], "uint8")[2].reshape(-1)
    _check(arrays, rows, (size, size, 3), names)
    labels = {name: arrays[name].astype("int32") for name in ("y_train", "y_test")}
    return {**arrays, **labels, "labels": tuple(names.tolist())}


def read_small_patches(path: Path, *, rows: Rows, size: int) -> dict[str, Any]:
    """Do as `read_patches` does, with images as float32 in [0, 1]."""
    fields = read_patches(path, rows=rows, size=size)
    return {**fields, **_in_unit_range({name: fields[name] for name in ARRAYS})}


def read_npz(
    path: Path, names: Sequence[str], load: Callable[..., Any] = npy.read_array
) -> dict[str, Any]:
    """Return arrays of an .npz, each member read whole first, so that its checksum is verified."""
    if not zipfile.is_zipfile(path):
        with open(path, "rb") as file:
            raise ValueError(f"it is no .npz archive, it begins with {file.read(15)!r}")
    with zipfile.ZipFile(path) as archive:
        members = set(archive.namelist())
        missing = [name for name in names if f"{name}.npy" not in members]
        if missing:
            raise ValueError(
                f"the arrays should be {', '.join(names)}, but {missing[0]} is missing"
            )
        return {name: load(io.BytesIO(archive.read(f"{name}.npy"))) for name in names}


def _read_cifar_archive(path):
    """Return the images and labels of CIFAR-10's archive, uint8."""
    with gzip.open(path) as packed:
        content = io.BytesIO(packed.read())  # to the end, where the checksum of the archive is
    arrays = {}
    with tarfile.open(fileobj=content) as archive:
        for part, names in CIFAR_BATCHES.items():
            records = np.concatenate([_cifar_records(archive, name) for name in names])
            images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
            arrays[f"x_{part}"] = np.ascontiguousarray(images)
            arrays[f"y_{part}"] = records[:, 0]
    return arrays


def _cifar_records(archive, name):
    """Return the records of a file in the archive, uint8, shape (N, 1 + 3·32·32)."""
    if name not in archive.getnames():
        raise ValueError(f"it has no file {name}")
    content = np.frombuffer(archive.extractfile(name).read(), "uint8")
    if len(content) % 3073:
        raise ValueError(f"{name} should be records of 3,073 bytes, found {len(content):,} bytes")
    return content.reshape(-1, 3073)


def _cifar_copy(images):
    """Say so where the pixels are not CIFAR-10's own: a copy stored as JPEG is smoother.

    Raises:
        ValueError: if the pixels are not CIFAR-10's at all.
    """
    pixels = images.reshape(len(images), -1)
    mean = pixels.mean(axis=0, dtype="float64").reshape(-1, 3).mean(axis=0)
    square = np.einsum("ij,ij->j", pixels, pixels).astype("float64").reshape(-1, 3).mean(axis=0)
    deviation = 255 * np.sqrt(square / len(images) - mean**2)
    difference = np.abs(deviation - CIFAR_DEVIATION).max()
    own, found = (
        "/".join(f"{value:.1f}" for value in values) for values in (CIFAR_DEVIATION, deviation)
    )
    if difference > 2:
        raise ValueError(
            f"the colours should have the standard deviation {own} of CIFAR-10, found {found}"
        )
    if difference < 0.1:
        return {}
    return {
        "origin": f"CIFAR-10, JPEG copy (standard deviation of the colours {found}, the original's "
        f"{own})"
    }


def _check(arrays, rows, shape, labels):
    """Check images and labels, uint8."""
    for part, count in zip(("train", "test"), rows, strict=True):
        x, y = f"x_{part}", f"y_{part}"
        for name, expected in {x: (count, *shape), y: (count,)}.items():
            array = arrays[name]
            if (array.shape, array.dtype) != (expected, np.uint8):
                raise ValueError(
                    f"{name} should be uint8 of shape {expected}, found {array.dtype} of shape "
                    f"{array.shape}"
                )
        if arrays[x].max() < 128:
            raise ValueError(f"{x} should have pixels up to 255, found only dark ones")
        if set(np.unique(arrays[y])) != set(range(len(labels))):
            raise ValueError(f"{y} should have the labels 0 to {len(labels) - 1}, all of them")


def _in_unit_range(arrays):
    """Return images as float32 from 0 to 1, and labels as int32."""
    return {
        name: np.divide(array, 255, dtype="float32") if name[0] == "x" else array.astype("int32")
        for name, array in arrays.items()
    }
