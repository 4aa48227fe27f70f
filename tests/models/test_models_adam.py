"""The shorter Adam takes torch's steps, to the bit."""

import copy

import pytest
import torch
from torch import nn

from nnzoo.models.adam import Adam
from nnzoo.models.optimizers import build_optimizer

OPTIONS = [
    {},
    {"lr": 0.1, "betas": [0.5, 0.9], "eps": 1e-3},
    {"weight_decay": 0.1},
]


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))


def torchs(model, **options):
    return torch.optim.Adam(model.parameters(), fused=True, **options)


def steps(model, optimizer, count, first=0, frozen=()):
    """Take steps on random points; parameters whose index is in ``frozen`` get no gradient."""
    for number in range(first, first + count):
        x = torch.randn(5, 3, generator=torch.Generator().manual_seed(number))
        optimizer.zero_grad()
        model(x).square().sum().backward()
        for index in frozen:
            list(model.parameters())[index].grad = None
        optimizer.step()


def same(one, other):
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("options", OPTIONS)
def test_its_steps_are_torchs(options):
    ours, other = network(), network()
    optimizer = build_optimizer(ours.parameters(), {"name": "adam", **options})
    assert type(optimizer) is Adam
    reference = torchs(other, **options)
    for optimizer_, model in ((optimizer, ours), (reference, other)):
        steps(model, optimizer_, 3)
        optimizer_.param_groups[0]["lr"] = 0.05  # as a schedule does
        steps(model, optimizer_, 3, first=3, frozen=(0, 3))
        steps(model, optimizer_, 3, first=6)
    assert same(ours, other)
    assert not same(ours, network())
    kept = optimizer.state_dict()["state"], reference.state_dict()["state"]
    assert [float(state["step"]) for state in kept[0].values()] == [6, 9, 9, 6]
    for state, wanted in zip(*(k.values() for k in kept), strict=True):
        assert all(torch.equal(state[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 0)])
def test_training_goes_on_from_either(order):
    """Ours saved and torch's loaded, the other way round, and ours from ours."""
    build = (lambda model: Adam(model.parameters()), torchs)
    reference, model = network(), network()
    steps(reference, torchs(reference), 6)
    before = build[order[0]](model)
    steps(model, before, 3)
    after = build[order[1]](model)
    after.load_state_dict(copy.deepcopy(before.state_dict()))
    steps(model, after, 3, first=3)
    assert same(model, reference)


def test_groups_have_rates_of_their_own():
    results = []
    for build in (Adam, lambda groups: torch.optim.Adam(groups, fused=True)):
        model = network()
        groups = [
            {"params": model[0].parameters(), "lr": 0.1},
            {"params": model[2].parameters(), "lr": 0.001},
        ]
        steps(model, build(groups), 4)
        results.append(model)
    assert same(*results)


def test_a_copy_goes_on_alone():
    model, other = network(), network()
    optimizer = Adam(model.parameters())
    steps(model, optimizer, 3)
    model_, optimizer_ = copy.deepcopy((model, optimizer))
    steps(model_, optimizer_, 2, first=3)
    steps(other, torchs(other), 3)
    assert same(model, other)
    assert {float(state["step"]) for state in optimizer.state.values()} == {3}
    assert {float(state["step"]) for state in optimizer_.state.values()} == {5}


def test_hooks_are_called_and_the_loss_is_returned():
    model, called = network(), []
    optimizer = Adam(model.parameters())
    optimizer.register_step_pre_hook(lambda *_: called.append("before"))
    optimizer.register_step_post_hook(lambda *_: called.append("after"))
    assert optimizer.step(lambda: 7.0) == 7.0
    assert called == ["before", "after"]
    assert Adam(model.parameters()).step() is None


@pytest.mark.parametrize("options", [{"amsgrad": True}, {"maximize": True}, {"fused": False}])
def test_unusual_options_are_torchs(options):
    optimizer = build_optimizer(network().parameters(), {"name": "adam", **options})
    assert type(optimizer) is torch.optim.Adam


def test_parameters_of_several_types_are_torchs():
    parameters = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2).double())]
    assert type(build_optimizer(parameters, {"name": "adam"})) is torch.optim.Adam


def test_zero_grad_forgets_or_sets_to_zero():
    model = network()
    optimizer = Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.zero_grad(set_to_none=False)
    assert all(not p.grad.any() for p in model.parameters())
    optimizer.zero_grad()
    assert all(p.grad is None for p in model.parameters())
