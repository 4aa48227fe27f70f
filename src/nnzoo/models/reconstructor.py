"""What models that rebuild their input share: anomalies, and what their codes are worth."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnzoo.errors import InputError, number
from nnzoo.models import uses
from nnzoo.models.base import SLICE, Model


class Reconstructor(Model):
    """A model that rebuilds its input from a code, and takes what it rebuilds badly for an anomaly.

    A point is an anomaly where its mean squared error exceeds a quantile of the errors of the
    training part, set after the training and saved with the weights. A code as wide as the data can
    come near the identity, which rebuilds outliers, too. Source: N. Japkowicz, C. Myers, M. Gluck,
    1995, "A novelty detection approach to classification".

    Args:
        in_features, optimizer, scheduler: see ``Model``.
        anomaly_quantile: share of the training part that counts as normal, above 0 and up to 1.

    Attributes:
        threshold: the greatest error of a normal point, in the scale trained on; 0 before it is
            set.
    """

    metrics_are_means = True
    figures: tuple[str, ...] = ("curve", "latent", "reconstruction")

    threshold: Tensor

    def __init__(self, in_features: int, anomaly_quantile: float, **options: Any) -> None:
        super().__init__(in_features, **options)
        self.anomaly_quantile = number("model.anomaly_quantile", anomaly_quantile, above=0, high=1)
        self.register_buffer("threshold", torch.zeros(()))

    @property
    def encoder(self) -> Callable[[Tensor], Tensor]:
        """(..., in_features) scaled -> (..., latent)."""
        raise NotImplementedError

    @property
    def decoder(self) -> Callable[[Tensor], Tensor]:
        """(..., latent) -> (..., in_features) scaled."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> the same shape: the reconstruction, scaled."""
        return self.decoder(self.encoder(x))

    @property
    def output_names(self) -> list[str]:
        return self.feature_names

    def predict(self, x: Any) -> Tensor:
        """(points, in_features) raw -> the same shape: the reconstruction in raw units."""
        return self.scaling.inverse(super().predict(x))

    # Anomalies

    @torch.no_grad()
    def reconstruction_error(self, x: Any) -> Tensor:
        """How badly raw values are rebuilt.

        Args:
            x: (points, in_features) in raw units: a tensor, array or lists.

        Returns:
            (points,): the mean over features of ``(x_hat - x)^2``, in the scale trained on.

        Raises:
            InputError: if the last dimension is not ``in_features``.
        """
        scaled = self.scaled(x)
        return (self(scaled) - scaled).square().mean(-1)

    def calibrate(self, data: Any) -> None:
        """Set the threshold by the training part of a data module."""
        parts = data.raw[0].x.split(SLICE)
        errors = torch.cat([self.reconstruction_error(part) for part in parts])
        if errors.isfinite().all():  # else the training diverged, which is told elsewhere
            threshold = np.quantile(errors.double().cpu().numpy(), self.anomaly_quantile)
            # 0 says that it is not set; an error of exactly 0 exceeds the least number no more.
            self.threshold.fill_(max(float(threshold), torch.finfo(self.threshold.dtype).tiny))

    def is_anomaly(self, x: Any) -> Tensor:
        """Whether raw values are rebuilt worse than the threshold.

        Args:
            x: (points, in_features) in raw units: a tensor, array or lists.

        Returns:
            (points,), bool.

        Raises:
            InputError: if there is no threshold yet, or the last dimension is not ``in_features``.
        """
        if not self.threshold > 0:
            raise InputError(
                "the model has no threshold for anomalies yet: train it on a data module, or call "
                "calibrate(data)"
            )
        return self.reconstruction_error(x) > self.threshold

    def decisions(self, x: Any) -> list[str] | None:
        """``normal`` or ``anomaly`` for each of the raw values (points, in_features); None before
        there is a threshold."""
        if not self.threshold > 0:
            return None
        return ["anomaly" if found else "normal" for found in self.is_anomaly(x).tolist()]

    @torch.no_grad()
    def assess(self, data: Any, untrained: Model) -> dict[str, float]:
        """What the errors and the codes are good for.

        On the training part and, as ``val_...``, on the validation part:

        - ``anomaly_auc``: of the errors of the part's points against those of as many uniform
          outliers around the training part; see ``nnzoo.models.uses``.
        - ``anomaly_share``: of the part's points, those above the threshold.
        - ``pca_mse``: of as many principal components as there are latent units, fitted to the
          training part; to be compared with ``mse``.

        And ``anomaly_threshold``; with classes the adjusted Rand indices of k-means on the training
        part: ``latent_ari`` on the codes, ``raw_ari`` on the scaled points themselves,
        ``untrained_ari`` on the codes of the untrained encoder.

        Args:
            data: a data module.
            untrained: the same model before training.
        """
        assert isinstance(untrained, Reconstructor)
        raw, labels = data.raw[0]
        x = self.scaled(raw)
        codes = self.encoder(x)
        found = {"anomaly_threshold": float(self.threshold)} if self.threshold > 0 else {}
        for prefix, part in zip(("", "val_"), data.raw, strict=True):
            if part is None:
                continue
            errors = self.reconstruction_error(part.x)
            outliers = self.reconstruction_error(uses.uniform_outliers(raw, len(part.x)))
            found[f"{prefix}anomaly_auc"] = uses.anomaly_auc(errors, outliers)
            if self.threshold > 0:
                found[f"{prefix}anomaly_share"] = float((errors > self.threshold).double().mean())
            found[f"{prefix}pca_mse"] = uses.pca_mse(x, self.scaled(part.x), codes.shape[-1])
        if data.n_classes is not None:
            before = untrained.encoder(x.to(untrained.scaling.offset))
            for name, points in (("latent", codes), ("raw", x), ("untrained", before)):
                found[f"{name}_ari"] = uses.cluster_ari(points, labels, data.n_classes)
        return found
