"""Print where state lies on two virtual CPUs of JAX, `python -m tests.optimizers.places`.

The devices have to be asked for before JAX starts, so this is a program of its own. A layer's
kernel is cut in two: each device holds a half, and so it must hold a half of the kernel's state.
Then a network is shared out as `training.several` does, and trained for an epoch.
"""

import json
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"

import keras
from keras import distribution, ops

from ravine import optimizers
from ravine.training import Trainer, common_start, several
from tests.training.test_protocol import BATCH, blobs, network

CLASSES = [each for each in vars(optimizers).values() if isinstance(each, type)]
CLASSES = [each for each in CLASSES if issubclass(each, keras.optimizers.Optimizer)]
SHAPE = (8, 6)  # of the kernel, and of nothing else


def cut_in_two() -> distribution.ModelParallel:
    """Cut what is called kernel, and no state by its own name."""
    mesh = distribution.DeviceMesh((1, 2), ["batch", "model"], distribution.list_devices())
    layouts = distribution.LayoutMap(mesh)
    layouts[".*dense[^/]*/kernel$"] = (None, "model")
    return distribution.ModelParallel(layout_map=layouts, batch_dim_name="batch")


def halves(kind: type[keras.optimizers.Optimizer], dtype: str) -> list[bool]:
    """Return for each state of a kernel if it lies as that does, before and after a step."""
    layer = keras.layers.Dense(SHAPE[1], dtype=dtype)
    layer.build((None, SHAPE[0]))
    kernel = layer.kernel
    assert {shard.data.shape for shard in kernel.value.addressable_shards} == {(8, 3)}
    optimizer = kind(0.1)
    optimizer.build([kernel])
    found = [_alike(state, kernel) for state in optimizer.variables if state.shape == SHAPE]
    optimizer.apply([ops.ones(SHAPE, dtype)], [kernel])
    return found + [_alike(state, kernel) for state in optimizer.variables if state.shape == SHAPE]


def _alike(state, variable):
    return state.value.sharding.is_equivalent_to(variable.value.sharding, len(variable.shape))


def main() -> None:
    distribution.set_distribution(cut_in_two())
    lie = {
        f"{kind.__name__}, {dtype}": halves(kind, dtype)
        for kind in CLASSES
        for dtype in ("float32", "bfloat16")
    }
    distribution.set_distribution(None)
    with several(2):
        trainer = Trainer(network(), optimizers.Adam(0.1), blobs(), BATCH)
        trainer.restart(common_start(network, 0), 0)
        trainer.train(0, 1)
        counts = {len(each.value.sharding.device_set) for each in trainer.variables}
    print(json.dumps([lie, sorted(counts)]))


if __name__ == "__main__":
    main()
