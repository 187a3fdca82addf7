"""Shrinks the figures that notebooks store, without executing them.

    python -m tools.book.shrink [NOTEBOOK ...]

Without names, every chapter. `tools.book.execute` does the same with what it stores, so this has
nothing to do unless the way of shrinking has changed.
"""

import argparse
import base64
import io

import numpy as np
from nbformat import NotebookNode
from PIL import Image

from tools.book.notebooks import ROOT, in_book, read_notebook, write_notebook

COLOURS = (56, 128, 256)  # sizes of a palette, the leanest first
PLAIN = 16  # colours of a palette that are the figure's own: its ground, lines, bands and text
LARGEST_ERROR = 1.9  # of a colour of 256 levels, as the root of the mean square over the figure


def shrink_png(data: bytes) -> bytes:
    """Stores a PNG with the smallest palette that keeps its look, where that makes it smaller.

    The metadata that names the writing library goes, so that the bytes follow from the pixels
    alone. Shrinking again changes nothing.
    """
    with Image.open(io.BytesIO(data)) as image:
        if image.mode == "P" and (np.diff(image.histogram()) <= 0).all():
            return data  # shrunk before: the commonest colours come first in the palette
        opaque = Image.new("RGB", image.size, "white")
        opaque.paste(image, mask=image.convert("RGBA").getchannel("A"))
    pixels = np.asarray(opaque)
    found, places, counts = distinct(pixels)
    for colours in COLOURS:
        nearest = reduce(found, colours)
        squares = ((found - nearest.astype(float)) ** 2).mean(axis=1)
        if np.average(squares, weights=counts) <= LARGEST_ERROR**2:
            break
    palette, places, _ = distinct(nearest[places])
    shrunk, stored = Image.fromarray(places.astype(np.uint8)), io.BytesIO()
    shrunk.putpalette(palette.tobytes())
    shrunk.save(stored, format="PNG", optimize=True)
    return min(data, stored.getvalue(), key=len)


def distinct(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the colours of a figure, the commonest first, where each is, and how often."""
    packed = pixels @ np.array([1 << 16, 1 << 8, 1])
    _, first, places, counts = np.unique(
        packed, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    colours = pixels.reshape(-1, 3)[first[order]]
    return colours, rank[places.reshape(packed.shape)], counts[order]


def reduce(found: np.ndarray, colours: int) -> np.ndarray:
    """Returns for each colour of a figure, the commonest first, the one that stands for it.

    The commonest stay as they are. The others are the edges between them, which share what is left
    of the palette.
    """
    if len(found) <= colours:
        return found
    edges = Image.fromarray(found[None, PLAIN:]).quantize(
        colours - PLAIN, method=Image.Quantize.MAXCOVERAGE, kmeans=2
    )
    shared = np.array(edges.getpalette(), np.uint8).reshape(-1, 3)[: colours - PLAIN]
    palette = np.concatenate([found[:PLAIN], shared])
    squares = (found[:, None].astype(np.int32) - palette) ** 2
    return palette[squares.sum(axis=2).argmin(axis=1)]


def shrink_images(notebook: NotebookNode) -> None:
    """Shrinks every PNG among the outputs."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                png = shrink_png(base64.b64decode(output.data["image/png"]))
                output.data["image/png"] = base64.b64encode(png).decode()


def main() -> None:
    """Shrinks the figures of the named notebooks, or of all, and prints what changed."""
    parser = argparse.ArgumentParser(description="Shrink the figures that notebooks store.")
    parser.add_argument("notebooks", nargs="*", help="paths; without any, the whole book")
    for path in in_book(parser.parse_args().notebooks):
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        notebook, before = read_notebook(path), path.stat().st_size
        shrink_images(notebook)
        write_notebook(notebook, path)
        print(f"{name}: {before / 1000:.0f} -> {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
