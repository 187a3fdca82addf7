"""What is kept of runs, what others published, and what both say. Loads no Keras.

Files are handed out as they are where their functions say enough only with their name:
`records.load` reads a run of ours, `published.load` the numbers of others.
"""

from ravine.results import account, claims, comparison, machine, merging, published, records
from ravine.results.comparison import Comparison
from ravine.results.published import PublishedError
from ravine.results.records import Record, RecordError
from ravine.results.statistics import (
    MARGIN,
    Difference,
    digits,
    finer_grid,
    half_width,
    overturned,
    paired_difference,
    summary,
    together,
    verdicts,
)

__all__ = [
    "MARGIN",
    "Comparison",
    "Difference",
    "PublishedError",
    "Record",
    "RecordError",
    "account",
    "claims",
    "comparison",
    "digits",
    "finer_grid",
    "half_width",
    "machine",
    "merging",
    "overturned",
    "paired_difference",
    "published",
    "records",
    "summary",
    "together",
    "verdicts",
]
