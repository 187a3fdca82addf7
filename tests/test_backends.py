"""The backends: one place, the same functions, the same numbers."""

import ast
import re
from pathlib import Path

import keras
import pytest
from keras import layers

from ravine import backends
from tests.test_protocol import convolution, network

PACKAGE = Path(backends.__file__).parents[1]
ASKS = re.compile(r"\bbackend\.backend\(\)|^ *(?:import|from) (?:tensorflow|jax|torch)\b", re.M)


def asking(folder):
    """Return the rooms below a folder in which a backend's name is asked, or one is imported."""
    found = (path for path in folder.rglob("*.py") if ASKS.search(path.read_text("utf-8")))
    return {path.relative_to(folder).parts[0] for path in found}


def test_a_backend_is_asked_for_in_one_place():
    assert asking(PACKAGE) == {"backends"}


@pytest.mark.parametrize(
    "line", ["    import jax", "from torch import nn", "x = keras.backend.backend()"]
)
def test_another_place_is_found(tmp_path, line):
    (tmp_path / "engine.py").write_text(f"import keras\n{line}\n")
    assert asking(tmp_path) == {"engine.py"}


def public(path):
    """Return the arguments of the public functions of a file."""
    body = ast.parse(path.read_text("utf-8")).body
    functions = (each for each in body if isinstance(each, ast.FunctionDef))
    return {
        each.name: [argument.arg for argument in each.args.args]
        for each in functions
        if not each.name.startswith("_")
    }


@pytest.mark.parametrize("backend", backends.NAMES)
def test_every_backend_has_the_functions_of_the_face(backend):
    face = public(PACKAGE / "backends/__init__.py")
    assert face.pop("name") == [] and len(face) == 9
    found = public(PACKAGE / f"backends/{backend}.py")
    assert {name: found.get(name) for name in face} == face


def test_a_backend_without_a_module_is_refused(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "openvino")
    with pytest.raises(ValueError, match="one of tensorflow, jax, torch, but it was openvino"):
        backends.set_seed(0)


@pytest.mark.skipif(backends.name() != "tensorflow", reason="XLA is a choice on TensorFlow only")
def test_what_xla_slows_down_is_not_compiled_with_it_on_cpu():
    import tensorflow as tf

    from ravine.backends.tensorflow import _xla_pays

    recurrent = keras.Sequential([keras.Input((5, 2)), layers.LSTM(3)])
    shallow = keras.Sequential([keras.Input((5,)), layers.Dense(2)])
    noisy = keras.Sequential([keras.Input((5,)), layers.Dropout(0.5), layers.Dense(2)])
    on_cpu = not tf.config.list_logical_devices("GPU")
    assert _xla_pays(network()) and _xla_pays(shallow)
    assert _xla_pays(convolution()) != on_cpu
    assert _xla_pays(recurrent) != on_cpu
    assert _xla_pays(noisy) != on_cpu
