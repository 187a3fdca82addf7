"""Read the files that texts come in: reviews as bags of words, and a text in its order.

As in `readers`, a file that does not hold what it should is a `ValueError`, and no file can run
code: pickled arrays are refused, except by `read_reviews`, which admits arrays and lists of numbers
and nothing else.
"""

import pickle
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from ravine.data.readers import ARRAYS, Rows, read_npz

# All that NumPy needs to rebuild an array of lists, as NumPy 1 and NumPy 2 name it.
HARMLESS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
}


def read_reviews(path: Path, *, rows: Rows, words: int) -> dict[str, Any]:
    """Read reviews, lists of word numbers (1 is the most frequent word), as bags of words.

    Args:
        path: Keras' imdb.npz, the arrays `ARRAYS`, of which the x hold pickled lists.
        rows: number of training and of test reviews.
        words: how many of the most frequent words are looked for.

    Returns:
        x, uint8, shape (N, words): 1 where a word occurs in the review. y, int32, shape (N,): 1 for
        a positive review.
    """
    arrays = read_npz(path, ARRAYS, _load_lists)
    fields: dict[str, Any] = {"labels": ("negative", "positive")}
    for part, count in zip(("train", "test"), rows, strict=True):
        reviews, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if not reviews.shape == y.shape == (count,):
            raise ValueError(
                f"there should be {count:,} reviews and labels in the {part} part, found "
                f"{reviews.shape} and {y.shape}"
            )
        if not all(isinstance(review, list) and review for review in reviews):
            raise ValueError(f"x_{part} should hold lists of word numbers")
        if set(np.unique(y)) != {0, 1}:
            raise ValueError(f"y_{part} should have the labels 0 and 1, both of them")
        numbers = np.array(list(chain.from_iterable(reviews)))
        if numbers.dtype.kind != "i" or numbers.min() < 0:
            raise ValueError(f"x_{part} should hold whole numbers from 0")
        review = np.repeat(np.arange(count), [len(review) for review in reviews])
        frequent = (numbers > 0) & (numbers <= words)  # 0 stands for no word
        bags = np.zeros((count, words), "uint8")
        bags[review[frequent], numbers[frequent] - 1] = 1
        fields |= {f"x_{part}": bags, f"y_{part}": y.astype("int32")}
    return fields


def read_text(train: Path, valid: Path, test: Path, *, rows: Rows, words: int) -> dict[str, Any]:
    """Read three texts, one sentence a line, words between spaces, as the numbers of their words.

    The end of a line is the word <eos>. Words are numbered from 0 by their frequency in the
    training text, equally frequent ones in alphabetical order.

    Args:
        train: the training text.
        valid: the validation text.
        test: the test text.
        rows: number of words of each, with <eos>.
        words: number of different words, with <eos>.

    Returns:
        For each part x, int32, shape (N - 1,), all words but the last, and y, the words that follow
        them; and the vocabulary as labels.
    """
    paths = {"train": train, "valid": valid, "test": test}
    texts = {
        part: path.read_text(encoding="utf-8").replace("\n", " <eos> ").split()
        for part, path in paths.items()
    }
    counts = Counter(texts["train"])
    vocabulary = tuple(sorted(counts, key=lambda word: (-counts[word], word)))
    found = tuple(len(text) for text in texts.values())
    if (found, len(vocabulary)) != (rows, words):
        raise ValueError(
            f"there should be {rows} words with {words:,} different ones, found {found} with "
            f"{len(vocabulary):,}"
        )
    number = {word: i for i, word in enumerate(vocabulary)}
    fields: dict[str, Any] = {"labels": vocabulary}
    for part, text in texts.items():
        if unknown := set(text) - counts.keys():
            raise ValueError(f"{min(unknown)!r} of {paths[part].name} is not in {train.name}")
        numbers = np.array([number[word] for word in text], "int32")
        fields |= {f"x_{part}": numbers[:-1], f"y_{part}": numbers[1:]}
    return fields


class _ListsOnly(pickle.Unpickler):
    """Admits arrays, lists and numbers."""

    def find_class(self, module, name):
        if (module, name) not in HARMLESS:
            raise ValueError(f"{module}.{name} is pickled in it, which could run code")
        return super().find_class(module, name)


def _load_lists(file):
    """Read a .npy file whose elements may be lists."""
    version = npy.read_magic(file)
    header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    *_, dtype = header(file)
    if dtype.hasobject:
        return _ListsOnly(file).load()
    file.seek(0)
    return npy.read_array(file)
