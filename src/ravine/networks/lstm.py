"""The language model, and an LSTM whose states are variables of the network."""

import keras

from ravine.networks.parts import dropout_layers


@keras.saving.register_keras_serializable(package="ravine")
class StatefulLSTM(keras.layers.LSTM):
    """An LSTM that goes on where it stopped, with its two states among the network's variables.

    Keras hides the states of a stateful LSTM: they are in no list of variables, so checkpoints
    would miss them, and on JAX a compiled program would start every minibatch from 0.

    Args:
        units: size of the layer.
        **kwargs: what `keras.layers.LSTM` takes.
    """

    def __init__(self, units: int, **kwargs: object) -> None:
        super().__init__(units, **{**kwargs, "stateful": True})

    def build(self, sequences_shape: tuple, initial_state_shape: tuple | None = None) -> None:
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
        *dropout_layers(dropout),
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
        network += dropout_layers(dropout)
    output = keras.layers.Dense(
        vocabulary, kernel_initializer=uniform(), bias_initializer=uniform()
    )
    return keras.Sequential([*network, output])
