"""Train on two virtual CPUs and on one, on the backend in KERAS_BACKEND; print what differs.

The virtual devices have to be asked for before the backend starts, so this is a program of its own.
"""

import json
import os

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"

import keras

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )

import numpy as np

from ravine.optimizers import Adam, GradientDescent
from ravine.training.devices import several
from ravine.training.protocol import compare
from tests.training.test_engine import STREAMS, reader, text
from tests.training.test_protocol import BATCH, blobs, network, penalised

# Adam and a clipped gradient hide a wrong factor, plain SGD does not.
OPTIMIZERS = {
    "Adam": lambda: Adam(0.05),
    "SGD": lambda: GradientDescent(0.1),
    "clipped SGD": lambda: GradientDescent(0.5, global_clipnorm=0.2),
}


def train():
    """Return the losses of small runs, by the kind of network; dropout on JAX alone is the same."""
    found = {"dense": compare(penalised, blobs(), OPTIMIZERS, [0, 1], 2, BATCH)}
    plain = {"SGD": OPTIMIZERS["SGD"]}
    found["in parts"] = compare(penalised, blobs(), plain, [0], 1, BATCH, parts=2)
    if keras.backend.backend() == "jax":
        found["with dropout"] = compare(network, blobs(), plain, [0], 2, BATCH)
        found["text"] = compare(reader, text(), plain, [0], 1, STREAMS)
    return {name: frame["loss"] for name, frame in found.items()}


def refused(*arguments):
    """Return the message of the ValueError that `compare` raises."""
    try:
        compare(*arguments)
    except ValueError as error:
        return str(error)
    return "nothing refused"


def main():
    one = train()
    with several(2):
        two = train()
        messages = [refused(penalised, blobs(), OPTIMIZERS, [0], 1, 15)]
        if keras.backend.backend() == "tensorflow":
            messages.append(refused(reader, text(), OPTIMIZERS, [0], 1, STREAMS))
    differences = {name: float(np.max(np.abs(one[name] / two[name] - 1))) for name in one}
    print(json.dumps([differences, messages]))


if __name__ == "__main__":
    main()
