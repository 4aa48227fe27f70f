"""Autoencoders as transformers, detectors of outliers and generators."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, OutlierMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted

from nnzoo.errors import check_float, counted
from nnzoo.models import VAE, Autoencoder
from nnzoo.runs import predictions
from nnzoo.sklearn.base import (
    FLOATS,
    Array,
    GradientEstimator,
    UnsupervisedEstimator,
    positive_strides,
    seed_of,
)
from nnzoo.sklearn.fitting import Fit


@dataclass(kw_only=True, eq=False, repr=False)
class _Coder(GradientEstimator, UnsupervisedEstimator):
    """An estimator that reconstructs its input.

    Args:
        hidden: units of each hidden layer of the encoder, from the input inwards; may be empty.
        latent: number of latent units.
        activation: activation of the hidden layers, one of ``nnzoo.nn.ACTIVATIONS``.
    """

    hidden: Sequence[int] = (32,)
    latent: int = 16
    activation: str = "relu"
    scale: str = "minmax"

    def score_samples(self, X: Any) -> Array:  # noqa: N803
        """Return the negative reconstruction error of each point, (points,): the mean over features
        of the squared error in scaled units."""
        x = self._checked(X)
        found: Array = predictions.score_samples(self.model_, x)
        return found

    def _options(self) -> dict[str, Any]:
        return super()._options() | self._given("hidden", "latent", "activation")


@dataclass(kw_only=True, eq=False, repr=False)
class _CodeTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, _Coder):
    def transform(self, X: Any) -> Array:  # noqa: N803
        """Return the codes, (points, latent)."""
        x = self._checked(X)
        found: Array = predictions.encode(self.model_, x)
        return found

    def inverse_transform(self, X: Any) -> Array:  # noqa: N803
        """Return the points that codes (points, latent) stand for, (points, features).

        Raises:
            ValueError: if the codes are not finite numbers, or not ``latent`` per point.
        """
        check_is_fitted(self, "model_")
        array = positive_strides(check_array(X, dtype=FLOATS))
        if array.shape[1] != self._n_features_out:
            raise ValueError(
                f"codes have {counted(self._n_features_out, 'column')}, got X with {array.shape[1]}"
            )
        codes = torch.tensor(array).to(self.model_.prototype)
        with torch.no_grad():
            return self.model_.scaling.inverse(self.model_.decoder(codes)).numpy()

    def score(self, X: Any, y: Any = None) -> float:  # noqa: N803
        """Return the mean of ``score_samples``."""
        return float(self.score_samples(X).mean())

    def _finish(self, fit: Fit, x: Array) -> None:
        self._n_features_out = self.latent

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


@dataclass(kw_only=True, eq=False, repr=False)
class _AutoencoderEstimator(_Coder):
    """An autoencoder; see ``nnzoo.models.Autoencoder``.

    Args:
        noise: standard deviation of normal noise added to the input in training.
        sparsity: weight of the mean absolute code in the loss.
    """

    noise: float = 0.0
    sparsity: float = 0.0

    model_class: ClassVar[Any] = Autoencoder

    def _options(self) -> dict[str, Any]:
        return super()._options() | self._given("noise", "sparsity")


@dataclass(kw_only=True, eq=False, repr=False)
class AutoencoderTransformer(_CodeTransformer, _AutoencoderEstimator):
    """Codes of an autoencoder as features; see ``nnzoo.models.Autoencoder``."""


@dataclass(kw_only=True, eq=False, repr=False)
class AutoencoderDetector(OutlierMixin, _AutoencoderEstimator):
    """Outliers: points that are reconstructed badly; see ``nnzoo.models.Reconstructor``.

    Args:
        contamination: share of the training points that count as outliers, above 0 and up to 0.5.

    Attributes:
        offset_: the lowest score of an inlier.
    """

    latent: int = 2
    contamination: float = 0.1

    def decision_function(self, X: Any) -> Array:  # noqa: N803
        """Return ``score_samples`` minus ``offset_``: negative for outliers, (points,)."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> Array:  # noqa: N803
        """Return 1 for inliers and -1 for outliers, (points,)."""
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def _options(self) -> dict[str, Any]:
        share = self._given("contamination")["contamination"]
        check_float("contamination", share, above=0, high=0.5)
        return super()._options() | {"anomaly_quantile": 1 - share}

    def _finish(self, fit: Fit, x: Array) -> None:
        scores = predictions.score_samples(self.model_, x)
        self.offset_ = np.percentile(scores, 100 * self.contamination)


@dataclass(kw_only=True, eq=False, repr=False)
class VAETransformer(_CodeTransformer):
    """Codes of a variational autoencoder as features, and new points; see ``nnzoo.models.VAE``.

    Args:
        beta: weight of the divergence of the codes from a standard normal distribution.
    """

    hidden: Sequence[int] = (64, 64)
    latent: int = 4
    activation: str = "tanh"
    beta: float = 0.001

    model_class: ClassVar[Any] = VAE

    def sample(self, n_samples: int = 1, random_state: Any = None) -> Array:
        """Return new points like those trained on, (n_samples, features); None: other points in
        each call."""
        check_is_fitted(self, "model_")
        return self.model_.sample(n_samples, seed=seed_of(random_state)).numpy()

    def _options(self) -> dict[str, Any]:
        return super()._options() | self._given("beta")
