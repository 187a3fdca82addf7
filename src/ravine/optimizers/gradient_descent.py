"""Gradient descent, and with minibatches stochastic gradient descent."""

import keras
from keras import ops

from ravine.optimizers import support


@keras.saving.register_keras_serializable(package="ravine")
class GradientDescent(keras.optimizers.Optimizer):
    r"""Gradient descent: step against the gradient.

    $$
    \begin{aligned}
    g_t &= \nabla_\theta E(\theta_{t-1}) \\
    \theta_t &= \theta_{t-1} - \eta\, g_t
    \end{aligned}
    $$

    The update does not know where $g_t$ comes from. Fed the gradient of the whole training set it
    is gradient descent (GD); fed the gradient of a minibatch it is stochastic gradient descent
    (SGD). There is one class for both.

    Args:
        learning_rate: $\eta > 0$, a number, a schedule or a callable. Default 0.01.
        name: name of the optimizer.
        **kwargs: what every Keras optimizer takes (`weight_decay`, `clipnorm`, `use_ema`, ...).

    State:
        None besides the step count.

    Raises:
        ValueError: if the learning rate is not above 0, if a gradient's shape differs from its
            variable's, or if the optimizer is built for a second set of variables.

    Example:
        >>> import keras
        >>> from ravine.optimizers import GradientDescent
        >>> theta = keras.Variable([1.0])
        >>> optimizer = GradientDescent(learning_rate=0.1)
        >>> optimizer.apply([keras.ops.ones((1,)) * 2], [theta])  # E = theta^2, g = 2
        >>> round(float(theta.numpy()[0]), 6)
        0.8

    References:
        Cauchy (1847), Comptes rendus 25; Robbins and Monro (1951), Annals of Mathematical
        Statistics 22, for the stochastic form.

    Differences from Keras:
        None in the update: this is `keras.optimizers.SGD` without momentum.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 0.01,
        name: str = "gradient_descent",
        **kwargs: object,
    ) -> None:
        super().__init__(support.check_learning_rate(learning_rate), name=name, **kwargs)

    @support.once
    def build(self, variables: list[keras.Variable]) -> None:
        """Register the model's variables; gradient descent has no state of its own."""
        super().build(variables)

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eq. (2.1) to one variable; gradient and variable have the same shape."""
        g, eta = support.working_precision(gradient, variable, learning_rate)

        self.assign_sub(variable, ops.cast(eta * g, variable.dtype))  # eq. (2.1)
