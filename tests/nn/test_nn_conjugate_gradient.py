"""Scaled conjugate gradients against the steps of the paper, one by one."""

import numpy as np
import pytest
import torch

from nnzoo.nn.conjugate_gradient import SCG

SIGMA, DAMPING = 5e-5, 1e-6
START = np.array([-1.2, 1.0, 0.5])


def error_of(w):
    """A valley with negative curvature in places."""
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2 + (w[2] - w[1]) ** 2


def slope_of(w):
    bend = w[1] - w[0] ** 2
    return np.array(
        [-2 * (1 - w[0]) - 400 * w[0] * bend, 200 * bend - 2 * (w[2] - w[1]), 2 * (w[2] - w[1])]
    )


def papers_weights(count):
    """Yield the weights after each step, and whether it was taken."""
    w, damping, bar, success = START.copy(), DAMPING, 0.0, True
    r = p = -slope_of(w)
    for k in range(1, count + 1):
        square = p @ p
        if success:
            sigma = SIGMA / np.sqrt(square)
            delta = p @ ((slope_of(w + sigma * p) - slope_of(w)) / sigma)
        delta += (damping - bar) * square
        if delta <= 0:
            bar = 2 * (damping - delta / square)
            delta = -delta + damping * square
            damping = bar
        mu = p @ r
        alpha = mu / delta
        ratio = 2 * delta * (error_of(w) - error_of(w + alpha * p)) / mu**2
        success = ratio >= 0
        if success:
            w = w + alpha * p
            new, bar = -slope_of(w), 0.0
            beta = (new @ new - new @ r) / mu
            p = new if k % len(w) == 0 else new + beta * p
            r = new
            if ratio >= 0.75:
                damping /= 4
        else:
            bar = damping
        if ratio < 0.25:
            damping += delta * (1 - ratio) / square
        yield w.copy(), success


def new(error, start, **options):
    w = torch.nn.Parameter(torch.tensor(start))
    return w, SCG([w], **options), lambda: error(w)


def test_each_step_is_that_of_the_paper():
    w, optimizer, closure = new(error_of, START, sigma=SIGMA, damping=DAMPING)
    taken = set()
    for wanted, success in papers_weights(25):
        optimizer.step(closure)
        np.testing.assert_allclose(w.detach(), wanted, rtol=1e-5)  # differences amplify rounding
        taken.add(success)
    assert taken == {True, False}


def test_a_quadratic_error_takes_as_many_steps_as_there_are_weights():
    scales = torch.tensor([1.0, 8.0, 0.2, 3.0], dtype=torch.float64)
    _, optimizer, closure = new(lambda w: (scales * (w - 1).square()).sum(), np.zeros(4))
    errors = [optimizer.step(closure).item() for _ in range(5)]
    assert errors[3] > 1e-3
    assert errors[4] < 1e-9


def test_what_is_not_possible():
    with pytest.raises(ValueError, match="must be above 0, got 0 and"):
        SCG([torch.zeros(1)], sigma=0)
    with pytest.raises(ValueError, match="one for all parameters"):
        SCG([{"params": [torch.zeros(1)]}, {"params": [torch.ones(1)]}])
