"""What a program that trains can hardly do without: products and memory traffic, in NumPy.

A convolution is timed as the product that it amounts to. That reads each pixel many times, so a
convolution that never writes the left matrix down may take less.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tools.bench.networks import NETWORKS, Network
from tools.bench.workers import Run

ADAM_PASSES = 7  # reads weights, gradient and two moments, writes weights and moments


def products(network_name: str, name: str) -> dict[str, Run]:
    """Return a run of the products of a network's forward and backward pass, by this name."""
    network = NETWORKS[network_name]
    factors = [sizes for product in network.products for sizes in _factors(product)]
    rng = np.random.default_rng(0)
    # All products share three pieces of memory: the values decide nothing, and asking the system
    # for a new result every time would take longer than some products.
    left, right, result = (
        rng.standard_normal(max(size), "float32")
        for size in zip(*((n * k, k * m, n * m) for n, k, m, _ in factors), strict=True)
    )
    steps = [
        (left[: n * k].reshape(n, k), right[: k * m].reshape(k, m), result[: n * m].reshape(n, m))
        for n, k, m, times in factors
        for _ in range(times)
    ]

    def run():
        for _ in range(network.steps):
            for a, b, out in steps:
                np.matmul(a, b, out=out)

    return {name: run}


def _factors(product):
    """Return (rows, inner, columns, times) of the forward product and of its two gradients.

    The gradient of the weights is one product, however often the forward one is taken.
    """
    n, k, m, times = product.rows, product.inner, product.columns, product.times
    gradients = [(k, n * times, m, 1)]
    if not product.first:
        gradients.append((n, m, k, times))
    return [(n, k, m, times), *gradients]


def parameters(network: Network) -> int:
    """Return how many weights and biases a network of dense layers and convolutions has."""
    return sum((product.inner + 1) * product.columns for product in network.products)


def memory(name: str) -> dict[str, Run]:
    """Return a run that moves as much memory as Adam must: a copy is one read and one write."""
    half = np.ones(parameters(NETWORKS[name]) // 2, "float32")
    copies = [_copy(half, threads) for threads in {1, os.cpu_count() or 1}]
    copy = min(copies, key=_seconds)

    def run():
        for _ in range(ADAM_PASSES):  # two passes over half of the bytes
            copy()

    return {"memory traffic alone": run}


def _copy(source, threads):
    """Return a function that copies an array with so many threads."""
    pool = ThreadPoolExecutor(threads)
    target = np.ones_like(source)
    pairs = np.array_split(target, threads), np.array_split(source, threads)
    return lambda: list(pool.map(np.copyto, *pairs))


def _seconds(run):
    run()
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
