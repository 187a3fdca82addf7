"""AdaDelta, Algorithm 1 of Zeiler: RMSprop whose learning rate is the size of its own steps."""

import keras
from keras import ops

from ravine.optimizers import support


@keras.saving.register_keras_serializable(package="ravine")
class AdaDelta(keras.optimizers.Optimizer):
    r"""AdaDelta: the root of the mean of recent squared steps takes the place of a learning rate.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    G_t &= \gamma\, G_{t-1} + (1-\gamma)\, g_t^2, \qquad G_0 = 0 \\
    d_t &= \frac{\sqrt{D_{t-1} + \epsilon}}{\sqrt{G_t + \epsilon}}\, g_t \\
    D_t &= \gamma\, D_{t-1} + (1-\gamma)\, d_t^2, \qquad D_0 = 0 \\
    \theta_t &= \theta_{t-1} - \eta\, d_t
    \end{aligned}
    $$

    All operations are per parameter. A step has the unit of the parameter, since that of the
    gradient cancels. It is $\epsilon$ that sets the pace: the first step is about
    $\sqrt{\epsilon/(1-\gamma)}$ long, 0.0045 at the defaults, and under gradients of constant
    size the steps grow as $\sqrt{(1-\gamma)\,\epsilon\, t}$.

    Args:
        learning_rate: $\eta > 0$, a number, a schedule or a callable. Default 1: the paper has
            none.
        rho: decay $\gamma \in [0, 1)$ of both means ($\rho$ in the paper). Default 0.95.
        epsilon: $\epsilon \ge 0$, inside both roots, beside a squared step and beside a squared
            gradient. Default 1e-6. With 0, no parameter ever moves.
        name: name of the optimizer.
        **kwargs: what every Keras optimizer takes (`weight_decay`, `clipnorm`, `use_ema`, ...).

    State:
        G, D: per variable, its shape, its dtype (at least float32), start at 0.

    Raises:
        ValueError: if an argument is out of range, if a gradient's shape differs from its
            variable's, or if the optimizer is built for a second set of variables.

    Example:
        >>> import keras
        >>> from ravine.optimizers import AdaDelta
        >>> theta = keras.Variable([0.0, 0.0])
        >>> optimizer = AdaDelta()
        >>> optimizer.apply([keras.ops.array([100.0, -1.0])], [theta])  # sizes do not matter
        >>> [round(float(x), 4) for x in theta.numpy()]
        [-0.0045, 0.0045]

    References:
        Zeiler (2012), ADADELTA: An Adaptive Learning Rate Method, arXiv 1212.5701, Algorithm 1.

    Differences from Keras:
        None in the update; `keras.optimizers.Adadelta` has $\eta = 0.001$ by default, so that all
        steps are 1000 times shorter than the paper's, and $\epsilon = 10^{-7}$.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 1.0,
        rho: float = 0.95,
        epsilon: float = 1e-6,
        name: str = "adadelta",
        **kwargs: object,
    ) -> None:
        super().__init__(support.check_learning_rate(learning_rate), name=name, **kwargs)
        self.rho = support.check_decay("rho", rho)
        self.epsilon = support.check_epsilon(epsilon)

    @support.once
    def build(self, variables: list[keras.Variable]) -> None:
        """Make the state G and D, one pair per variable."""
        super().build(variables)
        self.G = support.state_like(self, variables, "G")
        self.D = support.state_like(self, variables, "D")

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eqs. (4.3) and (4.8) to (4.10) to one variable; all shapes are equal."""
        g, eta = support.working_precision(gradient, variable, learning_rate)
        G = self.G[self._get_variable_index(variable)]
        D = self.D[self._get_variable_index(variable)]

        self.assign(G, self.rho * G + (1 - self.rho) * ops.square(g))  # eq. (4.3)
        d = ops.sqrt(D + self.epsilon) / ops.sqrt(G + self.epsilon) * g  # eq. (4.8)
        self.assign(D, self.rho * D + (1 - self.rho) * ops.square(d))  # eq. (4.9)
        self.assign_sub(variable, ops.cast(eta * d, variable.dtype))  # eq. (4.10)

    def get_config(self) -> dict[str, object]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
