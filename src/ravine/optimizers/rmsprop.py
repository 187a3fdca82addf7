"""RMSprop: a learning rate per parameter, from a running mean of its squared gradients."""

import keras
from keras import ops

from ravine.optimizers import support


@keras.saving.register_keras_serializable(package="ravine")
class RMSprop(keras.optimizers.Optimizer):
    r"""RMSprop: divide each step by the root of the mean of recent squared gradients.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    G_t &= (1-\gamma) \sum_{i=1}^{t} \gamma^{t-i} g_i^2
         = \gamma\, G_{t-1} + (1-\gamma)\, g_t^2, \qquad G_0 = 0 \\
    \theta_t &= \theta_{t-1} - \frac{\eta}{\sqrt{G_t + \epsilon}}\, g_t
    \end{aligned}
    $$

    All operations are per parameter. The mean forgets: after about $1/(1-\gamma)$ steps an old
    gradient no longer counts, so the rates can rise again. The start $G_0 = 0$ is not corrected,
    so the first step is $1/\sqrt{1-\gamma}$ times $\eta$ (3.16 at the default).

    Args:
        learning_rate: $\eta > 0$, a number, a schedule or a callable. Default 0.001.
        rho: decay $\gamma \in [0, 1)$ of the mean; the name is the one Keras uses. Default 0.9.
        epsilon: $\epsilon \ge 0$, inside the root, in units of a squared gradient. Default 1e-8.
            With 0, a parameter that has seen only zero gradients becomes NaN (0/0).
        name: name of the optimizer.
        **kwargs: what every Keras optimizer takes (`weight_decay`, `clipnorm`, `use_ema`, ...).

    State:
        G: per variable, its shape, its dtype (at least float32), starts at 0.

    Raises:
        ValueError: if an argument is out of range, if a gradient's shape differs from its
            variable's, or if the optimizer is built for a second set of variables.

    Example:
        >>> import keras
        >>> from ravine.optimizers import RMSprop
        >>> theta = keras.Variable([0.0])
        >>> optimizer = RMSprop(learning_rate=0.1, rho=0.75)
        >>> optimizer.apply([keras.ops.ones((1,))], [theta])  # G = 0.25, step 0.1 / 0.5
        >>> round(float(theta.numpy()[0]), 6)
        -0.2

    References:
        Tieleman and Hinton (2012), Neural Networks for Machine Learning, lecture 6.5.

    Differences from Keras:
        None in the update; `keras.optimizers.RMSprop` has epsilon 1e-7 and offers momentum and a
        centred mean besides.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 0.001,
        rho: float = 0.9,
        epsilon: float = 1e-8,
        name: str = "rmsprop",
        **kwargs: object,
    ) -> None:
        super().__init__(support.check_learning_rate(learning_rate), name=name, **kwargs)
        self.rho = support.check_decay("rho", rho)
        self.epsilon = support.check_epsilon(epsilon)

    @support.once
    def build(self, variables: list[keras.Variable]) -> None:
        """Make the state G, one per variable."""
        super().build(variables)
        self.G = support.state_like(self, variables, "G")

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eqs. (4.3) and (4.4) to one variable; all shapes are equal."""
        g, eta = support.working_precision(gradient, variable, learning_rate)
        G = self.G[self._get_variable_index(variable)]

        self.assign(G, self.rho * G + (1 - self.rho) * ops.square(g))  # eq. (4.3)
        step = eta * g / ops.sqrt(G + self.epsilon)
        self.assign_sub(variable, ops.cast(step, variable.dtype))  # eq. (4.4)

    def get_config(self) -> dict[str, object]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
