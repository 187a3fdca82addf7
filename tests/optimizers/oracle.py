"""The six optimizers again, in NumPy and float64, from the sums on the slides.

No function here keeps a state: step t is computed from all gradients g_1 .. g_t at once. The
package computes the same by recursion, so a slip in one of the two shows as a difference.

Every function takes the list of gradients and the hyperparameters under the names that the class
uses, and returns the steps s_1 .. s_T of theta_t = theta_{t-1} - s_t. The learning rate is one
number or one number per step.
"""

import numpy as np


def iterates(theta_0, steps, weight_decay=None):
    """Return theta_0 .. theta_T, where weight decay multiplies theta by `1 - weight_decay` first.

    `weight_decay` is the product of learning rate and decay, as in AdamW.
    """
    theta_0 = np.asarray(theta_0, "float64")
    keep = 1 - (weight_decay or 0.0)
    path = [keep**t * theta_0 - decaying_sum(steps[:t], keep) for t in range(1, len(steps) + 1)]
    return np.array([theta_0, *path])


def decaying_sum(terms, decay):
    """Return the sum of decay^(t-i) times term i over i = 1 .. t, for t terms."""
    t = len(terms)
    return sum(decay ** (t - i) * np.asarray(terms[i - 1], "float64") for i in range(1, t + 1))


def squares(gradients):
    return [np.square(g, dtype="float64") for g in gradients]


def step_by_step(gradients, learning_rate, direction):
    """Return eta_t * direction(g_1 .. g_t) for every t."""
    rates = np.broadcast_to(learning_rate, len(gradients))
    return [rates[t - 1] * direction(gradients[:t]) for t in range(1, len(gradients) + 1)]


def gradient_descent(gradients, learning_rate):
    def direction(g):
        return np.asarray(g[-1], "float64")

    return step_by_step(gradients, learning_rate, direction)


def momentum(gradients, learning_rate, beta):
    def direction(g):
        return decaying_sum(g, beta)

    return step_by_step(gradients, learning_rate, direction)


def nesterov(gradients, learning_rate, beta):
    def direction(g):
        return beta * decaying_sum(g, beta) + g[-1]

    return step_by_step(gradients, learning_rate, direction)


def adagrad(gradients, learning_rate, epsilon):
    def direction(g):
        return g[-1] / np.sqrt(sum(squares(g)) + epsilon)

    return step_by_step(gradients, learning_rate, direction)


def rmsprop(gradients, learning_rate, rho, epsilon):
    def direction(g):
        G = (1 - rho) * decaying_sum(squares(g), rho)
        return g[-1] / np.sqrt(G + epsilon)

    return step_by_step(gradients, learning_rate, direction)


def adam(gradients, learning_rate, beta_1, beta_2, epsilon):
    def direction(g):
        t = len(g)
        m = (1 - beta_1) * decaying_sum(g, beta_1)
        v = (1 - beta_2) * decaying_sum(squares(g), beta_2)
        m_hat = m / (1 - beta_1**t)
        v_hat = v / (1 - beta_2**t)
        return m_hat / (np.sqrt(v_hat) + epsilon)

    return step_by_step(gradients, learning_rate, direction)
