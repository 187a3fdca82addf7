"""The pipeline of image files: what it cuts out, in what order, and what it makes of bad ones."""

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ravine.data import images
from ravine.data.datasets import DatasetError, load
from ravine.data.images import ImageFiles

SIZE, SCALE = 28, 32  # in place of 224 and 256


def coordinates(width, height):
    """Return an image whose red says how far right a pixel is, and green how far down."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, 0 * x], axis=-1).round().astype("uint8"))


@pytest.fixture
def files(tmp_path):
    """Return a wide, a tall, a large and a small image, and one exactly as large as the scale."""
    sizes = {"wide": (96, 64), "tall": (50, 80), "large": (320, 320), "small": (24, 16)}
    for name, size in {**sizes, "exact": (SCALE, SCALE)}.items():
        coordinates(*size).save(tmp_path / f"{name}.png")
    return ImageFiles(tmp_path, tuple(f"{name}.png" for name in [*sizes, "exact"]), SIZE, SCALE)


def only(files, *arguments):
    """Return the one minibatch of all images."""
    (batch,) = files.batches([range(len(files))], *arguments)
    return batch


def test_stands_in_for_an_array(files):
    assert len(files) == 5 and files.shape == (5, SIZE, SIZE, 3) and files.dtype == "uint8"
    batches = list(files.batches([np.array([0, 4, 2]), [1], np.array([3, 3], "int32")]))
    assert [batch.shape for batch in batches] == [(n, SIZE, SIZE, 3) for n in (3, 1, 2)]
    assert all(batch.dtype == "uint8" for batch in batches)
    whole = only(files)
    np.testing.assert_array_equal(np.concatenate(batches), whole[[0, 4, 2, 1, 3, 3]])
    assert ImageFiles(Path(), ()).shape == (0, 224, 224, 3)


def test_centre_as_by_resizing_and_cropping(files):
    for name, cut in zip(files.names, only(files), strict=True):
        with Image.open(files.directory / name) as image:
            factor = SCALE / min(image.size)
            size = [round(side * factor) for side in image.size]
            scaled = image.resize(size, Image.Resampling.BILINEAR)
        left, top = ((side - SIZE) // 2 for side in size)
        expected = np.asarray(scaled.crop((left, top, left + SIZE, top + SIZE)), "int")
        # half a pixel between the two where the number of pixels left over is odd
        step = max(255 / (side - 1) for side in size)
        assert abs(cut - expected).max() <= step / 2 + 2, name


def test_random_cuts_depend_on_seed_epoch_and_image_alone(files):
    cuts = only(files, 3, 7)
    np.testing.assert_array_equal(only(files, 3, 7), cuts)
    for i in range(5):
        for rows in ([[i]], [[4, i], [i, 0]]):  # elsewhere in another minibatch
            for row, batch in zip(rows, files.batches(rows, 3, 7), strict=True):
                np.testing.assert_array_equal(batch[row.index(i)], cuts[i])
    same = ImageFiles(files.directory, files.names[:1] * 8, SIZE, SCALE)
    assert len(np.unique(only(same, 3, 7), axis=0)) == 8  # each has its own place
    for other in ((4, 7), (3, 8)):
        assert all((a != b).any() for a, b in zip(only(files, *other), cuts, strict=True))


def test_random_cuts_lie_anywhere_and_half_are_mirrored(files):
    """Read where each of 400 cuts lies off its colours."""
    cuts = [next(files.batches([[0]], seed)) for seed in range(400)]
    wide = np.concatenate(cuts).astype("float64")
    right, down = wide[:, SIZE // 2, :, 0], wide[:, :, SIZE // 2, 1]
    mirrored = right[:, 0] > right[:, -1]
    assert 160 < mirrored.sum() < 240  # four standard deviations
    assert (down[:, 0] < down[:, -1]).all()  # never upside down
    left = np.where(mirrored, right[:, -1], right[:, 0])
    # the image is 48×32 when scaled: its corner lies from 0 to 20 and from 0 to 4 pixels in
    for corner, room, side in ((left, 20, 48), (down[:, 0], 4, 32)):
        place = (corner / 255 * side - 0.5) / room
        assert -0.2 < place.min() < 0.1 and 0.9 < place.max() < 1.2
        assert abs(np.quantile(place, [0.25, 0.5, 0.75]) - [0.25, 0.5, 0.75]).max() < 0.15
    assert abs(np.corrcoef(left, down[:, 0])[0, 1]) < 0.2


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGBA", "P", "1", "LA"])
def test_any_kind_of_image_gets_three_colours(tmp_path, mode):
    coordinates(40, 40).convert(mode).save(tmp_path / ("x.jpg" if mode == "CMYK" else "x.png"))
    files = ImageFiles(tmp_path, (next(tmp_path.iterdir()).name,), SIZE, SCALE)
    assert only(files).shape == (1, SIZE, SIZE, 3)
    assert only(files).std() > 10


def bad_images(directory):
    good = directory / "good.jpg"
    coordinates(64, 64).save(good)
    content = good.read_bytes()
    yield "truncated", content[: len(content) // 2]
    yield "header alone", content[:200]
    yield "empty", b""
    yield "HTML page", b"<!DOCTYPE html>\n<title>404</title>\n"
    yield "another format", b"\x89PNG\r\n\x1a\n" + content


@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize("seed", [None, 0])
def test_unreadable_image(tmp_path, kind, seed):
    name, content = list(bad_images(tmp_path))[kind]
    (tmp_path / "bad.jpg").write_bytes(content)
    refuses_the_bad_one(tmp_path, seed)
    assert (tmp_path / "bad.jpg").read_bytes() == content, name


@pytest.mark.parametrize("leads", ["nothing", "."])
def test_link_that_leads_to_no_image(tmp_path, leads):
    coordinates(64, 64).save(tmp_path / "good.jpg")
    (tmp_path / "bad.jpg").symlink_to(tmp_path / leads)
    refuses_the_bad_one(tmp_path, None)


def refuses_the_bad_one(directory, seed):
    files = ImageFiles(directory, ("good.jpg", "bad.jpg"), SIZE, SCALE)
    threads = threading.active_count()
    with pytest.raises(DatasetError) as error:
        list(files.batches([[0, 0], [0, 1], [0, 0]], seed))
    text = str(error.value)
    assert str(directory / "bad.jpg") in text and text.endswith(".") and "\n" not in text
    assert threading.active_count() == threads
    assert only(ImageFiles(directory, ("good.jpg",), SIZE, SCALE)).any()


@pytest.fixture
def decoded(monkeypatch):
    """Count the images that are decoded, each of which takes two milliseconds."""
    numbers = []

    def decode(files, i, seed, epoch):
        time.sleep(0.002)
        numbers.append(i)
        return np.zeros((1, 1, 3))

    monkeypatch.setattr(ImageFiles, "_image", decode)
    return numbers


def test_next_minibatches_are_prepared_meanwhile(files, decoded):
    batches = files.batches([[i % 5] * 4 for i in range(10)])
    next(batches)
    deadline = time.monotonic() + 3600
    while len(decoded) < 4 * (1 + images.AHEAD):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.1)
    assert len(decoded) == 4 * (1 + images.AHEAD)  # and no more, for memory's sake
    assert len(list(batches)) == 9 and len(decoded) == 40


def test_threads_end_with_the_loop(files, decoded):
    before = threading.active_count()
    for _ in files.batches([[0] * 500] * 100):
        break
    assert threading.active_count() == before
    assert len(decoded) < 500 * (1 + images.AHEAD)  # what was prepared in vain is given up


# The folder


def put(directory, *names):
    for name in names:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())  # nothing is decoded


@pytest.fixture
def imagenet(monkeypatch, tmp_path):
    monkeypatch.setenv("RAVINE_DATA", str(tmp_path))
    return tmp_path / "imagenet"


def test_flat_folder(imagenet):
    put(imagenet, *(f"n{i % 3}/{i:02d}.JPEG" for i in range(25)), "n1/notes.txt", "README.jpg")
    data = load("imagenet", "full")
    assert data.labels == ("n0", "n1", "n2") and len(data.x_train) == 25
    expected = sorted(f"n{i % 3}/{i:02d}.JPEG" for i in range(25))
    assert data.x_train.names == tuple(expected)
    assert data.y_train.tolist() == [int(name[1]) for name in expected]
    assert data.y_train.dtype == data.y_test.dtype == "int32"
    # every tenth one is for evaluation too
    assert data.x_test.names == tuple(expected[::10])
    assert data.y_test.tolist() == data.y_train.tolist()[::10]
    assert "25 training and 3 test images" in data.provenance
    assert "3 classes" in data.provenance and "every tenth" in data.provenance
    assert str(imagenet) not in data.provenance


def test_train_and_val(imagenet):
    put(imagenet, "train/n1/a.jpg", "train/n2/b.png", "train/n2/c.jpeg", "val/n2/d.JPEG")
    data = load("imagenet", "full")
    assert (data.x_train.names, data.x_test.names) == (
        ("n1/a.jpg", "n2/b.png", "n2/c.jpeg"),
        ("n2/d.JPEG",),
    )
    assert (imagenet / "val" / "n2" / "d.JPEG") == data.x_test.directory / data.x_test.names[0]
    assert (data.y_train.tolist(), data.y_test.tolist()) == ([0, 1, 1], [1])
    assert "val is for evaluation" in data.provenance


def test_checksum_of_the_folder(imagenet):
    put(imagenet, "n1/a.jpg", "n2/b.jpg")
    first = load("imagenet", "full").provenance
    assert load("imagenet", "full").provenance == first
    (imagenet / "n2" / "b.jpg").write_bytes(b"another size")
    second = load("imagenet", "full").provenance
    put(imagenet, "n2/c.jpg")
    assert len({first, second, load("imagenet", "full").provenance}) == 3


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["notes.txt"], "folder of images for each class"),
        (["n1/notes.txt"], "folder of images for each class"),
        (["a.jpg"], "folder of images for each class"),
        (["train/n1/a.jpg", "val/a.jpg"], "val should hold a folder"),
        (["train/n1/a.jpg", "val/n2/b.jpg"], "the class n2 is in val but not in train"),
    ],
)
def test_other_folders(imagenet, names, says):
    put(imagenet, *names)
    with pytest.raises(DatasetError) as error:
        load("imagenet", "full")
    text = str(error.value)
    assert f"{imagenet} is not usable" in text and says in text and "image-net.org" in text
    assert "\n" not in text and text.endswith(".")


@pytest.mark.skipif(
    not Path(os.environ.get("RAVINE_DATA", "."), "imagenet").is_dir(),
    reason="no imagenet in RAVINE_DATA",
)
def test_imagenet():
    data = load("imagenet", "full")
    order = np.random.default_rng(0).permutation(len(data.x_train))[:64].reshape(2, 32)
    for batch in data.x_train.batches(order, seed=0, epoch=1):
        assert batch.shape == (32, 224, 224, 3) and 60 < batch.mean() < 180
