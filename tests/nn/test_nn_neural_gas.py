"""The rules of the neural gas: by hand, by a loop, and the batch rule by a plain mean."""

import math

import torch

from nnzoo.nn.neural_gas import neural_gas_batch_rule, neural_gas_rule


def number(value):
    return torch.tensor(value, dtype=torch.float64)


def points(n, features, seed=0):
    return torch.randn(n, features, generator=torch.Generator().manual_seed(seed))


def test_a_step_by_hand():
    """The middle unit is the nearest, the first one next; the last one has rank 2."""
    weight = number([[0.0], [2.0], [9.0]])
    new = neural_gas_rule(weight, number([[1.5]]), number([0.5]), number([2.0]))
    expected = [
        [0 + 0.5 * math.exp(-1 / 2) * 1.5],
        [2 - 0.5 * 0.5],
        [9 - 0.5 * math.exp(-2 / 2) * 7.5],
    ]
    torch.testing.assert_close(new, number(expected))
    assert weight.tolist() == [[0], [2], [9]]


def test_the_online_rule_equals_a_plain_loop():
    x, weight = points(40, 5), points(12, 5, 1).double()
    lr, radius = torch.linspace(0.5, 0.01, 40), torch.linspace(6, 0.01, 40)
    expected = weight.clone()
    for point, rate, r in zip(x.double(), lr.double(), radius.double(), strict=True):
        distances = (point - expected).square().sum(1)
        ranks = (distances[None] < distances[:, None]).sum(1)
        expected += rate * torch.exp(-ranks / r)[:, None] * (point - expected)
    torch.testing.assert_close(neural_gas_rule(weight, x, lr, radius), expected)


def test_units_at_the_same_place_learn_by_their_index():
    new = neural_gas_rule(torch.zeros(2, 1).double(), number([[1]]), number([0.5]), number([1.0]))
    torch.testing.assert_close(new, number([[0.5], [0.5 * math.exp(-1)]]))


def test_the_batch_rule_with_all_points_is_the_batch_neural_gas(monkeypatch):
    monkeypatch.setattr("nnzoo.nn.neural_gas.BLOCK", 12 * 7)  # blocks of seven points
    x, weight, radius = points(60, 2).double(), points(12, 2, 1).double(), number(1.5)
    distances = torch.cdist(x, weight)
    h = torch.exp(-(distances[:, None] < distances[:, :, None]).sum(2) / radius)
    expected = (h.T @ x) / h.sum(0)[:, None]
    torch.testing.assert_close(neural_gas_batch_rule(weight, x, number(1.0), radius), expected)


def test_a_batch_of_one_point_is_an_online_step():
    weight, x, lr, radius = points(4, 3).double(), points(1, 3, 1).double(), 0.2, 1e-3
    batch = neural_gas_batch_rule(weight, x, number(lr), number(radius))
    online = neural_gas_rule(weight, x, number([lr]), number([radius]))
    torch.testing.assert_close(batch, online)


def test_a_unit_that_no_point_reaches_stays():
    weight = number([[0.0], [50.0]])
    new = neural_gas_batch_rule(weight, number([[1.0], [3.0]]), number(1.0), number(1e-3))
    assert new.tolist() == [[2], [50]]


def test_members_learn_as_alone():
    weight, x = points(36, 2).reshape(4, 9, 2).double(), points(80, 2).reshape(4, 20, 2)
    lr, radius = torch.linspace(0.1, 0.5, 4).double(), torch.linspace(1, 2, 4).double()
    each = [v[:, None].expand(4, 20) for v in (lr, radius)]
    for rule, own in ((neural_gas_rule, each), (neural_gas_batch_rule, (lr, radius))):
        together = torch.func.vmap(rule)(weight, x, *own)
        alone = [rule(*member) for member in zip(weight, x, *own, strict=True)]
        assert torch.equal(together, torch.stack(alone))
