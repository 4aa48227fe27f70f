"""Each formula of the engine's optimizers gives the result of torch's optimizer."""

from itertools import product

import pytest
import torch

from nnzoo.engine.optimizers import FORMULAS, OWN_STEPS, STRUCTURE, RowOptimizer, why_not
from nnzoo.models.training.optimizers import OPTIMIZERS, build_optimizer

MEMBERS, NUMBERS, STEPS = 3, 40, 20


def cases():
    """Options on which the formulas branch; a list has one value for each member."""
    flags, rates, decays = (False, True), (0.05, [0.01, 0.1, 0.03]), [0.0, 0.1, 0.3]
    first = [(0.0, False, rates[0]), (0.1, True, rates[1]), (decays, False, rates[1])]
    for decay, maximize, lr in [*first, (decays, True, rates[0])]:
        shared = {"weight_decay": decay, "maximize": maximize, "lr": lr}
        for momentum in (0.0, 0.9, [0.9, 0.0, 0.5]):
            for dampening in (0.0, 0.4, [0.4, 0.2, 0.0]):
                yield "sgd", shared | {"momentum": momentum, "dampening": dampening}
        yield "sgd", shared | {"momentum": 0.9, "nesterov": True}
        yield "momentum", shared | {"momentum": [0.9, 0.3, 0.5], "nesterov": True}
        yield "momentum", shared
        for amsgrad in flags:
            for betas in ((0.9, 0.999), [(0.9, 0.999), (0.8, 0.999), (0.0, 0.9)]):
                for name in ("adam", "adamw"):
                    yield name, shared | {"amsgrad": amsgrad, "betas": betas}
        yield "adam", shared | {"decoupled_weight_decay": True}
        for centered, momentum in product(flags, (0.0, 0.9, [0.9, 0.0, 0.5])):
            alpha = 0.9 if momentum == 0.9 else [0.99, 0.9, 0.5]
            yield "rmsprop", shared | {"centered": centered, "momentum": momentum, "alpha": alpha}
        for lr_decay, first in product((0.0, [0.0, 0.1, 0.2]), (0.0, 1.0, [0.0, 0.1, 2.0])):
            yield "adagrad", shared | {"lr_decay": lr_decay, "initial_accumulator_value": first}
    for maximize, lr in product(flags, rates):
        for etas in ((0.5, 1.2), [(0.5, 1.2), (0.4, 1.3), (0.3, 1.1)]):
            for sizes in ((1e-6, 50), (0.02, 0.1), [(1e-6, 50), (0.02, 0.1), (0.01, 0.2)]):
                options = {"maximize": maximize, "lr": lr, "etas": etas, "step_sizes": sizes}
                yield "rprop", options
    for lr, mu, decay in product(rates, (1.75, [1.75, 1.2, 3.0]), (0.0, decays)):
        yield "quickprop", {"lr": lr, "mu": mu, "weight_decay": decay}
    for name in ("adam", "adamw", "rmsprop", "adagrad"):
        yield name, {"eps": [1e-8, 1e-3, 1e-1]}


class Case:
    """Members with torch's optimizers, and a RowOptimizer of all of them."""

    def __init__(self, name, options, dtype=torch.float32):
        generator = torch.Generator().manual_seed(0)
        self.rows = torch.randn(MEMBERS, NUMBERS, generator=generator, dtype=torch.float64)
        self.rows = self.rows.to(dtype)
        self.alone = [torch.nn.Parameter(row.clone()) for row in self.rows]
        self.configs = [
            {"name": name}
            | ({} if name == "quickprop" else {"foreach": False})
            | {k: v[i] if isinstance(v, list) else v for k, v in options.items()}
            for i in range(MEMBERS)
        ]
        self.torchs = [
            build_optimizer([weight], config)
            for weight, config in zip(self.alone, self.configs, strict=True)
        ]
        self.optimizer = self.new(self.rows)
        self.generator, self.present = generator, list(range(MEMBERS))

    def new(self, rows, schedulers=(None,) * MEMBERS):
        return RowOptimizer(rows, self.configs, schedulers, STEPS)

    def step(self):
        """A step of the present members; a few gradients are zero."""
        gradients = torch.randn(self.rows.shape, generator=self.generator, dtype=torch.float64)
        gradients = (gradients * (gradients.abs() > 0.1)).to(self.rows)
        for member, gradient in zip(self.present, gradients, strict=True):
            self.alone[member].grad = gradient.clone()
            self.torchs[member].step()
        self.optimizer.step(gradients.clone())

    def difference(self):
        """The largest relative difference of a member's weights to those of torch."""
        wanted = torch.stack([self.alone[member].detach() for member in self.present]).double()
        found = (self.rows.double() - wanted).abs().amax(1) / wanted.abs().amax(1)
        return float(found.max())


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
def test_every_formula_equals_torchs(dtype, limit):
    names = set()
    for name, options in cases():
        case = Case(name, options, dtype)
        before = case.rows.clone()
        for _ in range(STEPS):
            case.step()
        assert (case.rows != before).any()
        assert case.difference() <= limit, (name, options)
        names.add(name)
    assert names == set(FORMULAS)


DIFFERENT = {
    "adagrad": {"lr": [0.01, 0.1, 0.05]},
    "adam": {"lr": [0.01, 0.1, 0.05], "amsgrad": True},
    "adamw": {"betas": [(0.9, 0.99), (0.8, 0.9), (0.7, 0.99)]},
    "momentum": {"momentum": [0.9, 0.0, 0.5]},
    "quickprop": {"lr": [0.01, 0.1, 0.05], "mu": [1.75, 1.2, 3.0]},
    "rmsprop": {"lr": 0.01, "momentum": 0.5, "centered": True},
    "rprop": {"lr": [0.01, 0.1, 0.05]},
    "sgd": {"lr": [0.01, 0.1, 0.05]},
}


@pytest.mark.parametrize("name", FORMULAS)
def test_the_state_after_a_member_left(name):
    case = Case(name, DIFFERENT[name], torch.float64)
    for _ in range(4):
        case.step()
    case.present, case.rows = [0, 2], case.rows[[0, 2]]
    case.optimizer.keep(case.rows, [0, 2])
    for _ in range(4):
        case.step()
    assert case.difference() <= 1e-12


@pytest.mark.parametrize("name", FORMULAS)
def test_the_saved_state_continues_bit_for_bit(name):
    case = Case(name, DIFFERENT[name])
    for _ in range(4):
        case.step()
    kept = [case.optimizer.member(member) for member in range(MEMBERS)]
    again = case.new(case.rows.clone())
    again.resume(kept)
    for _ in range(4):
        gradients = torch.randn(case.rows.shape, generator=case.generator)
        case.optimizer.step(gradients.clone())
        again.step(gradients.clone())
    assert torch.equal(again.rows, case.rows)
    assert all(one["steps"] == 4 for one in kept)  # copies, which later steps leave alone


def test_rates_are_set_for_each_member():
    case = Case("sgd", {"lr": 0.1}, torch.float64)
    schedulers = [None, *({"name": "exponential", "gamma": gamma} for gamma in (0.5, 0.9))]
    case.optimizer = case.new(case.rows, schedulers)
    for epoch in range(3):
        for one, gamma in zip(case.torchs, (1, 0.5, 0.9), strict=True):
            one.param_groups[0]["lr"] = 0.1 * gamma**epoch
        case.optimizer.set_epoch(epoch)
        case.step()
    assert case.difference() <= 1e-12


def test_what_has_no_formula():
    assert set(OPTIMIZERS) - set(FORMULAS) == {"lbfgs", *OWN_STEPS}
    assert all(why_not(name, {}) is None for name in OWN_STEPS)
    assert why_not("lbfgs", {}) == "the steps of lbfgs depend on all parameters together"
    assert why_not("adam", {"lr": torch.tensor(0.1)}) == "its options are tensors"
    for name in FORMULAS:
        group = build_optimizer([torch.zeros(1)], {"name": name}).param_groups[0]
        assert why_not(name, group) is None
        # An option that is not compared by group_key is a number or a tuple of numbers.
        others = {k: v for k, v in group.items() if k not in (*STRUCTURE, "params")}
        switches = {key for key, value in others.items() if isinstance(value, bool)}
        assert switches <= {"capturable", "differentiable", "foreach", "fused"}
