"""The optimizers again, in NumPy and float64, from the sums on the slides and in the papers.

No function here keeps a state: step t is computed from all gradients g_1 .. g_t at once. The
package computes the same by recursion, so a slip in one of the two shows as a difference.

Every function takes the list of gradients and the hyperparameters under the names that the class
uses, and returns the steps s_1 .. s_T of theta_t = theta_{t-1} - s_t. The learning rate is one
number or one number per step.
"""

import numpy as np


def iterates(theta_0, steps, learning_rate=0.0, weight_decay=None):
    """Return theta_0 .. theta_T, where a step first keeps the share 1 - rate * decay of theta."""
    theta_0 = np.asarray(theta_0, "float64")
    keep = 1 - np.broadcast_to(learning_rate, len(steps)) * (weight_decay or 0.0)
    path = [theta_0]
    for t in range(1, len(steps) + 1):
        kept = [np.prod(keep[i:t]) * steps[i - 1] for i in range(1, t + 1)]
        path.append(np.prod(keep[:t]) * theta_0 - sum(kept))
    return np.array(path)


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


def adadelta(gradients, learning_rate, rho, epsilon):
    """Return the steps; each is computed from all gradients and all steps d_i before it."""
    moves = []
    for t in range(1, len(gradients) + 1):
        G = (1 - rho) * decaying_sum(squares(gradients[:t]), rho)
        D = (1 - rho) * decaying_sum(squares(moves), rho)
        moves.append(np.sqrt((D + epsilon) / (G + epsilon)) * gradients[t - 1])
    return step_by_step(moves, learning_rate, lambda d: d[-1])


def adam(gradients, learning_rate, beta_1, beta_2, epsilon):
    def direction(g):
        t = len(g)
        m = (1 - beta_1) * decaying_sum(g, beta_1)
        v = (1 - beta_2) * decaying_sum(squares(g), beta_2)
        m_hat = m / (1 - beta_1**t)
        v_hat = v / (1 - beta_2**t)
        return m_hat / (np.sqrt(v_hat) + epsilon)

    return step_by_step(gradients, learning_rate, direction)


def mean(terms, decay):
    """Return the running mean of the terms that starts at 0, as a sum."""
    return (1 - decay) * decaying_sum(terms, decay)


def corrected(terms, decay):
    """Return the weighted mean whose weights add up to 1."""
    return mean(terms, decay) / (1 - decay ** len(terms))


def prefixes(terms):
    """Return the first term, the first two, ... , all of them."""
    return [terms[:t] for t in range(1, len(terms) + 1)]


def amsgrad(gradients, learning_rate, beta_1, beta_2, epsilon):
    def direction(g):
        largest = np.max([mean(squares(first), beta_2) for first in prefixes(g)], axis=0)
        return mean(g, beta_1) / (np.sqrt(largest) + epsilon)

    return step_by_step(gradients, learning_rate, direction)


def adamw(gradients, learning_rate, beta_1, beta_2, epsilon):
    """Return the steps beside the decay, for which `iterates` has an argument."""
    return adam(gradients, learning_rate, beta_1, beta_2, epsilon)


def nadam(gradients, learning_rate, beta_1, beta_2, epsilon):
    def direction(g):
        t = len(g)
        ahead = mean(g, beta_1) / (1 - beta_1 ** (t + 1))
        look = beta_1 * ahead + (1 - beta_1) / (1 - beta_1**t) * g[-1]
        return look / (np.sqrt(corrected(squares(g), beta_2)) + epsilon)

    return step_by_step(gradients, learning_rate, direction)


def adamax(gradients, learning_rate, beta_1, beta_2, epsilon):
    def direction(g):
        t = len(g)
        faded = [beta_2 ** (t - i) * np.abs(g[i - 1]) for i in range(1, t + 1)]
        return corrected(g, beta_1) / (np.max(faded, axis=0) + epsilon)

    return step_by_step(gradients, learning_rate, direction)


def worth(t, beta_2):
    """Return rho_t of RAdam as twice the mean age of the weights in v_t, less 1.

    The weight of a gradient of age i = 1 .. t is beta_2^(i-1); for equal weights this is t.
    """
    ages = np.arange(1, t + 1)
    return 2 * np.average(ages, weights=np.power(float(beta_2), ages - 1)) - 1


def radam(gradients, learning_rate, beta_1, beta_2, epsilon):
    def direction(g):
        rho, end = worth(len(g), beta_2), 2 / (1 - beta_2) - 1
        m_hat = corrected(g, beta_1)
        if rho <= 4:
            return m_hat
        r = np.sqrt((1 - 4 / rho) * (rho - 2) / ((1 - 4 / end) * (end - 2)))
        return r * m_hat / (np.sqrt(corrected(squares(g), beta_2)) + epsilon)

    return step_by_step(gradients, learning_rate, direction)


def adabelief(gradients, learning_rate, beta_1, beta_2, epsilon):
    def direction(g):
        surprises = [(first[-1] - mean(first, beta_1)) ** 2 for first in prefixes(g)]
        # the epsilons of all steps: a geometric series
        s_hat = corrected(surprises, beta_2) + epsilon / (1 - beta_2)
        return corrected(g, beta_1) / (np.sqrt(s_hat) + epsilon)

    return step_by_step(gradients, learning_rate, direction)


def lion(gradients, learning_rate, beta_1, beta_2):
    def direction(g):
        before = mean(g[:-1], beta_2) if len(g) > 1 else 0.0
        return np.sign(beta_1 * before + (1 - beta_1) * g[-1])

    return step_by_step(gradients, learning_rate, direction)


def shampoo(gradients, learning_rate, epsilon):
    """Return the steps; the roots come from the singular values of all gradients side by side."""

    def root(side_by_side):
        U, sigma, _ = np.linalg.svd(side_by_side, full_matrices=True)
        eigenvalues = np.zeros(len(U))
        eigenvalues[: len(sigma)] = sigma**2  # of the sum of all g_i g_i^T
        return U @ np.diag((eigenvalues + epsilon) ** -0.25) @ U.T

    def direction(g):
        if np.ndim(g[-1]) != 2:
            return g[-1] / np.sqrt(sum(squares(g)) + epsilon)
        g = [np.asarray(each, "float64") for each in g]
        return root(np.hstack(g)) @ g[-1] @ root(np.hstack([each.T for each in g]))

    return step_by_step(gradients, learning_rate, direction)
