"""AdaMax, Algorithm 2 of Kingma and Ba: Adam with a maximum for the mean of squares."""

import keras
from keras import ops

from ravine.optimizers import support
from ravine.optimizers.adam import Adam


@keras.saving.register_keras_serializable(package="ravine")
class AdaMax(Adam):
    r"""AdaMax: divide by the largest gradient so far, where old ones fade.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    m_t &= \beta_1 m_{t-1} + (1-\beta_1)\, g_t, \qquad m_0 = 0 \\
    u_t &= \max(\beta_2 u_{t-1},\, |g_t|), \qquad u_0 = 0 \\
    \hat m_t &= m_t / (1-\beta_1^t) \\
    \theta_t &= \theta_{t-1} - \eta\, \hat m_t / (u_t + \epsilon)
    \end{aligned}
    $$

    Differs from `Adam` in one line: $u_t$ for $\sqrt{\hat v_t}$. A maximum has no bias to correct.
    A step is about $\eta$ long at most: exactly, never longer than
    $\eta\,(1-\beta_1)/(1-\beta_1/\beta_2)$ if $\beta_1 < \beta_2$, 1.009 $\eta$ at the defaults.

    Args:
        learning_rate: $\eta > 0$ ($\alpha$ in the paper), a number, a schedule or a callable.
            Default 0.002.
        beta_1: $\beta_1 \in [0, 1)$, decay of the first moment. Default 0.9.
        beta_2: $\beta_2 \in [0, 1)$, decay of the maximum. Default 0.999.
        epsilon: $\epsilon \ge 0$, added to $u_t$. Default 1e-8. The paper has none, and then a
            parameter that has seen only zero gradients becomes NaN (0/0).
        name: name of the optimizer.
        **kwargs: what every Keras optimizer takes (`weight_decay`, `clipnorm`, `use_ema`, ...).

    State:
        m, u: per variable, its shape, its dtype (at least float32), start at 0.

    Raises:
        ValueError: if an argument is out of range, if a gradient's shape differs from its
            variable's, or if the optimizer is built for a second set of variables.

    Example:
        >>> import keras
        >>> from ravine.optimizers import AdaMax
        >>> theta = keras.Variable([0.0, 0.0])
        >>> optimizer = AdaMax(learning_rate=0.1)
        >>> optimizer.apply([keras.ops.array([100.0, -0.01])], [theta])  # first step: eta * sign
        >>> [round(float(x), 4) for x in theta.numpy()]
        [-0.1, 0.1]

    References:
        Kingma and Ba (2015), Adam: A Method for Stochastic Optimization, ICLR, Algorithm 2.

    Differences from Keras:
        `keras.optimizers.Adamax` takes the same steps; its defaults are $\eta = 0.001$ and
        $\epsilon = 10^{-7}$. PyTorch adds its epsilon to $|g_t|$ inside the maximum.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        name: str = "adamax",
        **kwargs: object,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **kwargs)

    @support.once
    def build(self, variables: list[keras.Variable]) -> None:
        """Make the state m and u, one pair per variable."""
        keras.optimizers.Optimizer.build(self, variables)
        self.m = support.state_like(self, variables, "m")
        self.u = support.state_like(self, variables, "u")

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eqs. (5.1), (10.6), (5.3) and (10.7) to one variable; all shapes are equal."""
        g, eta = support.working_precision(gradient, variable, learning_rate)
        m = self.m[self._get_variable_index(variable)]
        u = self.u[self._get_variable_index(variable)]
        t = ops.cast(self.iterations + 1, g.dtype)

        self.assign(m, self.beta_1 * m + (1 - self.beta_1) * g)  # eq. (5.1)
        self.assign(u, support.maximum(self.beta_2 * u, ops.abs(g)))  # eq. (10.6)
        m_hat = m / (1 - self.beta_1**t)  # eq. (5.3)
        step = eta * m_hat / (u + self.epsilon)
        self.assign_sub(variable, ops.cast(step, variable.dtype))  # eq. (10.7)
