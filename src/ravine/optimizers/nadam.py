"""NAdam, after Dozat: Adam with Nesterov's look-ahead."""

import keras
from keras import ops

from ravine.optimizers import support
from ravine.optimizers.adam import Adam


@keras.saving.register_keras_serializable(package="ravine")
class NAdam(Adam):
    r"""NAdam: Adam that applies the first moment one step ahead, as Nesterov momentum does.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    m_t &= \beta_1 m_{t-1} + (1-\beta_1)\, g_t, \qquad m_0 = 0 \\
    v_t &= \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2, \qquad v_0 = 0 \\
    \bar m_t &= \beta_1 m_t / (1-\beta_1^{t+1}) + (1-\beta_1)\, g_t / (1-\beta_1^t) \\
    \hat v_t &= v_t / (1-\beta_2^t) \\
    \theta_t &= \theta_{t-1} - \eta\, \bar m_t / (\sqrt{\hat v_t} + \epsilon)
    \end{aligned}
    $$

    Differs from `Adam` in one line: $\bar m_t$ for $\hat m_t$. This is the form with a constant
    $\beta_1$. The paper's Algorithm 2 lets it be a schedule $\mu_t$, and has one more factor, $\nu$
    in the numerator of $\hat v_t$. Its author's code does not have it, nor has this class.

    Args:
        learning_rate: $\eta > 0$, a number, a schedule or a callable. Default 0.001.
        beta_1: $\beta_1 \in [0, 1)$ ($\mu$ in the paper), decay of the first moment. Default 0.9.
        beta_2: $\beta_2 \in [0, 1)$ ($\nu$ in the paper), decay of the second moment.
            Default 0.999.
        epsilon: $\epsilon \ge 0$, added to $\sqrt{\hat v_t}$. Default 1e-8.
        name: name of the optimizer.
        **kwargs: what every Keras optimizer takes (`weight_decay`, `clipnorm`, `use_ema`, ...).

    State:
        m, v: per variable, its shape, its dtype (at least float32), start at 0.

    Raises:
        ValueError: if an argument is out of range, if a gradient's shape differs from its
            variable's, or if the optimizer is built for a second set of variables.

    Example:
        >>> import keras
        >>> from ravine.optimizers import NAdam
        >>> theta = keras.Variable([0.0])
        >>> optimizer = NAdam(learning_rate=1.0, beta_1=0.5)
        >>> optimizer.apply([keras.ops.ones((1,))], [theta])  # 0.5 * 0.5 / 0.75 + 0.5 / 0.5
        >>> round(float(theta.numpy()[0]), 4)
        -1.3333

    References:
        Dozat (2016), Incorporating Nesterov Momentum into Adam, ICLR Workshop, Algorithm 2.

    Differences from Keras:
        `keras.optimizers.Nadam` and PyTorch follow a schedule that starts near $\beta_1/2$ and
        rises to $\beta_1$. Keras' factor $0.96^t$ rises within tens of steps, PyTorch's
        $0.96^{0.004\,t}$ within thousands. Once it has risen, all three are the same.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        name: str = "nadam",
        **kwargs: object,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **kwargs)

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eqs. (5.1), (5.2), (10.4) and (10.5) to one variable; all shapes are equal."""
        g, eta = support.working_precision(gradient, variable, learning_rate)
        m = self.m[self._get_variable_index(variable)]
        v = self.v[self._get_variable_index(variable)]
        t = ops.cast(self.iterations + 1, g.dtype)
        beta_1 = self.beta_1

        self.assign(m, beta_1 * m + (1 - beta_1) * g)  # eq. (5.1)
        self.assign(v, self.beta_2 * v + (1 - self.beta_2) * ops.square(g))  # eq. (5.2)
        m_bar = beta_1 * m / (1 - beta_1 ** (t + 1)) + (1 - beta_1) * g / (1 - beta_1**t)  # (10.4)
        v_hat = v / (1 - self.beta_2**t)  # eq. (5.4)
        step = eta * m_bar / (ops.sqrt(v_hat) + self.epsilon)
        self.assign_sub(variable, ops.cast(step, variable.dtype))  # eq. (10.5)
