"""AdamW, Algorithm 2 of Loshchilov and Hutter: Adam with weight decay beside the gradient."""

import keras
from keras import ops

from ravine.optimizers import support
from ravine.optimizers.adam import Adam


@keras.saving.register_keras_serializable(package="ravine")
class AdamW(Adam):
    r"""AdamW: Adam's step, and beside it a pull towards zero that no gradient divides away.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    m_t &= \beta_1 m_{t-1} + (1-\beta_1)\, g_t, \qquad m_0 = 0 \\
    v_t &= \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2, \qquad v_0 = 0 \\
    \hat m_t &= m_t / (1-\beta_1^t) \\
    \hat v_t &= v_t / (1-\beta_2^t) \\
    \theta_t &= \theta_{t-1}
        - \eta\, \bigl(\hat m_t / (\sqrt{\hat v_t} + \epsilon) + \lambda\, \theta_{t-1}\bigr)
    \end{aligned}
    $$

    Differs from `Adam` in the last line, by $\lambda\theta_{t-1}$. An L2 penalty would add the same
    term to $g_t$ in the first line, and the division by $\sqrt{\hat v_t}$ would then shrink it.

    Args:
        learning_rate: $\eta > 0$, a number, a schedule or a callable. Default 0.001.
        beta_1: $\beta_1 \in [0, 1)$, decay of the first moment. Default 0.9.
        beta_2: $\beta_2 \in [0, 1)$, decay of the second moment. Default 0.999.
        epsilon: $\epsilon \ge 0$, added to $\sqrt{\hat v_t}$. Default 1e-8.
        weight_decay: $\lambda \ge 0$; a step shrinks every parameter by the share $\eta\lambda$.
            Default 0.01, as in PyTorch; the paper has no default. `exclude_from_weight_decay`
            takes variables out of it, as for every Keras optimizer.
        name: name of the optimizer.
        **kwargs: what every Keras optimizer takes (`clipnorm`, `use_ema`, ...).

    State:
        m, v: per variable, its shape, its dtype (at least float32), start at 0.

    Raises:
        ValueError: if an argument is out of range, if a gradient's shape differs from its
            variable's, or if the optimizer is built for a second set of variables.

    Example:
        >>> import keras
        >>> from ravine.optimizers import AdamW
        >>> theta = keras.Variable([1.0, -2.0])
        >>> optimizer = AdamW(learning_rate=0.1, weight_decay=0.5)
        >>> optimizer.apply([keras.ops.zeros((2,))], [theta])  # no gradient: 5 % off each
        >>> [round(float(x), 4) for x in theta.numpy()]
        [0.95, -1.9]

    References:
        Loshchilov and Hutter (2019), Decoupled Weight Decay Regularization, ICLR, Algorithm 2.

    Differences from Keras:
        `keras.optimizers.AdamW` has the same decay (its default is 0.004) and its own epsilon, see
        `Adam`. The paper multiplies $\lambda\theta$ by the schedule alone; here, in Keras and in
        PyTorch the rate $\eta$ multiplies it too. `Adam(weight_decay=...)` does the same as this
        class: Keras decays for every optimizer. Here the line is part of the step, to be seen.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        name: str = "adamw",
        **kwargs: object,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name=name, **kwargs)
        self.weight_decay = support.check_weight_decay(weight_decay)

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eqs. (5.1) to (5.4) and (10.3) to one variable; all shapes are equal."""
        g, eta = support.working_precision(gradient, variable, learning_rate)
        m = self.m[self._get_variable_index(variable)]
        v = self.v[self._get_variable_index(variable)]
        t = ops.cast(self.iterations + 1, g.dtype)
        theta = ops.cast(variable, g.dtype)
        decay = self.weight_decay if self._use_weight_decay(variable) else 0.0

        self.assign(m, self.beta_1 * m + (1 - self.beta_1) * g)  # eq. (5.1)
        self.assign(v, self.beta_2 * v + (1 - self.beta_2) * ops.square(g))  # eq. (5.2)
        m_hat = m / (1 - self.beta_1**t)  # eq. (5.3)
        v_hat = v / (1 - self.beta_2**t)  # eq. (5.4)
        step = eta * (m_hat / (ops.sqrt(v_hat) + self.epsilon) + decay * theta)
        self.assign_sub(variable, ops.cast(step, variable.dtype))  # eq. (10.3)

    def _apply_weight_decay(self, variables: list[keras.Variable]) -> None:
        """Do nothing: Keras decays here, before the step, and `update_step` already does."""
