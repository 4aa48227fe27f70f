"""Recorded operations give what the function gives, each time."""

import torch

from nnzoo.sweeps import tracing
from nnzoo.sweeps.tracing import Recordings, traced


def check(function, *inputs):
    recorded = traced(function, *inputs)
    for _ in range(3):
        others = [torch.randn_like(value) for value in inputs]
        assert torch.equal(recorded(*others), function(*others))
    return recorded


def operations(recorded):
    return [node for node in recorded.graph.nodes if node.op == "call_function"]


def test_a_constant_is_reckoned_once():
    recorded = check(lambda x: x + torch.arange(3.0).exp().sum(), torch.zeros(3))
    assert len(operations(recorded)) == 1


def test_a_constant_that_is_written_to_is_made_anew():
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
    recorded = traced(lambda x: x + torch.rand(8), torch.zeros(8))
    assert not torch.equal(recorded(torch.zeros(8)), recorded(torch.zeros(8)))


def test_what_is_written_to_is_not_shared():
    def function(x):
        copy = x * 1
        copy.add_(1)
        return x + copy

    check(function, torch.zeros(3))


def test_turning_twice_and_views_of_the_same_shape_are_left_out():
    recorded = check(
        lambda x: x.transpose(1, 2).transpose(1, 2).view(2, 3, 4) + 1, torch.ones(2, 3, 4)
    )
    assert len(operations(recorded)) == 1


def test_what_is_called_often_is_recorded(monkeypatch):
    monkeypatch.setattr(tracing, "OFTEN", 10)
    recordings, x = Recordings(), torch.ones(2)
    for calls in range(1, 12):
        assert (recordings.of("exp", torch.exp, x) is torch.exp) == (calls <= 10)
    assert recordings.of("exp", torch.exp, torch.ones(3)) is torch.exp
    recordings.times = 20  # as many calls to come are expected
    assert recordings.of("log", torch.log, x) is not torch.log
    recordings.clear()
    assert recordings.operations == {}
