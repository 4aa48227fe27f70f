"""Optimizers on rows: one step for all members, each with its own hyper-parameters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

Options = Mapping[str, Any]
"""Hyper-parameters by torch's names: a value shared by all members, or a column (members, 1)."""

IGNORED = ("capturable", "differentiable", "foreach", "fused", "params")
"""Options of torch's optimizers that change how a step is computed, not its result."""

STRUCTURE = ("amsgrad", "centered", "decoupled_weight_decay", "maximize", "nesterov")
"""Options that choose a formula; they must be equal for all members."""


class RowOptimizer:
    """An optimizer of a matrix with a row for each member.

    Its formulas are those of ``torch.optim``, for hyper-parameters that are numbers or columns: a
    hundred learning rates cost as much as one.

    Args:
        name: one of ``FORMULAS``.
        rows: (members, numbers); changed in place by ``step``.
        options: the options of each member's optimizer, as in ``param_groups`` of torch's.
    """

    def __init__(self, name: str, rows: Tensor, options: Sequence[Mapping[str, Any]]) -> None:
        self.name, self.rows, self.steps = name, rows, 0
        self.members = [{k: v for k, v in own.items() if k not in IGNORED} for own in options]
        self.state: dict[str, Tensor] = {}
        self._refresh()

    def step(self, gradients: Tensor) -> None:
        """Update the rows by their gradients (members, numbers), which may be overwritten."""
        self.steps += 1
        if self.options.get("maximize"):
            gradients = gradients.neg()
        FORMULAS[self.name](self.rows, gradients, self.state, self.steps, self.options)

    def set_rates(self, rates: Sequence[float]) -> None:
        """Set each member's learning rate."""
        for own, rate in zip(self.members, rates, strict=True):
            own["lr"] = rate
        self._refresh()

    def keep(self, rows: Tensor, positions: Sequence[int]) -> None:
        """Keep only the members at some positions, with their new rows."""
        index = torch.tensor(positions, device=rows.device)
        self.rows = rows
        self.members = [self.members[position] for position in positions]
        self.state = {name: value[index] for name, value in self.state.items()}
        self._refresh()

    def member(self, position: int) -> dict[str, Any]:
        """Return a member's part of a checkpoint: ``steps``, and ``state`` by name, (numbers,)."""
        state = {name: value[position].cpu().clone() for name, value in self.state.items()}
        return {"steps": self.steps, "state": state}

    def resume(self, kept: Sequence[Mapping[str, Any] | None]) -> None:
        """Restore what ``member`` returned for each member; None: it starts from scratch."""
        known = [one for one in kept if one is not None]
        if known:
            self.steps = known[0]["steps"]
            for name in known[0]["state"]:
                self.state[name] = torch.stack([one["state"][name] for one in known]).to(self.rows)

    def _refresh(self) -> None:
        first = self.members[0]
        self.options = {name: self._column([own[name] for own in self.members]) for name in first}

    def _column(self, values: list[Any]) -> Any:
        """Return a value that all members share, or different values as a column (members, 1)."""
        if isinstance(values[0], tuple | list):
            return [self._column([value[k] for value in values]) for k in range(len(values[0]))]
        if all(value == values[0] for value in values):
            return values[0]
        return torch.tensor(values, dtype=torch.float64)[:, None].to(self.rows)


def why_not(name: str, options: Mapping[str, Any]) -> str | None:
    """Return why there is no formula for an optimizer with these options; None: there is one."""
    if name not in FORMULAS:
        return f"the steps of {name} depend on all parameters together"
    if options.get("decoupled_weight_decay") and name == "adam":
        return "model.optimizer.decoupled_weight_decay has no fast formula; adamw does the same"
    if any(isinstance(value, Tensor) for key, value in options.items() if key != "params"):
        return "its options are tensors"
    return None


def _decayed(rows: Tensor, g: Tensor, o: Options) -> Tensor:
    """Return gradients with L2 weight decay added."""
    decay = o["weight_decay"]
    return g if isinstance(decay, float | int) and decay == 0 else g + decay * rows


def _kept(state: dict[str, Tensor], name: str, rows: Tensor, fill: float = 0.0) -> Tensor:
    """Return a state of the optimizer, (members, numbers), filled at its first step."""
    if name not in state:
        state[name] = torch.full_like(rows, fill)
    return state[name]


def _sgd(rows: Tensor, g: Tensor, state: dict[str, Tensor], t: int, o: Options) -> None:
    g = _decayed(rows, g, o)
    momentum = o["momentum"]
    if isinstance(momentum, Tensor) or momentum != 0:
        first = "momentum_buffer" not in state
        velocity = _kept(state, "momentum_buffer", rows)
        kept = 1 - o["dampening"]
        if isinstance(momentum, Tensor):  # torch dampens where there is momentum
            kept = 1 - o["dampening"] * (momentum != 0).to(rows)
        velocity.mul_(momentum).add_(g if first else kept * g)
        g = g + momentum * velocity if o["nesterov"] else velocity
    rows.sub_(o["lr"] * g)


def _adam(rows: Tensor, g: Tensor, state: dict[str, Tensor], t: int, o: Options) -> None:
    _adam_step(rows, _decayed(rows, g, o), state, t, o)


def _adamw(rows: Tensor, g: Tensor, state: dict[str, Tensor], t: int, o: Options) -> None:
    rows.mul_(1 - o["lr"] * o["weight_decay"])
    _adam_step(rows, g, state, t, o)


def _adam_step(rows: Tensor, g: Tensor, state: dict[str, Tensor], t: int, o: Options) -> None:
    beta1, beta2 = o["betas"]
    mean, square = _kept(state, "exp_avg", rows), _kept(state, "exp_avg_sq", rows)
    shared = not any(isinstance(value, Tensor) for value in (o["lr"], o["eps"], beta1, beta2))
    if shared and not o["amsgrad"] and rows.device.type in ("cpu", "cuda"):
        # torch's fused kernel takes a third of the time of the formula.
        step = torch.tensor(float(t), device=rows.device)
        options = {"lr": o["lr"], "beta1": beta1, "beta2": beta2, "eps": o["eps"]}
        off = {"weight_decay": 0.0, "amsgrad": False, "maximize": False}
        fused: Any = torch._fused_adam_
        fused([rows], [g], [mean], [square], [], [step], **options, **off)
        return
    mean.lerp_(g, 1 - beta1)
    square.mul_(beta2).add_(g.square().mul_(1 - beta2))
    if o["amsgrad"]:
        largest = _kept(state, "max_exp_avg_sq", rows)
        square = torch.maximum(largest, square, out=largest)
    scale = square.sqrt().div_((1 - beta2**t) ** 0.5).add_(o["eps"])
    rows.sub_((mean * (o["lr"] / (1 - beta1**t))).div_(scale))


def _adagrad(rows: Tensor, g: Tensor, state: dict[str, Tensor], t: int, o: Options) -> None:
    g = _decayed(rows, g, o)
    total = _kept(state, "sum", rows)
    if t == 1:
        total.add_(o["initial_accumulator_value"])
    total.add_(g.square())
    rate = o["lr"] / (1 + (t - 1) * o["lr_decay"])
    rows.sub_((rate * g).div_(total.sqrt().add_(o["eps"])))


def _rmsprop(rows: Tensor, g: Tensor, state: dict[str, Tensor], t: int, o: Options) -> None:
    g = _decayed(rows, g, o)
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


def _rprop(rows: Tensor, g: Tensor, state: dict[str, Tensor], t: int, o: Options) -> None:
    (lower, higher), (low, high) = o["etas"], o["step_sizes"]
    if "step_size" not in state:
        state["step_size"] = torch.zeros_like(rows) + o["lr"]
    previous, size = _kept(state, "prev", rows), state["step_size"]
    agreement = g * previous
    one = torch.ones_like(size)  # numbers in torch.where would have torch's default type
    factor = torch.where(agreement < 0, lower * one, one)
    size.mul_(torch.where(agreement > 0, higher * one, factor))
    torch.minimum(torch.maximum(size, low * one), high * one, out=size)
    g = torch.where(agreement < 0, 0, g)
    rows.sub_(g.sign() * size)
    previous.copy_(g)


FORMULAS: dict[str, Callable[[Tensor, Tensor, dict[str, Tensor], int, Options], None]] = {
    "adagrad": _adagrad,
    "adam": _adam,
    "adamw": _adamw,
    "momentum": _sgd,
    "rmsprop": _rmsprop,
    "rprop": _rprop,
    "sgd": _sgd,
}
