"""Multilayer networks trained by gradient descent."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnzoo.batch import Batch
from nnzoo.errors import InputError, check_bool, check_choice, check_ints
from nnzoo.models.bases.dropout import Dropout
from nnzoo.models.bases.supervised import Supervised
from nnzoo.models.parts.initial import as_lists, set_layers
from nnzoo.models.training.least_squares import no_squares
from nnzoo.nn import mlp
from nnzoo.nn.mlp import ACTIVATIONS

LOSSES = {
    "bce": "cross-entropy",
    "cross_entropy": "cross-entropy",
    "mae": "mean absolute error",
    "mse": "mean squared error",
    "sse": "half the sum of squared errors",
}
SQUARES = ("mse", "sse")
"""Losses that are sums of squares."""

LOSS_OUTPUTS = {"bce": ("sigmoid",), "cross_entropy": ("sigmoid", "softmax")}
"""Output activations that a loss requires."""


class MLP(Dropout, Supervised):
    """A multilayer network for classes, labels or numbers.

    Losses, for outputs o and targets t: ``mse`` and ``mae``, the means over points and units of
    ``(o - t)^2`` and ``|o - t|``; ``sse``, half the sum of ``(o - t)^2``; ``cross_entropy``, the
    mean over points of ``-log o`` of the right class for softmax units, and the mean over points
    and units of ``-t log o - (1 - t) log(1 - o)`` for sigmoid units, which is also called ``bce``.

    Source: D. E. Rumelhart, G. E. Hinton, R. J. Williams, 1986, "Learning representations by
    back-propagating errors".

    Args:
        in_features: number of inputs.
        units: number of output units; see ``Supervised``.
        task: classification, multilabel or regression.
        hidden: units of each hidden layer; may be empty.
        activation: activation of the hidden layers, one of ``nnzoo.nn.ACTIVATIONS``, or a list, one
            per layer.
        output_activation: one of ``nnzoo.nn.ACTIVATIONS``; None: sigmoid for two classes and for
            several labels, softmax for more classes, identity for numbers.
        loss: one of ``LOSSES``; None: mse for a regression, otherwise cross_entropy.
        bias: whether the units have biases.
        init: initialization of the weights, one of ``nnzoo.nn.INITIALS``; None: torch's.
        initial_weight: given weights, (units, in_features) for a single layer; for several layers a
            list with an entry for each, (its units, its inputs); None: ``init``.
        initial_bias: given biases, (units,), or such a list; None: ``init``.
        dropout: probability that the activation of a hidden unit is set to 0 in training, while the
            others are divided by 1 - dropout; see ``nnzoo.nn.MLP.with_dropout``. It may differ
            between models trained together, except that 0 turns it off.
        class_weight: ``balanced`` or None; see ``Supervised``. Each point's part of the loss is
            multiplied by the weight of its class.
        optimizer, scheduler: see ``Model``; the default is Adam.

    Raises:
        InputError: if a size is not positive, a name is unknown, a loss does not fit the outputs,
            or initial values do not fit.
    """

    tasks = ("classification", "multilabel", "regression")
    default_optimizer: ClassVar = {"name": "adam"}
    figures = (*Supervised.figures, "fit", "residuals")
    chain: ClassVar = {"net": "output layer", "output": ""}

    def __init__(
        self,
        in_features: int,
        units: int = 1,
        task: str = "classification",
        hidden: Sequence[int] = (10, 10),
        activation: str | Sequence[str] = "tanh",
        output_activation: str | None = None,
        loss: str | None = None,
        bias: bool = True,
        init: str | None = None,
        initial_weight: Sequence[Any] | None = None,
        initial_bias: Sequence[Any] | None = None,
        dropout: float = 0.0,
        class_weight: str | None = None,
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
    ) -> None:
        options = {"optimizer": optimizer, "scheduler": scheduler}
        super().__init__(in_features, units, task, class_weight, **options)
        initial_weight, initial_bias = as_lists(initial_weight), as_lists(initial_bias)
        self.save_hyperparameters()
        self.output_name = check_choice(
            "model.output_activation", output_activation or self.natural_output, ACTIVATIONS
        )
        by_task = "mse" if task == "regression" else "cross_entropy"
        self.loss_name = check_choice("model.loss", loss or by_task, LOSSES)
        self._check_outputs()
        self.loss_is_sum = self.loss_name == "sse"
        self.monitor_label = f"loss: {LOSSES[self.loss_name]}{self.weighting}"
        widths = [in_features, *check_ints("model.hidden", hidden), units]
        bias = check_bool("model.bias", bias)  # model.initial_bias gives values
        self.net = mlp.MLP(widths, activation, bias=bias, init=init)
        self.output = ACTIVATIONS[self.output_name]()
        self.add_dropout(dropout, self.net)
        layers = [layer for layer in self.net if isinstance(layer, nn.Linear)]
        set_layers(layers, initial_weight, initial_bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units)."""
        return self.output(self.net(x))

    @property
    def gives_probabilities(self) -> bool:  # type: ignore[override]
        return self.output_name in ("sigmoid", "softmax")

    def scores(self, x: Tensor) -> Tensor:
        # Saturated outputs are rounded to equal values; net inputs are not.
        return self.net(x) if self.output_name in ("sigmoid", "softmax") else self(x)

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        if self.loss_name in LOSS_OUTPUTS:
            # The logarithm of a saturated output has no gradient, so use net inputs.
            uniform = noise if any(self.dropped) else None
            net_input = self.through(self.net, batch.x, uniform)
            return self.cross_entropy(net_input, batch, self.output_name)
        output, target = self._outputs(batch, noise), self.targets(batch)
        if self.loss_name == "sse":
            return 0.5 * self.weighted((target - output).square(), batch).sum()
        mean_error = F.l1_loss if self.loss_name == "mae" else F.mse_loss
        if not self.is_weighted:
            return mean_error(output, target)
        return self.weighted(mean_error(output, target, reduction="none"), batch).mean()

    def residuals(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """Return the weighted errors of the outputs, (points, units)."""
        if self.loss_name not in SQUARES:
            raise no_squares(f"model.loss={self.loss_name}", "add model.loss=mse")
        share = 0.5 if self.loss_name == "sse" else 1 / self.units
        errors = share**0.5 * (self._outputs(batch, noise) - self.targets(batch))
        if not self.is_weighted:
            return errors
        return errors * self.weighted(torch.ones_like(errors), batch).sqrt()

    def _outputs(self, batch: Batch, noise: Tensor | None) -> Tensor:
        if noise is None or not any(self.dropped):
            return self(batch.x)  # which a subclass may define
        return self.output(self.through(self.net, batch.x, noise))

    def _check_outputs(self) -> None:
        required = LOSS_OUTPUTS.get(self.loss_name)
        if required and self.task == "regression":
            identity = "" if self.output_name == "identity" else " model.output_activation=identity"
            raise InputError(
                f"model.loss={self.loss_name} needs classes or labels, and these are numbers: use "
                f"model.loss=mse{identity}"
            )
        if required and self.output_name not in required:
            raise InputError(
                f"model.loss={self.loss_name} needs {' or '.join(required)} outputs, not "
                f"{self.output_name}: use model.output_activation={required[0]} or model.loss=mse"
            )
        if self.output_name == "softmax" and (self.units == 1 or self.task == "multilabel"):
            raise InputError(
                "softmax outputs need one unit for each of several classes; use "
                "model.output_activation=sigmoid for a single unit or for labels"
            )
