"""Train on two virtual CPUs and on one; print the largest difference for every kind of optimizer.

The network has an embedding, whose gradient is a list of rows, and one token falls on both devices.
"""

import json

import keras
import numpy as np
import tensorflow as tf

from tests.optimizers.contract import KINDS

TOKENS = np.array([[0, 1, 1], [2, 1, 0], [1, 3, 3], [2, 2, 1]] * 2, "int32")
TARGETS = np.linspace(-1, 1, len(TOKENS), dtype="float32")[:, None]


def train(row, strategy):
    """Return the weights after two steps of batch 4."""
    rng = np.random.default_rng(0)
    with strategy.scope():
        model = keras.Sequential(
            [
                keras.Input((3,), dtype="int32"),
                keras.layers.Embedding(4, 2),
                keras.layers.Flatten(),
                keras.layers.Dense(1),
            ]
        )
        model.set_weights([rng.normal(size=w.shape).astype("float32") for w in model.weights])
        model.compile(row.make(), loss="mse")
    model.fit(TOKENS, TARGETS, batch_size=4, shuffle=False, verbose=0)
    return np.concatenate([w.ravel() for w in model.get_weights()])


def main():
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    differences = {}
    for row in KINDS:
        one = train(row, tf.distribute.get_strategy())
        two = train(row, tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
        differences[row.name] = float(np.max(np.abs(two - one)))
    print(json.dumps(differences))


if __name__ == "__main__":
    main()
