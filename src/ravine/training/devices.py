"""Train on several devices of one machine."""

from collections.abc import Iterator
from contextlib import contextmanager

from ravine import backends


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
    with backends.share_out(count):
        yield
