"""The data sets: where they come from, how their files are read, and what is done to them.

`datasets.load` is the way in. Files come in, arrays go out; nothing here knows of a network.
"""

from ravine.data import datasets, synthetic
from ravine.data.datasets import Dataset
from ravine.data.images import ImageFiles
from ravine.data.readers import DatasetError
from ravine.data.sources import SOURCES, Download, Source

__all__ = [
    "SOURCES",
    "Dataset",
    "DatasetError",
    "Download",
    "ImageFiles",
    "Source",
    "datasets",
    "synthetic",
]
