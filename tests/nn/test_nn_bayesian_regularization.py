"""Bayesian regularization, against numbers worked by hand, scikit-learn and dense equations."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import BayesianRidge

from nnzoo.nn.bayesian_regularization import (
    NUMBERS,
    BayesianRegularization,
    Regularized,
    bayesian_step,
)
from nnzoo.nn.levenberg_marquardt import Damping

DOUBLE = {"dtype": torch.float64}


def estimates(optimizer):
    (state,) = optimizer.state.values()
    return [state[name] for name in NUMBERS]


def test_two_steps_by_hand():
    """``y = w x`` through (1, 1) and (2, 3) from w = 0, where ``J^T J = 5`` and ``J^T y = 7``."""
    x, y = torch.tensor([1.0, 2.0], **DOUBLE), torch.tensor([1.0, 3.0], **DOUBLE)
    w = torch.nn.Parameter(torch.zeros(1, **DOUBLE))
    optimizer = BayesianRegularization([w], mu=1e-9)
    assert optimizer.step(lambda: w * x - y).item() == 10
    assert estimates(optimizer) == pytest.approx([5 / 5.1, 0.1, 1])
    first = 7 / 5.1
    assert w.item() == pytest.approx(first)
    error = (first - 1) ** 2 + (2 * first - 3) ** 2
    assert optimizer.step(lambda: w * x - y).item() == pytest.approx(error)
    gamma = 5 / 5.1
    alpha, beta = gamma / first**2, (2 - gamma) / error
    assert estimates(optimizer) == pytest.approx([gamma, alpha, beta])
    assert w.item() == pytest.approx(7 / (5 + alpha / beta))


@pytest.mark.parametrize(("points", "features"), [(40, 6), (5, 8)])
def test_a_linear_model_has_the_evidence_of_scikit_learn(points, features):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(points, features))
    y = x @ rng.normal(size=features) + 0.5 * rng.normal(size=points)
    flat = dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 0)
    options = {"fit_intercept": False, "tol": 1e-14, "max_iter": 10000}
    wanted = BayesianRidge(**flat, **options).fit(x, y)
    w = torch.nn.Parameter(torch.full((features,), 0.1, **DOUBLE))
    optimizer = BayesianRegularization([w])
    x, y = torch.tensor(x), torch.tensor(y)
    for _ in range(300):
        optimizer.step(lambda: x @ w - y)
    gamma, alpha, beta = estimates(optimizer)
    assert 0 < gamma < min(points, features)
    assert (alpha, beta) == pytest.approx((wanted.lambda_, wanted.alpha_), rel=1e-6)
    np.testing.assert_allclose(w.detach(), wanted.coef_, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 9, 4), (2, 4, 9)])
def test_the_change_solves_the_damped_equations(shape):
    generator = torch.Generator().manual_seed(0)
    j = torch.randn(shape, generator=generator, **DOUBLE)
    r = torch.randn(shape[:2], generator=generator, **DOUBLE)
    w = torch.randn(2, shape[2], generator=generator, **DOUBLE)
    mu, decay = torch.tensor([0.1, 3.0], **DOUBLE), torch.tensor([0.5, 0.02], **DOUBLE)
    equations = Regularized(j, r, w)
    equations.decay = decay
    found = equations.change(mu, torch.tensor([1, 0]))
    for row, member, damping in zip(found, (1, 0), mu, strict=True):
        left = j[member].T @ j[member] + (damping + decay[member]) * torch.eye(shape[2])
        torch.testing.assert_close(
            left @ row, -(j[member].T @ r[member] + decay[member] * w[member])
        )


@pytest.mark.parametrize("zero", ["residuals", "weights", "jacobian"])
def test_no_division_by_zero(zero):
    """The numbers stay finite where the data are fitted exactly, or determine nothing."""
    given = {"weights": torch.ones(1, 3, **DOUBLE), "residuals": torch.ones(1, 4, **DOUBLE)}
    given["jacobian"] = torch.eye(4, 3, **DOUBLE)[None]
    given[zero] = torch.zeros_like(given[zero])
    state = {"mu": torch.ones(1, 1, **DOUBLE)}
    damping, errors = Damping(10.0, 0.1, 1e10), torch.zeros(1, **DOUBLE)
    for _ in range(3):
        new = bayesian_step(
            **given,
            error_at=lambda weights, members: errors,
            state=state,
            damping=damping,
            dtype=torch.float64,
        )
        assert torch.cat([new.reshape(-1), *(state[name][0] for name in NUMBERS)]).isfinite().all()
        assert 0 <= state["effective_parameters"].item() <= 3
