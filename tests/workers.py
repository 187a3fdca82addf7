"""A plugin of pytest: the workers of xdist do not get in each other's way, nor in their own.

    pytest -p tests.workers -n 2

TensorFlow starts as many threads as there are cores. With two workers on two cores, the threads of
one would wait for those of the other: the notebooks took 541 s, and 415 s where each worker keeps
to its own share of the cores.
"""

import gc
import os


def pytest_configure(config):
    """Binds this process, if it is a worker, and with it all that it will start."""
    worker = getattr(config, "workerinput", None)
    if worker is None or not hasattr(os, "sched_setaffinity"):
        return
    number, workers = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    cores = sorted(os.sched_getaffinity(0))
    if workers <= len(cores):
        os.sched_setaffinity(0, cores[number::workers])


def pytest_collection_finish():
    """What was imported stays: no collection of garbage looks through it again."""
    gc.freeze()
