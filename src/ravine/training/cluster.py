"""Share the runs of an experiment out over a Ray cluster: one machine or many.

Every run, one algorithm with one seed, is a task of its own that keeps its own checkpoint, so a
task that is lost goes on where it stopped when the same command is given again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from ravine import backends
from ravine.data import Dataset
from ravine.training import protocol


class ClusterError(Exception):
    """There is no Ray, or a task failed on the cluster; the message says what to do."""


def compare_on_cluster(
    make_model: protocol.MakeModel,
    dataset: Dataset,
    optimizers: Mapping[str, protocol.MakeOptimizer],
    seeds: Iterable[int],
    epochs: int,
    *settings: Any,
    report: protocol.Report | None = None,
    checkpoints: Path | None = None,
) -> pd.DataFrame:
    """Do what `training.compare` does, with each run as a task of a Ray cluster.

    The cluster is the one that this process has joined with `ray.init`; otherwise the one that the
    environment variable RAY_ADDRESS names, or one that is started on this machine for this call. A
    task takes one GPU where the cluster has any, otherwise one CPU core's share.

    Args:
        make_model: as in `training.compare`.
        dataset: likewise; it is sent to the machines. Image folders are not: they have to lie at
            the same path on all of them.
        optimizers: likewise.
        seeds: likewise.
        epochs: likewise.
        settings: its further arguments, up to `parts`.
        report: called with the rows of a run when it is finished.
        checkpoints: a directory that all machines share.

    Returns:
        The table that `training.compare` returns, its rows in the same order.

    Raises:
        ClusterError: if Ray is not installed, or if a task's machine was lost.
        Exception: what `training.compare` raises.
    """
    with _cluster() as (ray, remote):
        task = remote(_run)
        data = ray.put(dataset)
        tasks = [
            task.remote(
                make_model, data, {name: make}, [seed], epochs, *settings, checkpoints=checkpoints
            )
            for seed in seeds
            for name, make in optimizers.items()
        ]
        waiting = list(tasks)
        while waiting:
            (finished,), waiting = ray.wait(waiting)
            for row in ray.get(finished).to_dict("records"):
                if report is not None:
                    report(row)
        frames = ray.get(tasks)
        whole = pd.concat(frames, ignore_index=True)
        whole.attrs["trained"] = sum(frame.attrs["trained"] for frame in frames)
        return whole


def on_every_place(work: Callable[[], Any]) -> list[Any]:
    """Run a function once for each GPU of the cluster, or each CPU core where it has no GPU.

    The cluster is that of `compare_on_cluster`.

    Args:
        work: without arguments; what it needs of files must lie at one path on all machines.

    Returns:
        What each call returned.

    Raises:
        ClusterError: as `compare_on_cluster`.
        Exception: what `work` raises.
    """
    with _cluster() as (ray, remote):
        have = ray.cluster_resources()
        task = remote(_call)
        return ray.get([task.remote(work) for _ in range(int(have.get("GPU") or have["CPU"]))])


@contextmanager
def _cluster() -> Iterator[tuple[Any, Callable[..., Any]]]:
    """Yield Ray, joined to its cluster, and what makes a function a task for one GPU or core."""
    try:
        import ray
    except ImportError as error:
        raise ClusterError(
            'Ray is not installed, which shares the runs out: pip install "ravine[cluster]".'
        ) from error

    joined = ray.is_initialized()
    if not joined:
        ray.init(log_to_driver=False, include_dashboard=False)
    try:
        gpus = 1 if ray.cluster_resources().get("GPU") else 0
        same_backend = {"env_vars": {"KERAS_BACKEND": backends.name()}}
        yield ray, ray.remote(num_cpus=1, num_gpus=gpus, runtime_env=same_backend)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except ray.exceptions.RayError as error:
        raise ClusterError(
            f"A run was lost on the cluster ({type(error).__name__}): give the same command again, "
            "and every run goes on where it stopped."
        ) from error
    finally:
        if not joined:
            ray.shutdown()


def _run(*arguments, **keywords):
    return protocol.compare(*arguments, **keywords)


def _call(work):
    return work()
