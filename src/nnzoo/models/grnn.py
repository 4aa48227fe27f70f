"""General regression neural networks: averages of the targets of near training points."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo.models.bases.at_once import POINTS, AtOnce
from nnzoo.nn.grnn import EMPTY, leave_one_out_spread
from nnzoo.nn.rbf import DoubleLinear, RadialBasis, in_blocks


class GRNN(AtOnce):
    """A general regression neural network: averages of the targets of near training points.

    ``output = sum_i y_i g_i / sum_i g_i``, with a Gaussian g of the distance to each training
    point: the Nadaraya-Watson estimate. Far from all points it is the target of the nearest one.
    Outputs for classes are probabilities. See ``AtOnce`` for the loss.

    Source: D. F. Specht, 1991, "A general regression neural network".

    Args:
        in_features: number of inputs.
        points: maximum number of training points; from data: their number.
        units, task: see ``Supervised``; the task may also be regression.
        spread: distance at which the Gaussian of a training point is 0.5, in scaled units; None:
            the best by leave-one-out, see ``nnzoo.nn.grnn.leave_one_out_spread``.
        class_weight: ``balanced`` or None; see ``Supervised``.

    Attributes:
        basis: a unit for each training point, an ``nnzoo.nn.RadialBasis``.
        head: the targets of the training points as weights, (units, points).
        log_importance: logarithms of the weights of the points, (points,).

    Raises:
        InputError: if an argument is not valid.
    """

    chain: ClassVar = {"basis": "training points", "head": "output layer"}

    log_importance: Tensor

    def __init__(
        self,
        in_features: int,
        points: int = POINTS,
        units: int = 1,
        task: str = "classification",
        spread: float | None = None,
        class_weight: str | None = None,
    ) -> None:
        super().__init__(in_features, points, units, task, class_weight)
        self.save_hyperparameters()
        self.chooses_spread = spread is None
        self.basis = RadialBasis(in_features, points, 1.0 if spread is None else spread)
        self.head = DoubleLinear(points, units, bias=False)
        self.register_buffer("log_importance", torch.zeros(points))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units)."""

        def averages(part: Tensor) -> Tensor:
            shares = (self.basis.exponents(part) + self.log_importance).softmax(-1)
            found = self.head(shares)
            # Rounded shares may have a sum above 1.
            return found if self.task == "regression" else found.clamp(0, 1)

        return in_blocks(averages, x, self.log_importance.shape[0])

    def solve(self, x: Tensor, y: Tensor, importance: Tensor) -> dict[str, Tensor]:
        spread, empty = self.basis.spread, len(self.log_importance) - len(x)
        if self.chooses_spread:
            spread = leave_one_out_spread(x, y, importance, spread)
        return {
            "basis.weight": F.pad(x, (0, 0, 0, empty)),
            "basis.spread": spread,
            "head.weight": F.pad(y.double(), (0, 0, 0, empty)).T,
            "log_importance": F.pad(importance.log(), (0, empty), value=EMPTY),
        }
