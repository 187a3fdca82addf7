"""Lion, the algorithm that Chen et al. found by searching: the sign of a running mean."""

import keras
from keras import ops

from ravine.optimizers import support


@keras.saving.register_keras_serializable(package="ravine")
class Lion(keras.optimizers.Optimizer):
    r"""Lion: every parameter moves by exactly $\eta$, in the direction of a running mean's sign.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    c_t &= \beta_1 m_{t-1} + (1-\beta_1)\, g_t, \qquad m_0 = 0 \\
    \theta_t &= \theta_{t-1} - \eta\, \operatorname{sign}(c_t) \\
    m_t &= \beta_2 m_{t-1} + (1-\beta_2)\, g_t
    \end{aligned}
    $$

    Differs from Adam by what is missing: no $v$, no correction, no $\epsilon$. One mean is stored,
    with the long memory $\beta_2$; the step weighs the newest gradient more, by $1-\beta_1$.

    Args:
        learning_rate: $\eta > 0$, the size of every step of every parameter; a number, a schedule
            or a callable. Default 0.0001. The authors advise 3 to 10 times less than for AdamW, and
            as many times more weight decay, so that $\eta\lambda$ stays.
        beta_1: $\beta_1 \in [0, 1)$, weight of the mean in the step. Default 0.9.
        beta_2: $\beta_2 \in [0, 1)$, decay of the mean. Default 0.99.
        name: name of the optimizer.
        **kwargs: what every Keras optimizer takes (`clipnorm`, `use_ema`, ...). The paper's
            decoupled weight decay, $-\eta\lambda\theta_{t-1}$, is `weight_decay`.

    State:
        m: per variable, its shape, its dtype (at least float32), starts at 0.

    Raises:
        ValueError: if an argument is out of range, if a gradient's shape differs from its
            variable's, or if the optimizer is built for a second set of variables.

    Example:
        >>> import keras
        >>> from ravine.optimizers import Lion
        >>> theta = keras.Variable([0.0, 0.0])
        >>> optimizer = Lion(learning_rate=0.1)
        >>> optimizer.apply([keras.ops.array([100.0, -0.01])], [theta])  # every step: eta * sign
        >>> [round(float(x), 4) for x in theta.numpy()]
        [-0.1, 0.1]

    References:
        Chen et al. (2023), Symbolic Discovery of Optimization Algorithms, NeurIPS, Algorithm 2.

    Differences from Keras:
        `keras.optimizers.Lion` takes the same steps; its default rate is 0.001.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 0.0001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        name: str = "lion",
        **kwargs: object,
    ) -> None:
        super().__init__(support.check_learning_rate(learning_rate), name=name, **kwargs)
        self.beta_1 = support.check_decay("beta_1", beta_1)
        self.beta_2 = support.check_decay("beta_2", beta_2)

    @support.once
    def build(self, variables: list[keras.Variable]) -> None:
        """Make the state m, one per variable."""
        super().build(variables)
        self.m = support.state_like(self, variables, "m")

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eqs. (10.13) to (10.15) to one variable; all shapes are equal."""
        g, eta = support.working_precision(gradient, variable, learning_rate)
        m = self.m[self._get_variable_index(variable)]

        c = self.beta_1 * m + (1 - self.beta_1) * g  # eq. (10.13)
        self.assign_sub(variable, ops.cast(eta * support.sign(c), variable.dtype))  # eq. (10.14)
        self.assign(m, self.beta_2 * m + (1 - self.beta_2) * g)  # eq. (10.15)

    def get_config(self) -> dict[str, object]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
