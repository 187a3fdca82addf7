"""The networks: shapes, sizes, logits, and what is random in them."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

from ravine import networks
from ravine.training import cross_entropy, negative_elbo
from tests.weekly import weekly

BACKEND = keras.backend.backend()
RANDOM = np.random.default_rng(0)


@dataclass(frozen=True)
class Row:
    """One network, small: how it is made, what goes in and what comes out."""

    make: Callable
    x: np.ndarray
    logits: tuple[int, ...]
    loss: Callable = cross_entropy

    def labels(self):
        if self.loss is negative_elbo:
            return self.x
        return RANDOM.integers(0, self.logits[-1], self.logits[:-1]).astype("int32")


def grey(*shape):
    return RANDOM.random(shape, dtype="float32")


def pixels(*shape):
    return RANDOM.integers(0, 256, shape).astype("uint8")


def words(streams=3, steps=70, vocabulary=50):
    return RANDOM.integers(0, vocabulary, (streams, steps)).astype("int32")


small_lstm = partial(networks.lstm, 50, units=8, streams=3)
small_transformer = partial(networks.transformer, 50, steps=7, width=8, blocks=2, heads=2)
small_vgg = partial(networks.vgg16, classes=10, width=1 / 16, image=32)
ROWS = {
    "logistic_regression": Row(networks.logistic_regression, grey(4, 28, 28), (4, 10)),
    "bag_of_words": Row(partial(networks.bag_of_words, 30), pixels(5, 30) % 2, (5, 2)),
    "mnist_mlp": Row(partial(networks.mnist_mlp, 32), grey(4, 28, 28), (4, 10)),
    "cifar_cnn": Row(partial(networks.cifar_cnn, 0.5, 0.2, 1 / 8), grey(4, 32, 32, 3), (4, 10)),
    "vae": Row(partial(networks.vae, 16, 5), grey(4, 28, 28), (4, 28, 28), negative_elbo),
    "vgg16": Row(small_vgg, pixels(4, 32, 32, 3), (4, 10)),
    "vgg16 with batch_norm": Row(
        partial(small_vgg, batch_norm=True), pixels(4, 32, 32, 3), (4, 10)
    ),
    "resnet": Row(partial(networks.resnet, 1, 4), grey(4, 32, 32, 3), (4, 10)),
    "lstm": Row(small_lstm, words(), (3, 70, 50)),
    "transformer": Row(small_transformer, words(3, 7), (3, 7, 50)),
    "transformer, tied": Row(
        partial(small_transformer, tied=True, dropout=0.2), words(3, 7), (3, 7, 50)
    ),
}
each_network = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def logits_of(model, x, training=False):
    outputs = model(x, training=training)
    return numpy(outputs["logits"] if isinstance(outputs, dict) else outputs)


def forget(model):
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_state()


def compiled(model):
    """Return a compiled function of x that gives the logits and keeps the states."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.function(partial(model, training=False), autograph=False)

    import jax

    program = jax.jit(lambda *arguments: model.stateless_call(*arguments, training=False))

    def run(x):
        weights, others = model.trainable_variables, model.non_trainable_variables
        logits, values = program([w.value for w in weights], [v.value for v in others], x)
        for variable, value in zip(others, values, strict=True):
            variable.assign(value)
        return logits

    return run


def gradients(model, loss, x, y):
    """Return the gradient of the loss in training for each weight."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True)) + sum(model.losses)
        found = tape.gradient(value, model.trainable_variables)
        return [numpy(tf.convert_to_tensor(gradient)) for gradient in found]

    import jax

    def value(weights, others):
        outputs, _, penalties = model.stateless_call(
            weights, others, x, training=True, return_losses=True
        )
        return loss(y, outputs) + sum(penalties)

    variables = model.trainable_variables, model.non_trainable_variables
    values = ([variable.value for variable in group] for group in variables)
    return jax.jit(jax.grad(value))(*values)


# Sizes


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (networks.logistic_regression, 784 * 10 + 10),
        (partial(networks.bag_of_words, 10_000), 10_000 * 2 + 2),
        (networks.mnist_mlp, 785 * 1000 + 1001 * 1000 + 1001 * 10),
        (networks.cifar_cnn, 4_864 + 102_464 + 204_928 + 2049 * 1000 + 1001 * 10),
        (networks.vae, 785 * 500 + 2 * 501 * 50 + 51 * 500 + 501 * 784),
        (networks.vgg16, 138_357_544),
        # embedding 6,500,000, LSTM layers 2 * 4 * 650 * (650 + 650 + 1), output 651 * 10,000
        (partial(networks.lstm, 10_000), 19_775_200),
        # 56 weight layers: convolutions of 9·16·(3 + 18·16), 9·32·(16 + 17·32), 9·64·(32 + 17·64),
        # a scale and a shift for each of their 19·16 + 18·32 + 18·64 filters, output 65 * 10
        (networks.resnet, 41_904 + 161_280 + 645_120 + 2 * 2_032 + 650),
    ],
)
def test_parameter_count(make, count):
    assert sum(np.prod(weight.shape) for weight in make().trainable_variables) == count


def test_mnist_mlp_is_784_1000_1000_10():
    kernels = [
        tuple(w.shape) for w in networks.mnist_mlp().trainable_variables if len(w.shape) == 2
    ]
    assert kernels == [(784, 1000), (1000, 1000), (1000, 10)]


def test_cifar_cnn_is_c64_c64_c128_1000():
    made = networks.cifar_cnn().layers
    assert [type(layer).__name__ for layer in made] == [
        *["Conv2D", "MaxPooling2D"] * 3,
        *["Flatten", "Dense", "Dense"],
    ]
    assert [tuple(layer.kernel.shape) for layer in made[:5:2]] == [
        (5, 5, 3, 64),
        (5, 5, 64, 64),
        (5, 5, 64, 128),
    ]
    assert [layer.output.shape[1] for layer in made[1:6:2]] == [16, 8, 4]
    assert made[7].units == 1000


def test_vgg16_is_configuration_d():
    made = networks.vgg16(width=1 / 16, classes=10).layers
    filters = [layer.filters * 16 for layer in made if isinstance(layer, keras.layers.Conv2D)]
    assert filters == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
    pooled = [layer.output.shape[1] for layer in made if "Pooling" in type(layer).__name__]
    assert pooled == [112, 56, 28, 14, 7]
    assert [x.units for x in made if isinstance(x, keras.layers.Dense)] == [256, 256, 10]


def test_batch_norm_stands_between_each_convolution_and_its_relu():
    kinds = [type(layer).__name__ for layer in small_vgg(batch_norm=True).layers]
    after = [kinds[i + 1 : i + 3] for i, kind in enumerate(kinds) if kind == "Conv2D"]
    assert after == [["BatchNormalization", "ReLU"]] * 13


# What goes in and what comes out


@each_network
def test_shapes_and_dtypes(row):
    model = row.make()
    logits = logits_of(model, row.x)
    assert logits.shape == row.logits and logits.dtype == "float32"
    assert keras.backend.standardize_dtype(model.inputs[0].dtype) == row.x.dtype
    assert np.isfinite(logits).all()


@pytest.mark.parametrize("name", ["mnist_mlp", "cifar_cnn", "vae", "vgg16", "lstm", "transformer"])
def test_output_is_logits(name):
    """No softmax or sigmoid at the end: some outputs are negative."""
    assert (logits_of(ROWS[name].make(), ROWS[name].x) < 0).any()


def test_vae_returns_the_latent_gaussian():
    outputs = ROWS["vae"].make()(ROWS["vae"].x)
    assert list(outputs) == ["logits", "mean", "log_variance"]
    assert outputs["mean"].shape == outputs["log_variance"].shape == (4, 5)


@each_network
def test_the_gradient_reaches_all_weights(row):
    keras.utils.set_random_seed(0)
    for gradient in gradients(row.make(), row.loss, row.x, row.labels()):
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0


@each_network
def test_saved_and_loaded(row, tmp_path):
    model = row.make()
    before = model(row.x)
    model.save(tmp_path / "network.keras")
    forget(model)
    loaded = keras.models.load_model(tmp_path / "network.keras")
    forget(loaded)
    after = loaded(row.x)
    if isinstance(before, dict):  # the sample's noise is not part of the file
        before, after = before["mean"], after["mean"]
    np.testing.assert_allclose(numpy(after), numpy(before), rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": "He"}, 'start must be "he" or "published", but it was \'He\'.'),
        ({"image": 31}, "image must be at least 32, for five poolings, but it was 31."),
    ],
)
def test_vgg16_refuses(arguments, message):
    with pytest.raises(ValueError) as error:
        networks.vgg16(**arguments)
    assert str(error.value) == message


# Weights at the start


@pytest.mark.parametrize("make", [networks.logistic_regression, partial(networks.bag_of_words, 30)])
def test_convex_models_start_at_zero(make):
    assert not any(numpy(weight).any() for weight in make().trainable_variables)


@pytest.mark.parametrize("make", [networks.mnist_mlp, networks.cifar_cnn, networks.vgg16])
def test_hidden_layers_have_he_scale(make):
    keras.utils.set_random_seed(0)
    model = make() if make is not networks.vgg16 else make(width=1 / 4, image=32)
    kernels = [numpy(w) for w in model.trainable_variables if len(w.shape) > 1][:-1]
    assert len(kernels) in (2, 4, 15)
    for kernel in kernels:
        fan_in = np.prod(kernel.shape[:-1])
        # a standard deviation estimated from n numbers is off by 1/√(2n) on average
        assert kernel.std() * np.sqrt(fan_in / 2) == pytest.approx(1, abs=4 / np.sqrt(kernel.size))


@pytest.mark.parametrize("start", ["he", "published"])
def test_the_published_start_of_vgg16_kills_the_signal(start):
    keras.utils.set_random_seed(0)
    model = small_vgg(start=start, image=64)
    logits = logits_of(model, pixels(8, 64, 64, 3))
    first, *_, last = (numpy(w) for w in model.trainable_variables if len(w.shape) > 1)
    assert last.std() == pytest.approx(0.01, rel=0.1)
    if start == "he":
        assert 0.01 < np.abs(logits).max() < 3  # alive, and no class is sure
    else:
        assert first.std() == pytest.approx(0.01, rel=0.2)
        assert np.abs(logits).max() < 1e-6


@pytest.mark.parametrize("start", ["he", "published"])
def test_weights_of_equal_shape_differ(start):
    kernels = {}
    for weight in small_vgg(start=start).trainable_variables:
        if len(weight.shape) > 1:
            kernels.setdefault(tuple(weight.shape), []).append(numpy(weight))
    groups = [group for group in kernels.values() if len(group) > 1]
    assert groups
    for group in groups:
        assert len(np.unique(group, axis=0)) == len(group)


@pytest.mark.parametrize(("start", "deviation"), [("he", 58), ("published", 1)])
def test_vgg16_subtracts_the_mean_colour(start, deviation):
    rescaling = small_vgg(start=start).layers[0]
    colours = np.array([[0, 0, 0], [255, 255, 255]], dtype="uint8").reshape(2, 1, 1, 3)
    expected = (colours - np.array([123.68, 116.779, 103.939])) / deviation
    np.testing.assert_allclose(numpy(rescaling(colours)), expected, rtol=1e-5)


def test_all_weights_of_the_lstm_start_uniform():
    """The biases too, and the forget gate's is not raised by 1."""
    weights = networks.lstm(1000, units=100).trainable_variables
    assert len(weights) == 1 + 2 * 3 + 2
    for weight in weights:
        value = numpy(weight)
        assert np.abs(value).max() <= 0.05
        assert np.abs(value.mean()) < 4 * 0.029 / np.sqrt(value.size)
        assert value.std() == pytest.approx(0.05 / np.sqrt(3), abs=0.1 / np.sqrt(value.size))
    recurrent = [numpy(w) for w in weights if w.shape == (100, 400)]
    assert len(np.unique(recurrent, axis=0)) == 4


@pytest.mark.parametrize(
    "make",
    [
        partial(networks.logistic_regression, l2=0.1),
        partial(networks.mnist_mlp, hidden=8, l2=0.1),
        partial(small_vgg, l2=0.1),
    ],
)
def test_l2_is_the_weight_decay(make):
    """The penalty is λ/2 · Σw², so that its gradient is λw; biases have none."""
    model = make()
    for weight in model.trainable_variables:
        weight.assign(ops.ones(weight.shape))
    count = sum(np.prod(w.shape) for w in model.trainable_variables if len(w.shape) > 1)
    assert float(sum(model.losses)) == pytest.approx(0.1 / 2 * count, rel=1e-5)


def test_without_l2_there_is_no_penalty():
    assert networks.mnist_mlp(hidden=8).losses == small_vgg(l2=0.0).losses == []


# Dropout and noise


@pytest.mark.parametrize("name", ["bag_of_words", "mnist_mlp", "cifar_cnn", "vgg16", "lstm"])
def test_dropout_acts_in_training_only(name):
    keras.utils.set_random_seed(0)
    model, x = ROWS[name].make(), ROWS[name].x
    if name == "bag_of_words":
        model.layers[-1].kernel.assign(grey(30, 2))

    def again(training):
        forget(model)
        return logits_of(model, x, training)

    np.testing.assert_array_equal(again(False), again(False))
    assert (again(True) != again(True)).mean() > 0.9


@pytest.mark.parametrize(
    ("make", "rates"),
    [
        (partial(networks.bag_of_words, 30, dropout=0.4), {"InputLayer": 0.4}),
        (partial(networks.mnist_mlp, 8, dropout=0.4), {"Dense": 0.4}),
        (partial(networks.cifar_cnn, 0.4, 0.3, 1 / 8), {"InputLayer": 0.3, "Dense": 0.4}),
        (partial(networks.cifar_cnn, 0.4, width=1 / 8), {"Dense": 0.4}),
        (partial(networks.cifar_cnn, width=1 / 8), {}),
        (partial(small_vgg, dropout=0.4), {"Dense": 0.4}),
        (partial(small_vgg, dropout=0), {}),
        (partial(small_lstm, dropout=0.4), {"Embedding": 0.4, "StatefulLSTM": 0.4}),
        (partial(small_lstm, dropout=0), {}),
    ],
)
def test_dropout_follows(make, rates):
    """It follows all layers of these kinds but the output, and no others."""
    model = make()
    made = [layer for layer in model.layers if "Cast" not in type(layer).__name__]
    if not isinstance(made[0], keras.layers.InputLayer):
        made.insert(0, keras.layers.InputLayer((1,)))  # Sequential does not list it
    followed = {(type(a).__name__, getattr(b, "rate", None)) for a, b in pairwise(made)}
    assert {(kind, rate) for kind, rate in followed if rate or kind in rates} == set(rates.items())
    assert all(layer.recurrent_dropout == 0 for layer in made if hasattr(layer, "stateful"))


def test_half_of_a_bag_drops_out():
    model = networks.bag_of_words(1000)
    model.layers[-1].kernel.assign(np.ones((1000, 2)))
    bags = np.ones((100, 1000), dtype="uint8")
    kept = logits_of(model, bags, training=True)[:, 0] / 2  # what stays is doubled
    assert kept.mean() == pytest.approx(500, abs=4 * np.sqrt(250 / 100))


def test_noise_follows_the_seed():
    zeros = ops.zeros((4, 5))

    def first_two(seed):
        keras.utils.set_random_seed(seed)
        layer = networks.GaussianSample()
        return [numpy(layer(zeros, zeros)) for _ in range(2)]

    first, second = first_two(0)
    np.testing.assert_array_equal(first_two(0), [first, second])
    assert (first != second).all() and (first_two(1)[0] != first).all()


def test_noise_of_the_vae_is_restored_with_the_variables():
    model, x = ROWS["vae"].make(), ROWS["vae"].x
    before = [numpy(variable) for variable in model.variables]
    first, second = logits_of(model, x), logits_of(model, x)
    assert (first != second).all()
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal(logits_of(model, x), first)


def test_a_sample_is_the_mean_plus_the_deviation_times_noise():
    layer = networks.GaussianSample()
    state = numpy(layer.generator.state)

    def draw(mean, log_variance):
        layer.generator.state.assign(state)
        shape = (1000, 50)
        return numpy(layer(ops.full(shape, mean), ops.full(shape, log_variance)))

    noise = draw(0.0, 0.0)
    assert noise.mean() == pytest.approx(0, abs=4 / np.sqrt(noise.size))
    assert noise.std() == pytest.approx(1, abs=4 / np.sqrt(2 * noise.size))
    np.testing.assert_allclose(draw(2.0, np.log(9.0)), 2 + 3 * noise, rtol=1e-5, atol=1e-5)


# The state of the LSTM


@pytest.mark.parametrize("compile", [lambda model: model, compiled], ids=["eager", "compiled"])
def test_lstm_goes_on_where_it_stopped(compile):
    model, text = small_lstm(initial=1.0), words()
    read = compile(model)
    whole = numpy(read(text))
    assert np.abs(numpy(read(text)) - whole)[:, 0].max() > 0.01
    forget(model)
    halves = [numpy(read(text[:, :35])), numpy(read(text[:, 35:]))]
    np.testing.assert_allclose(np.concatenate(halves, axis=1), whole, rtol=1e-5, atol=1e-5)


def test_reset_state_starts_anew():
    model, text = small_lstm(initial=1.0), words()
    first = logits_of(model, text)
    forget(model)
    np.testing.assert_array_equal(logits_of(model, text), first)


def test_streams_are_apart():
    model, text = small_lstm(initial=1.0), words()
    before = logits_of(model, text)
    forget(model)
    text[1] = 0
    after = logits_of(model, text)
    np.testing.assert_allclose(after[[0, 2]], before[[0, 2]], rtol=1e-5, atol=1e-5)
    assert (after[1] != before[1]).any()


def test_states_are_variables_of_the_network():
    model = small_lstm()
    logits_of(model, words())
    states = [variable for variable in model.variables if variable.shape == (3, 8)]
    assert len(states) == 4 and all(numpy(state).any() for state in states)
    forget(model)
    assert not any(numpy(state).any() for state in states)


def test_lstm_may_run_on_cudnn():
    """The conditions in Keras' documentation of LSTM."""
    for layer in small_lstm().layers[2:-1:2]:
        assert layer.activation is keras.activations.tanh
        assert layer.recurrent_activation is keras.activations.sigmoid
        assert layer.use_bias and not layer.unroll and layer.use_cudnn == "auto"


def test_without_its_branches_a_residual_network_keeps_its_input():
    """Each block then gives its input, at every second pixel where it is the first of a stage."""
    images = grey(4, 32, 32, 3)
    for skips in (True, False):
        model = networks.resnet(2, 4, skips=skips)
        convolutions = [each for each in model.layers if isinstance(each, layers.Conv2D)]
        for each in convolutions[1:]:
            each.kernel.assign(np.zeros(each.kernel.shape))
        first = keras.Model(model.input, model.layers[3].output)
        assert isinstance(model.layers[3], layers.ReLU)
        kept = numpy(first(images))[:, ::4, ::4].mean(axis=(1, 2))
        found = numpy(keras.Model(model.input, model.layers[-2].output)(images))
        expected = np.pad(kept, [(0, 0), (0, 12)]) if skips else np.zeros((4, 16))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


# Other backends


# All of the losses and schedules; of the networks what a backend could do differently.
CHOICE = (
    "losses or schedules or network_surface or "
    "(gradient or acts or noise or lstm or state) and not vgg"
)


@weekly
@pytest.mark.skipif(BACKEND != "tensorflow", reason="started from the tests on TensorFlow")
def test_on_jax():
    """These tests and those of three other modules, in a process of their own."""
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    tests = Path(__file__).parents[1]
    others = "training/test_losses", "optimizers/test_schedules", "surfaces/test_network_surface"
    files = [__file__, *(str(tests / f"{name}.py") for name in others)]
    options = ["-q", "-p", "no:xdist", "-p", "no:cacheprovider", "-k", CHOICE]
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *files],
        cwd=tests.parent,
        env=os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout[-5000:]
    assert " passed" in finished.stdout


@pytest.mark.parametrize(
    ("make", "fans"),
    [
        (networks.mnist_mlp, [784, 1000, 1000]),
        # side 16 leaves 8, 4 and 2
        (partial(networks.cifar_cnn, image=16), [75, 1600, 1600, 2 * 2 * 128, 1000]),
    ],
)
def test_the_start_of_pytorch_is_uniform_in_kernels_and_biases(make, fans):
    keras.utils.set_random_seed(0)
    weights = [numpy(weight) for weight in make(start="pytorch").trainable_variables]
    pairs = list(zip(weights[::2], weights[1::2], strict=True))
    for fan_in, (kernel, bias) in zip(fans, pairs, strict=True):
        assert np.prod(kernel.shape[:-1]) == fan_in
        bound = 1 / np.sqrt(fan_in)
        for values in (kernel, bias):
            assert 0.7 * bound < np.abs(values).max() <= bound
            assert np.abs(values.mean()) < 4 * bound / np.sqrt(3 * values.size)
            assert values.std() == pytest.approx(
                bound / np.sqrt(3), abs=2 * bound / np.sqrt(values.size)
            )
        assert not np.isin(bias, kernel[..., :1]).any()  # each draws its own numbers


@pytest.mark.parametrize("make", [networks.mnist_mlp, networks.cifar_cnn])
def test_biases_start_at_zero_by_default(make):
    assert not any(numpy(w).any() for w in make().trainable_variables if len(w.shape) == 1)


@pytest.mark.parametrize("make", [networks.mnist_mlp, networks.cifar_cnn])
def test_unknown_starts_are_refused(make):
    with pytest.raises(ValueError) as error:
        make(start="He")
    assert str(error.value) == 'start must be "he" or "pytorch", but it was \'He\'.'
