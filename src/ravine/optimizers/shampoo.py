"""Shampoo, Algorithm 1 of Gupta, Koren and Singer: a root for the rows and one for the columns."""

import keras
from keras import ops

from ravine.optimizers import support
from ravine.optimizers.adagrad import AdaGrad


@keras.saving.register_keras_serializable(package="ravine")
class Shampoo(AdaGrad):
    r"""Shampoo: the gradient of a matrix, divided by roots of matrices from both of its sides.

    $$
    \begin{aligned}
    g_t &= \nabla_W E(W_{t-1}) \\
    L_t &= \sum_{i=1}^{t} g_i\, g_i^\top = L_{t-1} + g_t\, g_t^\top, \qquad L_0 = 0 \\
    R_t &= \sum_{i=1}^{t} g_i^\top g_i = R_{t-1} + g_t^\top g_t, \qquad R_0 = 0 \\
    W_t &= W_{t-1} - \eta\, (L_t + \epsilon I)^{-1/4}\, g_t\, (R_t + \epsilon I)^{-1/4}
    \end{aligned}
    $$

    $W$ is a matrix of $m$ rows and $n$ columns, $L$ is $m \times m$ and $R$ is $n \times n$. A turn
    of the rows or columns turns every step with it and changes nothing else.

    What is not a matrix, such as a vector of biases or a kernel of a convolution, takes the steps
    of `AdaGrad`. Simplified against the paper, which keeps a full matrix for each axis of a tensor;
    and against what is used in practice, where $L$ and $R$ are running means, their roots are
    computed only now and then and of blocks of large matrices, and the length of a step is taken
    from another algorithm. A step costs two eigendecompositions, some $m^3 + n^3$ operations. In
    float32, and compiled by XLA in any precision, an eigenvalue is exact to about $10^{-7}$ of the
    largest one only.

    Args:
        learning_rate: $\eta > 0$, a number, a schedule or a callable. Default 0.1.
        epsilon: $\epsilon \ge 0$, added to the eigenvalues of $L$ and $R$, or inside the root of
            AdaGrad, in units of a squared gradient. Default 1e-6. With 0, a direction that has
            never seen a gradient becomes NaN (0/0).
        name: name of the optimizer.
        **kwargs: what every Keras optimizer takes (`weight_decay`, `clipnorm`, `use_ema`, ...).

    State:
        L, R: per matrix, (m, m) and (n, n). G: per other variable, its shape. All in the
        variable's dtype (at least float32), start at 0; None in the lists where there is none.

    Raises:
        ValueError: if an argument is out of range, if a gradient's shape differs from its
            variable's, or if the optimizer is built for a second set of variables.

    Example:
        >>> import keras
        >>> from ravine.optimizers import Shampoo
        >>> W = keras.Variable([[0.0, 0.0], [0.0, 0.0]])
        >>> optimizer = Shampoo(learning_rate=0.1)
        >>> g = [[50.5, 49.5], [49.5, 50.5]]  # 100 along one diagonal, 1 along the other
        >>> optimizer.apply([keras.ops.array(g)], [W])  # to Shampoo both are one step
        >>> [round(float(x), 4) + 0.0 for x in W.numpy().ravel()]
        [-0.1, 0.0, 0.0, -0.1]

    References:
        Gupta, Koren and Singer (2018), Shampoo: Preconditioned Stochastic Tensor Optimization,
        ICML, Algorithm 1.

    Differences from Keras:
        Keras has none.
    """

    def __init__(
        self,
        learning_rate: support.LearningRate = 0.1,
        epsilon: float = 1e-6,
        name: str = "shampoo",
        **kwargs: object,
    ) -> None:
        super().__init__(learning_rate, epsilon, name=name, **kwargs)

    @support.once
    def build(self, variables: list[keras.Variable]) -> None:
        """Make the state: L and R of each matrix, G of every other variable."""
        keras.optimizers.Optimizer.build(self, variables)  # AdaGrad's makes G for all of them
        self.L = [self._square(variable, 0, "L") for variable in variables]
        self.R = [self._square(variable, 1, "R") for variable in variables]
        others = [variable for variable in variables if len(variable.shape) != 2]
        sums = iter(support.state_like(self, others, "G"))
        self.G = [None if len(variable.shape) == 2 else next(sums) for variable in variables]

    def _square(self, variable: keras.Variable, axis: int, name: str) -> keras.Variable | None:
        """Make a square matrix for one axis of a matrix."""
        if len(variable.shape) != 2:
            return None
        return self.add_variable(
            shape=(variable.shape[axis],) * 2,
            initializer="zeros",
            dtype=support.working_dtype(variable),
            name=f"{variable.name.replace(':', '_')}_{name}",
        )

    def update_step(
        self, gradient: support.Tensor, variable: keras.Variable, learning_rate: support.Tensor
    ) -> None:
        """Apply eqs. (10.20) to (10.22) to a matrix, and `AdaGrad`'s to anything else."""
        if len(variable.shape) != 2:
            return super().update_step(gradient, variable, learning_rate)
        g, eta = support.working_precision(gradient, variable, learning_rate)
        L = self.L[self._get_variable_index(variable)]
        R = self.R[self._get_variable_index(variable)]

        self.assign(L, L + ops.matmul(g, ops.transpose(g)))  # eq. (10.20)
        self.assign(R, R + ops.matmul(ops.transpose(g), g))  # eq. (10.21)
        step = ops.matmul(ops.matmul(self._root(L), g), self._root(R))
        self.assign_sub(variable, ops.cast(eta * step, variable.dtype))  # eq. (10.22)

    def _root(self, matrix: support.Tensor) -> support.Tensor:
        """Return (matrix + epsilon I)^(-1/4); rounding may leave eigenvalues below 0."""
        matrix = ops.convert_to_tensor(matrix)
        # No decomposition takes NaN, which the gradient carries on to the variable by itself.
        matrix = ops.where(ops.isfinite(matrix), matrix, ops.zeros_like(matrix))
        eigenvalues, Q = ops.eigh(matrix)
        eigenvalues = support.maximum(ops.zeros_like(eigenvalues), eigenvalues)
        roots = ops.power(eigenvalues + self.epsilon, -0.25)
        root = ops.matmul(Q * roots, ops.transpose(Q))
        return root
