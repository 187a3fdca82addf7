"""The variational autoencoder, and the sample that it draws."""

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="ravine")
class GaussianSample(layers.Layer):
    """Draw z = μ + σ·ε with ε from N(0, 1): a sample whose gradient reaches μ and σ.

    The random numbers come from the layer's own generator, whose state is one of the network's
    variables, so it is restored and saved with them. They are drawn in evaluation too: the bound
    that `training.negative_elbo` estimates is an expectation over z.
    """

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.generator = keras.random.SeedGenerator()

    def call(self, mean: Any, log_variance: Any) -> Any:
        """Return z; all shapes are (n, latent)."""
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=self.generator)
        return mean + ops.exp(log_variance / 2) * noise


def vae(hidden: int = 500, latent: int = 50) -> keras.Model:
    """Return the variational autoencoder of the Adam paper's bias-correction figure (Fig. 4).

    Images of shape (n, 28, 28) come in, pixels from 0 to 1. One hidden layer of softplus units
    leads to a Gaussian with a diagonal covariance; a sample of it leads through another such
    layer to the image again. `training.negative_elbo` takes what comes out, a dictionary:

    - logits: of the pixels, shape (n, 28, 28);
    - mean, log_variance: of the Gaussian, shape (n, latent) each.

    The paper names the architecture of Kingma and Welling (2014), with 500 softplus units and a
    50-dimensional spherical Gaussian; the prior is the spherical one. It does not say which images
    it trained on, nor the initial weights; here they are Glorot's.

    Args:
        hidden: units of the hidden layer of the encoder, and of the decoder.
        latent: dimensions of the latent variable.
    """
    images = keras.Input((28, 28))
    encoded = layers.Dense(hidden, activation="softplus")(layers.Flatten()(images))
    mean = layers.Dense(latent)(encoded)
    log_variance = layers.Dense(latent)(encoded)
    sample = GaussianSample()(mean, log_variance)
    decoded = layers.Dense(hidden, activation="softplus")(sample)
    logits = layers.Reshape((28, 28))(layers.Dense(28 * 28)(decoded))
    return keras.Model(images, {"logits": logits, "mean": mean, "log_variance": log_variance})
