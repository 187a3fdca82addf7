"""The language model: units of rates and norms, schedule, text."""

import keras
import numpy as np
import pytest
from keras import ops

from ravine.data import SOURCES, datasets
from ravine.experiments import language
from ravine.experiments.runs import sizes


def test_the_schedule_knows_how_many_minibatches_an_epoch_has():
    words, *_ = SOURCES["ptb"]["full"].read.keywords["rows"]
    for experiment in language.EXPERIMENTS:
        unrolled = experiment.full.prepare.keywords
        minibatches = (words - 1) // (unrolled["streams"] * unrolled["steps"])
        for make in experiment.full.optimizers.values():
            rate = make().get_config()["learning_rate"]["config"]
            assert rate["steps_per_epoch"] == minibatches


def test_the_small_network_is_that_of_zaremba():
    for experiment in (language.SMALL, language.SMALL_CLIPPED):
        setting = experiment.full
        network = setting.make_model()
        sizes = [layer.units for layer in network.layers if isinstance(layer, keras.layers.LSTM)]
        assert sizes == [200, 200] and len(network.layers) == 4  # no dropout
        assert (setting.epochs, network.input_shape[0]) == (13, 20)
        for weight in network.trainable_variables:
            assert 0.09 < np.abs(ops.convert_to_numpy(weight)).max() <= 0.1
        sgd = setting.optimizers["SGD"]()
        rates = [float(sgd._learning_rate(2323 * epoch)) for epoch in range(13)]
        assert rates[:4] == [20.0] * 4  # 1 for the sum over the steps
        np.testing.assert_allclose(rates[4:], [20 / 2**k for k in range(1, 10)], rtol=1e-6)
    assert language.SMALL.full.optimizers["SGD"]().global_clipnorm is None
    assert language.SMALL_CLIPPED.full.optimizers["SGD"]().global_clipnorm == 5 / 20


@pytest.mark.parametrize("scale", [0.01, 1.0])  # of the gradient: its norm is below, above the clip
def test_clipped_sgd_steps_as_with_the_summed_loss(scale):
    """One step of the full setting is one of Zaremba's: rate 1, norm 5, gradient of the sum."""
    shapes = [(3, 4), (4,)]
    rng = np.random.default_rng(0)
    gradients = [scale * rng.normal(size=shape).astype("float32") for shape in shapes]
    weights = [keras.Variable(np.zeros(shape, "float32")) for shape in shapes]
    optimizer = language.CLIPPED.full.optimizers["SGD"]()
    optimizer.apply([ops.convert_to_tensor(g) for g in gradients], weights)

    summed = [35 * g for g in gradients]
    norm = np.sqrt(sum((g**2).sum() for g in summed))
    assert (norm > 5) == (scale == 1.0)
    for weight, g in zip(weights, summed, strict=True):
        expected = -1.0 * g * min(1, 5 / norm)
        np.testing.assert_allclose(ops.convert_to_numpy(weight), expected, rtol=1e-5)


def test_the_thesis_rates_are_those_of_a_mean_without_clipping_and_of_a_sum_with_it():
    for experiment, factor in [(language.LSTM, 1), (language.CLIPPED, 35)]:
        rates = {
            name: make().get_config()["learning_rate"]["config"]["initial_learning_rate"]
            for name, make in experiment.full.optimizers.items()
        }
        assert rates["SGD"] == pytest.approx(factor)
        assert rates["Momentum"] == pytest.approx(0.666 * factor)
        assert (rates["AdaGrad"], rates["RMSprop"], rates["Adam"]) == (0.0184, 0.00375, 0.00147)


@pytest.mark.parametrize(("size", "steps"), [("quick", 20), ("full", 35)])
def test_one_of_the_two_clips_the_global_norm(size, steps):
    for make in language.LSTM.setting(size).optimizers.values():
        assert make().global_clipnorm is None
    for make in language.CLIPPED.setting(size).optimizers.values():
        assert make().global_clipnorm == pytest.approx(5 / steps)
    setting = language.CLIPPED.setting(size)
    network = setting.make_model()
    dataset = setting.prepare(datasets.load("ptb", "sample"))
    assert dataset.x_train.shape[1] == steps
    assert dataset.streams == setting.batch_size == network.input_shape[0]


@pytest.mark.parametrize(
    ("size", "trained", "states"),
    [("quick", 97_524, 50 * 64 * 2), ("full", 19_775_200, 4 * 20 * 650)],
)
def test_what_an_lstm_carries_is_held_and_not_trained(size, trained, states):
    counted = sizes(language.LSTM.setting(size).make_model())
    assert counted == {"parameters": trained + states, "trainable": trained}


def test_rare_words_become_one_word():
    dataset = datasets.load("ptb")
    text = language.frequent_words(dataset, 500)
    assert text.labels[:499] == dataset.labels[:499] and len(text.labels) == 500
    for part in ("x_train", "y_train", "x_valid", "y_valid", "x_test", "y_test"):
        before, after = getattr(dataset, part), getattr(text, part)
        frequent = before < 499
        assert (after[frequent] == before[frequent]).all()
        assert (after[~frequent] == 499).all() and 0 < (~frequent).mean() < 0.2
    assert text.provenance != dataset.provenance
