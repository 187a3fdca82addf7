"""RAdam, Algorithm 2 of Liu et al.: Adam that does not trust a young second moment."""

import keras
from keras import ops

from ravine.optimizers import support
from ravine.optimizers.adam import Adam


@keras.saving.register_keras_serializable(package="ravine")
class RAdam(Adam):
    r"""RAdam: Adam's step times a factor below 1, as long as $v$ rests on few gradients.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    m_t &= \beta_1 m_{t-1} + (1-\beta_1)\, g_t, \qquad m_0 = 0 \\
    v_t &= \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2, \qquad v_0 = 0 \\
    \hat m_t &= m_t / (1-\beta_1^t), \qquad \hat v_t = v_t / (1-\beta_2^t) \\
    \rho_\infty &= 2/(1-\beta_2) - 1, \qquad
        \rho_t = \rho_\infty - 2t\, \beta_2^t / (1-\beta_2^t) \\
    r_t &= \sqrt{\frac{(\rho_t-4)(\rho_t-2)\,\rho_\infty}
        {(\rho_\infty-4)(\rho_\infty-2)\,\rho_t}} \\
    \theta_t &= \theta_{t-1} - \eta \begin{cases}
        r_t\, \hat m_t / (\sqrt{\hat v_t} + \epsilon) & \text{if } \rho_t > 4 \\
        \hat m_t & \text{otherwise}
    \end{cases}
    \end{aligned}
    $$

    Differs from `Adam` in the last line. $\rho_t$ is the number of gradients that $v_t$ is worth;
    at the default $\beta_2$, $\rho_\infty = 1999$ and the first rectified step is $t = 5$. The
    steps before it are those of momentum, $\eta\, \hat m_t$, in units of a gradient. With
    $\beta_2 \le 0.6$ all steps are.

    Args:
        learning_rate: $\eta > 0$ ($\alpha_t$ in the paper), a number, a schedule or a callable.
            Default 0.001.
        beta_1: $\beta_1 \in [0, 1)$, decay of the first moment. Default 0.9.
        beta_2: $\beta_2 \in [0, 1)$, decay of the second moment. Default 0.999.
        epsilon: $\epsilon \ge 0$, added to $\sqrt{\hat v_t}$. Default 1e-8; the paper has none.
        name: name of the optimizer.
        **kwargs: what every Keras optimizer takes (`weight_decay`, `clipnorm`, `use_ema`, ...).

    State:
        m, v: per variable, its shape, its dtype (at least float32), start at 0.

    Raises:
        ValueError: if an argument is out of range, if a gradient's shape differs from its
            variable's, or if the optimizer is built for a second set of variables.

    Example:
        >>> import keras
        >>> from ravine.optimizers import RAdam
        >>> theta, path = keras.Variable([0.0]), []
        >>> optimizer = RAdam(learning_rate=0.1)
        >>> for _ in range(6):  # 4 steps of 0.1 * g; then 0.1 * r, with r = 0.017 and 0.031
        ...     optimizer.apply([keras.ops.array([3.0])], [theta])
        ...     path.append(round(float(theta.numpy()[0]), 4))
        >>> path
        [-0.3, -0.6, -0.9, -1.2, -1.2017, -1.2043]

    References:
        Liu et al. (2020), On the Variance of the Adaptive Learning Rate and Beyond, ICLR,
        Algorithm 2.

    Differences from others:
        Keras has no RAdam. PyTorch and optax rectify from $\rho_t > 5$ on, one step later.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        name: str = "radam",
        **kwargs: object,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **kwargs)

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eqs. (5.1) to (5.4) and (10.8) to (10.10) to one variable; all shapes are equal."""
        g, eta = support.working_precision(gradient, variable, learning_rate)
        m = self.m[self._get_variable_index(variable)]
        v = self.v[self._get_variable_index(variable)]
        t = ops.cast(self.iterations + 1, g.dtype)
        beta_2 = ops.convert_to_tensor(self.beta_2, g.dtype)

        self.assign(m, self.beta_1 * m + (1 - self.beta_1) * g)  # eq. (5.1)
        self.assign(v, self.beta_2 * v + (1 - self.beta_2) * ops.square(g))  # eq. (5.2)
        m_hat = m / (1 - self.beta_1**t)  # eq. (5.3)
        v_hat = v / (1 - self.beta_2**t)  # eq. (5.4)
        rho_inf = 2 / (1 - beta_2) - 1  # eq. (10.8)
        # 2t / (beta_2^-t - 1), where expm1 keeps the digits that float32 would lose
        rho = rho_inf - 2 * t / ops.expm1(-t * ops.log(beta_2))  # eq. (10.8)
        # eq. (10.9) without its root
        r_squared = (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)
        rectified = ops.sqrt(r_squared) * m_hat / (ops.sqrt(v_hat) + self.epsilon)
        step = eta * ops.where(rho > 4, rectified, m_hat)
        self.assign_sub(variable, ops.cast(step, variable.dtype))  # eq. (10.10)
