"""The rules of LVQ beside a slow reference, and the distances of GLVQ."""

import pytest
import torch

from nnzoo import InputError
from nnzoo.nn import PrototypeLayer, lvq_rule, relative_differences
from nnzoo.nn.lvq import RULES

WINDOW, EPSILON = torch.tensor(0.3).double(), torch.tensor(0.2).double()


def problem(seed, points=60, features=3):
    """Random arguments of ``lvq_rule``."""
    make = torch.Generator().manual_seed(seed)
    weight = torch.randn(6, features, generator=make).double()
    rates = 0.1 + 0.2 * torch.rand(6, generator=make)
    classes = torch.tensor([0, 0, 1, 1, 2, 2])
    x = torch.randn(points, features, generator=make)
    y = torch.randint(0, 3, (points,), generator=make)
    lr = torch.linspace(0.3, 0.01, points).double()
    factors = 0.5 + torch.rand(points, generator=make)
    return weight, rates, classes, x, y, lr, factors, WINDOW, EPSILON


def reference(weight, rates, classes, x, y, lr, factors, window, epsilon, rule):
    """The rules as Kohonen writes them, point by point."""
    w, a = weight.clone(), rates.double()
    for point, label, rate, factor in zip(x.double(), y, lr, factors, strict=True):
        d = (point - w).norm(dim=1)
        two = d.argsort()[:2]
        right = classes[two] == label
        i, j = two.tolist()
        moves = {}
        if rule == "lvq1":
            moves = {i: rate if right[0] else -rate}
        elif rule == "olvq1":
            s = 1 if right[0] else -1
            a[i] = min(a[i] / (1 + s * a[i]), rate)
            moves = {i: s * a[i]}
        elif right.sum() == 1 and d[i] / d[j] > (1 - window) / (1 + window):
            moves = {i: rate if right[0] else -rate, j: rate if right[1] else -rate}
        elif rule == "lvq3" and right.all():
            moves = {i: epsilon * rate, j: epsilon * rate}
        for k, step in moves.items():
            w[k] += factor * step * (point - w[k])
    return w, a


@pytest.mark.parametrize("rule", RULES)
def test_it_equals_the_reference(rule):
    for seed in range(2):
        inputs = problem(seed)
        kept = [value.clone() for value in inputs]
        found = lvq_rule(*inputs, rule=rule)
        for one, other in zip(found, reference(*inputs, rule), strict=True):
            torch.testing.assert_close(one.double(), other, rtol=1e-6, atol=1e-6)
        assert all(map(torch.equal, inputs, kept))
        assert not torch.equal(found[0], inputs[0])


@pytest.mark.parametrize("rule", RULES)
def test_members_learn_as_they_do_alone(rule):
    members = [problem(seed) for seed in range(3)]
    together = torch.func.vmap(lambda *own: lvq_rule(*own, rule=rule))
    found = together(*map(torch.stack, zip(*members, strict=True)))
    for k, own in enumerate(members):
        for one, other in zip(found, lvq_rule(*own, rule=rule), strict=True):
            assert torch.equal(one[k], other)


def test_an_unknown_rule():
    with pytest.raises(InputError, match=r"unknown model\.rule 'lvq4'"):
        lvq_rule(*problem(0), rule="lvq4")


def test_the_gradients_are_sato_and_yamadas():
    """For squared distances: ``-4 d- / (d+ + d-)^2 (x - w+)`` and ``4 d+ / ... (x - w-)``."""
    layer = PrototypeLayer(2, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.0, 0], [3, 1]]))
    x = torch.tensor([[1.0, 1]])
    found = relative_differences(layer(x), torch.tensor([0]))
    assert found.item() == pytest.approx((2 - 4) / 6)
    found.sum().backward()
    expected = torch.tensor([[-4 * 4 / 36, -4 * 4 / 36], [4 * 2 / 36 * -2, 0]])
    torch.testing.assert_close(layer.weight.grad, expected)


def test_the_matrix_is_a_metric_with_trace_one():
    layer = PrototypeLayer(3, 4, "matrix")
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(
                torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0))
            )
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    matrix = layer.relevances()
    assert matrix.trace().item() == pytest.approx(1)
    apart = x[:, None] - layer.weight
    expected = torch.einsum("pui,ij,puj->pu", apart, matrix, apart)
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match=r"unknown model\.metric 'cosine'"):
        PrototypeLayer(3, 4, "cosine")
