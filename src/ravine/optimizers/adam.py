"""Adam, Algorithm 1 of Kingma and Ba, line by line."""

import keras
from keras import ops

from ravine.optimizers import support


@keras.saving.register_keras_serializable(package="ravine")
class Adam(keras.optimizers.Optimizer):
    r"""Adam: a running mean of the gradient over the root of a running mean of its square.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    m_t &= \beta_1 m_{t-1} + (1-\beta_1)\, g_t, \qquad m_0 = 0 \\
    v_t &= \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2, \qquad v_0 = 0 \\
    \hat m_t &= m_t / (1-\beta_1^t) \\
    \hat v_t &= v_t / (1-\beta_2^t) \\
    \theta_t &= \theta_{t-1} - \eta\, \hat m_t / (\sqrt{\hat v_t} + \epsilon)
    \end{aligned}
    $$

    All operations are per parameter. The two divisions undo the pull of the zeros that both means
    start from.

    Args:
        learning_rate: $\eta > 0$ ($\alpha$ in the paper), a number, a schedule or a callable.
            About the size of one step of one parameter. Default 0.001.
        beta_1: $\beta_1 \in [0, 1)$, decay of the first moment. Default 0.9.
        beta_2: $\beta_2 \in [0, 1)$, decay of the second moment. Default 0.999.
        epsilon: $\epsilon \ge 0$, added to $\sqrt{\hat v_t}$, in units of a gradient.
            Default 1e-8. With 0, a parameter that has seen only zero gradients becomes NaN (0/0).
        name: name of the optimizer.
        **kwargs: what every Keras optimizer takes (`weight_decay`, `clipnorm`, `use_ema`, ...).

    State:
        m, v: per variable, its shape, its dtype (at least float32), start at 0.

    Raises:
        ValueError: if an argument is out of range, if a gradient's shape differs from its
            variable's, or if the optimizer is built for a second set of variables.

    Example:
        >>> import keras
        >>> from ravine.optimizers import Adam
        >>> theta = keras.Variable([0.0, 0.0])
        >>> optimizer = Adam(learning_rate=0.1)
        >>> optimizer.apply([keras.ops.array([100.0, -0.01])], [theta])  # first step: eta * sign
        >>> [round(float(x), 4) for x in theta.numpy()]
        [-0.1, 0.1]

    References:
        Kingma and Ba (2015), Adam: A Method for Stochastic Optimization, ICLR, Algorithm 1.

    Differences from Keras:
        `keras.optimizers.Adam` adds its epsilon (1e-7) to the root of the uncorrected $v_t$, the
        "epsilon-hat" of the paper's section 2, which shortens the first steps of parameters with
        tiny gradients.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        name: str = "adam",
        **kwargs: object,
    ) -> None:
        super().__init__(support.check_learning_rate(learning_rate), name=name, **kwargs)
        self.beta_1 = support.check_decay("beta_1", beta_1)
        self.beta_2 = support.check_decay("beta_2", beta_2)
        self.epsilon = support.check_epsilon(epsilon)

    @support.once
    def build(self, variables: list[keras.Variable]) -> None:
        """Make the state m and v, one pair per variable."""
        super().build(variables)
        self.m = support.state_like(self, variables, "m")
        self.v = support.state_like(self, variables, "v")

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eqs. (5.1) to (5.5) to one variable; all shapes are equal."""
        g, eta = support.working_precision(gradient, variable, learning_rate)
        m = self.m[self._get_variable_index(variable)]
        v = self.v[self._get_variable_index(variable)]
        t = ops.cast(self.iterations + 1, g.dtype)

        self.assign(m, self.beta_1 * m + (1 - self.beta_1) * g)  # eq. (5.1)
        self.assign(v, self.beta_2 * v + (1 - self.beta_2) * ops.square(g))  # eq. (5.2)
        m_hat = m / (1 - self.beta_1**t)  # eq. (5.3)
        v_hat = v / (1 - self.beta_2**t)  # eq. (5.4)
        step = eta * m_hat / (ops.sqrt(v_hat) + self.epsilon)
        self.assign_sub(variable, ops.cast(step, variable.dtype))  # eq. (5.5)

    def get_config(self) -> dict[str, object]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }
