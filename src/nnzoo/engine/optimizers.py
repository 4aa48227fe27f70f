"""Optimizers on rows: one step for all members, each with its own hyperparameters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.engine.population import Population
from nnzoo.engine.schedules import Schedule
from nnzoo.models import Descend
from nnzoo.models.training.optimizers import build_optimizer
from nnzoo.nn.quickprop import quickprop_change

State = dict[str, Tensor]
"""State of an optimizer by torch's names, (members, numbers) each."""

Options = Mapping[str, Any]
"""Hyperparameters by torch's names: a value shared by all members, or a column (members, 1)."""

STRUCTURE = ("amsgrad", "centered", "decoupled_weight_decay", "maximize", "nesterov")
"""Options that choose a formula; they must be equal for all members."""

OWN_STEPS = ("bayesian_regularization", "gda", "gdx", "levenberg_marquardt", "scg")
"""Optimizers that are no formula of the gradient alone, each in a file of its own."""

IMPLEMENTATION = ("capturable", "differentiable", "foreach", "fused", "params")
"""Options of torch's optimizers that change how a step is computed, not its result."""


class RowOptimizer:
    """An optimizer of a matrix with a row for each member.

    Its formulas are those of ``torch.optim``, for hyperparameters that are numbers or columns: a
    hundred learning rates cost as much as one.

    Args:
        rows: (members, numbers); changed in place by ``step``.
        configs: each member's optimizer, see ``build_optimizer``; their names are equal.
        schedulers: each member's scheduler, see ``build_scheduler``; None: a constant rate.
        epochs: length of the whole training.
        clip: the limit of gradients and what it limits, see ``Plan`` of ``nnzoo.engine.loop``.
    """

    measured: tuple[str, ...] = ()  # names of columns of its state that are metrics too

    def __init__(
        self,
        rows: Tensor,
        configs: Sequence[Mapping[str, Any]],
        schedulers: Sequence[Mapping[str, Any] | None],
        epochs: int,
        clip: tuple[float, str] | None = None,
    ) -> None:
        self.name: str = configs[0]["name"]
        self.rows, self.steps, self.clip = rows, 0, clip
        self.state: State = {}
        groups = [build_optimizer([torch.zeros(1)], config).param_groups[0] for config in configs]
        self._members = [
            {k: v for k, v in own.items() if k not in IMPLEMENTATION} for own in groups
        ]
        # Members with equal rates and schedules share one.
        keys = [
            (own.get("lr", 0.0), repr(one)) for own, one in zip(groups, schedulers, strict=True)
        ]
        different = dict(zip(keys, schedulers, strict=True))
        known = {k: Schedule(k[0], one, epochs) for k, one in different.items() if one is not None}
        self._schedules = [known.get(key) for key in keys]
        self._refresh()

    def set_epoch(self, epoch: int) -> None:
        """Set each member's learning rate for an epoch."""
        if not any(self._schedules):
            return
        for own, schedule in zip(self._members, self._schedules, strict=True):
            if schedule is not None:
                own["lr"] = schedule.rate(epoch)
        self._refresh()

    def descend(
        self, population: Population, action: Descend, batch: Batch, noise: Tensor | None
    ) -> Tensor:
        """Take a step of the members in the population; return their losses before it, (members,).

        Args:
            population: whose part ``action.part`` the rows are.
            action: the step.
            batch, noise: its points and random numbers, (members, points, ...) each.
        """
        losses, gradients = population.gradients(action, batch, noise)
        self.step(self.clipped(gradients))
        return losses

    def step(self, gradients: Tensor) -> None:
        """Update the rows by their gradients (members, numbers), which may be overwritten."""
        self.steps += 1
        options, rows = self.options, self.rows
        if options.get("maximize"):
            gradients = gradients.neg()
        decay = options.get("weight_decay", 0)
        if isinstance(decay, Tensor) or decay != 0:
            if self.name == "adamw" or options.get("decoupled_weight_decay"):
                rows.mul_(1 - options["lr"] * decay)
            else:
                gradients = gradients + decay * rows
        FORMULAS[self.name](rows, gradients, self.state, self.steps, options)

    def keep(self, rows: Tensor, positions: Sequence[int]) -> None:
        """Keep only the members at some positions, with their new rows."""
        index = torch.tensor(positions, device=rows.device)
        self.rows = rows
        self._members = [self._members[position] for position in positions]
        self._schedules = [self._schedules[position] for position in positions]
        self.state = {name: value[index] for name, value in self.state.items()}
        self._refresh()

    def member(self, position: int) -> dict[str, Any]:
        """Return a member's part of a checkpoint: ``steps``, and ``state`` by name, (numbers,)."""
        state = {name: value[position].cpu().clone() for name, value in self.state.items()}
        return {"steps": self.steps, "state": state}

    def resume(self, kept: Sequence[Mapping[str, Any]]) -> None:
        """Restore what ``member`` returned for each member."""
        self.steps = kept[0]["steps"]
        self.state = {
            name: torch.stack([one["state"][name] for one in kept]).to(self.rows.device)
            for name in kept[0]["state"]
        }

    def clipped(self, gradients: Tensor) -> Tensor:
        """Return the gradients within the limit, if there is one."""
        if self.clip is None:
            return gradients
        limit, kind = self.clip
        if kind == "value":
            return gradients.clamp(-limit, limit)
        norms = torch.linalg.vector_norm(gradients, dim=1, keepdim=True)
        return gradients * (limit / (norms + 1e-6)).clamp(max=1)

    def column(self, name: str) -> Tensor:
        """Return an option of each member, (members, 1), float64."""
        values = [own[name] for own in self._members]
        return torch.tensor(values, dtype=torch.float64, device=self.rows.device)[:, None]

    def _refresh(self) -> None:
        first = self._members[0]
        self.options = {name: self._column([own[name] for own in self._members]) for name in first}

    def _column(self, values: list[Any]) -> Any:
        """Return a value that all members share, or different values as a column (members, 1)."""
        if isinstance(values[0], tuple | list):
            return [self._column(list(column)) for column in zip(*values, strict=True)]
        if all(value == values[0] for value in values):
            return values[0]
        return torch.tensor(values, dtype=torch.float64)[:, None].to(self.rows)


def why_not(name: str, options: Mapping[str, Any]) -> str | None:
    """Return why there is no formula for an optimizer with these options; None: there is one."""
    if name not in (*FORMULAS, *OWN_STEPS):
        return f"the steps of {name} depend on all parameters together"
    if any(isinstance(value, Tensor) for key, value in options.items() if key != "params"):
        return "its options are tensors"
    return None


def _kept(state: State, name: str, rows: Tensor) -> Tensor:
    """Return a tensor of the optimizer's state, created as zeros at the first step."""
    if name not in state:
        state[name] = torch.zeros_like(rows)
    return state[name]


def _sgd(rows: Tensor, g: Tensor, state: State, t: int, o: Options) -> None:
    momentum = o["momentum"]
    if isinstance(momentum, Tensor) or momentum != 0:
        first = "momentum_buffer" not in state
        velocity = _kept(state, "momentum_buffer", rows)
        kept = 1 - o["dampening"]
        if isinstance(momentum, Tensor):  # torch dampens only with momentum
            kept = 1 - o["dampening"] * (momentum != 0).to(rows)
        velocity.mul_(momentum).add_(g if first else kept * g)
        g = g + momentum * velocity if o["nesterov"] else velocity
    rows.sub_(o["lr"] * g)


def _adam(rows: Tensor, g: Tensor, state: State, t: int, o: Options) -> None:
    beta1, beta2 = o["betas"]
    mean, square = _kept(state, "exp_avg", rows), _kept(state, "exp_avg_sq", rows)
    shared = not any(isinstance(value, Tensor) for value in (o["eps"], beta1, beta2))
    if shared and not o["amsgrad"] and rows.device.type in ("cpu", "cuda"):
        # torch's fused kernel takes a third of the time of the formula. It has one rate; members
        # with their own multiply the change that it makes to zeros.
        differs = isinstance(o["lr"], Tensor)
        changed = torch.zeros_like(rows) if differs else rows
        step = torch.tensor(float(t), device=rows.device)
        options = {
            "lr": 1.0 if differs else o["lr"],
            "beta1": beta1,
            "beta2": beta2,
            "eps": o["eps"],
        }
        off = {"weight_decay": 0.0, "amsgrad": False, "maximize": False}
        fused: Any = torch._fused_adam_
        fused([changed], [g], [mean], [square], [], [step], **options, **off)
        if differs:
            rows.addcmul_(changed, o["lr"])
        return
    mean.lerp_(g, 1 - beta1)
    square.mul_(beta2).add_(g.square().mul_(1 - beta2))
    if o["amsgrad"]:
        largest = _kept(state, "max_exp_avg_sq", rows)
        square = torch.maximum(largest, square, out=largest)
    scale = square.sqrt().div_((1 - beta2**t) ** 0.5).add_(o["eps"])
    rows.sub_((mean * (o["lr"] / (1 - beta1**t))).div_(scale))


def _adagrad(rows: Tensor, g: Tensor, state: State, t: int, o: Options) -> None:
    total = _kept(state, "sum", rows)
    if t == 1:
        total.add_(o["initial_accumulator_value"])
    total.add_(g.square())
    rate = o["lr"] / (1 + (t - 1) * o["lr_decay"])
    rows.sub_((rate * g).div_(total.sqrt().add_(o["eps"])))


def _rmsprop(rows: Tensor, g: Tensor, state: State, t: int, o: Options) -> None:
    square = _kept(state, "square_avg", rows)
    square.mul_(o["alpha"]).add_(g.square().mul_(1 - o["alpha"]))
    if o["centered"]:
        mean = _kept(state, "grad_avg", rows)
        mean.lerp_(g, 1 - o["alpha"])
        square = square - mean.square()
    step = g / square.sqrt().add_(o["eps"])
    if isinstance(o["momentum"], Tensor) or o["momentum"] > 0:
        step = _kept(state, "momentum_buffer", rows).mul_(o["momentum"]).add_(step)
    rows.sub_(o["lr"] * step)


def _rprop(rows: Tensor, g: Tensor, state: State, t: int, o: Options) -> None:
    (lower, higher), (low, high) = o["etas"], o["step_sizes"]
    if "step_size" not in state:
        state["step_size"] = torch.zeros_like(rows) + o["lr"]
    previous, size = _kept(state, "prev", rows), state["step_size"]
    agreement = g * previous
    one = torch.ones_like(size)  # a number in torch.where would have torch's default dtype
    factor = torch.where(agreement < 0, lower * one, one)
    size.mul_(torch.where(agreement > 0, higher * one, factor))
    torch.minimum(torch.maximum(size, low * one), high * one, out=size)
    g = torch.where(agreement < 0, 0, g)
    rows.sub_(g.sign() * size)
    previous.copy_(g)


def _quickprop(rows: Tensor, g: Tensor, state: State, t: int, o: Options) -> None:
    before, change = _kept(state, "prev", rows), _kept(state, "change", rows)
    change.copy_(quickprop_change(g, before, change, o["lr"], o["mu"]))
    before.copy_(g)
    rows.add_(change)


FORMULAS: dict[str, Callable[[Tensor, Tensor, State, int, Options], None]] = {
    "adagrad": _adagrad,
    "adam": _adam,
    "adamw": _adam,
    "momentum": _sgd,
    "quickprop": _quickprop,
    "rmsprop": _rmsprop,
    "rprop": _rprop,
    "sgd": _sgd,
}
