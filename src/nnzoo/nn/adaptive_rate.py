"""Gradient descent whose rate follows the error: gda, and gdx with momentum.

A step that lowers the error multiplies the rate by ``lr_inc``. One that raises it to more than
``max_inc`` times the error is taken back, and the rate is multiplied by ``lr_dec``. The change of
the weights is

    d = momentum d_before - (1 - momentum) lr S

with the slope S of the error, and ``-lr S`` at first and after a step that was taken back. Source:
T. P. Vogl et al., 1988, "Accelerating the convergence of the back-propagation method"; with the
numbers of MATLAB's ``traingda`` and ``traingdx``.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

State = dict[str, Tensor]


def adaptive_step(
    weights: Tensor, slopes: Tensor, errors: Tensor, state: State, options: State
) -> Tensor:
    """Return the next weights of members, (members, numbers), and update their state.

    Args:
        weights, slopes: the weights, and the slopes of the error there, (members, numbers).
        errors: the errors there, (members,).
        state: empty at first; then ``lr`` and ``loss``, (members, 1), and ``weights``, ``slopes``
            and ``change``, (members, numbers), of the last step that was not taken back.
        options: by name as in ``GDA``, (members, 1) each, float64.
    """
    errors = errors.double()[:, None]
    if not state:
        first = -options["lr"].to(weights) * slopes
        state |= {"lr": options["lr"], "loss": errors, "change": first}
        state |= {"weights": weights.clone(), "slopes": slopes.clone()}
    failed = ~(errors <= options["max_inc"] * state["loss"])  # also if it is NaN
    factor = torch.where(errors < state["loss"], options["lr_inc"], 1.0)
    state["lr"] = state["lr"] * torch.where(failed, options["lr_dec"], factor)
    kept = {"weights": weights, "slopes": slopes, "loss": errors}
    state |= {name: torch.where(failed, state[name], new) for name, new in kept.items()}
    downhill = -state["lr"].to(weights) * state["slopes"]
    before = torch.where(failed, downhill, state["change"])
    share = options["momentum"].to(weights)
    state["change"] = share * before + (1 - share) * downhill
    return state["weights"] + state["change"]


class GDA(Optimizer):
    """Gradient descent with an adaptive rate, as an optimizer of torch; its batches are equal.

    Args:
        params: parameters, in a single group.
        lr: first rate.
        lr_inc: factor of the rate after a step that lowers the error, at least 1.
        lr_dec: factor after a step that is taken back, between 0 and 1.
        max_inc: growth of the error above which a step is taken back, at least 1.
        momentum: share of the change before in a change, from 0 to below 1.

    Raises:
        ValueError: if there are several groups, or a number is out of its range.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        lr_inc: float = 1.05,
        lr_dec: float = 0.7,
        max_inc: float = 1.04,
        momentum: float = 0.0,
    ) -> None:
        if not lr > 0:
            raise ValueError(f"lr must be above 0, got {lr}")
        for name, value in (("lr_inc", lr_inc), ("max_inc", max_inc)):
            if not value >= 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if not 0 < lr_dec < 1:
            raise ValueError(f"lr_dec must be between 0 and 1, got {lr_dec}")
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be from 0 to below 1, got {momentum}")
        factors = {"lr_inc": lr_inc, "lr_dec": lr_dec, "max_inc": max_inc}
        super().__init__(params, {"lr": lr, **factors, "momentum": momentum})
        if len(self.param_groups) != 1:
            raise ValueError("an adaptive rate is one for all parameters")

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]
        """Take one step; return the error before it.

        Args:
            closure: computes the gradients and returns the error.
        """
        with torch.enable_grad():
            error = closure()
        group = self.param_groups[0]
        parameters = [own for own in group["params"] if own.grad is not None]
        flat = torch.cat([own.reshape(-1) for own in parameters])
        slopes = torch.cat([own.grad.reshape(-1) for own in parameters])
        options = {
            name: torch.tensor([[value]], dtype=torch.float64, device=flat.device)
            for name, value in group.items()
            if isinstance(value, float | int) and not isinstance(value, bool)
        }
        kept: dict[str, Any] = self.state[group["params"][0]]
        # Numbers: load_state_dict would round tensors to the parameters' dtype.
        state = {
            name: value if isinstance(value, Tensor) else options["lr"].new_tensor([[value]])
            for name, value in kept.items()
        }
        new = adaptive_step(flat[None], slopes[None], error.detach()[None], state, options)[0]
        kept |= state | {name: state[name].item() for name in ("lr", "loss")}
        pieces = new.split([own.numel() for own in parameters])
        for own, piece in zip(parameters, pieces, strict=True):
            own.copy_(piece.view_as(own))
        return error
