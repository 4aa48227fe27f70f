"""Optimizers of many models at once, each with hyper-parameters of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, optim
from torch.optim import Optimizer

OWN: Mapping[type[Optimizer], tuple[str, ...]] = {
    optim.Adam: ("lr", "betas", "eps", "weight_decay"),
    optim.AdamW: ("lr", "betas", "eps", "weight_decay"),
    optim.SGD: ("lr", "momentum", "dampening", "weight_decay"),
}
"""Optimizers whose hyper-parameters may differ between members, and which of them may."""

APART = (optim.LBFGS,)
"""Optimizers whose step depends on all parameters together, so that members would mix."""


class StackedOptimizer:
    """One step for all members.

    Where all have the same hyper-parameters it is torch's own optimizer, which treats each number
    by itself; else the same rules with a number a member.

    Args:
        flat: (members, parameters), a leaf with a gradient.
        optimizers: of each member alone: their hyper-parameters are taken, as they are at the
            time, and their schedules may change them.

    Attributes:
        state: tensors by torch's names for them; those of each number are (members, parameters).
    """

    def __init__(self, flat: torch.nn.Parameter, optimizers: Sequence[Optimizer]) -> None:
        self.flat = flat
        self.optimizers = list(optimizers)
        self.state: dict[str, Tensor] = {}
        kind: Any = type(self.optimizers[0])
        self.common: Optimizer = kind([flat])
        self.common.state[flat] = self.state
        self.refresh()

    def refresh(self) -> None:
        """Take over the members' hyper-parameters, after a schedule has changed them."""
        groups = [optimizer.param_groups[0] for optimizer in self.optimizers]
        self.options = {key: value for key, value in groups[0].items() if key != "params"}
        self.same = all(group.get(k) == v for group in groups for k, v in self.options.items())
        if self.same:
            self.common.param_groups[0] |= self.options
            return
        for name in OWN[type(self.common)]:
            values = torch.tensor([group[name] for group in groups]).to(self.flat)
            self.options[name] = values[:, None] if values.ndim == 1 else values.T[..., None]

    @torch.no_grad()
    def step(self) -> None:
        """Change the parameters by their gradient."""
        if self.same:
            self.common.step()
        elif isinstance(self.common, optim.SGD):
            self._sgd()
        else:
            self._adam(decoupled=isinstance(self.common, optim.AdamW))

    def keep(self, positions: Tensor) -> None:
        """Go on with some of the members, after ``flat`` has been reduced to them."""
        self.optimizers = [self.optimizers[i] for i in positions.tolist()]
        self.state |= {k: v[positions] for k, v in self.state.items() if v.ndim == 2}
        self.refresh()

    def load(self, position: int, parameters: Sequence[Tensor]) -> Optimizer:
        """A member's own optimizer with its state.

        Args:
            position: of the member.
            parameters: of the member's model, in the order of ``flat``.
        """
        optimizer = self.optimizers[position]
        sizes = [p.numel() for p in parameters]
        cut = {
            name: [v.clone() for v in value[position].split(sizes)] if value.ndim == 2 else value
            for name, value in self.state.items()
        }
        if cut:
            for k, p in enumerate(parameters):
                optimizer.state[p] = {
                    name: v[k].view_as(p).cpu() if isinstance(v, list) else v.clone().cpu()
                    for name, v in cut.items()
                }
        return optimizer

    def _sgd(self) -> None:
        o, gradient = self.options, self._gradient()
        gradient = gradient + o["weight_decay"] * self.flat
        if o["momentum"].any():
            if "momentum_buffer" in self.state:
                buffer = self.state["momentum_buffer"]
                buffer.mul_(o["momentum"]).add_((1 - o["dampening"]) * gradient)
            else:
                buffer = self.state["momentum_buffer"] = gradient.clone()
            gradient = gradient + o["momentum"] * buffer if o["nesterov"] else buffer
        self.flat.sub_(o["lr"] * gradient)

    def _adam(self, decoupled: bool) -> None:
        o, gradient = self.options, self._gradient()
        first, second = o["betas"]
        if not self.state:  # named as torch does
            averages = ["exp_avg", "exp_avg_sq"] + ["max_exp_avg_sq"] * o["amsgrad"]
            self.state |= {name: torch.zeros_like(self.flat) for name in averages}
            self.state["step"] = torch.zeros((), dtype=torch.float32)
        s = self.state
        s["step"] += 1
        step = float(s["step"])
        if decoupled:
            self.flat.mul_(1 - o["lr"] * o["weight_decay"])
        else:
            gradient = gradient + o["weight_decay"] * self.flat
        s["exp_avg"].lerp_(gradient, 1 - first)
        s["exp_avg_sq"].mul_(second).add_((1 - second) * gradient * gradient)
        largest = s["exp_avg_sq"]
        if o["amsgrad"]:
            largest = torch.maximum(s["max_exp_avg_sq"], largest, out=s["max_exp_avg_sq"])
        # In double precision, since 1 - beta^step is small at first.
        bias = [1 - beta.double() ** step for beta in (first, second)]
        rate = (o["lr"].double() / bias[0]).to(gradient)
        spread = largest.sqrt() / bias[1].sqrt().to(gradient) + o["eps"]
        self.flat.sub_(rate * s["exp_avg"] / spread)

    def _gradient(self) -> Tensor:
        assert self.flat.grad is not None
        return -self.flat.grad if self.options["maximize"] else self.flat.grad
