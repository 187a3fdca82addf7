"""AdaBelief, Algorithm 2 of Zhuang et al.: Adam that divides by its surprise."""

import keras
from keras import ops

from ravine.optimizers import support
from ravine.optimizers.adam import Adam


@keras.saving.register_keras_serializable(package="ravine")
class AdaBelief(Adam):
    r"""AdaBelief: divide by how far gradients are from their mean, not by how large they are.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    m_t &= \beta_1 m_{t-1} + (1-\beta_1)\, g_t, \qquad m_0 = 0 \\
    s_t &= \beta_2 s_{t-1} + (1-\beta_2)\, (g_t - m_t)^2 + \epsilon, \qquad s_0 = 0 \\
    \hat m_t &= m_t / (1-\beta_1^t) \\
    \hat s_t &= s_t / (1-\beta_2^t) \\
    \theta_t &= \theta_{t-1} - \eta\, \hat m_t / (\sqrt{\hat s_t} + \epsilon)
    \end{aligned}
    $$

    Differs from `Adam` in one line: $(g_t - m_t)^2 + \epsilon$ for $g_t^2$. Where gradients are as
    expected the steps grow, where they surprise they shrink.

    Args:
        learning_rate: $\eta > 0$ ($\alpha$ in the paper), a number, a schedule or a callable.
            Default 0.001.
        beta_1: $\beta_1 \in [0, 1)$, decay of the first moment. Default 0.9.
        beta_2: $\beta_2 \in [0, 1)$, decay of the squared surprise. Default 0.999.
        epsilon: $\epsilon \ge 0$, stands in two places. The one inside the mean adds up to
            exactly $\epsilon/(1-\beta_2)$ in $\hat s_t$, so that no step is longer than
            $\eta\,|\hat m_t|\,\sqrt{(1-\beta_2)/\epsilon}$. Default 1e-16, as in the authors' code.
        name: name of the optimizer.
        **kwargs: what every Keras optimizer takes (`weight_decay`, `clipnorm`, `use_ema`, ...).

    State:
        m, s: per variable, its shape, its dtype (at least float32), start at 0.

    Raises:
        ValueError: if an argument is out of range, if a gradient's shape differs from its
            variable's, or if the optimizer is built for a second set of variables.

    Example:
        >>> import keras
        >>> from ravine.optimizers import AdaBelief
        >>> theta = keras.Variable([0.0])
        >>> optimizer = AdaBelief(learning_rate=0.1, beta_1=0.5)
        >>> optimizer.apply([keras.ops.array([4.0])], [theta])  # m_hat = 4, s_hat = (4 - 2)^2
        >>> round(float(theta.numpy()[0]), 4)
        -0.2

    References:
        Zhuang et al. (2020), AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed
        Gradients, NeurIPS, Algorithm 2.

    Differences from others:
        Keras has no AdaBelief. optax has two epsilons, one for each place.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-16,
        name: str = "adabelief",
        **kwargs: object,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **kwargs)

    @support.once
    def build(self, variables: list[keras.Variable]) -> None:
        """Make the state m and s, one pair per variable."""
        keras.optimizers.Optimizer.build(self, variables)
        self.m = support.state_like(self, variables, "m")
        self.s = support.state_like(self, variables, "s")

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eqs. (5.1), (10.11), (5.3) and (10.12) to one variable; all shapes are equal."""
        g, eta = support.working_precision(gradient, variable, learning_rate)
        m = self.m[self._get_variable_index(variable)]
        s = self.s[self._get_variable_index(variable)]
        t = ops.cast(self.iterations + 1, g.dtype)

        self.assign(m, self.beta_1 * m + (1 - self.beta_1) * g)  # eq. (5.1)
        surprise = (1 - self.beta_2) * ops.square(g - m)
        self.assign(s, self.beta_2 * s + surprise + self.epsilon)  # eq. (10.11)
        m_hat = m / (1 - self.beta_1**t)  # eq. (5.3)
        s_hat = s / (1 - self.beta_2**t)
        step = eta * m_hat / (ops.sqrt(s_hat) + self.epsilon)
        self.assign_sub(variable, ops.cast(step, variable.dtype))  # eq. (10.12)
