"""Language models on the Penn Treebank, slide 48 of the presentation, with and without clipping.

Zaremba et al. (2014) sum the loss over the steps that the network is unrolled;
`training.cross_entropy` is the mean over all words. Their gradient is therefore `steps` times ours,
and what they call a norm of 5 is a norm of 5/steps here. A step of SGD or Momentum that they take
at a learning rate of 1 takes a rate of `steps` here. Adam does not notice. AdaGrad and RMSprop
would not either, but for their ε under the root: at the full size most squared gradients of the
mean are below it, so that RMSprop's path is several times shorter than with the sum.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from ravine import networks
from ravine.data import Dataset, datasets
from ravine.experiments.setting import FAMILIES, Experiment, Setting, at_rates
from ravine.optimizers import AdaGrad, Adam, DecayAfter, GradientDescent, Momentum, RMSprop

NORM = 5.0  # the largest global norm of the gradient of the summed loss
FULL_STEPS, FULL_STREAMS = 35, 20
FULL_MINIBATCHES = 1327  # in an epoch: (929,589 - 1) words of 20 · 35 each
# Small enough to train in seconds: fewer words that a softmax has to choose from, and fewer steps
# one after the other.
QUICK_STEPS, QUICK_STREAMS, QUICK_WORDS, QUICK_UNITS = 20, 50, 500, 64

# The best of each grid, see `experiments.tune`. None of them lies at the end of its grid.
QUICK_RATES = {"SGD": 10.0, "Momentum": 3.0, "AdaGrad": 0.1, "RMSprop": 0.03, "Adam": 0.03}
QUICK_CLIPPED_RATES = QUICK_RATES | {"SGD": 30.0}
GRIDS = {
    "SGD": (1.0, 3.0, 10.0, 30.0, 100.0),
    "Momentum": (0.1, 0.3, 1.0, 3.0, 10.0),
    "AdaGrad": (0.03, 0.1, 0.3, 1.0, 3.0),
    "RMSprop": (0.001, 0.003, 0.01, 0.03, 0.1),
    "Adam": (0.003, 0.01, 0.03, 0.1, 0.3),
}


def frequent_words(dataset: Dataset, words: int) -> Dataset:
    """Return texts in which all but the most frequent words are one and the same word.

    Args:
        dataset: texts; their words are numbered by frequency, from 0.
        words: size of the new vocabulary, the one word for all rare ones among it.
    """
    parts = ("x_train", "y_train", "x_valid", "y_valid", "x_test", "y_test")
    return replace(
        dataset,
        **{part: np.minimum(getattr(dataset, part), words - 1) for part in parts},
        labels=(*dataset.labels[: words - 1], "<rare>"),
        provenance=f"{dataset.provenance}, with the {words - 1} most frequent words",
    )


def _quick_data(dataset):
    text = frequent_words(dataset, QUICK_WORDS)
    return datasets.unroll(text, QUICK_STREAMS, QUICK_STEPS)


def _clipping(clipped, steps):
    return {"global_clipnorm": NORM / steps} if clipped else {}


def _quick(families, rates):
    return Setting(
        data="sample",
        # Zaremba's weights in (-.05, .05) keep the size of the signal through 650 units. Through
        # 64 units, those in a range √(650/64) times as wide do.
        make_model=partial(
            networks.lstm,
            QUICK_WORDS,
            units=QUICK_UNITS,
            layers=1,
            dropout=0.2,
            streams=QUICK_STREAMS,
            initial=0.16,
        ),
        optimizers=at_rates(families, rates),
        epochs=3,
        seeds=(0, 1, 2),
        batch_size=QUICK_STREAMS,
        prepare=_quick_data,
    )


def _decayed(rate):
    """Return the rate of the full setting: falling to 5/6 in every epoch after the sixth."""
    return DecayAfter(rate, steps_per_epoch=FULL_MINIBATCHES)


def _experiment(name, title, clipped, quick_rates, single_rate):
    """Return the experiment with or without clipping.

    Args:
        name: of the experiment.
        title: of the experiment.
        clipped: whether the global norm of the gradient is clipped.
        quick_rates: of the quick setting.
        single_rate: what the thesis' rate of SGD and of Momentum, the algorithms with a single rate
            for all parameters, is multiplied with.
    """
    families = {
        algorithm: partial(family, **_clipping(clipped, QUICK_STEPS))
        for algorithm, family in FAMILIES.items()
    }
    clip = _clipping(clipped, FULL_STEPS)
    return Experiment(
        name=name,
        title=title,
        dataset="ptb",
        quick=_quick(families, quick_rates),
        full=Setting(
            data="full",
            make_model=partial(networks.lstm, 10_000, streams=FULL_STREAMS),
            optimizers={
                "SGD": partial(GradientDescent, _decayed(single_rate * 1.0), **clip),
                "Momentum": partial(Momentum, _decayed(single_rate * 0.666), beta=0.939, **clip),
                "AdaGrad": partial(AdaGrad, _decayed(0.0184), **clip),
                "RMSprop": partial(RMSprop, _decayed(0.00375), rho=0.91, **clip),
                "Adam": partial(Adam, _decayed(0.00147), beta_1=0.928, beta_2=0.9985, **clip),
            },
            epochs=39,
            seeds=(0, 1, 2),
            batch_size=FULL_STREAMS,
            points=10,
            prepare=partial(datasets.unroll, streams=FULL_STREAMS, steps=FULL_STEPS),
        ),
        grids=GRIDS,
        families=families,
    )


# The thesis does not say whether its loss is a sum over the steps or a mean, and so in which units
# its rates of SGD and Momentum and its norm are. Without clipping they can only be a mean's: at 35
# times its rates both leave a loss of 9.2 for one above 400 within 10 minibatches. With clipping
# all numbers are taken as Zaremba's are, for a sum: a norm of 5 of a mean's gradient would never
# be reached.
LSTM = _experiment(
    "ptb-lstm",
    "Penn Treebank, an LSTM without clipping",
    clipped=False,
    quick_rates=QUICK_RATES,
    single_rate=1,
)
CLIPPED = _experiment(
    "ptb-lstm-clipped",
    "Penn Treebank, an LSTM with the gradient's global norm clipped",
    clipped=True,
    quick_rates=QUICK_CLIPPED_RATES,
    single_rate=FULL_STEPS,
)

# The small network of Zaremba et al. (2014), which two processor cores train in hours: 2 x 200, 20
# steps, no dropout, all weights from (-0.1, 0.1), 13 epochs, a rate that is halved in every epoch
# after the fourth, and in theirs SGD at 1 with a norm of 5 for the sum over the steps.
SMALL_STEPS, SMALL_STREAMS, SMALL_UNITS = 20, 20, 200
SMALL_MINIBATCHES = 2323  # in an epoch: (929,589 - 1) words of 20 · 20 each
# As in the quick setting above, with units too few for dropout.
SMALL_QUICK_UNITS, SMALL_QUICK_EPOCHS = 32, 2
SMALL_QUICK_RATES = {"SGD": 10.0, "Momentum": 3.0, "AdaGrad": 0.1, "RMSprop": 0.03, "Adam": 0.03}
SMALL_QUICK_CLIPPED_RATES = {
    "SGD": 30.0,
    "Momentum": 10.0,
    "AdaGrad": 0.3,
    "RMSprop": 0.1,
    "Adam": 0.1,
}
SMALL_GRIDS = GRIDS | {
    "Momentum": (0.3, 1.0, 3.0, 10.0, 30.0),
    "RMSprop": (0.003, 0.01, 0.03, 0.1, 0.3),
}
# SGD's is Zaremba's. Nobody published the others.
SMALL_RATES = {"SGD": 20.0, "Momentum": 2.0, "AdaGrad": 0.03, "RMSprop": 0.003, "Adam": 0.003}


def _small(name, title, clipped, quick_rates):
    """Return the experiment with the small network, with or without clipping."""
    families = {
        algorithm: partial(family, **_clipping(clipped, SMALL_STEPS))
        for algorithm, family in FAMILIES.items()
    }
    quick = _quick(families, quick_rates)
    return Experiment(
        name=name,
        title=title,
        dataset="ptb",
        quick=replace(
            quick,
            make_model=partial(quick.make_model, units=SMALL_QUICK_UNITS, dropout=0.0),
            epochs=SMALL_QUICK_EPOCHS,
        ),
        full=Setting(
            data="full",
            make_model=partial(
                networks.lstm,
                10_000,
                units=SMALL_UNITS,
                layers=2,
                dropout=0.0,
                streams=SMALL_STREAMS,
                initial=0.1,
            ),
            optimizers={
                algorithm: partial(
                    family, DecayAfter(SMALL_RATES[algorithm], SMALL_MINIBATCHES, 4, 1 / 2)
                )
                for algorithm, family in families.items()
            },
            epochs=13,
            seeds=(0, 1, 2),
            batch_size=SMALL_STREAMS,
            points=10,
            prepare=partial(datasets.unroll, streams=SMALL_STREAMS, steps=SMALL_STEPS),
        ),
        grids=SMALL_GRIDS,
        families=families,
    )


SMALL = _small(
    "ptb-small",
    "Penn Treebank, a small LSTM without clipping",
    clipped=False,
    quick_rates=SMALL_QUICK_RATES,
)
SMALL_CLIPPED = _small(
    "ptb-small-clipped",
    "Penn Treebank, a small LSTM with the gradient's global norm clipped",
    clipped=True,
    quick_rates=SMALL_QUICK_CLIPPED_RATES,
)

EXPERIMENTS = (LSTM, CLIPPED, SMALL, SMALL_CLIPPED)
