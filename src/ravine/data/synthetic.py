"""Data drawn by code: reviews as bags of words that are as unevenly frequent as those of a text.

They stand in for the film reviews of IMDB where those are not at hand.
"""

import hashlib
from typing import Any

import numpy as np

LENGTH = 230  # words of a review on average, about what IMDB's have
# Of Zipf's law: 2,000 words span the frequencies that 10,000 words span with an exponent of 1.07.
EXPONENT = 1.3
TELLING = 100  # words that say whether a review is positive
STRENGTH = 8.0  # standard deviation of a review's score; the noise of its label has 1.8


def reviews(*, rows: tuple[int, ...], words: int, seed: int = 0) -> dict[str, Any]:
    """Draw reviews as bags of words; the same arguments give the same reviews.

    The k-th word is drawn with a probability proportional to 1 / k^EXPONENT (Zipf's law), and the
    number of words of a review is log-normal. The score of a review is the sum of the weights of
    the words in it. All weights are 0 but those of `TELLING` words, spread evenly over the ranks;
    their signs are random, and their sizes such that each word moves the scores as much as any
    other: rare words have large weights, and together they say most about the label. The label is
    1 with the probability that the logistic function gives for the score.

    Args:
        rows: number of training and of test reviews.
        words: number of different words.
        seed: sets what is drawn.

    Returns:
        x, uint8, shape (N, words): 1 where a word occurs in the review. y, int32, shape (N,). The
        checksum of both.
    """
    rng = np.random.default_rng(seed)
    count = sum(rows)
    probability = np.arange(1, words + 1) ** -EXPONENT
    probability /= probability.sum()
    spread = 0.6  # of ln(length)
    length = LENGTH * np.exp(spread * rng.standard_normal(count) - spread**2 / 2)
    review = np.repeat(np.arange(count), length.astype(int) + 1)
    bags = np.zeros((count, words), "uint8")
    bags[review, np.searchsorted(probability.cumsum()[:-1], rng.random(len(review)))] = 1

    telling = np.linspace(words // 100, words - 1, TELLING).astype(int)
    share = 1 - np.exp(-LENGTH * probability[telling])  # of the reviews that hold the word
    sign = np.where(rng.random(TELLING) < 0.5, -1, 1)
    weight = sign * STRENGTH / np.sqrt(TELLING * share * (1 - share))
    score = (bags[:, telling] - share) @ weight
    labels = (rng.random(count) < 1 / (1 + np.exp(-score))).astype("int32")
    train = rows[0]
    return {
        "checksum": hashlib.sha256(bags.tobytes() + labels.tobytes()).hexdigest(),
        "x_train": bags[:train],
        "y_train": labels[:train],
        "x_test": bags[train:],
        "y_test": labels[train:],
        "labels": ("negative", "positive"),
    }
