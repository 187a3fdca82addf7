"""The input pipeline of ImageNet: image files are decoded, cut and flipped while a network trains.

Training takes a random part of each image, evaluation its centre, as Simonyan and Zisserman (2015,
sections 3.1 and 3.2) do with S = Q = 256: the image is scaled so that its shorter side has 256
pixels, and a square of 224 is cut out; in training at a random place, and half of the squares are
mirrored.
"""

import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ravine.data.readers import DatasetError

SUFFIXES = {".jpg", ".jpeg", ".png"}
AHEAD = 2  # minibatches that are prepared while the network works on another one


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """Images in files, decoded minibatch by minibatch; stands in for an array that has no room.

    Attributes:
        directory: where the files are.
        names: the files, below `directory`.
        size: width and height of what is cut out, in pixels.
        scale: shorter side of the image it is cut out of. A smaller image is enlarged to it.
    """

    directory: Path
    names: tuple[str, ...] = field(repr=False)
    size: int = 224
    scale: int = 256
    dtype = np.dtype("uint8")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array that this stands in for."""
        return (len(self), self.size, self.size, 3)

    def batches(
        self, rows: Iterable[Iterable[int]], seed: int | None = None, epoch: int = 0
    ) -> Iterator[np.ndarray]:
        """Yield minibatches; threads prepare the next ones meanwhile.

        Args:
            rows: the numbers of the images of each minibatch.
            seed: where given, the place of the cut and the mirroring are random, a function of
                (seed, epoch, number of the image) alone; otherwise the centre is cut out.
            epoch: number of the epoch.

        Yields:
            Images, uint8, shape (b, size, size, 3).

        Raises:
            DatasetError: if an image cannot be read.
        """
        pool = ThreadPoolExecutor()
        ready: deque[list[Any]] = deque()
        try:
            for batch in rows:
                ready.append([pool.submit(self._image, int(i), seed, epoch) for i in batch])
                if len(ready) > AHEAD:
                    yield np.stack([image.result() for image in ready.popleft()])
            while ready:
                yield np.stack([image.result() for image in ready.popleft()])
        finally:
            pool.shutdown(cancel_futures=True)

    def _image(self, i, seed, epoch):
        """Return image i, uint8, shape (size, size, 3)."""
        place, mirrored = np.array([0.5, 0.5]), False
        if seed is not None:
            rng = np.random.default_rng([seed, epoch, i])
            place, mirrored = rng.random(2), rng.random() < 0.5
        path = self.directory / self.names[i]
        try:
            with Image.open(path) as image:
                side = min(image.size) * self.size / self.scale  # in pixels of the file
                corner = place * (np.array(image.size) - side)
                # scales only the part that is cut out: the same, in less time
                cut = image.convert("RGB").resize(
                    (self.size, self.size),
                    Image.Resampling.BILINEAR,
                    box=(*corner, *(corner + side)),
                )
        except Exception as error:  # a damaged image makes Pillow raise almost anything
            raise DatasetError(
                f"{path} is no readable image ({type(error).__name__}): get it again or remove it."
            ) from error
        pixels = np.asarray(cut)
        return pixels[:, ::-1] if mirrored else pixels


def read_folder(path: Path) -> dict[str, Any]:
    """Find the images of ImageNet, without decoding them; the folder is the class.

    Args:
        path: a folder with `train/<synset>/*` and `val/<synset>/*`, or with `<synset>/*`. Without
            `val`, every tenth training image is also for evaluation.

    Returns:
        Images, as `ImageFiles`, labels, int32, shape (N,), and the synsets, in alphabetical order;
        what the folder holds, and the checksum of the names and sizes of its images.
    """
    train = path / "train" if (path / "train").is_dir() else path
    val = path / "val"
    names = {"train": _names(train)}
    if val.is_dir():
        names["test"], use = _names(val), "val is for evaluation"
    else:
        val, names["test"] = train, names["train"][::10]
        use = "there is no val, so every tenth training image is also for evaluation"
    labels = tuple(sorted({_synset(name) for name in names["train"]}))
    number = {label: i for i, label in enumerate(labels)}
    unknown = {_synset(name) for name in names["test"]} - number.keys()
    if unknown:
        raise ValueError(f"the class {min(unknown)} is in val but not in train")

    fields: dict[str, Any] = {"labels": labels}
    sums = hashlib.sha256()
    for part, directory in {"train": train, "test": val}.items():
        fields[f"x_{part}"] = ImageFiles(directory, names[part])
        fields[f"y_{part}"] = np.array([number[_synset(name)] for name in names[part]], "int32")
        for name in names[part]:
            sums.update(f"{name} {os.stat(f'{directory}/{name}').st_size}\n".encode())
    origin = f"a folder of ImageNet images in {len(labels):,} classes; {use}"
    return {**fields, "origin": origin, "checksum": f"{sums.hexdigest()} of names and sizes"}


def _names(directory: Path) -> tuple[str, ...]:
    """Return the images below a directory as "<synset>/<file>", sorted."""
    names = [
        f"{folder.name}/{file}"
        for folder in directory.iterdir()
        if folder.is_dir()
        for file in os.listdir(folder)
        if os.path.splitext(file)[1].lower() in SUFFIXES
    ]
    if not names:
        raise ValueError(
            f"{directory.name} should hold a folder of images for each class, such as "
            "n01440764/*.JPEG, but there is none"
        )
    return tuple(sorted(names))


def _synset(name: str) -> str:
    return name.split("/")[0]
