"""The competitive learning rules, compared with worked examples and a slow loop."""

import math
import random
from functools import partial

import pytest
import torch

from nnzoo.errors import InputError
from nnzoo.nn import batch_rule, batch_step, online_rule, search
from nnzoo.nn.competitive import MAX_FREQUENCY_UPDATE, RULES

# Two units in the plane. The point lies nearer to the first, at 1.5 against 2.5.
W = torch.tensor([[0.0, 0.0], [4.0, 0.0]], dtype=torch.float64)
POINT = torch.tensor([[1.5, 0.0]], dtype=torch.float64)


def numbers(*values):
    return torch.tensor(values, dtype=torch.float64)


def slow_rule(weight, state, points, lrs, biases, rule, memory=0.01):
    """The formulas of the docstring in plain Python floats."""
    weight, state, n = [list(row) for row in weight], list(state), len(weight)
    for x, lr, bias in zip(points, lrs, biases, strict=True):
        d = [math.dist(x, w) for w in weight]
        cost = {
            "wta": d,
            "conscience": [d[i] ** 2 * (n * state[i]) ** bias for i in range(n)],
            "cwta": [state[i] * d[i] for i in range(n)],
        }[rule]
        k = cost.index(min(cost))
        step = min(lr * d[k], 1) if rule == "cwta" else lr
        weight[k] = [w + step * (a - w) for w, a in zip(weight[k], x, strict=True)]
        if rule == "cwta":
            state[k] += 1
        if rule == "conscience" and bias > 0:
            state = [p + memory * ((i == k) - p) for i, p in enumerate(state)]
    return weight, state


def test_wta_by_hand():
    weight, state = online_rule(W, numbers(0.5, 0.5), POINT, numbers(0.5), numbers(1), rule="wta")
    assert weight.tolist() == [[0.75, 0.0], [4.0, 0.0]]
    assert state.tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("bias", "moved", "state"),
    [
        # 2.25 * 1.5 = 3.375 against 6.25 * .5 = 3.125: the frequent winner loses.
        (1.0, [[0.0, 0.0], [2.75, 0.0]], [0.7425, 0.2575]),
        # 2.25 * 1.5^.5 = 2.76 against 6.25 * .5^.5 = 4.42: half the conscience is not enough.
        (0.5, [[0.75, 0.0], [4.0, 0.0]], [0.7525, 0.2475]),
        (0.0, [[0.75, 0.0], [4.0, 0.0]], [0.75, 0.25]),
    ],
)
@pytest.mark.parametrize("update", ["online", "batch"])
def test_conscience_by_hand(update, bias, moved, state):
    if update == "online":
        new = online_rule(W, numbers(0.75, 0.25), POINT, numbers(0.5), numbers(bias))
    else:
        new = batch_rule(W, numbers(0.75, 0.25), POINT, 0.5, bias)
    torch.testing.assert_close(new[0], torch.tensor(moved, dtype=torch.float64))
    torch.testing.assert_close(new[1], numbers(*state))


def test_cwta_by_hand():
    # 3 * 1.5 = 4.5 against 1 * 2.5: the second wins and moves .1 * 2.5 of its distance 2.5.
    weight, state = online_rule(W, numbers(3, 1), POINT, numbers(0.1), numbers(0), rule="cwta")
    torch.testing.assert_close(weight, torch.tensor([[0, 0], [3.375, 0]], dtype=torch.float64))
    assert state.tolist() == [3.0, 2.0]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(3))
def test_online_equals_a_slow_loop(rule, seed):
    source = random.Random(seed)
    points = [[source.gauss(0, 1) for _ in range(3)] for _ in range(300)]
    weight = [[source.gauss(0, 1) for _ in range(3)] for _ in range(4)]
    weight[3] = list(weight[0])  # the first of equal units wins
    state = [1.0] * 4 if rule == "cwta" else [0.25] * 4
    lrs = [0.3 * 0.99**i for i in range(300)]
    biases = [max(0.0, 1 - i / 200) for i in range(300)]  # the conscience ends at 200

    slow = slow_rule(weight, state, points, lrs, biases, rule)

    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-4)):
        start = (torch.tensor(part, dtype=dtype) for part in (weight, state, points))
        fast = online_rule(*start, numbers(*lrs), numbers(*biases), rule=rule)
        for one, other in zip(fast, slow, strict=True):
            expected = torch.tensor(other, dtype=dtype)
            torch.testing.assert_close(one, expected, rtol=0, atol=tolerance)


def test_batch_moves_the_share_of_several_steps_to_the_mean():
    x = torch.tensor([[1.0, 0.0], [3.0, 0.0]], dtype=torch.float64)
    far = torch.tensor([[0.0, 0.0], [10.0, 0.0]], dtype=torch.float64)
    # Two points at lr .1: 1 - .9^2 = .19 of the way to their mean 2; the other unit wins no point.
    weight, state = batch_rule(far, numbers(0.5, 0.5), x, 0.1, 1.0)
    torch.testing.assert_close(weight, torch.tensor([[0.38, 0], [10, 0]], dtype=torch.float64))
    # The weight of two points in the frequencies is 1 - .99^2 = .0199.
    torch.testing.assert_close(state, numbers(0.50995, 0.49005))


def test_batch_cwta_weights_points_by_their_distance():
    x = torch.tensor([[1.0, 0.0], [3.0, 0.0]], dtype=torch.float64)
    far = torch.tensor([[0.0, 0.0], [10.0, 0.0]], dtype=torch.float64)
    # Rates .1 and .3: 1 - .9 * .7 = .37 of the way to (.1 * 1 + .3 * 3) / .4 = 2.5.
    weight, state = batch_rule(far, numbers(1, 1), x, 0.1, 0.0, rule="cwta")
    torch.testing.assert_close(weight, torch.tensor([[0.925, 0], [10, 0]], dtype=torch.float64))
    assert state.tolist() == [3.0, 1.0]


def test_batch_equals_online_steps_for_equal_points():
    x = torch.ones(7, 2, dtype=torch.float64)
    start = W, numbers(0.5, 0.5)
    online = online_rule(*start, x, torch.full((7,), 0.2), torch.zeros(7), rule="wta")
    batch = batch_rule(*start, x, 0.2, 0.0, rule="wta")
    torch.testing.assert_close(batch[0], online[0])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("bias", [0.0, 0.7])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_batch_of_one_point_equals_online(rule, bias, dtype):
    generator = torch.Generator().manual_seed(0)
    weight = torch.rand(4, 3, generator=generator, dtype=dtype)
    state = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=dtype)
    for point in torch.rand(50, 1, 3, generator=generator, dtype=dtype):
        online = online_rule(weight, state, point, numbers(0.3), numbers(bias), rule=rule)
        batch = batch_rule(weight, state, point, 0.3, bias, rule=rule)
        for one, other in zip(online, batch, strict=True):
            assert one.dtype == other.dtype == dtype
            torch.testing.assert_close(one, other)
        assert not torch.equal(online[0], weight)
        weight, state = online


def test_a_large_batch_does_not_replace_the_frequencies_at_once():
    _, state = batch_rule(W, numbers(0.5, 0.5), torch.zeros(1000, 2, dtype=torch.float64), 0.1, 1.0)
    torch.testing.assert_close(
        state, numbers(0.5 + MAX_FREQUENCY_UPDATE / 2, 0.5 - MAX_FREQUENCY_UPDATE / 2)
    )


@pytest.mark.parametrize("rule", RULES)
def test_inputs_are_not_modified(rule):
    inputs = [W.clone(), numbers(0.5, 0.5), POINT.clone()]
    before = [tensor.clone() for tensor in inputs]
    for new in (
        online_rule(*inputs, numbers(0.5), numbers(1), rule=rule),
        batch_rule(*inputs, 0.5, 1.0, rule=rule),
    ):
        assert not torch.equal(new[0], W)
        assert all(torch.equal(a, b) for a, b in zip(inputs, before, strict=True))


def test_an_unknown_rule_is_an_input_error():
    with pytest.raises(InputError, match=r"unknown model\.rule 'conscious'; did you mean"):
        online_rule(W, numbers(1, 1), POINT, numbers(0.1), numbers(0), rule="conscious")
    with pytest.raises(InputError, match=r"unknown model\.rule"):
        batch_rule(W, numbers(1, 1), POINT, 0.1, 0.0, rule="conscious")


@pytest.mark.parametrize("rule", RULES)
def test_online_under_vmap_equals_each_member_alone(rule):
    members, units, features, points = 4, 6, 9, 50
    torch.manual_seed(0)
    weight, x = torch.randn(members, units, features), torch.randn(members, points, features)
    state = torch.rand(members, units) + 0.1
    lr = torch.rand(members, points, dtype=torch.float64)
    conscience = (torch.rand(members, points, dtype=torch.float64) - 0.3).clamp(min=0)
    learn = partial(online_rule, rule=rule)
    together = torch.func.vmap(learn)(weight, state, x, lr, conscience)
    alone = [learn(*one) for one in zip(weight, state, x, lr, conscience, strict=True)]
    for stacked, single in zip(together, zip(*alone, strict=True), strict=True):
        assert torch.equal(stacked, torch.stack(single))
    shared = torch.func.vmap(learn, in_dims=(0, 0, None, 0, None))(
        weight, state, x[0], lr, conscience[0]
    )
    assert torch.equal(shared[0][2], learn(weight[2], state[2], x[0], lr[2], conscience[0])[0])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_batch_under_vmap_equals_each_member_alone(rule, dtype):
    members, units, features, points = 4, 6, 9, 50
    torch.manual_seed(0)
    weight = torch.randn(members, units, features, dtype=dtype)
    x = torch.randn(members, points, features, dtype=dtype)
    state = torch.rand(members, units, dtype=dtype) + 0.1
    lr = torch.rand(members, dtype=torch.float64)
    conscience = torch.tensor([0, 0, 0.5, 1], dtype=torch.float64)
    learn = partial(batch_rule, rule=rule)
    together = torch.func.vmap(learn)(weight, state, x, lr, conscience)
    alone = [learn(*one) for one in zip(weight, state, x, lr, conscience, strict=True)]
    floats = [
        learn(*one, float(a), float(b))
        for *one, a, b in zip(weight, state, x, lr, conscience, strict=True)
    ]
    for single in (alone, floats):
        for stacked, one in zip(together, zip(*single, strict=True), strict=True):
            assert stacked.dtype == dtype
            torch.testing.assert_close(stacked, torch.stack(one))


def test_batch_step_under_vmap_equals_each_member_alone():
    torch.manual_seed(0)
    weight, x = torch.randn(4, 6, 30), torch.randn(4, 50, 30)
    lr = torch.tensor([1, 0.5, 0.1, 0.01], dtype=torch.float64)

    def learn(weight, x, lr):
        return batch_step(weight, x, search.nearest(x, weight)[1], lr)

    together = torch.func.vmap(learn)(weight, x, lr)
    assert together.dtype == torch.float32
    alone = [learn(*one) for one in zip(weight, x, lr, strict=True)]
    assert torch.equal(together, torch.stack(alone))
    assert torch.equal(learn(weight[1], x[1], 0.5), alone[1])


@pytest.mark.parametrize("rule", ["wta", "cwta"])
def test_a_batch_of_one_point_is_the_online_step_also_at_a_rate_of_one(rule):
    start = W, numbers(1, 1)
    online, _ = online_rule(*start, POINT, numbers(1), numbers(0), rule=rule)
    batch, _ = batch_rule(*start, POINT, 1.0, 0.0, rule=rule)
    torch.testing.assert_close(batch, online)


@pytest.mark.parametrize("rule", ["conscience", "wta", "cwta"])
def test_an_empty_batch_changes_nothing(rule):
    weight, state = batch_rule(W, numbers(0.5, 0.5), POINT[:0], 0.1, 1.0, rule=rule)
    assert weight.tolist() == W.tolist()
    assert state.tolist() == [0.5, 0.5]
