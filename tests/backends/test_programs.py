"""The backends: one place, the same functions, the same numbers."""

import ast
import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from ravine import backends, surfaces
from ravine.optimizers import Adam, GradientDescent
from ravine.surfaces import ErrorSurface, walk
from ravine.training import Evaluator, Trainer
from tests.training.test_engine import STREAMS, language_model, reader, text
from tests.training.test_protocol import BATCH, blobs, convolution, images, network, penalised
from tests.weekly import those

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
    assert face.pop("name") == face.pop("chosen") == [] and len(face) == 9
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


def numbers():
    """Return what trainings, a walk and a surface give, from weights that NumPy draws."""
    rng, found = np.random.default_rng(0), {}
    clipped = partial(GradientDescent, 0.5, global_clipnorm=0.5)
    for name, make_model, data, batch, make, parts in (
        ("in parts", penalised, blobs(), BATCH, clipped, 2),
        ("convolution", convolution, images(), 8, lambda: Adam(0.02), 1),
        ("text", reader, text(), STREAMS, clipped, 1),
        ("language", language_model, text(), STREAMS, lambda: Adam(0.05), 1),
    ):
        model = make_model()
        for weight in model.trainable_variables:
            weight.assign(rng.normal(size=weight.shape) / 2)
        trainer = Trainer(model, make(), data, batch, parts=parts)
        evaluate = Evaluator(model, streams=data.streams)
        losses = [trainer.train(0, epoch)[0] for epoch in (1, 2, 3)]
        found[name] = [*losses, evaluate(data.x_test, data.y_test)[0]]
    path = walk(surfaces.ravine(), Adam(0.1), steps=20).points
    model, data = penalised(), blobs()
    surface = ErrorSurface(model, data.x_train, data.y_train)
    theta, v = rng.normal(size=(2, surface.size)).astype("float32")
    found |= {
        "walk": path.ravel().tolist(),
        "gradient": surface.gradient(theta).tolist(),
        "product": surface.hessian_times(theta, v).tolist(),
        "heights": surface.plane(theta, v, theta, [0.0, 1.0], [0.0, 1.0]).ravel().tolist(),
    }
    return found


@pytest.fixture(scope="module")
def here():
    return numbers()


@pytest.mark.parametrize("backend", [each for each in backends.NAMES if each != backends.name()])
def test_all_backends_give_the_same_numbers(here, backend):
    pytest.importorskip(backend)
    program = (
        "import json\n"
        "from tests.backends.test_programs import numbers\n"
        "print(json.dumps(numbers()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    there = json.loads(done.stdout.splitlines()[-1])
    assert list(there) == list(here)
    for name, values in there.items():
        np.testing.assert_allclose(values, here[name], rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("backend", those(["tensorflow", "jax"], ["tensorflow"]))
def test_a_second_call_compiles_nothing(backend):
    """With other seeds, hyperparameters, starts and points; see `second_call`."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.backends.second_call"],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts.pop("planted")[-1] > 0
    for name, (made, first, second) in counts.items():
        assert made + first > 0, f"{name}: nothing is counted"
        assert second == 0, f"{name}: a second call compiles {second} times"
        # or the first epoch's seconds would hold the time that compiling takes
        assert made == 0 or first == 0, f"{name}: what is compiled when made is compiled again"
