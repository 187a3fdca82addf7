"""The narrow ravine: from gradient descent to Adam, written to be read.

The package that the course's notebooks import. Start with `ravine.optimizers`: one file is one
algorithm. Each other folder is a room too, whose names are imported from its `__init__.py`; the
table in CONTRIBUTING says which room is for what. Importing `ravine` alone is fast; TensorFlow
comes with the first file that needs it.
"""

__version__ = "0.1.0"
