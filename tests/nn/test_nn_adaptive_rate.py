"""Adaptive rates against MATLAB's loop, and quickprop against Fahlman's conditions."""

import numpy as np
import pytest
import torch

from nnzoo.nn.adaptive_rate import GDA
from nnzoo.nn.quickprop import Quickprop, quickprop_change

SCALES = np.array([1.0, 6.0, 0.3])


def error_of(w):
    return float((SCALES * (w - 1) ** 2).sum())


def matlabs_weights(steps, lr, momentum):
    """The weights at which ``traingdx`` evaluates the error; ``traingda`` has no momentum."""
    x, change = np.zeros(3), None
    error, slope = error_of(x), 2 * SCALES * (x - 1)
    change = -lr * slope
    for _ in range(steps):
        change = momentum * change - (1 - momentum) * lr * slope
        tried = x + change
        yield tried
        new = error_of(tried)
        if new / error > 1.04:
            lr *= 0.7
            change = -lr * slope
        else:
            if new < error:
                lr *= 1.05
            x, error, slope = tried, new, 2 * SCALES * (tried - 1)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("lr", [0.01, 0.3])
def test_the_steps_are_matlabs(lr, momentum):
    w = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
    optimizer = GDA([w], lr=lr, momentum=momentum)
    scales = torch.tensor(SCALES)

    def closure():
        optimizer.zero_grad()
        error = (scales * (w - 1).square()).sum()
        error.backward()
        return error

    rates = set()
    for wanted in matlabs_weights(40, lr, momentum):
        optimizer.step(closure)
        np.testing.assert_allclose(w.detach(), wanted, rtol=1e-9, atol=1e-12)
        rates.add(optimizer.state[w]["lr"])
    assert (min(rates) < lr) if lr == 0.3 else (max(rates) > lr)  # 0.3 is too large


def fahlmans(s, p, d, lr, mu):
    """The change of one weight, with the conditions of the paper."""
    step = 0.0
    if d == 0:
        return -lr * s
    downhill = s * np.sign(d) < 0
    if downhill:
        step -= lr * s
    if s * np.sign(d) <= mu / (1 + mu) * p * np.sign(d):
        return step + mu * d
    return step + float(np.clip(d * s / (p - s), -mu * abs(d), mu * abs(d)))


def test_quickprop_has_the_conditions_of_the_paper():
    values = (-2.0, -0.7, -0.5, 0.4, 1.1)
    for s in values:
        for p in (-1.0, -0.1, 0.2, 3.0):
            for d in (-0.5, 0.0, 0.8):
                one, other, last = (torch.tensor([v], dtype=torch.float64) for v in (s, p, d))
                found = quickprop_change(one, other, last, 0.1, 1.75).item()
                assert found == pytest.approx(fahlmans(s, p, d, 0.1, 1.75)), (s, p, d)


def test_quickprop_without_a_parabola():
    slope, change = torch.tensor([0.0, 0.5, -0.5]), torch.tensor([0.2, 0.2, 0.2])
    found = quickprop_change(slope, slope.clone(), change, 0.1, 1.75)
    wanted = [0.0, -0.2, 1.75 * 0.2 + 0.05]  # stays, back uphill, on downhill
    assert found.tolist() == pytest.approx(wanted)


def test_quickprop_finds_the_minimum_of_a_parabola_by_one_jump():
    w = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = Quickprop([w], lr=0.4)

    def closure():
        optimizer.zero_grad()
        error = (w - 1).square().sum()
        error.backward()
        return error

    optimizer.step(closure)
    assert w.item() == pytest.approx(0.8)
    optimizer.step(closure)  # the jump to 1 and a gradient step, as the slope kept its sign
    assert w.item() == pytest.approx(1.0 + 0.4 * 0.4)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (GDA, {"lr": 0.0}, "lr must be above 0"),
        (GDA, {"lr_inc": 0.9}, "lr_inc must be at least 1, got 0.9"),
        (GDA, {"max_inc": 0.0}, "max_inc must be at least 1"),
        (GDA, {"lr_dec": 1.0}, "lr_dec must be between 0 and 1"),
        (GDA, {"momentum": 1.0}, "momentum must be from 0 to below 1"),
        (Quickprop, {"lr": -1.0}, "lr must be above 0"),
        (Quickprop, {"mu": 0.0}, "mu must be above 0"),
        (Quickprop, {"weight_decay": -1.0}, "Invalid weight_decay"),
    ],
)
def test_numbers_out_of_range(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind([torch.zeros(1)], **options)


def test_one_rate_for_all_groups():
    with pytest.raises(ValueError, match="one for all parameters"):
        GDA([{"params": [torch.zeros(1)]}, {"params": [torch.ones(1)]}])
