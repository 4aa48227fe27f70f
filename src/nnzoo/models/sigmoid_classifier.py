"""Layers of sigmoid units trained by gradient descent."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnzoo.batch import Batch
from nnzoo.errors import InputError, one_of, wholes
from nnzoo.models.classifier import Classifier
from nnzoo.nn import MLP


class SigmoidClassifier(Classifier):
    """Sigmoid hidden layers and sigmoid output units, whose outputs are probabilities.

    ``hidden: []`` is one layer: a weighted sum and a sigmoid.

    Source: D. E. Rumelhart, G. E. Hinton, R. J. Williams, 1986, "Learning representations by
    back-propagating errors".

    Args:
        in_features: number of inputs.
        units: number of output units: one for two classes, else one a class.
        hidden: units of each hidden layer; may be empty.
        loss: ``mse``, the mean over points and units of the squared error, or ``bce``, the mean
            binary cross-entropy.
        initial_weight: of a single layer, (units, in_features) or (in_features,); None: random.
        initial_bias: of a single layer, (units,); None: random.
        optimizer, scheduler: see ``Model``; no optimizer: Adam as torch has it.

    Raises:
        InputError: if a size is not positive, the loss is unknown, or initial values do not fit.
    """

    def __init__(
        self,
        in_features: int,
        units: int = 1,
        hidden: Sequence[int] = (8,),
        loss: str = "bce",
        initial_weight: Sequence[Any] | None = None,
        initial_bias: Sequence[float] | None = None,
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            in_features, units, optimizer=optimizer or {"name": "adam"}, scheduler=scheduler
        )
        self.save_hyperparameters()
        self.loss_name = one_of("model.loss", loss, ("mse", "bce"))
        self.net = MLP([in_features, *wholes("hidden", hidden), units], activation="sigmoid")
        first = self.net[0]
        assert isinstance(first, nn.Linear)
        if (initial_weight is not None or initial_bias is not None) and hidden:
            raise InputError("model.initial_weight and initial_bias are for hidden: []")
        for name, values, parameter in (
            ("initial_weight", initial_weight, first.weight),
            ("initial_bias", initial_bias, first.bias),
        ):
            if values is not None:
                try:
                    given = torch.tensor(values, dtype=parameter.dtype)
                except (TypeError, ValueError) as error:
                    raise InputError(f"model.{name} must be rows of numbers: {error}") from error
                if given.numel() != parameter.numel() or given.shape[-1:] != parameter.shape[-1:]:
                    raise InputError(
                        f"model.{name} must have the shape {list(parameter.shape)}, "
                        f"got {list(given.shape)}"
                    )
                parameter.data.copy_(given.reshape(parameter.shape))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units): probabilities."""
        return torch.sigmoid(self.net(x))

    def loss(self, batch: Batch) -> Tensor:
        target = self.targets(batch)
        if self.loss_name == "mse":
            return F.mse_loss(self(batch.x), target)
        # From the net input, since the logarithm of a saturated sigmoid has no gradient.
        return F.binary_cross_entropy_with_logits(self.net(batch.x), target)
