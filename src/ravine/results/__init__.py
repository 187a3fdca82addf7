"""What is kept of runs, what others published, and what both say. Loads no Keras.

`records`, `published` and `comparison` are handed out as they are, since both of the first have a
`load`: `records.load` reads a run of ours, `published.load` the numbers of others.
"""

from ravine.results import comparison, machine, merging, published, records
from ravine.results.comparison import Comparison
from ravine.results.published import PublishedError
from ravine.results.records import Record, RecordError
from ravine.results.statistics import Difference, half_width, paired_difference, summary

__all__ = [
    "Comparison",
    "Difference",
    "PublishedError",
    "Record",
    "RecordError",
    "comparison",
    "half_width",
    "machine",
    "merging",
    "paired_difference",
    "published",
    "records",
    "summary",
]
