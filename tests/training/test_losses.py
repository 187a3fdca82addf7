"""The losses against their formulas in NumPy and float64, and against samples."""

import numpy as np
import pytest
from keras import ops

from ravine.training import losses

RANDOM = np.random.default_rng(0)


def cross_entropy(labels, logits):
    """Sum over the labels by a loop, from the definition of softmax."""
    labels, logits = labels.reshape(-1), logits.reshape(-1, logits.shape[-1]).astype("float64")
    total = 0.0
    for label, row in zip(labels, logits, strict=True):
        row = row - row.max()
        total -= row[label] - np.log(np.exp(row).sum())
    return total / len(labels)


def negative_elbo(images, outputs):
    """Sum over images and pixels by a loop, the likelihood from probabilities."""
    total = 0.0
    for i, image in enumerate(images.astype("float64")):
        logits = outputs["logits"][i].astype("float64")
        mu, log_variance = (outputs[key][i].astype("float64") for key in ("mean", "log_variance"))
        white = 1 / (1 + np.exp(-logits))
        total -= (image * np.log(white) + (1 - image) * np.log(1 - white)).sum()
        sigma = np.sqrt(np.exp(log_variance))
        total += (-np.log(sigma) + (sigma**2 + mu**2) / 2 - 1 / 2).sum()
    return total / len(images)


def images_and_outputs(n=6):
    images = RANDOM.random((n, 28, 28), dtype="float32")
    outputs = {
        "logits": RANDOM.normal(0, 3, (n, 28, 28)).astype("float32"),
        "mean": RANDOM.normal(0, 2, (n, 5)).astype("float32"),
        "log_variance": RANDOM.normal(0, 1, (n, 5)).astype("float32"),
    }
    return images, outputs


@pytest.mark.parametrize("shape", [(7,), (3, 5)], ids=["images", "text"])
def test_cross_entropy(shape):
    labels = RANDOM.integers(0, 11, shape).astype("int32")
    logits = RANDOM.normal(0, 5, (*shape, 11)).astype("float32")
    value = losses.cross_entropy(labels, logits)
    assert value.shape == ()
    assert float(value) == pytest.approx(cross_entropy(labels, logits), rel=1e-6)


def test_perplexity_of_a_guess_is_the_number_of_words():
    logits = np.full((20, 35, 10_000), 3.0, "float32")
    value = losses.cross_entropy(np.zeros((20, 35), "int32"), logits)
    assert np.exp(float(value)) == pytest.approx(10_000, rel=1e-4)


def test_cross_entropy_of_a_confident_network():
    """The probability of label 1 is rounded to 0, its logarithm is not."""
    logits = np.array([[2000.0, -1000.0], [2000.0, -1000.0]], "float32")
    assert float(losses.cross_entropy(np.array([0, 1]), logits)) == pytest.approx(3000 / 2)


def test_negative_elbo():
    images, outputs = images_and_outputs()
    value = losses.negative_elbo(images, outputs)
    assert value.shape == ()
    assert float(value) == pytest.approx(negative_elbo(images, outputs), rel=1e-6)


def test_negative_elbo_of_a_confident_network():
    images, outputs = images_and_outputs(n=1)
    outputs = {key: np.zeros_like(value) for key, value in outputs.items()}
    outputs["logits"] += 1000
    value = losses.negative_elbo(np.zeros_like(images), outputs)
    assert float(value) == pytest.approx(784 * 1000)


def test_divergence_is_that_of_samples():
    """KL = E[log q(z) - log p(z)] over z from q, estimated from a million samples."""
    images, outputs = images_and_outputs(n=1)
    at_prior = outputs | {key: np.zeros((1, 5), "float32") for key in ("mean", "log_variance")}
    divergence = float(losses.negative_elbo(images, outputs)) - float(
        losses.negative_elbo(images, at_prior)
    )
    sigma = np.exp(outputs["log_variance"][0].astype("float64") / 2)
    noise = RANDOM.standard_normal((1_000_000, 5))
    z = outputs["mean"][0] + sigma * noise
    log_ratio = (-np.log(sigma) - noise**2 / 2 + z**2 / 2).sum(axis=1)
    error = log_ratio.std() / np.sqrt(len(log_ratio))
    assert error < 0.02  # small enough to tell
    assert divergence == pytest.approx(log_ratio.mean(), abs=4 * error)


def test_losses_are_means():
    """Twice the same minibatch has the same loss."""
    images, outputs = images_and_outputs()
    twice = {key: np.concatenate([value, value]) for key, value in outputs.items()}
    assert float(losses.negative_elbo(np.concatenate([images, images]), twice)) == pytest.approx(
        float(losses.negative_elbo(images, outputs)), rel=1e-6
    )


def test_the_gradient_pulls_the_latent_variable_to_the_prior():
    """From mean 1 and log variance 1, both downhill directions point to 0."""
    images, outputs = images_and_outputs(n=1)
    outputs |= {key: np.ones((1, 5), "float32") for key in ("mean", "log_variance")}
    here = float(losses.negative_elbo(images, outputs))
    for key in ("mean", "log_variance"):
        nearer = outputs | {key: ops.convert_to_tensor(0.9 * outputs[key])}
        assert float(losses.negative_elbo(images, nearer)) < here - 0.1
