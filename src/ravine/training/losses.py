"""What the experiments minimise: functions (labels, outputs of the network) -> scalar, in nats.

They start from logits. A loss computed from probabilities would take the logarithm of numbers that
have been rounded to 0 or 1.
"""

from collections.abc import Mapping
from typing import Any

from keras import ops


def cross_entropy(labels: Any, logits: Any) -> Any:
    r"""Return the mean of $-\log p(\text{label})$ over all labels, in nats per label.

    Its exponential is the perplexity. The mean is taken over the steps of a text as well: Zaremba
    et al. (2014) sum over the 35 steps, so their gradient is 35 times this one.

    Args:
        labels: integers from 0 to classes - 1, of any shape: (n,) for images, (streams, steps) for
            text.
        logits: that shape with one more axis at the end, of length classes.
    """
    return ops.mean(ops.sparse_categorical_crossentropy(labels, logits, from_logits=True))


def negative_elbo(images: Any, outputs: Mapping[str, Any]) -> Any:
    r"""Return the loss of a variational autoencoder, mean nats per image.

    The negative evidence lower bound of Kingma and Welling (2014), eq. (10) with one sample,

    $$
    -\log p(x \mid z) + \mathrm{KL}\bigl(\mathcal N(\mu, \sigma^2) \,\|\, \mathcal N(0, 1)\bigr),
    \qquad \mathrm{KL} = \tfrac12 \sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2).
    $$

    Every pixel is a Bernoulli variable. A grey value between 0 and 1 stands for the share of images
    in which the pixel is white.

    Args:
        images: x, pixels from 0 to 1, shape (n, ...).
        outputs: what `networks.vae` returns: the logits of the pixels, shape (n, ...), the mean and
            the log_variance of the latent variable, shape (n, latent).
    """
    mean, log_variance = outputs["mean"], outputs["log_variance"]
    pixels = ops.binary_crossentropy(images, outputs["logits"], from_logits=True)
    reconstruction = ops.sum(pixels, axis=tuple(range(1, len(pixels.shape))))
    divergence = ops.sum(ops.square(mean) + ops.exp(log_variance) - 1 - log_variance, axis=1) / 2
    return ops.mean(reconstruction + divergence)
