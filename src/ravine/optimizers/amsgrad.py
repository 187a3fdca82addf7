"""AMSGrad, Algorithm 2 of Reddi, Kale and Kumar: Adam that forgets no large gradient."""

import keras
from keras import ops

from ravine.optimizers import support
from ravine.optimizers.adam import Adam


@keras.saving.register_keras_serializable(package="ravine")
class AMSGrad(Adam):
    r"""AMSGrad: divide by the root of the largest $v$ so far, which never falls.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    m_t &= \beta_1 m_{t-1} + (1-\beta_1)\, g_t, \qquad m_0 = 0 \\
    v_t &= \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2, \qquad v_0 = 0 \\
    v^{\max}_t &= \max(v^{\max}_{t-1},\, v_t), \qquad v^{\max}_0 = 0 \\
    \theta_t &= \theta_{t-1} - \eta\, m_t / (\sqrt{v^{\max}_t} + \epsilon)
    \end{aligned}
    $$

    Differs from `Adam` in two lines: the maximum, and no bias correction. As in the paper, the
    maximum is that of the uncorrected $v_t$ (the paper writes $\hat v_t$ for it). Without
    correction the first steps are up to 6.6 times too long at the default decays.

    Args:
        learning_rate: $\eta > 0$ ($\alpha_t$ in the paper, where it may fall with $t$), a number,
            a schedule or a callable. Default 0.001.
        beta_1: $\beta_1 \in [0, 1)$, decay of the first moment. Default 0.9.
        beta_2: $\beta_2 \in [0, 1)$, decay of the second moment. Default 0.999.
        epsilon: $\epsilon \ge 0$, added to the root. Default 1e-8; the paper has none.
        name: name of the optimizer.
        **kwargs: what every Keras optimizer takes (`weight_decay`, `clipnorm`, `use_ema`, ...).

    State:
        m, v, v_max: per variable, its shape, its dtype (at least float32), start at 0.

    Raises:
        ValueError: if an argument is out of range, if a gradient's shape differs from its
            variable's, or if the optimizer is built for a second set of variables.

    Example:
        >>> import keras
        >>> from ravine.optimizers import AMSGrad
        >>> theta = keras.Variable([0.0])
        >>> optimizer = AMSGrad(learning_rate=0.1, beta_1=0.0, beta_2=0.75)
        >>> for g in (10.0, 0.0, 5.0):  # v = 25, 18.75, 20.3125; the largest stays 25
        ...     optimizer.apply([keras.ops.array([g])], [theta])
        >>> round(float(theta.numpy()[0]), 4)  # -0.1 * (10 + 0 + 5) / 5
        -0.3

    References:
        Reddi, Kale and Kumar (2018), On the Convergence of Adam and Beyond, ICLR, Algorithm 2.

    Differences from Keras:
        `keras.optimizers.Adam(amsgrad=True)` and PyTorch take the same maximum, and then multiply
        the rate by Adam's correction $\sqrt{1-\beta_2^t}/(1-\beta_1^t)$.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        name: str = "amsgrad",
        **kwargs: object,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **kwargs)

    @support.once
    def build(self, variables: list[keras.Variable]) -> None:
        """Make the state m, v and v_max, one of each per variable."""
        super().build(variables)
        self.v_max = support.state_like(self, variables, "v_max")

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eqs. (5.1), (5.2), (10.1) and (10.2) to one variable; all shapes are equal."""
        g, eta = support.working_precision(gradient, variable, learning_rate)
        m = self.m[self._get_variable_index(variable)]
        v = self.v[self._get_variable_index(variable)]
        v_max = self.v_max[self._get_variable_index(variable)]

        self.assign(m, self.beta_1 * m + (1 - self.beta_1) * g)  # eq. (5.1)
        self.assign(v, self.beta_2 * v + (1 - self.beta_2) * ops.square(g))  # eq. (5.2)
        self.assign(v_max, support.maximum(v_max, v))  # eq. (10.1)
        step = eta * m / (ops.sqrt(v_max) + self.epsilon)
        self.assign_sub(variable, ops.cast(step, variable.dtype))  # eq. (10.2)
