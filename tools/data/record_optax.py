"""Records what optax computes for the successors of Adam, as a second source for the tests.

The course does not depend on optax, so this runs in an environment of its own:

    python -m venv other && other/bin/pip install optax==0.2.8 jax==0.10.2
    other/bin/python tools/data/record_optax.py > tests/optimizers/optax.json

Every algorithm starts at theta = (1, -1, 0.5) and gets the same ten gradients of sizes 0.001, 1 and
100, at settings where optax means what the papers say: no bias correction in AMSGrad, no momentum
schedule in NAdam, rectification from rho = 4 on in RAdam, both epsilons of AdaBelief equal, and in
AdaMax none, as optax adds its own inside the maximum.
"""

import json
from typing import Any

import jax
import numpy as np
import optax  # type: ignore[import-not-found]

RATE = 0.05
DECAYS = {"beta_1": 0.8, "beta_2": 0.95}
EPSILON = {"epsilon": 1e-3}
START = [1.0, -1.0, 0.5]

# name of the class in ravine -> (its arguments, optax's algorithm)
ALGORITHMS: dict[str, tuple[dict[str, float], Any]] = {
    "AMSGrad": (
        DECAYS | EPSILON,
        optax.chain(
            optax.scale_by_amsgrad(
                0.8, 0.95, 1e-3, bias_correction_mu=False, bias_correction_nu=False
            ),
            optax.scale(-RATE),
        ),
    ),
    "AdamW": (
        DECAYS | EPSILON | {"weight_decay": 0.1},
        optax.adamw(RATE, 0.8, 0.95, 1e-3, weight_decay=0.1),
    ),
    "NAdam": (DECAYS | EPSILON, optax.nadam(RATE, 0.8, 0.95, 1e-3)),
    "AdaMax": (DECAYS | {"epsilon": 0.0}, optax.adamax(RATE, 0.8, 0.95, 0.0)),
    "RAdam": (DECAYS | EPSILON, optax.radam(RATE, 0.8, 0.95, 1e-3, threshold=4.0)),
    "AdaBelief": (DECAYS | EPSILON, optax.adabelief(RATE, 0.8, 0.95, 1e-3, 1e-3)),
    "Lion": (DECAYS, optax.lion(RATE, 0.8, 0.95, weight_decay=0.0)),
}


def path(algorithm: Any, gradients: np.ndarray) -> list[list[float]]:
    """Returns theta_1 .. theta_10."""
    theta = jax.numpy.array(START)
    state = algorithm.init(theta)
    points = []
    for gradient in gradients:
        updates, state = algorithm.update(jax.numpy.array(gradient), state, theta)
        theta = optax.apply_updates(theta, updates)
        points.append(np.asarray(theta).tolist())
    return points


def main() -> None:
    """Prints the record as JSON."""
    jax.config.update("jax_enable_x64", True)
    gradients = np.random.default_rng(0).normal(size=(10, 3)) * [0.001, 1.0, 100.0]
    gradients = np.round(gradients, 5)
    record = {
        "made by": "tools/data/record_optax.py",
        "versions": {"optax": optax.__version__, "jax": jax.__version__},
        "learning_rate": RATE,
        "start": START,
        "gradients": gradients.tolist(),
        "algorithms": {
            name: {"arguments": arguments, "path": path(algorithm, gradients)}
            for name, (arguments, algorithm) in ALGORITHMS.items()
        },
    }
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
