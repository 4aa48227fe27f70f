"""Threshold units and the perceptron rule, compared with worked examples and a slow loop."""

import random

import pytest
import torch

from nnzoo.errors import InputError
from nnzoo.nn import ThresholdUnit, perceptron_rule

X = torch.tensor([[0.3, 0.2], [0.0, 1.3], [1.4, 0.6], [0.5, 1.9]])
T = torch.tensor([[0.0], [1.0], [1.0], [1.0]])

# By hand, lr .01: half the squared error before each epoch, then w1, w2 and b after it.
EPOCHS = [
    (1.5, (0.0, 0.013, 0.01)),  # only the second point is wrong
    (0.5, (-0.003, 0.011, 0.0)),  # only the first
    (0.5, (0.008, 0.015, 0.0)),  # the first and, after its update, the third
    (0.5, (0.005, 0.013, -0.01)),  # only the first
    (0.0, (0.005, 0.013, -0.01)),
]


def slow_rule(weight, bias, points, targets, lr):
    """One epoch in plain Python floats."""
    weight, bias = [list(row) for row in weight], list(bias)
    for point, expected in zip(points, targets, strict=True):
        for i in range(len(weight)):
            net = sum(w * x for w, x in zip(weight[i], point, strict=True)) + bias[i]
            error = expected[i] - (1 if net > 0 else 0)
            weight[i] = [w + lr * error * x for w, x in zip(weight[i], point, strict=True)]
            bias[i] += lr * error
    return weight, bias


def test_units_start_at_zero():
    unit = ThresholdUnit(3, units=2)
    assert unit.weight.shape == (2, 3)
    assert unit.bias.shape == (2,)
    assert not unit.weight.any()
    assert not unit.bias.any()


def test_a_net_input_of_exactly_zero_does_not_fire():
    unit = ThresholdUnit(2)
    assert unit(torch.tensor([[0.0, 0.0], [5.0, -3.0]])).tolist() == [[0.0], [0.0]]
    unit.bias.fill_(1e-6)
    assert unit(torch.zeros(1, 2)).tolist() == [[1.0]]


def test_output_by_hand():
    unit = ThresholdUnit(2, units=2)
    unit.weight.copy_(torch.tensor([[1.0, 2.0], [-1.0, 0.5]]))
    unit.bias.copy_(torch.tensor([-2.5, 0.0]))
    x = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
    assert unit.net_input(x).tolist() == [[0.5, -0.5], [-0.5, 0.5]]
    assert unit(x).tolist() == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("leading", [(), (4,), (2, 3)])
def test_leading_dimensions_and_dtype(leading):
    unit = ThresholdUnit(3, units=2).double()
    output = unit(torch.ones(*leading, 3, dtype=torch.float64))
    assert output.shape == (*leading, 2)
    assert output.dtype == torch.float64


def test_the_epochs_of_the_tutorial_by_hand():
    unit = ThresholdUnit(2)
    for error, after in EPOCHS:
        assert 0.5 * (T - unit(X)).square().sum() == error
        weight, bias = perceptron_rule(unit.weight, unit.bias, X, T, lr=0.01)
        unit.weight.copy_(weight)
        unit.bias.copy_(bias)
        assert [*weight[0].tolist(), *bias.tolist()] == pytest.approx(after, abs=1e-8)


@pytest.mark.parametrize("units", [1, 3])
@pytest.mark.parametrize("seed", range(5))
def test_the_rule_equals_a_slow_loop(units, seed):
    source = random.Random(seed)
    points = [[source.gauss(0, 1) for _ in range(4)] for _ in range(60)]
    targets = [[float(source.random() < 0.5) for _ in range(units)] for _ in range(60)]
    start = [[source.gauss(0, 1) for _ in range(4)] for _ in range(units)]
    bias = [source.gauss(0, 1) for _ in range(units)]

    slow = slow_rule(start, bias, points, targets, 0.1)

    arguments = (torch.tensor(part, dtype=torch.float64) for part in (start, bias, points, targets))
    fast = perceptron_rule(*arguments, 0.1)
    torch.testing.assert_close(fast[0], torch.tensor(slow[0], dtype=torch.float64))
    torch.testing.assert_close(fast[1], torch.tensor(slow[1], dtype=torch.float64))
    assert slow[1] != bias  # the rule changed something


def test_from_zero_the_learning_rate_only_scales_the_weights():
    start = torch.zeros(1, 2, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    x, t = X.double(), T.double()
    slow = perceptron_rule(*start, x, t, lr=0.01)
    fast = perceptron_rule(*start, x, t, lr=1.0)
    torch.testing.assert_close(fast[0], 100 * slow[0])
    torch.testing.assert_close(fast[1], 100 * slow[1])


def test_inputs_are_not_changed():
    inputs = [torch.zeros(1, 2), torch.zeros(1), X.clone(), T.clone()]
    before = [tensor.clone() for tensor in inputs]
    weight, _ = perceptron_rule(*inputs, 0.01)
    assert weight.any()
    assert all(torch.equal(a, b) for a, b in zip(inputs, before, strict=True))


@pytest.mark.parametrize(("in_features", "units"), [(0, 1), (2, 0), (-1, 1), (2, 1.5), ("2", 1)])
def test_sizes_must_be_positive_whole_numbers(in_features, units):
    with pytest.raises(InputError, match="whole number"):
        ThresholdUnit(in_features, units)
