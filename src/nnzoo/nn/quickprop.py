"""Quickprop: each weight jumps to the minimum of a parabola through its last two slopes.

With the slope S of the error and the last change d of a weight, the next change is

    d' = S / (S_before - S) d,    |d'| <= mu |d|,

and ``mu d`` where the parabola has no minimum ahead. A gradient step ``-lr S`` is added unless the
slope has changed its sign, and is the change of a weight that did not move. Source: S. E. Fahlman,
1988, "An empirical study of learning speed in back-propagation networks".
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


def quickprop_change(
    slope: Tensor, before: Tensor, change: Tensor, lr: float | Tensor, mu: float | Tensor
) -> Tensor:
    """Return the next changes of weights, of the shape of ``slope``.

    Args:
        slope: the slopes of the error.
        before: those of the step before; zeros at first.
        change: the changes of the step before; zeros at first.
        lr: rate of the gradient steps.
        mu: largest growth of a change.
    """
    along = slope * change.sign()  # negative: the last change still points downhill
    along_before = before * change.sign()
    # Equal slopes have no parabola: they lead on downhill, and uphill back to the weight before.
    gap = torch.where(slope == before, -slope, before - slope)
    jump = torch.where(slope == 0, 0, slope * change / gap)
    far = along < mu / (1 + mu) * along_before  # the minimum is, or there is none ahead
    most = mu * change.abs()
    jump = torch.where(far, mu * change, torch.minimum(torch.maximum(jump, -most), most))
    return torch.where(along <= 0, jump - lr * slope, jump)


class Quickprop(Optimizer):
    """Quickprop as an optimizer of torch.

    Args:
        params: parameters or groups.
        lr: rate of the gradient steps.
        mu: largest growth of a change.
        weight_decay: weight times this is added to the slope.

    Raises:
        ValueError: if a number is out of its range.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        mu: float = 1.75,
        weight_decay: float = 0.0,
    ) -> None:
        if not lr > 0:
            raise ValueError(f"lr must be above 0, got {lr}")
        if not mu > 0:
            raise ValueError(f"mu must be above 0, got {mu}")
        if not weight_decay >= 0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        super().__init__(params, {"lr": lr, "mu": mu, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step; return what the closure returns."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                slope = weight.grad + group["weight_decay"] * weight
                state = self.state[weight]
                if not state:
                    state |= {"prev": torch.zeros_like(weight), "change": torch.zeros_like(weight)}
                before, change = state["prev"], state["change"]
                state["change"] = quickprop_change(slope, before, change, group["lr"], group["mu"])
                state["prev"] = slope.clone()
                weight.add_(state["change"])
        return loss
