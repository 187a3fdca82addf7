"""What all tests share."""

import os

# Before TensorFlow is imported anywhere: its start-up lines say nothing about a test.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")
# Tests run each program a few times; compiling it thoroughly takes far longer.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
)

import pytest

# pyproject.toml turns warnings into errors. These come from inside other packages.
TOLERATED = [
    # Keras' variables with NumPy 2.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
]


def pytest_configure(config):
    for warning in TOLERATED:
        config.addinivalue_line("filterwarnings", warning)


def in_float64():
    import keras

    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


# Keras' default precision is float64 for one test, or, where hypothesis runs a test many times, for
# a whole file; afterwards it is what it was.
float64 = pytest.fixture(in_float64)
float64_file = pytest.fixture(in_float64, scope="module")
