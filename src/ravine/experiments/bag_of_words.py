"""Film reviews as bags of words: the sparse problem of the paper's figure 1b."""

from functools import partial

from ravine import networks
from ravine.experiments.setting import Experiment, Family, Setting, at_rates, decaying
from ravine.optimizers import AdaGrad, Adam, Nesterov, RMSprop

# AdaGrad is run both ways, as in `mnist.LOGISTIC`: with the schedule that the paper's text gives to
# all, and with its own decay alone.
FAMILIES: dict[str, Family] = {
    "Nesterov": partial(decaying, Nesterov),
    "RMSprop": partial(decaying, RMSprop),
    "AdaGrad": partial(decaying, AdaGrad),
    "AdaGrad constant rate": AdaGrad,
    "Adam": partial(decaying, Adam),
}
# The best of each grid, see `experiments.tune`. None of them lies at the end of its grid.
RATES = {
    "Nesterov": 1.0,
    "RMSprop": 0.1,
    "AdaGrad": 0.1,
    "AdaGrad constant rate": 0.1,
    "Adam": 0.1,
}


def _setting(data, words, epochs, seeds):
    """Return a setting on reviews with a vocabulary of this size.

    The rates are those of the quick grid at both sizes: before a full run is recorded,
    `ravine tune bag-of-words --size full` has to give it its own.
    """
    return Setting(
        data=data,
        make_model=partial(networks.bag_of_words, words),
        optimizers=at_rates(FAMILIES, RATES),
        epochs=epochs,
        seeds=seeds,
    )


BAG_OF_WORDS = Experiment(
    name="bag-of-words",
    title="Sparse bags of words, logistic regression with dropout, rates that fall as η/√t",
    dataset="imdb",
    # Five short runs instead of three longer ones: their intervals are half as wide.
    quick=_setting("sample", words=2_000, epochs=20, seeds=(0, 1, 2, 3, 4)),
    # The paper gives the 10,000 words, the dropout and the epochs, but neither the minibatch (its
    # logistic regression on MNIST has 128) nor the rates.
    full=_setting("full", words=10_000, epochs=160, seeds=(0, 1, 2, 3, 4)),
    grids={
        "Nesterov": (0.1, 0.3, 1.0, 3.0, 10.0),
        **{
            name: (0.01, 0.03, 0.1, 0.3, 1.0)
            for name in ("RMSprop", "AdaGrad", "AdaGrad constant rate", "Adam")
        },
    },
    families=FAMILIES,
)

EXPERIMENTS = (BAG_OF_WORDS,)
