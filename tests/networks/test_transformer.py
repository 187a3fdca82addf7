"""The transformer: what it may see, how it starts, how many weights it has, in any precision."""

import keras
import numpy as np
import pytest
from keras import ops

from ravine import networks
from ravine.training import cross_entropy

VOCABULARY, STEPS = 50, 7
RANDOM = np.random.default_rng(0)
TEXTS = RANDOM.integers(0, VOCABULARY, (3, STEPS)).astype("int32")


def made(seed=0, **changes):
    keras.utils.set_random_seed(seed)
    arguments = {"steps": STEPS, "width": 8, "blocks": 2, "heads": 2, **changes}
    return networks.transformer(VOCABULARY, **arguments)


def enlarged(model, factor=30.0):
    """Return the network with larger weights: at the start attention is all but equal."""
    for weight in model.trainable_variables:
        if len(weight.shape) > 1:
            weight.assign(weight * factor)
    return model


def logits(model, texts):
    return ops.convert_to_numpy(model(texts)).astype("float64")


def parts(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("width", "blocks", "heads"), [(8, 2, 2), (12, 1, 3), (16, 3, 1)])
def test_the_formula_counts_the_weights(tied, width, blocks, heads):
    model = made(width=width, blocks=blocks, heads=heads, tied=tied)
    matrices = 1 if tied else 2
    count = matrices * VOCABULARY * width + STEPS * width
    count += blocks * (12 * width**2 + 13 * width) + 2 * width
    assert sum(np.prod(weight.shape) for weight in model.trainable_variables) == count


@pytest.mark.parametrize("tied", [False, True])
def test_a_later_word_changes_nothing_before_it(tied):
    model = enlarged(made(tied=tied))
    before = logits(model, TEXTS)
    for place in range(STEPS):
        changed = TEXTS.copy()
        changed[:, place] = (changed[:, place] + 1) % VOCABULARY
        after = logits(model, changed)
        np.testing.assert_array_equal(after[:, :place], before[:, :place])
        # and it is seen from its own place on
        assert (np.abs(after - before)[:, place:].max(axis=(0, 2)) > 1e-3).all()


def test_texts_are_apart():
    model = enlarged(made())
    changed = TEXTS.copy()
    changed[1] = 0
    np.testing.assert_array_equal(logits(model, changed)[[0, 2]], logits(model, TEXTS)[[0, 2]])


def test_the_order_of_the_words_before_counts():
    model = enlarged(made())
    swapped = TEXTS[:, [1, 0, *range(2, STEPS)]]
    assert np.abs(logits(model, swapped) - logits(model, TEXTS))[:, -1].max() > 1e-3


def test_attention_is_the_formula():
    """Written again in NumPy, head by head and word by word."""
    layer = networks.CausalAttention(2, deviation=1.0)
    x = RANDOM.normal(size=(1, STEPS, 8)).astype("float32")
    layer.build(x.shape)
    for weight in layer.trainable_variables:
        weight.assign(RANDOM.normal(size=weight.shape))
    (wq, bq), (wk, bk), (wv, bv), (wo, bo) = (
        [ops.convert_to_numpy(each) for each in dense.trainable_variables]
        for dense in (layer.query, layer.key, layer.value, layer.output_projection)
    )
    gathered = np.zeros((STEPS, 8))
    for place in range(STEPS):
        seen = x[0, : place + 1]
        for head in (slice(0, 4), slice(4, 8)):
            q, keys = (x[0, place] @ wq + bq)[head], (seen @ wk + bk)[:, head]
            share = np.exp(keys @ q / np.sqrt(4))
            gathered[place, head] = share / share.sum() @ (seen @ wv + bv)[:, head]
    found = ops.convert_to_numpy(layer(x))[0]
    np.testing.assert_allclose(found, gathered @ wo + bo, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("tied", [False, True])
def test_a_uniform_start_gives_the_logarithm_of_the_vocabulary(tied):
    model = made(tied=tied)
    labels = (TEXTS + 1) % VOCABULARY  # of a tied network a word itself is likelier
    assert float(cross_entropy(labels, model(TEXTS))) == pytest.approx(np.log(50), abs=0.05)
    matrix = model.layers[1].embeddings if tied else model.layers[-1].kernel
    matrix.assign(ops.zeros(matrix.shape))
    assert float(cross_entropy(TEXTS, model(TEXTS))) == pytest.approx(np.log(50), abs=1e-6)


def test_a_tied_network_reads_and_scores_with_one_matrix():
    tied, untied = enlarged(made(tied=True)), enlarged(made())
    for model, other in ((tied, True), (untied, False)):
        before = logits(model, np.zeros((1, STEPS), "int32"))
        embedding = model.layers[1].embeddings
        value = ops.convert_to_numpy(embedding).copy()
        value[7] = RANDOM.normal(size=8)  # a word that the text does not have
        embedding.assign(value)
        after = logits(model, np.zeros((1, STEPS), "int32"))
        assert (np.abs(after - before)[..., 7].min() > 1e-3) == other
        np.testing.assert_array_equal(np.delete(after, 7, 2), np.delete(before, 7, 2))


def test_what_is_added_to_a_block_starts_smaller():
    model = made(width=64, blocks=8)
    attention = parts(model, networks.CausalAttention)[0]
    back = parts(model, keras.layers.Dense)[1]
    for dense in (attention.output_projection, back):
        spread = ops.convert_to_numpy(dense.kernel).std()
        assert spread == pytest.approx(0.02 / 4, rel=0.1)
    assert ops.convert_to_numpy(attention.query.kernel).std() == pytest.approx(0.02, rel=0.1)


def test_each_half_of_a_block_reads_what_was_normalised():
    """Pre-norm: a larger input of the block leaves what is added to it as it is."""
    model = made(blocks=1)
    added = keras.Model(model.input, [parts(model, networks.CausalAttention)[0].output])
    before = ops.convert_to_numpy(added(TEXTS))
    for matrix in (model.layers[1].embeddings, model.layers[2].vectors):
        matrix.assign(matrix * 100)
    larger = ops.convert_to_numpy(added(TEXTS))
    # the ε of the normalisation is felt at the start, where the vectors are short
    assert np.abs(larger).max() < 5 * np.abs(before).max()


@pytest.mark.parametrize(
    ("policy", "dtype", "tolerance"),
    [
        ("mixed_float16", "float16", 0.05),
        ("mixed_bfloat16", "bfloat16", 0.2),
        ("float64",) * 2 + (1e-4,),
    ],
)
@pytest.mark.parametrize("tied", [False, True])
def test_any_precision(policy, dtype, tolerance, tied):
    expected = enlarged(made(tied=tied), 10.0)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = made(tied=tied)
    finally:
        keras.config.set_dtype_policy(before)
    if policy == "float64" and model.trainable_variables[0].dtype != "float64":
        pytest.skip("JAX has float64 with JAX_ENABLE_X64=1 only")
    model.set_weights(expected.get_weights())
    assert keras.backend.standardize_dtype(model(TEXTS).dtype) == dtype
    found, expected = logits(model, TEXTS), logits(expected, TEXTS)
    np.testing.assert_allclose(found, expected, atol=tolerance * np.abs(expected).max())


def test_heads_divide_the_width():
    with pytest.raises(ValueError, match=r"^heads must divide the width 8, but there were 3\.$"):
        made(heads=3)
