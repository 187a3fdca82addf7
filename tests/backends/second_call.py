"""Train, walk and look at a surface twice on the backend in KERAS_BACKEND; print what compiles.

A compiler has to be watched from the start, so this is a program of its own.
"""

import json

import keras
import numpy as np

from ravine import optimizers, surfaces
from ravine.optimizers import Adam, GradientDescent
from ravine.surfaces import ErrorSurface, LinearRegression, descend, minibatches
from ravine.surfaces.descent import _program
from ravine.training import Evaluator, Trainer, common_start, hyperparameters, recipe_of
from tests.training.test_engine import STREAMS, reader, text
from tests.training.test_protocol import BATCH, blobs, convolution, images, network, penalised


def watch():
    """Return a function that tells how often a program was traced or compiled since now."""
    if keras.backend.backend() == "jax":
        import jax

        events = []

        def note(event, *_, **__):
            if event.startswith("/jax/core/compile/"):
                events.append(event)

        jax.monitoring.register_event_duration_secs_listener(note)
        return lambda: len(events)

    import tensorflow as tf

    graphs, make = [], tf.function

    def function(body=None, **options):
        if body is None:
            return lambda body: function(body, **options)
        graphs.append(make(body, **options))
        return graphs[-1]

    tf.function = function
    return lambda: sum(graph.experimental_get_tracing_count() for graph in graphs)


def training(make_model, data, batch_size, optimizer, parts=1):
    """Make a trainer, train for two epochs, then with another seed and other hyperparameters."""
    model = make_model()
    values = hyperparameters(optimizer)
    trainer = Trainer(model, recipe_of(optimizer).make(), data, batch_size, parts=parts)
    evaluate = Evaluator(model, streams=data.streams, parts=parts)
    evaluate(data.x_test, data.y_test)
    for seed in (0, 1):
        yield
        trainer.restart(common_start(make_model, seed), seed, others(values, seed))
        for epoch in (1, 2):
            trainer.train(seed, epoch)
            evaluate(data.x_test, data.y_test)
        trainer.train(seed, 3, 0, 1)  # a point within an epoch
        trainer.train(seed, 3, 1, 3)
    yield


def others(values, k):
    """Return other hyperparameters for every k, none of them out of its range."""
    return {name: value * 0.9**k for name, value in values.items()}


def every_optimizer(k):
    """Return an optimizer of every class of the course, and one of Keras'."""
    named = (getattr(optimizers, name) for name in optimizers.__all__)
    classes = [each for each in named if issubclass(each, keras.optimizers.Optimizer)]
    found = {each.__name__: each(**others(hyperparameters(each()), k)) for each in classes}
    return {**found, "Keras' Adam": keras.optimizers.Adam(0.1 * 0.9**k)}


def walks():
    """Walk down a surface, then from another start with other hyperparameters."""
    surface = surfaces.ravine()
    yield
    for k in (0, 1):
        descend(surface, every_optimizer(k), start=[-2.0 + k, 0.4], steps=5)
        yield


def minibatch_walks():
    """Walk over minibatches, then over others."""
    x = np.random.default_rng(0).normal(size=(60, 2))
    problem = LinearRegression("small", x, x[:, 0], (-1.0, 1.0), ((-2, 2), (-2, 2)))
    yield
    for k in (0, 1):
        order = minibatches(60, 20, 2, [k])
        descend(problem, {"SGD": GradientDescent(0.1 * 0.9**k)}, batches=order)
        yield


def looking():
    """Ask a surface everything at one point, then at another one, and in another plane."""
    data = blobs()
    surface = ErrorSurface(penalised(), data.x_train, data.y_train)
    yield
    for k in (0, 1):
        theta, v = surface.theta + k, np.full(surface.size, 1.0 + k)
        surface.value(theta)
        surface.gradient(theta)
        surface.hessian_times(theta, v)
        surface.hessian(theta)
        surface.plane(theta, v, theta, np.linspace(-1, 1, 3 + k), np.linspace(0, 1, 4))
        yield


def planted():
    """Walk twice, each time with a new program."""
    surface = surfaces.ravine()
    yield
    for _ in (0, 1):
        _program.cache_clear()
        descend(surface, {"Adam": Adam()}, steps=5)
        yield


CASES = {
    "dense": lambda: training(network, blobs(), BATCH, Adam(0.05)),
    "in parts": lambda: training(
        penalised, blobs(), BATCH, GradientDescent(0.3, global_clipnorm=0.2), parts=2
    ),
    "convolution": lambda: training(convolution, images(), 8, keras.optimizers.Adam(0.02)),
    "text": lambda: training(reader, text(), STREAMS, Adam(0.05)),
    "walks": walks,
    "minibatch walks": minibatch_walks,
    "looking": looking,
    "planted": planted,
}


def main():
    compiled, found = watch(), {}
    for name, case in CASES.items():
        counts = [compiled(), *(compiled() for _ in case())]
        found[name] = np.diff(counts).tolist()  # before the first call, in it, in the second one
    print(json.dumps(found))


if __name__ == "__main__":
    main()
