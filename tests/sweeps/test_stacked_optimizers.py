"""One step for all members equals the steps of each, to the bit."""

import pytest
import torch
from torch import nn, optim

from nnzoo.sweeps.optimizers import Columns, StackedOptimizer, grain

OPTIONS = {
    "adam": (optim.Adam, [{"lr": 0.1, "fused": True}, {"lr": 0.01, "fused": True}]),
    "adam alike": (optim.Adam, [{"lr": 0.1, "fused": True}] * 2),
    "adam options": (
        optim.Adam,
        [
            {"betas": (0.8, 0.9), "weight_decay": 0.1, "fused": True},
            {"eps": 1e-3, "lr": 0.1, "fused": True},
        ],
    ),
    "adamw": (optim.AdamW, [{"weight_decay": 0.1, "fused": True}, {"lr": 0.1, "fused": True}]),
    "amsgrad": (optim.Adam, [{"amsgrad": True, "lr": 0.1}, {"amsgrad": True}]),
    "momentum": (
        optim.SGD,
        [{"lr": 0.1, "momentum": 0.9, "fused": True}, {"momentum": 0.5, "fused": True}],
    ),
    "nesterov": (
        optim.SGD,
        [{"momentum": 0.9, "nesterov": True, "lr": r, "fused": True} for r in (0.1, 0.2)],
    ),
    "rmsprop": (optim.RMSprop, [{"lr": 0.01}, {"lr": 0.1, "alpha": 0.9}]),
    "rprop": (optim.Rprop, [{"lr": 0.01}, {"lr": 0.1, "etas": (0.4, 1.3)}]),
    "adagrad": (optim.Adagrad, [{"lr": 0.01}, {"lr": 0.1, "lr_decay": 0.1}]),
    "sgd": (optim.SGD, [{"lr": 0.01, "fused": True}, {"lr": 0.1, "fused": True}]),
}


class Case:
    """Members with optimizers of their own, and the same members stacked."""

    def __init__(self, name, members=7):
        kind, options = OPTIONS[name]
        torch.manual_seed(0)
        # Sizes that fill a processor's vectors, and some that do not.
        self.models = [nn.Sequential(nn.Linear(5, 13), nn.Linear(13, 32)) for _ in range(members)]
        cut = members // 2  # members alike stand side by side
        chosen = [options[i >= cut] for i in range(members)]
        self.alone = [kind(m.parameters(), **o) for m, o in zip(self.models, chosen, strict=True)]
        others = [kind(m.parameters(), **o) for m, o in zip(self.models, chosen, strict=True)]
        self.columns = Columns(self.models[0], grain(self.alone[0], torch.float32))
        rows = [self.columns.split(list(m.parameters())) for m in self.models]
        self.whole, self.rest = (nn.Parameter(torch.stack(r)) for r in zip(*rows, strict=True))
        self.stacked = StackedOptimizer(
            self.whole, self.rest, self.columns, others, list(map(str, chosen))
        )

    def step(self, members):
        """A step of some members, in the stack and each alone."""
        for number in members:
            for p in self.models[number].parameters():
                p.grad = torch.randn_like(p)
            self.alone[number].step()
        grads = [[p.grad for p in self.models[n].parameters()] for n in members]
        self.stacked.step([torch.stack(own) for own in zip(*grads, strict=True)])

    def check(self, members):
        joined = self.stacked.parameters()
        for place, number in enumerate(members):
            for own, stacked in zip(self.models[number].parameters(), joined, strict=True):
                assert torch.equal(stacked[place], own), (tuple(own.shape), number)


@pytest.mark.parametrize("name", OPTIONS)
def test_many_steps_and_fewer_members(name):
    case = Case(name)
    everyone = list(range(7))
    for _ in range(20):
        case.step(everyone)
    case.check(everyone)
    case.stacked.keep([1, 4, 5])
    for _ in range(20):
        case.step([1, 4, 5])
    case.check([1, 4, 5])


@pytest.mark.parametrize("name", OPTIONS)
def test_a_member_takes_its_state_along(name):
    case = Case(name)
    for _ in range(3):
        case.step(range(7))
    for number in (0, 6):
        parameters = list(case.models[number].parameters())
        loaded = case.stacked.load(number, parameters, case.stacked.state())
        wanted = case.alone[number].state_dict()
        found = loaded.state_dict()
        assert found["param_groups"] == wanted["param_groups"]
        assert list(found["state"]) == list(wanted["state"])
        for k, state in wanted["state"].items():
            for key, value in state.items():
                other = found["state"][k][key]
                assert torch.equal(torch.as_tensor(other), torch.as_tensor(value)), (k, key)


def test_a_schedule_changes_a_member_alone():
    case = Case("sgd", members=4)
    case.step(range(4))
    for optimizers in (case.alone, case.stacked.optimizers):
        for optimizer in optimizers[2:]:
            optimizer.param_groups[0]["lr"] = 0.5
    case.stacked.refresh()
    case.step(range(4))
    case.check(range(4))


def test_a_parameter_is_cut_and_joined():
    model = nn.Linear(3, 5)  # 15 and 5 numbers
    columns = Columns(model, 8)
    assert (columns.wholes, columns.rests) == ([8, 0], [7, 5])
    whole, rest = columns.split(list(model.parameters()))
    joined = columns.join(columns.pieces(whole[None], rest[None]))
    assert torch.equal(joined["weight"][0], model.weight)
    assert torch.equal(joined["bias"][0], model.bias)
