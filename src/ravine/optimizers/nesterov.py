"""Nesterov's accelerated gradient."""

import keras
from keras import ops

from ravine.optimizers import support


@keras.saving.register_keras_serializable(package="ravine")
class Nesterov(keras.optimizers.Optimizer):
    r"""Nesterov momentum: look one momentum step ahead, then correct.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    m_t &= \beta\, m_{t-1} + g_t, \qquad m_0 = 0 \\
    \theta_t &= \theta_{t-1} - \eta\, (\beta\, m_t + g_t)
    \end{aligned}
    $$

    The parameters stored here are the look-ahead point $\theta = \phi - \eta\beta m$, where $\phi$
    is the position of the ball. Written for $\phi$, the gradient is taken where momentum alone
    would carry the ball; written for $\theta$, as here, it is taken at the parameters themselves.

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
        >>> from ravine.optimizers import Nesterov
        >>> theta = keras.Variable([0.0])
        >>> optimizer = Nesterov(learning_rate=1.0, beta=0.5)
        >>> optimizer.apply([keras.ops.ones((1,))], [theta])  # step 0.5 * 1 + 1
        >>> float(theta.numpy()[0])
        -1.5

    References:
        Nesterov (1983), Soviet Mathematics Doklady 27(2); Sutskever et al. (2013), ICML, for the
        form with a momentum factor.

    Differences from Keras:
        `keras.optimizers.SGD(momentum=beta, nesterov=True)` keeps the velocity $-\eta m_t$. With a
        constant rate the path is the same.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 0.01,
        beta: float = 0.9,
        name: str = "nesterov",
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
        """Apply eqs. (3.1) and (3.8) to one variable; all shapes are equal."""
        g, eta = support.working_precision(gradient, variable, learning_rate)
        m = self.m[self._get_variable_index(variable)]

        self.assign(m, self.beta * m + g)  # eq. (3.1)
        self.assign_sub(variable, ops.cast(eta * (self.beta * m + g), variable.dtype))  # eq. (3.8)

    def get_config(self) -> dict[str, object]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "beta": self.beta}
