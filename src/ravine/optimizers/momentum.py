"""Gradient descent with momentum, in the heavy-ball form."""

import keras
from keras import ops

from ravine.optimizers import support


@keras.saving.register_keras_serializable(package="ravine")
class Momentum(keras.optimizers.Optimizer):
    r"""Momentum (heavy ball): step along a decaying sum of all gradients so far.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    m_t &= \sum_{i=1}^{t} \beta^{t-i} g_i = \beta\, m_{t-1} + g_t, \qquad m_0 = 0 \\
    \theta_t &= \theta_{t-1} - \eta\, m_t
    \end{aligned}
    $$

    Where the gradient is steady the sum grows to $g/(1-\beta)$: the step is up to $1/(1-\beta)$
    times longer than that of gradient descent. Where it flips its sign the terms cancel.

    Args:
        learning_rate: $\eta > 0$, a number, a schedule or a callable. Default 0.01.
        beta: momentum factor $\beta \in [0, 1)$. Default 0.9; 0 is gradient descent.
        name: name of the optimizer.
        **kwargs: what every Keras optimizer takes (`weight_decay`, `clipnorm`, `use_ema`, ...).

    State:
        m: per variable, its shape, its dtype (at least float32), starts at 0.

    Raises:
        ValueError: if an argument is out of range, if a gradient's shape differs from its
            variable's, or if the optimizer is built for a second set of variables.

    Example:
        >>> import keras
        >>> from ravine.optimizers import Momentum
        >>> theta = keras.Variable([0.0])
        >>> optimizer = Momentum(learning_rate=1.0, beta=0.5)
        >>> for _ in range(2):  # the same gradient twice: m is 1, then 1.5
        ...     optimizer.apply([keras.ops.ones((1,))], [theta])
        >>> float(theta.numpy()[0])
        -2.5

    References:
        Polyak (1964), USSR Computational Mathematics and Mathematical Physics 4(5).

    Differences from Keras:
        `keras.optimizers.SGD(momentum=beta)` keeps the velocity $-\eta m_t$. With a constant rate
        the path is the same; when the rate changes, there the old rates stay in the velocity,
        while here the new rate multiplies the whole sum.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 0.01,
        beta: float = 0.9,
        name: str = "momentum",
        **kwargs: object,
    ) -> None:
        super().__init__(support.check_learning_rate(learning_rate), name=name, **kwargs)
        self.beta = support.check_decay("beta", beta)

    @support.once
    def build(self, variables: list[keras.Variable]) -> None:
        """Make the state m, one per variable."""
        super().build(variables)
        self.m = support.state_like(self, variables, "m")

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eqs. (3.1) and (3.2) to one variable; all shapes are equal."""
        g, eta = support.working_precision(gradient, variable, learning_rate)
        m = self.m[self._get_variable_index(variable)]

        self.assign(m, self.beta * m + g)  # eq. (3.1)
        self.assign_sub(variable, ops.cast(eta * m, variable.dtype))  # eq. (3.2)

    def get_config(self) -> dict[str, object]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "beta": self.beta}
