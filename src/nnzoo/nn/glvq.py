"""Generalized learning vector quantization: distances to prototypes, and their differences."""

import torch
from torch import Tensor, nn

from nnzoo.errors import check_choice, check_int
from nnzoo.nn.competitive import relative
from nnzoo.nn.search import all_distances

METRICS = ("euclidean", "matrix")
"""Metrics of a ``PrototypeLayer``."""


class PrototypeLayer(nn.Module):
    """Squared distances to prototypes, in a metric that may be learned.

    ``d_i = (x - w_i)' L (x - w_i)``. For ``euclidean`` L is the identity. For ``matrix`` it is the
    relevance matrix ``L = O' O / trace(O' O)``; O is learned and starts as the identity. The
    prototypes start at zero.

    Source of the matrix: P. Schneider, M. Biehl & B. Hammer, 2009, "Adaptive relevance matrices in
    learning vector quantization".

    Attributes:
        weight: prototypes (units, in_features).
        omega: O, (in_features, in_features); None for ``euclidean``.

    Raises:
        InputError: if a size is not a whole number of at least 1, or the metric is unknown.
    """

    omega: nn.Parameter | None

    def __init__(self, in_features: int, units: int, metric: str = "euclidean") -> None:
        super().__init__()
        check_int("in_features", in_features)
        check_int("units", units)
        check_choice("model.metric", metric, METRICS)
        self.weight = nn.Parameter(torch.zeros(units, in_features))
        self.omega = nn.Parameter(torch.eye(in_features)) if metric == "matrix" else None

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., units): squared distances."""
        flat, weight = relative(x.reshape(-1, x.shape[-1]), self.weight)
        if self.omega is not None:
            root = (self.omega / self.omega.square().sum().sqrt()).T
            flat, weight = flat @ root, weight @ root
        squares = all_distances(flat, weight).square()
        return squares.reshape(*x.shape[:-1], self.weight.shape[0])

    def relevances(self) -> Tensor | None:
        """Return the relevance matrix L, (in_features, in_features); None for ``euclidean``."""
        if self.omega is None:
            return None
        return self.omega.T @ self.omega / self.omega.square().sum()


def relative_differences(distances: Tensor, y: Tensor) -> Tensor:
    """Return ``(d+ - d-) / (d+ + d-)`` of points, (points,), from -1 to 1, below 0 if correct.

    ``d+`` is the squared distance to the nearest prototype of the point's class, ``d-`` that to the
    nearest one of another class.

    Source: A. Sato & K. Yamada, 1996, "Generalized learning vector quantization".

    Args:
        distances: (points, classes), squared distances to the nearest prototype of each class.
        y: (points,) classes.
    """
    own = distances.gather(1, y[:, None]).squeeze(1)
    other = distances.scatter(1, y[:, None], torch.inf).amin(1)
    return (own - other) / (own + other).clamp(min=torch.finfo(distances.dtype).tiny)
