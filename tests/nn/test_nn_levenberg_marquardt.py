"""The Levenberg-Marquardt step, against a slow version and SciPy."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import least_squares

from nnzoo.nn.levenberg_marquardt import Equations, LevenbergMarquardt

X = np.linspace(-2, 3, 12)
Y = 1.5 * np.tanh(0.7 * X - 0.4) + 0.1 * np.cos(9 * X)
START = [0.5, 0.3, 0.0]


def residuals(w):
    return w[0] * np.tanh(w[1] * X + w[2]) - Y


def jacobian(w):
    t = np.tanh(w[1] * X + w[2])
    slope = w[0] * (1 - t**2)
    return np.stack([t, slope * X, slope], 1)


def slow_steps(count, mu=1e-3):
    """Yield the weights, the error and the damping after each step of the algorithm's text."""
    w = np.array(START)
    for _ in range(count):
        r, j = residuals(w), jacobian(w)
        while True:
            tried = w - np.linalg.solve(j.T @ j + mu * np.eye(3), j.T @ r)
            if (residuals(tried) ** 2).sum() < (r**2).sum():
                w, mu = tried, mu * 0.1
                break
            mu *= 10
            if mu > 1e10:
                mu = 1e10
                break
        yield w, mu


def new(dtype=torch.float64, **options):
    w = torch.nn.Parameter(torch.tensor(START, dtype=dtype))
    frozen = torch.nn.Parameter(torch.ones(2), requires_grad=False)
    optimizer = LevenbergMarquardt([w, frozen], **options)
    x, y = torch.tensor(X), torch.tensor(Y)
    return w, optimizer, lambda: w[0] * torch.tanh(w[1] * x + w[2]) - y


def test_each_step_is_that_of_the_slow_version():
    w, optimizer, closure = new()
    before = (residuals(START) ** 2).sum()
    assert optimizer.step(closure).item() == pytest.approx(before, rel=1e-12)
    w, optimizer, closure = new()
    for wanted, mu in slow_steps(6):
        optimizer.step(closure)
        np.testing.assert_allclose(w.detach(), wanted, rtol=1e-9)
        assert optimizer.state[w]["mu"] == pytest.approx(mu, rel=1e-9)


def test_the_minimum_is_scipys():
    w, optimizer, closure = new(mu=1.0)
    for _ in range(40):
        optimizer.step(closure)
    wanted = least_squares(residuals, START, jacobian, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    np.testing.assert_allclose(w.detach(), wanted.x, rtol=1e-6)
    at_end, mu = w.detach().clone(), optimizer.state[w]["mu"]
    optimizer.step(closure)
    assert torch.equal(w, at_end)  # no step lowers the error
    assert mu == optimizer.state[w]["mu"] == 1e10


def test_float32_parameters_keep_their_type_and_reach_its_precision():
    w, optimizer, closure = new(torch.float32)
    for _ in range(40):
        optimizer.step(closure)
    assert w.dtype == torch.float32
    wanted = least_squares(residuals, START, jacobian, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    np.testing.assert_allclose(w.detach(), wanted.x, rtol=1e-4)


@pytest.mark.parametrize("shape", [(2, 9, 4), (2, 4, 9)])
def test_the_change_solves_the_damped_equations(shape):
    generator = torch.Generator().manual_seed(0)
    j = torch.randn(shape, generator=generator, dtype=torch.float64)
    r = torch.randn(shape[:2], generator=generator, dtype=torch.float64)
    mu = torch.tensor([0.1, 3.0], dtype=torch.float64)
    found = Equations(j, r).change(mu, torch.tensor([1, 0]))
    for row, member, damping in zip(found, (1, 0), mu, strict=True):
        left = j[member].T @ j[member] + damping * torch.eye(shape[2])
        torch.testing.assert_close(left @ row, -j[member].T @ r[member])


def test_equations_without_a_solution_give_nan():
    j = torch.zeros(2, 3, 2, dtype=torch.float64)
    j[1] = torch.eye(3, 2)
    zero = torch.zeros(2, dtype=torch.float64)
    found = Equations(j, torch.ones(2, 3).double()).change(zero, torch.arange(2))
    assert found.isnan().all(1).tolist() == [True, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mu": 0.0}, "mu must be above 0 and at most mu_max, got 0.0"),
        ({"mu": 1.0, "mu_max": 0.1}, "at most mu_max"),
        ({"mu_max": math.inf}, "mu_max must be finite, got inf"),  # no step would be the last
        ({"mu_inc": 1.0}, "mu_inc must be above 1, got 1.0"),
        ({"mu_dec": 1.0}, "mu_dec must be between 0 and 1, got 1.0"),
    ],
)
def test_numbers_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        new(**options)


def test_several_groups_have_no_common_damping():
    groups = [{"params": [torch.zeros(1)]}, {"params": [torch.ones(1)]}]
    with pytest.raises(ValueError, match="one damping"):
        LevenbergMarquardt(groups)
