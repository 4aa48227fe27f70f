"""Scaled conjugate gradients: a damped curvature along each direction, not a line search.

Along a direction p, with the residual r = -S of the slopes S and mu = p r, the step is

    alpha = mu / delta,    delta = p (S(w + sigma p) - S(w)) / sigma + lambda |p|^2

with the difference of slopes as the curvature. It is taken if the error falls. The damping lambda
falls where the error falls as a parabola does, and rises where it does not or the curvature is
negative. The next direction is ``r' + beta p`` with ``beta = (|r'|^2 - r' r) / mu``, and r' after
as many steps as there are weights.

Source: M. F. Moller, 1993, "A scaled conjugate gradient algorithm for fast supervised learning".
It is computed in float64: float32 leaves three digits of the difference of slopes.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from nnzoo.nn.flat import in_double, read, write

State = dict[str, Tensor]

FIRST = {"lambda_bar": 0.0, "delta": 0.0, "taken": 1.0, "mu": 1.0, "count": 0.0}
"""The numbers of the state at first, besides the damping."""


def conjugate_step(
    weights: Tensor,
    slopes_at: Callable[[Tensor], tuple[Tensor, Tensor]],
    error_at: Callable[[Tensor], Tensor],
    state: State,
    options: State,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor]:
    """Return the members' next weights, and their errors before the step; update their state.

    Args:
        weights: (members, numbers), float64.
        slopes_at: returns the errors (members,) and slopes (members, numbers) at weights.
        error_at: returns the errors alone.
        state: empty at first; then ``lambda`` and those of ``FIRST``, (members, 1), and
            ``direction`` and ``residual``, (members, numbers).
        options: by name as in ``SCG``, (members, 1) each, float64.
        dtype: to which the weights are rounded before their error counts.
    """
    errors, slopes = slopes_at(weights)
    residual = -slopes
    if not state:
        damping = options["damping"]
        state |= {"lambda": damping, "direction": residual, "residual": residual}
        state |= {name: torch.full_like(damping, value) for name, value in FIRST.items()}
    s = state
    taken = s["taken"] > 0
    # The next direction, but where the last step was not taken.
    beta = (_dot(residual, residual) - _dot(residual, s["residual"])) / s["mu"]
    restarts = s["count"] % weights.shape[1] == 0
    turned = torch.where(restarts, residual, residual + beta * s["direction"])
    p = torch.where(taken, turned, s["direction"])
    square = _dot(p, p)
    # The curvature along it, damped until it is positive.
    sigma = options["sigma"] / square.sqrt()
    _, ahead = slopes_at(weights + sigma * p)
    delta = torch.where(taken, _dot(p, ahead - slopes) / sigma, s["delta"])
    delta = delta + (s["lambda"] - s["lambda_bar"]) * square
    negative = delta <= 0
    damping = torch.where(negative, 2 * (s["lambda"] - delta / square), s["lambda"])
    delta = torch.where(negative, -delta + s["lambda"] * square, delta)
    # The step, and how much of the fall of the parabola it has.
    mu = _dot(p, residual)
    tried = (weights + mu / delta * p).to(dtype).to(weights)
    fall = errors.double() - error_at(tried).double()
    ratio = 2 * delta * fall[:, None] / mu.square()
    better = ratio >= 0  # not if it is NaN
    state |= {"direction": p, "residual": residual, "mu": mu, "delta": delta}
    state |= {"taken": better.to(weights), "count": s["count"] + 1}
    state["lambda_bar"] = torch.where(better, 0.0, damping)
    raised = damping + delta * (1 - ratio) / square
    lowered = torch.where(ratio >= 0.75, damping / 4, damping)
    state["lambda"] = torch.where(ratio < 0.25, raised, lowered)
    return torch.where(better, tried, weights), errors


def _dot(one: Tensor, other: Tensor) -> Tensor:
    """Return the scalar products of rows, (members, 1)."""
    return (one * other).sum(1, keepdim=True)


class SCG(Optimizer):
    """Scaled conjugate gradients as an optimizer of torch.

    Args:
        params: parameters, in a single group.
        sigma: length of the step along which the curvature is measured, above 0.
        damping: first lambda, above 0.

    Raises:
        ValueError: if there are several groups, or a number is out of its range.
    """

    def __init__(self, params: Iterable[Any], sigma: float = 5e-5, damping: float = 5e-7) -> None:
        if not (sigma > 0 and damping > 0):
            raise ValueError(f"sigma and damping must be above 0, got {sigma} and {damping}")
        super().__init__(params, {"sigma": sigma, "damping": damping})
        if len(self.param_groups) != 1:
            raise ValueError("a conjugate direction is one for all parameters")

    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]
        """Take one step; return the error before it.

        Args:
            closure: returns the error, without computing gradients. The parameters are float64
                while it is called, so its inputs must be so too.
        """
        group: dict[str, Any] = self.param_groups[0]
        parameters = [own for own in group["params"] if own.requires_grad]
        kept: dict[str, Any] = self.state[group["params"][0]]
        dtype = parameters[0].dtype

        def slopes_at(weights: Tensor) -> tuple[Tensor, Tensor]:
            write(weights[0], parameters)
            with torch.enable_grad():
                error = closure()
                options: Any = {"allow_unused": True, "materialize_grads": True}
                slopes = torch.autograd.grad(error, parameters, **options)
            return error.detach()[None], read(slopes)[None]

        @torch.no_grad()
        def error_at(weights: Tensor) -> Tensor:
            write(weights[0], parameters)
            return closure()[None]

        with in_double(parameters):
            weights = read(parameters)[None]
            options = {name: weights.new_tensor([[group[name]]]) for name in ("sigma", "damping")}
            # Lists: load_state_dict would round tensors to the parameters' dtype.
            state = {name: weights.new_tensor([value]) for name, value in kept.items()}
            new, errors = conjugate_step(weights, slopes_at, error_at, state, options, dtype)
            write(new[0], parameters)
        kept |= {name: value[0].tolist() for name, value in state.items()}
        return errors[0]
