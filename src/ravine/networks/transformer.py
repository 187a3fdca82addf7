"""A small transformer that reads a text from left to right, and its three layers."""

import math
from typing import Any

import keras
from keras import layers, ops

from ravine.networks.parts import dropout_layers

DEVIATION = 0.02  # of all initial weights, as in GPT-2


def _normal(deviation: float) -> keras.initializers.Initializer:
    """Return an initializer, a new one for each weight: shared, it would repeat its numbers."""
    return keras.initializers.RandomNormal(stddev=deviation)


@keras.saving.register_keras_serializable(package="ravine")
class TiedEmbedding(layers.Embedding):
    """An embedding that also scores: called with `reverse=True` it takes vectors to logits.

    Both ways use one matrix E, shape (words, d): row E[w] for the word w, and h·Eᵀ for a vector h.
    """

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """Return vectors, shape (..., d), of words; or logits, shape (..., words), of vectors."""
        if not reverse:
            return super().call(inputs)
        return ops.matmul(inputs, ops.transpose(ops.cast(self.embeddings, inputs.dtype)))

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> Any:
        """Tell the shape of what comes out, for both ways."""
        last = self.input_dim if reverse else self.output_dim
        shape = (*inputs.shape[:-1], last) if reverse else (*inputs.shape, last)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)


@keras.saving.register_keras_serializable(package="ravine")
class Positions(layers.Layer):
    """Add to each vector of a text one that is learned for its place.

    Args:
        steps: longest text, in words.
        **kwargs: what every layer takes.
    """

    def __init__(self, steps: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.steps = steps

    def build(self, shape: tuple) -> None:
        """Make the vectors, shape (steps, d)."""
        self.vectors = self.add_weight(
            (self.steps, shape[-1]), _normal(DEVIATION), name="position_embeddings"
        )

    def call(self, x: Any) -> Any:
        """Return x + P; x has the shape (n, at most steps, d)."""
        return x + self.vectors[: x.shape[1]]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that the layer was made with."""
        return {**super().get_config(), "steps": self.steps}


@keras.saving.register_keras_serializable(package="ravine")
class CausalAttention(layers.Layer):
    r"""Attention with several heads, of each word to itself and those before it.

    With queries $Q = XW_Q + b_Q$, keys K and values V made alike, one head of width k gives
    $\mathrm{softmax}(QK^\top/\sqrt k + M)\,V$, where M is 0 for a word and those before it and
    $-\infty$ for those that follow. Beside each other, the heads go through a last matrix.

    Args:
        heads: how many; they share the width of the input.
        deviation: of the initial weights of the last matrix.
        **kwargs: what every layer takes.
    """

    def __init__(self, heads: int, deviation: float = DEVIATION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = heads
        self.deviation = deviation

    def build(self, shape: tuple) -> None:
        """Make the four matrices, shape (d, d), and their biases."""
        for name in ("query", "key", "value", "output_projection"):
            deviation = self.deviation if name == "output_projection" else DEVIATION
            dense = layers.Dense(
                shape[-1], kernel_initializer=_normal(deviation), dtype=self.dtype_policy, name=name
            )
            dense.build(shape)
            setattr(self, name, dense)

    def call(self, x: Any) -> Any:
        """Return what each word gathers; `x` and the result have the shape (n, steps, d)."""
        steps, width = x.shape[1:]
        size = width // self.heads

        def split(vectors):  # (n, steps, d) -> (n, heads, steps, size)
            parts = ops.reshape(vectors, (-1, steps, self.heads, size))
            return ops.transpose(parts, (0, 2, 1, 3))

        q, k, v = (split(make(x)) for make in (self.query, self.key, self.value))
        scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) / math.sqrt(size)
        places = ops.arange(steps)
        seen = ops.expand_dims(places, 1) >= places
        weights = ops.softmax(ops.where(seen, scores, -math.inf), axis=-1)
        gathered = ops.transpose(ops.matmul(weights, v), (0, 2, 1, 3))
        return self.output_projection(ops.reshape(gathered, (-1, steps, width)))

    def compute_output_shape(self, shape: tuple) -> tuple:
        """Return the shape of the input."""
        return shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that the layer was made with."""
        return {**super().get_config(), "heads": self.heads, "deviation": self.deviation}


def transformer(
    vocabulary: int,
    steps: int = 64,
    width: int = 128,
    blocks: int = 2,
    heads: int = 4,
    dropout: float = 0.0,
    tied: bool = False,
) -> keras.Model:
    r"""Return a language model in the form of GPT-2 (Radford et al., 2019), small.

    Words of shape (n, steps) come in, int32. Logits of shape (n, steps, vocabulary) come out: which
    word is next, judged by a word and those before it alone. Each block adds to its input what
    attention gathers, and then what two dense layers make of that, the first 4 times as wide, with
    GELU. Both read a normalised input ("pre-norm"), and the last block's output is normalised, too.

    All weights start from $N(0, 0.02^2)$ and biases at 0. What is added to a block's input starts
    from a deviation $\sqrt{2L}$ times smaller, for L blocks. So all words start almost equally
    likely, and the loss near the logarithm of the vocabulary.

    With V words, T steps, width d and L blocks there are
    $(1 + u)Vd + Td$ $+ L(12d^2 + 13d) + 2d$ parameters; u is 1, or 0 where the embedding is tied.

    Args:
        vocabulary: number of words, V.
        steps: words of a text, T.
        width: of the vectors, d.
        blocks: how many, L.
        heads: of the attention of each block; a divisor of the width.
        dropout: share of the values that are set to 0 in training, after the embedding and in what
            each half of a block adds.
        tied: whether the embedding and the output share one matrix (Press and Wolf, 2017).

    Raises:
        ValueError: if the heads do not divide the width.
    """
    if width % heads:
        raise ValueError(f"heads must divide the width {width}, but there were {heads}.")
    deviation = DEVIATION / math.sqrt(2 * blocks)

    def dropped(x):
        for layer in dropout_layers(dropout):
            x = layer(x)
        return x

    texts = keras.Input((steps,), dtype="int32")
    embedding = TiedEmbedding(vocabulary, width, embeddings_initializer=_normal(DEVIATION))
    x = dropped(Positions(steps)(embedding(texts)))
    for _ in range(blocks):
        x = x + dropped(CausalAttention(heads, deviation)(layers.LayerNormalization()(x)))
        hidden = layers.Dense(4 * width, activation="gelu", kernel_initializer=_normal(DEVIATION))
        back = layers.Dense(width, kernel_initializer=_normal(deviation))
        x = x + dropped(back(hidden(layers.LayerNormalization()(x))))
    x = layers.LayerNormalization()(x)
    if tied:
        return keras.Model(texts, embedding(x, reverse=True))
    head = layers.Dense(vocabulary, use_bias=False, kernel_initializer=_normal(DEVIATION))
    return keras.Model(texts, head(x))
