"""Base of models that reconstruct their input: anomalies by the reconstruction error."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnzoo.batch import SLICE
from nnzoo.errors import InputError
from nnzoo.models.bases.model import Model
from nnzoo.nn import Scaling


class Reconstructor(Model):
    """A model that reconstructs its input from a code.

    A point is an anomaly if its mean squared error exceeds a quantile of the training points'
    errors, set after the training and saved with the weights. A model with a code as wide as the
    data may approach the identity, which also reconstructs outliers. Source: N. Japkowicz, C.
    Myers, M. Gluck, 1995, "A novelty detection approach to classification".

    Args:
        in_features, options: see ``Model``.
        anomaly_quantile: share of the training points that counts as normal, above 0 and up to 1.

    Attributes:
        encoder, decoder: the networks; they take scaled tensors, as ``forward`` and ``encode`` do;
            ``nnzoo.runs.predictions.encode`` and a run's ``encode`` take raw values.
        threshold: the largest error of a normal point, in scaled units; 0 until it is set.
    """

    figures: tuple[str, ...] = ("curve", "latent", "reconstruction")

    threshold: Tensor
    anomaly_quantile: Tensor
    encoder: Callable[[Tensor], Tensor]  # (..., in_features) scaled -> (..., latent)
    decoder: Callable[[Tensor], Tensor]  # (..., latent) -> (..., in_features) scaled

    def __init__(self, in_features: int, anomaly_quantile: float, **options: Any) -> None:
        super().__init__(in_features, **options)
        self.add_coefficient("anomaly_quantile", anomaly_quantile, above=0, high=1)
        self.register_buffer("threshold", torch.zeros(()))

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        """Include the output activation whose range covers the data: sigmoid or identity."""
        x = data.raw[0].x
        ends = data.scaling(torch.stack([x.amin(0), x.amax(0)]))
        fits = bool(ends.min() >= 0 and ends.max() <= 1)
        return super().sizes(data) | {"output_activation": "sigmoid" if fits else "identity"}

    def encode(self, x: Tensor) -> Tensor:
        """Return the codes, (..., in_features) scaled -> (..., latent)."""
        return self.encoder(x)

    def forward(self, x: Tensor) -> Tensor:
        """Return the reconstruction, (..., in_features) scaled -> the same shape, scaled."""
        return self.decoder(self.encode(x))

    @property
    def output_names(self) -> list[str]:
        return self.feature_names

    @property
    def output_scaling(self) -> Scaling:
        return self.scaling

    @torch.no_grad()
    def reconstruction_error(self, x: Any, per_feature: bool = False) -> Tensor:
        """Return the mean over features of ``(x_hat - x)^2``, in scaled units.

        Args:
            x: raw values, (..., in_features).
            per_feature: whether to return the square of each feature instead of their mean.

        Returns:
            The errors, (...), or (..., in_features) per feature.

        Raises:
            InputError: as in ``scaled``.
        """
        scaled = self.scaled(x)
        errors: Tensor = (self(scaled) - scaled).square()
        return errors if per_feature else errors.mean(-1)

    def calibrate(self, data: Any) -> None:
        """Set the threshold from the training part of a data module."""
        slices = data.raw[0].x.split(SLICE)
        errors = torch.cat([self.reconstruction_error(part) for part in slices])
        if errors.isfinite().all():  # otherwise the training diverged; reported elsewhere
            threshold = np.quantile(errors.double().cpu().numpy(), float(self.anomaly_quantile))
            # 0 means not set, so a threshold of 0 becomes the smallest normal number.
            self.threshold.fill_(max(float(threshold), torch.finfo(self.threshold.dtype).tiny))

    def is_anomaly(self, x: Any) -> Tensor:
        """Return whether the error exceeds the threshold, (..., in_features) raw -> bools (...).

        Raises:
            InputError: if there is no threshold yet; also as in ``scaled``.
        """
        if not self.threshold > 0:
            raise InputError(
                "the model has no threshold for anomalies yet: train it on a data module, or call "
                "calibrate(data)"
            )
        return self.reconstruction_error(x) > self.threshold

    def predict_labels(self, x: Any) -> list[str] | None:
        """Return ``normal`` or ``anomaly`` for each raw point (..., in_features); None: the
        threshold is not set."""
        if not self.threshold > 0:
            return None
        found = self.is_anomaly(x).reshape(-1).tolist()
        return ["anomaly" if is_anomaly else "normal" for is_anomaly in found]
