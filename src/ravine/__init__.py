"""The narrow ravine: from gradient descent to Adam, written to be read.

The package that the course's notebooks import. Start with `ravine.optimizers`: one file is one
algorithm. Importing `ravine` alone is fast; TensorFlow comes with the first module that needs it.
"""

__version__ = "0.1.0"
