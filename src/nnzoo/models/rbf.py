"""Radial basis function networks: Gaussian units around centers, and linear outputs."""

from typing import ClassVar

import torch
from torch import Tensor

from nnzoo.errors import InputError, check_bool, check_choice, check_int
from nnzoo.models.bases.at_once import POINTS, AtOnce
from nnzoo.nn.kmeans import require_points, start_weights
from nnzoo.nn.rbf import SELECTIONS, DoubleLinear, RadialBasis, fit_rbf, in_blocks

CENTERS = 20
"""Default number of centers, unless there are fewer training points."""

MAX_CENTERS = 5000
"""Maximum number of centers: the time to solve for the weights grows with its cube."""


class RBF(AtOnce):
    """Gaussian units around centers, with linear outputs that least squares determines.

    Outputs for classes approximate probabilities, but may be below 0 or above 1. See ``AtOnce``
    for the loss, and ``nnzoo.nn.rbf.fit_rbf`` for the weights.

    Source: D. S. Broomhead & D. Lowe, 1988, "Multivariable functional interpolation and adaptive
    networks"; S. Chen, C. F. N. Cowan & P. M. Grant, 1991, "Orthogonal least squares learning
    algorithm for radial basis function networks".

    Args:
        in_features: number of inputs.
        points: maximum number of training points; from data: their number.
        units, task: see ``Supervised``; the task may also be regression.
        selection: ``ols``, points chosen one by one, each of which reduces the error most;
            ``kmeans``, centroids of the points; or ``all``, all points, so that the network
            interpolates.
        centers: maximum number of centers; None: 20, or for ``all`` the number of points.
        spread: distance from a center at which a unit outputs 0.5, in scaled units; None: from the
            data, see ``nnzoo.nn.rbf.neighbor_spread``.
        tolerance: ``ols`` stops once this share of the squared error is left.
        bias: whether the outputs have biases.
        class_weight: ``balanced`` or None; see ``Supervised``.

    Attributes:
        basis: the units, an ``nnzoo.nn.RadialBasis``.
        head: the linear outputs, in float64.

    Raises:
        InputError: if an argument is not valid.
    """

    chain: ClassVar = {"basis": "basis functions", "head": "output layer"}
    gives_probabilities = False

    tolerance: Tensor

    def __init__(
        self,
        in_features: int,
        points: int = POINTS,
        units: int = 1,
        task: str = "classification",
        selection: str = "ols",
        centers: int | None = None,
        spread: float | None = None,
        tolerance: float = 0.0,
        bias: bool = True,
        class_weight: str | None = None,
    ) -> None:
        super().__init__(in_features, points, units, task, class_weight)
        self.save_hyperparameters()
        self.selection = check_choice("model.selection", selection, SELECTIONS)
        if selection == "all" and centers not in (None, points):
            raise InputError(
                "model.selection=all has a center at each training point: leave model.centers "
                "null, or use model.selection=ols or kmeans"
            )
        if centers is None:
            centers = points if selection == "all" else min(CENTERS, points)
        if check_int("model.centers", centers) > MAX_CENTERS:
            raise InputError(
                f"{centers} centers are more than the {MAX_CENTERS} that can be solved for: use "
                "model.selection=kmeans or ols with fewer model.centers"
            )
        require_points("model.centers", centers, points)
        self.add_coefficient("tolerance", tolerance, low=0, below=1)
        self.chooses_spread = spread is None
        self.has_bias = check_bool("model.bias", bias)
        self.basis = RadialBasis(in_features, centers, 1.0 if spread is None else spread)
        self.head = DoubleLinear(centers, units)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units)."""

        def outputs(part: Tensor) -> Tensor:
            return self.head(self.basis.exponents(part).exp())

        return in_blocks(outputs, x, self.basis.weight.shape[0])

    @torch.no_grad()
    def centers(self) -> Tensor:
        """Return the centers in raw units, (centers, in_features), without unused ones."""
        used = self.basis.weight[self.head.weight.any(0)]
        return self.scaling.inverse(used.double())

    def weights(self) -> dict[str, Tensor]:
        """Return the ``centers`` in raw units, and in scaled units the ``spread`` and the weights
        ``w`` (units, centers) and biases ``b`` of the outputs; those of an unused center are
        0."""
        centers = self.scaling.inverse(self.basis.weight.detach().double())
        weight, bias = self.head.weight.detach(), self.head.bias.detach()
        return {"centers": centers, "spread": self.basis.spread[None], "w": weight, "b": bias}

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        if self.selection == "kmeans":
            require_points("model.centers", len(self.basis.weight), len(x))
            self.basis.weight.copy_(start_weights(x, len(self.basis.weight), "refined"))

    def solve(self, x: Tensor, y: Tensor, importance: Tensor) -> dict[str, Tensor]:
        found = fit_rbf(
            *(x, y, importance, self.basis.weight, self.basis.spread, self.tolerance),
            selection=self.selection,
            chooses_spread=self.chooses_spread,
            bias=self.has_bias,
        )
        names = ("basis.weight", "basis.spread", "head.weight", "head.bias")
        return dict(zip(names, found, strict=True))
