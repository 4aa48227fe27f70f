"""Captured operations give the result of the function, each time."""

import weakref

import pytest
import torch

from nnzoo.engine.replay import MIN_CALLS, Replay, capture


def check(function, *inputs):
    captured = capture(function, *inputs)
    for _ in range(3):
        others = [torch.randn_like(value) for value in inputs]
        assert torch.equal(captured(*others), function(*others))
    return captured


class Counted(torch.utils._python_dispatch.TorchDispatchMode):
    """Counts the operations that are carried out."""

    def __init__(self):
        super().__init__()
        self.number = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.number += 1
        return func(*args, **(kwargs or {}))


def operations(captured, *inputs):
    with Counted() as counted:
        captured(*inputs)
    return counted.number


def test_a_constant_is_computed_once():
    captured = check(lambda x: x + torch.arange(3.0).exp().sum(), torch.zeros(3))
    assert operations(captured, torch.zeros(3)) == 1


def test_a_constant_that_is_written_to_is_computed_each_time():
    check(lambda x: torch.zeros(3).add_(x), torch.zeros(3))
    check(lambda x: torch.zeros(4)[:3].add_(x), torch.zeros(3))

    def through_a_view(x):
        total = torch.zeros(3)
        total.view(3, 1).add_(x[:, None])
        return total

    def seen_by_a_view(x):
        total = torch.zeros(4)
        seen = total[1:]
        total[:3].add_(x)
        return seen

    check(through_a_view, torch.zeros(3))
    check(seen_by_a_view, torch.zeros(3))


def test_random_numbers_are_drawn_each_time():
    captured = capture(lambda x: x + torch.rand(8), torch.zeros(8))
    assert not torch.equal(captured(torch.zeros(8)), captured(torch.zeros(8)))


def test_what_is_written_to_is_not_shared():
    def function(x):
        copy = x * 1
        copy.add_(1)
        return x + copy

    check(function, torch.zeros(3))


def test_two_transposes_and_views_of_the_same_shape_are_left_out():
    captured = check(
        lambda x: x.transpose(1, 2).transpose(1, 2).view(2, 3, 4) + 1, torch.ones(2, 3, 4)
    )
    assert operations(captured, torch.ones(2, 3, 4)) == 1


def test_tensors_of_numbers_are_copied_if_they_are_written_to():
    check(lambda x: torch.tensor([1.0, 2.0, 3.0]).add_(x), torch.zeros(3))
    captured = check(lambda x: x * torch.tensor([1.0, 2.0, 3.0]), torch.zeros(3))
    assert operations(captured, torch.zeros(3)) == 1


def test_several_results_and_results_by_name():
    captured = capture(lambda x: {"a": x.sort().values + 1, "b": (x, 2)}, torch.zeros(3))
    found = captured(torch.tensor([3.0, 1.0, 2.0]))
    assert found["a"].tolist() == [2, 3, 4]
    assert found["b"][0].tolist() == [3, 1, 2]
    assert found["b"][1] == 2


@pytest.mark.parametrize("value", [float("inf"), float("nan"), -0.5, True, None, "none"])
def test_operations_with_arguments_of_every_kind(value):
    def function(x):
        if value is None or isinstance(value, bool):
            return x.sum(-1, keepdim=bool(value), dtype=torch.float64)
        if isinstance(value, str):
            return torch.div(x, 3, rounding_mode="floor")
        return torch.full_like(x, value).nan_to_num(0.25) + x.clamp(max=value)

    captured = capture(function, torch.zeros(2, 3))
    x = torch.randn(2, 3)
    assert torch.equal(captured(x).nan_to_num(), function(x).nan_to_num())


def test_gradients_of_mapped_functions():
    def function(weight, x):
        def loss(weight, x):
            y = torch.nn.functional.linear(x, weight).relu()
            return (y * torch.tensor(3.0)).square().mean() + weight.abs().sum()

        weight = weight.detach().requires_grad_()
        losses = torch.func.vmap(loss)(weight, x)
        return torch.autograd.grad(losses.sum(), weight)[0]

    check(function, torch.randn(2, 4, 3), torch.randn(2, 5, 3))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * float(x.sum()),
        lambda x: x[x > 0].sum(),
        lambda x: x + 1 if x.sum() > 0 else x,
    ],
)
def test_what_depends_on_values_is_refused(function):
    with pytest.raises(RuntimeError, match="depends on values"):
        capture(function, torch.ones(3))


def test_an_index_of_positions_may_be_captured():
    check(lambda x: x[[0, 2]] + x[torch.tensor([1, 1])], torch.zeros(3))
    check(lambda x: x.log_softmax(-1)[torch.arange(2), torch.tensor([0, 2])], torch.zeros(2, 3))


def test_an_operation_that_checks_its_input_still_does():
    captured = capture(torch.linalg.inv, torch.eye(3))
    assert torch.equal(captured(2 * torch.eye(3)), torch.eye(3) / 2)
    with pytest.raises(RuntimeError, match="singular"):
        captured(torch.zeros(3, 3))


def test_a_tensor_given_twice_is_two_inputs():
    x = torch.ones(3)
    assert capture(torch.sub, x, x)(x, 0 * x).tolist() == [1, 1, 1]


def test_values_are_released():
    """A chain of operations holds one large value at a time, as the function does."""
    alive, most = weakref.WeakSet(), []

    class Watched(Counted):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            alive.add(result)
            most.append(len(alive))
            return result

    def function(x):
        for _ in range(9):
            x = x + 1
        return x

    captured = capture(function, torch.zeros(3))
    for call in (lambda: capture(function, torch.zeros(3)), lambda: captured(torch.zeros(3))):
        most.clear()
        with Watched():
            call()
        assert 0 < max(most) <= 3


def called(function, times=MIN_CALLS + 4):
    """A replay, and for each call what it returned, the expected result and the input."""
    replay, found = Replay(), []
    for number in range(times):
        x = torch.randn(3, generator=torch.Generator().manual_seed(number))
        torch.manual_seed(number)
        wanted = function(x)
        torch.manual_seed(number)
        found.append((replay.of("name", function, (x,)), wanted, x))
    return replay, found


def test_what_is_called_often_is_replayed():
    replay, found = called(torch.exp)
    assert [call is torch.exp for call, _, _ in found] == [True] * (MIN_CALLS + 1) + [False] * 3
    for call, wanted, x in found:
        assert torch.equal(call(x), wanted)
    assert replay.of("other", torch.exp, (torch.ones(2),)) is torch.exp


def test_random_functions_are_replayed():
    _, found = called(torch.rand_like)
    assert found[-1][0] is not torch.rand_like


def test_a_replay_is_compared_on_another_input_first():
    """Numbers that are computed outside of torch would not change with the input."""

    def function(x):
        return x + torch.from_numpy(x.numpy() * 2)

    assert {call for call, _, _ in called(function)[1]} == {function}


def test_what_cannot_be_captured_is_called():
    def function(x):
        return x * float(x.sum())

    assert {call for call, _, _ in called(function)[1]} == {function}
