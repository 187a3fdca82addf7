"""Train on several devices of one machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def several(count: int) -> Iterator[None]:
    """Let what is made and trained inside use the first `count` devices.

    Every device holds the whole network and takes an equal part of each minibatch; the gradients
    are averaged before they are clipped and used. So the steps are those of one device, but for
    rounding; on TensorFlow the dropout noise differs too, and batch normalisation normalises each
    part by itself. GPUs are used where there are any, otherwise CPUs.

    Args:
        count: number of devices, at least 2. It has to divide the minibatches.

    Raises:
        ValueError: if there are fewer devices, or if the backend is PyTorch.
    """
    backend = keras.backend.backend()
    if backend not in ("tensorflow", "jax"):
        raise ValueError(f"Several devices need the backend tensorflow or jax, not {backend}.")
    devices = keras.distribution.list_devices()  # GPUs where there are any
    if not 2 <= count <= len(devices):
        raise ValueError(
            f"The number of devices must be from 2 to the {len(devices)} that this machine has, "
            f"but it was {count}."
        )
    devices = devices[:count]
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.distribute.MirroredStrategy(devices).scope():
            yield
        return
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False)
    )
    try:
        yield
    finally:
        keras.distribution.set_distribution(None)
