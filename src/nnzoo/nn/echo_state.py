"""The reservoir of an echo state network, and the ridge regression that trains its outputs."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnzoo.errors import InputError, check_float, check_int
from nnzoo.nn.recurrent import over_time
from nnzoo.nn.vmap_safe import vmap_safe

MAX_UNITS = 5000
"""Maximum number of units: the time for the eigenvalues grows with its cube."""

MAX_SCALE = 1e6
"""Largest weights: even larger ones saturate all units, and overflow in float32."""


class Reservoir(nn.Module):
    """Recurrent tanh units with fixed random weights.

    (..., time, in_features) -> (..., time, units):
    ``h_t = (1 - a) h_{t-1} + a tanh(W [x_t, h_{t-1}] + b)`` with ``h_0 = 0`` and the leak rate a.

    Weights are uniform and symmetric about 0. The states forget those of long ago, the echo state
    property, if the largest singular value of the recurrent weights is below 1; in practice a
    spectral radius below 1 is enough.

    Source: H. Jaeger, 2001, "The 'echo state' approach to analysing and training recurrent neural
    networks"; the leak rate as in H. Jaeger et al., 2007, "Optimization and applications of echo
    state networks with leaky-integrator neurons".

    Args:
        in_features: number of inputs of each step.
        units: number of units.
        spectral_radius: largest absolute eigenvalue of the recurrent weights.
        leak_rate: share of the new activation in a state, above 0 up to 1; 1: only the new one.
        input_scale: largest absolute weight of an input.
        bias_scale: largest absolute bias.
        density: share of the units that a unit is connected to, above 0 up to 1.

    Attributes:
        linear: the weights (units, in_features + units), those of the inputs first, and biases.

    Raises:
        InputError: if a number is out of its range, or so few connections were drawn that the
            weights have no cycle, and thus the spectral radius 0.
    """

    is_fixed = True  # its parameters are never learned
    leak_rate: Tensor

    def __init__(
        self,
        in_features: int,
        units: int,
        spectral_radius: float = 0.9,
        leak_rate: float = 1.0,
        input_scale: float = 0.3,
        bias_scale: float = 0.2,
        density: float = 1.0,
    ) -> None:
        super().__init__()
        self.in_features = check_int("in_features", in_features)
        self.units = check_int("model.hidden", units, high=MAX_UNITS)
        radius = check_float("model.spectral_radius", spectral_radius, low=0, high=MAX_SCALE)
        leak = check_float("model.leak_rate", leak_rate, above=0, high=1)
        scale = check_float("model.input_scale", input_scale, low=0, high=MAX_SCALE)
        bias = check_float("model.bias_scale", bias_scale, low=0, high=MAX_SCALE)
        density = check_float("model.density", density, above=0, high=1)
        self.register_buffer("leak_rate", torch.tensor(leak, dtype=torch.float64), False)
        self.linear = nn.Linear(in_features + units, units).requires_grad_(False)
        with torch.no_grad():
            own, recurrent = self.linear.weight.split([in_features, units], 1)
            own.uniform_(-scale, scale)
            self.linear.bias.uniform_(-bias, bias)
            drawn = torch.rand(units, units, dtype=torch.float64) * 2 - 1
            if density < 1:
                drawn *= torch.rand(units, units) < density
            recurrent.copy_(_with_radius(drawn, radius, density))

    def step(self, x: Tensor, state: Tensor) -> Tensor:
        """(..., in_features) and the states before, (..., units) -> the states (..., units)."""
        own, back, bias = self._weights()
        return self._next(F.linear(x.double(), own, bias) + state @ back, state)

    def states(self, x: Tensor) -> Tensor:
        """Return the states in float64: outputs may depend on small differences of them."""
        return over_time(self._steps, x)

    def forward(self, x: Tensor) -> Tensor:
        return self.states(x).to(x.dtype)

    def _steps(self, x: Tensor) -> Tensor:
        own, back, bias = self._weights()
        # The inputs of all steps are multiplied at once, so that a step is only a few operations.
        net_inputs = F.linear(x.double(), own, bias)
        state, states = torch.zeros_like(net_inputs[:, 0]), []
        for net_input in net_inputs.unbind(1):
            state = self._next(torch.addmm(net_input, state, back), state)
            states.append(state)
        return torch.stack(states, 1)

    def _next(self, net_input: Tensor, state: Tensor) -> Tensor:
        return torch.lerp(state, net_input.tanh(), self.leak_rate.double())

    def _weights(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the weights of the inputs, those of the states transposed, and the biases."""
        own, recurrent = self.linear.weight.double().split([self.in_features, self.units], 1)
        return own, recurrent.t(), self.linear.bias.double()


def _with_radius(weight: Tensor, radius: float, density: float) -> Tensor:
    """Return weights (units, units) scaled to a spectral radius."""
    if not radius or weight.is_meta:  # as when a checkpoint's sizes are checked
        return radius * weight
    largest = torch.linalg.eigvals(weight).abs().max()
    # The eigenvalues of a matrix without cycles are 0 but for rounding errors.
    if largest <= 1e-6 * weight.abs().max():
        raise InputError(
            f"the weights among {len(weight)} units have no cycle at model.density={density:g}: "
            "set a larger model.density or model.hidden"
        )
    return weight * (radius / largest)


def ridge_regression(x: Tensor, y: Tensor, ridge: Tensor) -> tuple[Tensor, Tensor]:
    """Return the weights (targets, features) and biases (targets,) of a ridge regression, float64.

    They minimize ``sum |W x + b - y|^2 + ridge |W|^2`` over all points. It is solved by a QR
    decomposition, which loses half as many digits as the normal equations. Works under
    ``torch.func.vmap``.

    Args:
        x, y: (points, features) and (points, targets), at least one point.
        ridge: 0-d, above 0.
    """
    weight, bias = vmap_safe(_ridge_regression, x, y, ridge)
    return weight, bias


def _ridge_regression(x: Tensor, y: Tensor, ridge: Tensor) -> tuple[Tensor, Tensor]:
    x, y = x.double(), y.double()
    mean_x, mean_y = x.mean(0), y.mean(0)
    penalty = ridge.double().sqrt() * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    q, r = torch.linalg.qr(torch.cat([x - mean_x, penalty]))
    solved = torch.linalg.solve_triangular(r, q[: len(x)].T @ (y - mean_y), upper=True)
    return solved.T.contiguous(), mean_y - mean_x @ solved
