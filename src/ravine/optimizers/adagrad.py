"""AdaGrad: a learning rate per parameter, from the sum of its squared gradients."""

import keras
from keras import ops

from ravine.optimizers import support


@keras.saving.register_keras_serializable(package="ravine")
class AdaGrad(keras.optimizers.Optimizer):
    r"""AdaGrad: divide each step by the root of all squared gradients so far.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    G_t &= \sum_{i=1}^{t} g_i^2 = G_{t-1} + g_t^2, \qquad G_0 = 0 \\
    \theta_t &= \theta_{t-1} - \frac{\eta}{\sqrt{G_t + \epsilon}}\, g_t
    \end{aligned}
    $$

    All operations are per parameter. The sum only grows, so every rate only falls: as
    $1/\sqrt{t}$ under gradients of constant size.

    Args:
        learning_rate: $\eta > 0$, a number, a schedule or a callable. Default 0.01.
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
        >>> from ravine.optimizers import AdaGrad
        >>> theta = keras.Variable([0.0, 0.0])
        >>> optimizer = AdaGrad(learning_rate=0.1)
        >>> optimizer.apply([keras.ops.array([100.0, 0.01])], [theta])  # sizes do not matter
        >>> [round(float(x), 4) for x in theta.numpy()]
        [-0.1, -0.1]

    References:
        Duchi, Hazan and Singer (2011), Journal of Machine Learning Research 12, whose diagonal
        form adds the small constant outside the root.

    Differences from Keras:
        `keras.optimizers.Adagrad` starts its sum at 0.1 (`initial_accumulator_value`), which
        makes the first steps smaller; here it starts at 0, as in the paper.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 0.01,
        epsilon: float = 1e-8,
        name: str = "adagrad",
        **kwargs: object,
    ) -> None:
        super().__init__(support.check_learning_rate(learning_rate), name=name, **kwargs)
        self.epsilon = support.check_epsilon(epsilon)

    @support.once
    def build(self, variables: list[keras.Variable]) -> None:
        """Make the state G, one per variable."""
        super().build(variables)
        self.G = support.state_like(self, variables, "G")

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eqs. (4.1) and (4.2) to one variable; all shapes are equal."""
        g, eta = support.working_precision(gradient, variable, learning_rate)
        G = self.G[self._get_variable_index(variable)]

        self.assign(G, G + ops.square(g))  # eq. (4.1)
        step = eta * g / ops.sqrt(G + self.epsilon)
        self.assign_sub(variable, ops.cast(step, variable.dtype))  # eq. (4.2)

    def get_config(self) -> dict[str, object]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "epsilon": self.epsilon}
