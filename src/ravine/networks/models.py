"""The networks that the experiments train. All of them return logits.

A loss computed from logits is stable: softmax and logarithm are taken together, so a confident
network never takes the logarithm of a probability that was rounded to 0.

Each docstring says which figure or table of which publication the network is from, and what the
publication leaves open. Where there is an `l2`, it is the weight decay λ of the weights without
the biases: the penalty λ/2 · Σw² adds λw to the gradient.
"""

import keras
from keras import layers, ops

# The mean colour of ImageNet's training images (red, green, blue; 0 to 255), published with VGG's
# weights, and about the standard deviation of their pixels.
IMAGENET_MEAN = (123.68, 116.779, 103.939)
IMAGENET_DEVIATION = 58.0


def logistic_regression(
    shape: tuple[int, ...] = (28, 28), classes: int = 10, l2: float = 1e-4
) -> keras.Model:
    """Return multi-class logistic regression (Adam paper, Fig. 1a): 784-10 on MNIST.

    Images of shape (n, *shape) come in, logits of shape (n, classes) come out. All weights start at
    0. The cost is convex and has one minimum, so the start decides nothing but the first steps, and
    at 0 all classes are equally likely. Hidden units would stay equal from such a start; here there
    are none. The paper gives neither the start nor the strength of its L2 penalty.

    Args:
        shape: of one image.
        classes: number of logits.
        l2: weight decay λ.
    """
    head = layers.Dense(classes, kernel_initializer="zeros", kernel_regularizer=_decay(l2))
    return keras.Sequential([keras.Input(shape), layers.Flatten(), head])


def bag_of_words(words: int, dropout: float = 0.5) -> keras.Model:
    """Return logistic regression on bags of words with dropout on them (Adam paper, Fig. 1b).

    Rows of 0 and 1 of shape (n, words) come in, uint8: which of the words a text contains. Logits
    of shape (n, 2) come out. All weights start at 0, for the reason in `logistic_regression`; the
    paper does not say where its weights start.

    Args:
        words: size of the vocabulary; the paper's has 10,000.
        dropout: share of the inputs that are set to 0 in training.
    """
    bags = keras.Input((words,), dtype="uint8")
    kept = layers.Dropout(dropout)(ops.cast(bags, keras.config.floatx()))
    return keras.Model(bags, layers.Dense(2, kernel_initializer="zeros")(kept))


def mnist_mlp(hidden: int = 1000, dropout: float = 0.5, l2: float = 0.0) -> keras.Model:
    """Return the Adam paper's multilayer network, 784-1000-1000-10 with ReLU (Fig. 2).

    Images of shape (n, 28, 28) come in and are flattened, logits of shape (n, 10) come out. The
    paper trains it with dropout (Fig. 2a) and, without, with an L2 penalty (Fig. 2b). It gives
    neither the share that drops out nor the strength of the penalty nor the initial weights.

    Args:
        hidden: width of the two hidden layers.
        dropout: share of the hidden units that are set to 0 in training; 0 leaves the layers out.
        l2: weight decay λ.
    """
    network = [keras.Input((28, 28)), layers.Flatten()]
    for _ in range(2):
        # He's scale keeps the signal's variance through ReLU, which zeroes half of it
        network.append(
            layers.Dense(
                hidden,
                activation="relu",
                kernel_initializer="he_normal",
                kernel_regularizer=_decay(l2),
            )
        )
        network += _dropout(dropout)
    return keras.Sequential([*network, layers.Dense(10, kernel_regularizer=_decay(l2))])


def cifar_cnn(
    dropout: float = 0.0,
    input_dropout: float = 0.0,
    width: float = 1.0,
    image: int = 32,
) -> keras.Model:
    """Return the Adam paper's convolutional network for CIFAR-10, c64-c64-c128-1000 (Fig. 3).

    Images of shape (n, image, image, 3) come in, whitened. Three stages follow, each a convolution
    with 5×5 filters, ReLU, and max-pooling over 3×3 pixels in steps of 2, then a hidden layer of
    1000 ReLU units. Logits of shape (n, 10) come out. Borders are padded, so that the stages leave
    16, 8 and 4 pixels a side of 32.

    The paper puts "dropout noise" on the input and on the hidden layer, without its rates. The
    usual ones are 0.2 for inputs and 0.5 for hidden units (Srivastava et al., 2014). Padding, ReLU
    after the convolutions and He's initial weights are this course's reading too.

    Args:
        dropout: share of the hidden layer's units that are set to 0 in training.
        input_dropout: share of the input values that are set to 0 in training.
        width: factor on the width of all hidden layers.
        image: side of the images in pixels.
    """
    network = [keras.Input((image, image, 3)), *_dropout(input_dropout)]
    for filters in (64, 64, 128):
        network += [
            layers.Conv2D(
                _scaled(filters, width),
                5,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
            ),
            layers.MaxPooling2D(3, strides=2, padding="same"),
        ]
    network += [
        layers.Flatten(),
        layers.Dense(_scaled(1000, width), activation="relu", kernel_initializer="he_normal"),
        *_dropout(dropout),
        layers.Dense(10),
    ]
    return keras.Sequential(network)


@keras.saving.register_keras_serializable(package="ravine")
class GaussianSample(layers.Layer):
    """Draw z = μ + σ·ε with ε from N(0, 1): a sample whose gradient reaches μ and σ.

    The random numbers come from the layer's own generator, whose state is one of the network's
    variables, so it is restored and saved with them. They are drawn in evaluation too: the bound
    that `losses.negative_elbo` estimates is an expectation over z.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.generator = keras.random.SeedGenerator()

    def call(self, mean, log_variance):
        """Return z; all shapes are (n, latent)."""
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=self.generator)
        return mean + ops.exp(log_variance / 2) * noise


def vae(hidden: int = 500, latent: int = 50) -> keras.Model:
    """Return the variational autoencoder of the Adam paper's bias-correction figure (Fig. 4).

    Images of shape (n, 28, 28) come in, pixels from 0 to 1. One hidden layer of softplus units
    leads to a Gaussian with a diagonal covariance; a sample of it leads through another such
    layer to the image again. `losses.negative_elbo` takes what comes out, a dictionary:

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


def vgg16(
    classes: int = 1000,
    width: float = 1.0,
    batch_norm: bool = False,
    image: int = 224,
    dropout: float = 0.5,
    l2: float = 5e-4,
    start: str = "he",
) -> keras.Model:
    """Return VGG16, configuration D of Simonyan and Zisserman (2015), Table 1: 16 weight layers.

    Images of shape (n, image, image, 3) come in, uint8. 13 convolutions with 3×3 filters follow,
    each with ReLU, in five blocks that end in max-pooling over 2×2 pixels; then two hidden layers
    of 4096 ReLU units with dropout. Logits of shape (n, classes) come out. The default has
    138,357,544 parameters.

    The published start does not learn at this depth: after the first, each convolution shrinks the
    signal to between a half and a sixth, so that logits and gradients are nearly 0 and the loss
    sits at ln(classes). The authors first trained a network with 11 weight layers and copied its
    weights; after publication they found that Glorot's scale makes this needless. He's scale suits
    ReLU better (He et al., 2015).

    Args:
        classes: number of logits.
        width: factor on the width of all hidden layers.
        batch_norm: whether each convolution is normalised before its ReLU. The publication is
            older than batch normalisation.
        image: side of the images in pixels, at least 32.
        dropout: share of the hidden layers' units that are set to 0 in training.
        l2: weight decay λ.
        start: "published" draws all weights from N(0, 0.01²) and subtracts the mean colour from the
            pixels. "he" draws the hidden layers' weights with He's scale instead, and divides the
            pixels by their standard deviation as well; the loss then starts near ln(classes).

    Raises:
        ValueError: if `start` is another word or the images are too small.
    """
    if start not in ("he", "published"):
        raise ValueError(f'start must be "he" or "published", but it was {start!r}.')
    if image < 32:
        raise ValueError(f"image must be at least 32, for five poolings, but it was {image}.")
    divisor = IMAGENET_DEVIATION if start == "he" else 1.0

    def weights():
        return {
            "kernel_initializer": "he_normal" if start == "he" else _small(),
            "kernel_regularizer": _decay(l2),
        }

    network = [
        keras.Input((image, image, 3), dtype="uint8"),
        layers.Rescaling(1 / divisor, offset=[-mean / divisor for mean in IMAGENET_MEAN]),
    ]
    for convolutions, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(convolutions):
            network.append(layers.Conv2D(_scaled(filters, width), 3, padding="same", **weights()))
            if batch_norm:
                network.append(layers.BatchNormalization())
            network.append(layers.ReLU())
        network.append(layers.MaxPooling2D(2))
    network.append(layers.Flatten())
    for _ in range(2):
        network.append(layers.Dense(_scaled(4096, width), activation="relu", **weights()))
        network += _dropout(dropout)
    output = layers.Dense(classes, kernel_initializer=_small(), kernel_regularizer=_decay(l2))
    return keras.Sequential([*network, output])


def resnet(blocks: int = 9, width: int = 16, skips: bool = True, l2: float = 1e-4) -> keras.Model:
    """Return a residual network for CIFAR-10 with 6·blocks + 2 weight layers (He et al., 2016).

    The default is the ResNet-56 of their section 4.2. Images of shape (n, 32, 32, 3) come in,
    logits of shape (n, 10) come out. After a first convolution follow three stages of `blocks`
    blocks, with 32, 16 and 8 pixels a side and `width`, twice and four times `width` filters. A
    block is two convolutions with 3×3 filters, each with batch normalisation, whose result is added
    to what came in. Where the size changes, what came in is taken at every second pixel and filled
    up with zeros. The mean over the pixels leads to the logits.

    Args:
        blocks: per stage.
        width: filters of the first stage.
        skips: whether a block's input is added to its result. Without, it is the plain network
            that Li et al. (2018) compare with.
        l2: weight decay λ.
    """

    def normalised(x, filters, strides=1):
        convolution = layers.Conv2D(
            filters,
            3,
            strides,
            padding="same",
            use_bias=False,  # batch normalisation has one
            kernel_initializer="he_normal",
            kernel_regularizer=_decay(l2),
        )
        return layers.BatchNormalization()(convolution(x))

    images = keras.Input((32, 32, 3))
    x = layers.ReLU()(normalised(images, width))
    for stage in range(3):
        filters = width * 2**stage
        for block in range(blocks):
            strides = 2 if stage and not block else 1
            result = normalised(layers.ReLU()(normalised(x, filters, strides)), filters)
            if skips:
                missing = filters - x.shape[-1]
                x = ops.pad(x[:, ::strides, ::strides], [(0, 0), (0, 0), (0, 0), (0, missing)])
                result = result + x
            x = layers.ReLU()(result)
    head = layers.Dense(10, kernel_initializer="he_normal", kernel_regularizer=_decay(l2))
    return keras.Model(images, head(layers.GlobalAveragePooling2D()(x)))


@keras.saving.register_keras_serializable(package="ravine")
class StatefulLSTM(layers.LSTM):
    """An LSTM that goes on where it stopped, with its two states among the network's variables.

    Keras hides the states of a stateful LSTM: they are in no list of variables, so checkpoints
    would miss them, and on JAX a compiled program would start every minibatch from 0.

    Args:
        units: size of the layer.
        **kwargs: what `keras.layers.LSTM` takes.
    """

    def __init__(self, units, **kwargs):
        super().__init__(units, **{**kwargs, "stateful": True})

    def build(self, sequences_shape, initial_state_shape=None):
        """Make the weights, and the states h and c, shape (streams, units) each."""
        super().build(sequences_shape, initial_state_shape)
        self.tracked_states = self.states  # an attribute of a layer is tracked


def lstm(
    vocabulary: int,
    units: int = 650,
    layers: int = 2,
    dropout: float = 0.5,
    streams: int = 20,
    initial: float = 0.05,
) -> keras.Model:
    """Return the language model of Zaremba et al. (2014), the medium one at the defaults.

    Words of shape (streams, steps) come in, int32; the number of steps may differ from call to
    call. Logits of shape (streams, steps, vocabulary) come out: which word is next. Each stream is
    a text that goes on from call to call, since the layers keep their states, which are variables
    of the network; `reset_state()` of a layer sets its state to 0.

    Dropout is on the connections between layers only: after the embedding and after each LSTM, not
    from one step to the next. All weights start uniform in (-initial, initial), the biases too,
    without the 1 that is often added to the forget gate's. Zaremba's program has two biases per
    unit, one beside each matrix; their sum is all that counts, and here it is one. At a vocabulary
    of 10,000 there are 19,775,200 parameters; embedding and output share none.

    Args:
        vocabulary: number of words.
        units: size of the embedding and of the LSTM layers.
        layers: number of LSTM layers.
        dropout: share of the values between layers that are set to 0 in training.
        streams: texts that are read side by side.
        initial: bound of the initial weights.
    """

    def uniform():
        return keras.initializers.RandomUniform(-initial, initial)

    network = [
        keras.Input(batch_shape=(streams, None), dtype="int32"),
        keras.layers.Embedding(vocabulary, units, embeddings_initializer=uniform()),
        *_dropout(dropout),
    ]
    for _ in range(layers):
        # What is left at its default lets Keras take cuDNN's LSTM on a GPU.
        network.append(
            StatefulLSTM(
                units,
                return_sequences=True,
                kernel_initializer=uniform(),
                recurrent_initializer=uniform(),
                bias_initializer=uniform(),
                unit_forget_bias=False,
            )
        )
        network += _dropout(dropout)
    output = keras.layers.Dense(
        vocabulary, kernel_initializer=uniform(), bias_initializer=uniform()
    )
    return keras.Sequential([*network, output])


def _decay(l2):
    """Return the penalty λ/2 · Σw²; `keras.regularizers.L2` is without the half."""
    return keras.regularizers.L2(l2 / 2) if l2 else None


def _small():
    """Return an initializer, a new one for each layer: shared, it would repeat its numbers."""
    return keras.initializers.RandomNormal(stddev=0.01)


def _dropout(rate):
    """Return a dropout layer in a list, or an empty list for a rate of 0."""
    return [layers.Dropout(rate)] if rate else []


def _scaled(units, width):
    """Return the units of a layer in a network that is `width` times as wide."""
    return max(1, round(units * width))
