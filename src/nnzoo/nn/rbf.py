"""Gaussian basis functions: a layer of them, their width, and centers with exact output weights."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnzoo.errors import check_choice, check_float, check_int
from nnzoo.nn.keep_dtype import KeepsDtype
from nnzoo.nn.search import all_distances, is_traced
from nnzoo.nn.vmap_safe import vmap_safe

SELECTIONS = ("all", "kmeans", "ols")
"""Ways to choose centers; see ``fit_rbf``."""

BLOCK = 2**20  # distances computed at once
MAX_CANDIDATES, MAX_CANDIDATE_VALUES = 2000, 2**24  # of orthogonal least squares
MIN_NEW_SHARE = 1e-10  # of a candidate's squared norm, outside of the span of the chosen ones
EXACT = 1e-20  # share of the squared error that is a rounding error
NEIGHBORHOOD_POINTS = 1000  # points at which distances to neighbors are measured


class RadialBasis(KeepsDtype):
    """Gaussian basis functions around centers.

    ``output_j = exp(-ln 2 |x - c_j|^2 / spread^2)``: 1 at the center c_j and 0.5 at the distance
    ``spread``, as with MATLAB's ``newrb``. The standard deviation is ``spread / sqrt(2 ln 2)``, or
    0.849 times the spread.

    Source: D. S. Broomhead & D. Lowe, 1988, "Multivariable functional interpolation and adaptive
    networks".

    Attributes:
        weight: (units, in_features), the centers; they start at zero.
        spread: 0-d, always float64.

    Raises:
        InputError: if a size is not a whole number of at least 1, or the spread is not above 0.
    """

    exact = ("spread",)

    spread: Tensor

    def __init__(self, in_features: int, units: int, spread: float = 1.0) -> None:
        super().__init__()
        check_int("in_features", in_features)
        check_int("units", units)
        self.weight = nn.Parameter(torch.zeros(units, in_features), requires_grad=False)
        spread = check_float("model.spread", spread, above=0)
        self.register_buffer("spread", torch.tensor(spread, dtype=torch.float64))

    def exponents(self, x: Tensor) -> Tensor:
        """(points, in_features) -> (points, units), in float64: the logarithms of the outputs."""
        return exponents(x, self.weight, self.spread)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., units)."""
        return in_blocks(lambda part: self.exponents(part).exp(), x, self.weight.shape[0])


class DoubleLinear(KeepsDtype, nn.Linear):
    """A linear layer that stays in float64 and starts at zero, since the weights of overlapping
    basis functions are large and cancel each other."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__(in_features, out_features, bias, dtype=torch.float64)
        for parameter in self.parameters():
            nn.init.zeros_(parameter.requires_grad_(False))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., out_features), in float64."""
        return F.linear(x.double(), self.weight, self.bias)


def exponents(x: Tensor, centers: Tensor, spread: Tensor) -> Tensor:
    """(points, features), (units, features), 0-d -> (points, units): ``-ln 2 |x - c|^2 / spread^2``
    in float64, by differences."""
    distances = all_distances(x.double(), centers.double())
    return -math.log(2) * (distances / spread.double()).square()


def in_blocks(function: Callable[[Tensor], Tensor], x: Tensor, units: int) -> Tensor:
    """Call a function of points (points, features) for some points (..., features) at a time, so
    that their distances to this many units fit into memory; the result is in the dtype of x, or
    torch's default for integers."""
    dtype = x.dtype if x.is_floating_point() else torch.get_default_dtype()
    flat = x.reshape(-1, x.shape[-1])
    if is_traced():
        found = function(flat)
    else:
        found = torch.cat([function(part) for part in flat.split(max(1, BLOCK // units))])
    return found.reshape(*x.shape[:-1], found.shape[-1]).to(dtype)


def neighbor_spread(x: Tensor, centers: int) -> Tensor:
    """Return a spread for a number of centers among points (points, features), 0-d in float64.

    It is twice the mean distance of a point to its k-th nearest distinct one, with k = points /
    centers rounded up: about the distance between adjacent centers. With one point it is 1.
    """
    x = x.double().unique(dim=0)
    sample = x[:: -(-len(x) // NEIGHBORHOOD_POINTS)]
    if len(x) == 1:
        return x.new_ones(())
    nearest = min(-(-len(x) // centers), len(x) - 1)
    parts = sample.split(max(1, BLOCK // len(x)))
    distances = [all_distances(part, x).kthvalue(nearest + 1, dim=1).values for part in parts]
    return 2 * torch.cat(distances).mean()


def fit_rbf(
    x: Tensor,
    y: Tensor,
    importance: Tensor,
    centers: Tensor,
    spread: Tensor,
    tolerance: Tensor,
    *,
    selection: str,
    chooses_spread: bool,
    bias: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return centers, spread, output weights and biases of an RBF network for all points at once.

    The weights minimize the sum of squared errors. ``selection``: ``all``, a center at each point,
    so that the network interpolates; ``kmeans``, the given centers; ``ols``, the points that
    ``orthogonal_least_squares`` chooses. The problem is solved in float64 by a singular value
    decomposition: singular values below the rounding error of the largest one are left out, and of
    several solutions the one of least norm is taken. So points at the same place are allowed; and
    if a wide spread makes the matrix singular, the network approximates instead of interpolating,
    which ``loss`` shows. Works under ``torch.func.vmap``.

    Args:
        x, y: (points, features) and (points, units).
        importance: (points,) weights of the points.
        centers: (centers, features); unused ones of the result are zero, as are their weights.
        spread: 0-d, of the basis functions unless ``chooses_spread``, see ``neighbor_spread``.
        tolerance: 0-d, see ``orthogonal_least_squares``.
        selection: one of ``SELECTIONS``; an InputError if it is unknown.
        bias: whether the outputs have biases; otherwise they are zero.
    """
    check_choice("model.selection", selection, SELECTIONS)
    options = (selection, chooses_spread, bias)
    inputs = (x, y, importance, centers, spread, tolerance)
    new, chosen_spread, weight, biases = vmap_safe(_fit_rbf, *inputs, *options)
    return new, chosen_spread, weight, biases


def _fit_rbf(
    x: Tensor,
    y: Tensor,
    importance: Tensor,
    centers: Tensor,
    spread: Tensor,
    tolerance: Tensor,
    selection: str,
    chooses_spread: bool,
    bias: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    units = len(centers)
    # torch has this solution on the CPU alone.
    points, targets = x.to("cpu", torch.float64), y.to("cpu", torch.float64)
    root = importance.to("cpu", torch.float64).sqrt()[:, None]
    if not (points.isfinite().all() and targets.isfinite().all()):  # the training will name them
        weight = centers.new_full((targets.shape[1], units), torch.nan, dtype=torch.float64)
        return centers.clone(), spread.clone(), weight, weight[:, 0]
    width = neighbor_spread(points, units) if chooses_spread else spread.cpu()
    if selection == "kmeans":
        used = centers.to("cpu", torch.float64)
    elif selection == "all":
        used = points
    else:
        most = min(MAX_CANDIDATES, max(1, MAX_CANDIDATE_VALUES // len(points)))
        used = points[:: -(-len(points) // most)]
        outputs = exponents(points, used, width).exp()
        first = root if bias else None
        chosen = orthogonal_least_squares(
            root * outputs, root * targets, units, float(tolerance), first
        )
        used = used[chosen]
    outputs = root * exponents(points, used, width).exp()
    if bias:
        outputs = torch.cat([outputs, root], 1)
    solved: Tensor = torch.linalg.lstsq(outputs, root * targets, driver="gelsd").solution
    weight, biases = solved[: len(used)], solved[len(used) :]
    rest = units - len(used)
    return (
        F.pad(used, (0, 0, 0, rest)).to(centers),
        width.to(spread),
        F.pad(weight, (0, 0, 0, rest)).T.to(x.device),
        (biases[0] if bias else targets.new_zeros(targets.shape[1])).to(x.device),
    )


def orthogonal_least_squares(
    outputs: Tensor, y: Tensor, count: int, tolerance: float = 0.0, first: Tensor | None = None
) -> list[int]:
    """Choose columns by forward selection, and return their indices in order.

    Each step takes the column that reduces the squared error of least squares most: with columns q
    that are orthogonal to the chosen ones, the one with the largest ``(q y)^2 / q^2``. It ends when
    the error is at most ``tolerance`` times that without columns, or no column is left that is not
    a combination of the chosen ones.

    Source: S. Chen, C. F. N. Cowan & P. M. Grant, 1991, "Orthogonal least squares learning
    algorithm for radial basis function networks".

    Args:
        outputs: (points, columns).
        y: (points, targets).
        count: maximum number of columns.
        first: (points, 1), a column that the model has already, such as that of the bias; None: no
            column.
    """
    q, rest = outputs.clone(), y.clone()
    if first is not None:
        unit = first / torch.linalg.vector_norm(first)
        q -= unit @ (unit.T @ q)
        rest -= unit @ (unit.T @ rest)
    total = float(rest.square().sum())
    least = MIN_NEW_SHARE * outputs.square().sum(0)
    chosen: list[int] = []
    tolerance = max(tolerance, EXACT)
    while len(chosen) < count and float(rest.square().sum()) > tolerance * total:
        norms = q.square().sum(0)
        gains = (q.T @ rest).square().sum(1) / norms.clamp(min=torch.finfo(q.dtype).tiny)
        gains[(norms <= least).logical_or_(gains.isnan())] = -1
        gains[chosen] = -1
        best = int(gains.argmax())
        if gains[best] <= 0:
            break
        chosen.append(best)
        unit = q[:, best : best + 1] / norms[best].sqrt()
        q -= unit @ (unit.T @ q)
        rest -= unit @ (unit.T @ rest)
    return chosen or [0]
