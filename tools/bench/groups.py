"""What is measured: groups of subjects, and for each the teams whose contestants take turns.

The first contestant of a subject's first team is the one that the others are compared with.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from tools.bench.networks import NETWORKS
from tools.bench.workers import Team

OPTIONAL = ("jax", "torch", "optax")  # without one, its contestants are left out
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


PLAYGROUND = "the playground, 6 algorithms"


@dataclass(frozen=True)
class Group:
    """Subjects that are written down in one file.

    Attributes:
        subjects: the teams of each.
        setting: what else describes the times.
        once: whether the group takes so long that it has one round, and only when asked for.
    """

    subjects: dict[str, list[Team]]
    setting: dict[str, Any]
    once: bool = False


def missing() -> list[str]:
    """Return which optional packages are not installed."""
    return [package for package in OPTIONAL if not find_spec(package)]


def _available(*teams):
    return [team for team in teams if team.backend is None or find_spec(team.backend)]


def _epochs():
    names = "MLP", "CNN", "LSTM", "VGG16"
    sizes = {name: {"batch": NETWORKS[name].batch, "steps": NETWORKS[name].steps} for name in names}
    times = "seconds per step; the batch of VGG16 is smaller than the published 256"
    return Group({name: _teams(name) for name in names}, {"times": times, **sizes})


def _teams(name):
    steps = NETWORKS[name].steps
    on_jax = Team("tools.bench.epochs_keras:on_jax", (name,), "jax", steps)
    return _available(
        Team("tools.bench.epochs_keras:on_tensorflow", (name,), "tensorflow", steps),
        *([] if name == "VGG16" else [on_jax]),  # it would take gigabytes more
        Team("tools.bench.epochs_torch:contestants", (name,), "torch", steps),
        Team("tools.bench.floors:products", (name, "matrix products alone"), steps=steps),
        # two threads of OpenBLAS wait for each other for long where another program is at work
        Team(
            "tools.bench.floors:products",
            (name, "matrix products alone, one thread"),
            steps=steps,
            threads=1,
        ),
    )


def _optimizers():
    pairs = "GradientDescent", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam"
    large, small = 3, 10  # steps in one run
    subjects = {
        "Adam, weights of VGG16": _available(
            Team(
                "tools.bench.optimizers:adam_on_tensorflow", ("VGG16", large), "tensorflow", large
            ),
            Team("tools.bench.optimizers:adam_on_jax", ("VGG16", large), "jax", large),
            Team("tools.bench.optimizers:adam_on_torch", ("VGG16", large), "torch", large),
            Team("tools.bench.floors:memory", ("VGG16",)),
        )
    }
    for backend, title in BACKENDS.items():
        for name in pairs if find_spec(backend) else ():
            team = Team("tools.bench.optimizers:pair", (name, "LSTM", small), backend, small)
            subjects[f"{name} on {title}, weights of the LSTM"] = [team]
    times = "seconds per step of the optimizer alone"
    return Group(subjects, {"times": times, "steps": {"VGG16": large, "LSTM": small}})


def _descents():
    steps = 200
    teams = [
        Team("tools.bench.descents:descend", ("ravine, later calls", steps), "tensorflow"),
        Team(
            "tools.bench.descents:descend",
            ("ravine, first call", steps),
            "tensorflow",
            warm_ups=0,
            fresh=True,
        ),
        Team("tools.bench.descents:eager", (steps,), "tensorflow"),
        Team("tools.bench.descents:loops", (steps,)),
    ]
    times = "seconds of all walks together, their imports not included"
    return Group({f"5 optimizers, {steps} steps": teams}, {"times": times})


def _sweeps():
    subjects = {
        f"{name} on {BACKENDS[backend]}": _available(
            Team("tools.bench.sweeps:contestants", (name,), backend, warm_ups=0)
        )
        for name in ("MLP", "logistic regression")
        for backend in ("tensorflow", "jax")
    }
    times = "seconds of ten runs of Adam, 2 seeds and 5 learning rates, for one epoch"
    steps = NETWORKS["MLP"].steps
    return Group(subjects, {"times": times, "batch": NETWORKS["MLP"].batch, "steps": steps})


def _frames():
    frames = 180  # half of the time that a walk plays
    team = Team("tools.bench.frames:contestants", (frames,), steps=frames, warm_ups=1)
    times = "seconds per frame of a browser without a display, which draws 60 a second at most"
    return Group({PLAYGROUND: [team]}, {"times": times, "frames": frames})


def _processor():
    frames = 180
    team = Team("tools.bench.frames:processor", (frames,), steps=frames, warm_ups=1)
    times = "seconds of the processor per frame, in the thread of the page"
    return Group({PLAYGROUND: [team]}, {"times": times, "frames": frames})


GROUPS = {
    "epochs": _epochs(),
    "optimizers": _optimizers(),
    "sweeps": _sweeps(),
    "descents": _descents(),
    "frames": _frames(),
    "processor": _processor(),
    "imports": Group(
        {"a new process": [Team("tools.bench.commands:imports", backend="tensorflow", warm_ups=1)]},
        {"times": "seconds of a whole process"},
    ),
    "project": Group(
        {"commands": [Team("tools.bench.commands:project", backend="tensorflow", warm_ups=0)]},
        {"times": "seconds of a whole command"},
        once=True,
    ),
}
