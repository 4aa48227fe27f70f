"""Linear units that learn principal components by Sanger's and Oja's rules."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnzoo.batch import Batch
from nnzoo.errors import InputError, check_choice, check_int
from nnzoo.models.bases.online import UPDATES, Online
from nnzoo.models.bases.reconstructor import Reconstructor
from nnzoo.models.training.steps import Clock, Rule
from nnzoo.nn.decay import DECAYS, decayed, progress_of
from nnzoo.nn.sanger import RULES, sanger_batch_rule, sanger_rule

MAX_FEATURES = 1024
"""Maximum number of features for which principal components are computed for comparison."""


class Sanger(Online, Reconstructor):
    """Linear units whose weights approach the principal components of the data.

    ``z = W (x - m)`` and ``x_hat = W^T z + m``, with the mean m of the training points. ``loss`` is
    the mean over points and features of ``(x_hat - x)^2``, in scaled units; principal components
    have the lowest possible loss. Rules: see ``nnzoo.nn.sanger_rule``. A single unit is Oja's
    neuron of 1982.

    Learning rates are relative to the total variance of the training points, which makes them
    independent of the units of the data: the step of a point has the rate ``lr / variance``, at
    most ``1 / |x - m|^2``. Without a training, mean and variance are those of the first call of
    ``partial_fit`` if it has several points, otherwise 0 and 1.

    The best epoch is that of the lowest training loss, also if there is a validation part.

    Source: T. D. Sanger, 1989, "Optimal unsupervised learning in a single-layer linear feedforward
    neural network"; E. Oja, 1982, "A simplified neuron model as a principal component analyzer".

    Args:
        in_features: number of inputs, and of outputs.
        latent: number of units, at most the number of inputs; None: 4, or one per input if there
            are fewer.
        rule: ``sanger``, for the components in order, or ``oja``, for an orthonormal basis of the
            subspace of the first components.
        update: ``online``, one point at a time within a step, or ``batch``, all its points at once.
        lr: learning rate at the start.
        lr_end: learning rate at the end. With a constant rate, online updates keep moving around
            the components.
        decay: how the learning rate falls: exponential, inverse or linear.
        anomaly_quantile: see ``Reconstructor``.

    Attributes:
        encoder: a linear layer with the weights W.
        decoder: a linear layer with their transpose, and with the mean as its bias.
        variance: sum over features of the variance of the training points, scaled; 0: not set.
    """

    chain: ClassVar = {"encoder": "code", "decoder": "reconstruction"}
    figures = (*Reconstructor.figures, "components")
    follows_length = True
    monitor_label = "loss: mean squared error, scaled data"

    encoder: nn.Linear
    decoder: nn.Linear
    lr: Tensor
    lr_end: Tensor
    variance: Tensor

    def __init__(
        self,
        in_features: int,
        latent: int | None = None,
        rule: str = "sanger",
        update: str = "online",
        lr: float = 0.1,
        lr_end: float = 0.001,
        decay: str = "exponential",
        anomaly_quantile: float = 0.99,
    ) -> None:
        super().__init__(in_features, anomaly_quantile)
        self.save_hyperparameters()
        latent = min(4, in_features) if latent is None else check_int("model.latent", latent)
        if latent > in_features:
            raise InputError(
                f"model.latent is {latent}, more than the {in_features} components of the features"
            )
        self.rule = check_choice("model.rule", rule, RULES)
        self.update_by = check_choice("model.update", update, UPDATES)
        self.decay = check_choice("model.decay", decay, DECAYS)
        self.add_coefficient("lr", lr, above=0, high=1)
        self.add_coefficient("lr_end", lr_end, above=0, high=1)
        self.encoder = nn.Linear(in_features, latent).requires_grad_(False)
        self.decoder = nn.Linear(latent, in_features).requires_grad_(False)
        self.register_buffer("variance", torch.zeros(()))
        nn.init.orthogonal_(self.encoder.weight)
        self.decoder.weight.copy_(self.encoder.weight.T)
        self._center(torch.zeros(in_features))

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        return {"in_features": data.n_features}  # there is no activation

    def _center(self, mean: Tensor) -> None:
        self.decoder.bias.copy_(mean)
        self.encoder.bias.copy_(-self.encoder.weight @ self.decoder.bias)

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        self._center(x.mean(0))
        self.variance.copy_(x.var(0, correction=0).sum())

    def _start(self, batch: Batch) -> None:
        if self.variance == 0 and len(batch.x) > 1:
            self.initialize(batch.x)

    def monitored(self, data: Any) -> str:
        return self.monitor  # that of a few validation points is not lowest for the components

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        return F.mse_loss(self(batch.x), batch.x)

    def means(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss, also as the mean squared error of all models that reconstruct."""
        loss = self.loss(batch)
        return {"loss": loss, "mse": loss}

    def steps(self, clock: Clock) -> tuple[Any, ...]:
        return (Rule(),)

    def update(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        """Return the weights after the batch, and the loss before it."""
        online = self.update_by == "online"
        x = batch.x - self.decoder.bias
        squares = x.square().sum(-1) if online else x.square().sum(-1).mean()[None]
        n = len(squares)
        times = progress_of(clock.progress, clock.share, n, device=self.lr.device)
        lr = decayed(times, self.lr, self.lr_end, self.decay)
        variance = torch.where(self.variance > 0, self.variance, 1.0)
        rates = 1 / torch.maximum(variance / lr, squares)
        if online:
            weight = sanger_rule(self.encoder.weight, x, rates, self.rule)
        else:
            weight = sanger_batch_rule(self.encoder.weight, x, rates[0].to(x), self.rule)
        return {
            "encoder.weight": weight,
            "encoder.bias": -weight @ self.decoder.bias,
            "decoder.weight": weight.T,
            "loss": self.loss(batch),
        }

    @torch.no_grad()
    def diagnostics(self, data: Any) -> dict[str, float]:
        """Return ``pca_angle``, the largest angle of a unit's weights to its principal component of
        the training part, in degrees; for the rule ``oja``, the largest between the subspaces.

        Components without variance do not count. Those of equal variances have no fixed direction.
        """
        if self.in_features > MAX_FEATURES:
            return {}
        products = torch.zeros(self.in_features, self.in_features, dtype=torch.float64)
        for part in data.scaled_slices(data.raw[0]):
            x = part.x.cpu().double() - data.scaling(data.raw[0].x.double().mean(0)).cpu()
            products += x.T @ x
        values, vectors = torch.linalg.eigh(products)
        values, vectors = values.flip(0), vectors.flip(1)
        kept = int((values[: self.encoder.out_features] > 1e-9 * values[0]).sum())
        weight = F.normalize(self.encoder.weight.cpu().double(), dim=1)
        if not kept or not weight.isfinite().all():
            return {}
        if self.rule == "oja":
            weight = torch.linalg.qr(weight.T).Q.T
            cosines = torch.linalg.svdvals(weight @ vectors[:, :kept])
        else:
            cosines = (weight[:kept] * vectors[:, :kept].T).sum(1).abs()
        return {"pca_angle": float(cosines.clamp(max=1).arccos().max().rad2deg())}

    def weights(self) -> dict[str, Tensor]:
        """Return ``components`` (latent, in_features) and ``mean`` of scaled values."""
        weight, mean = self.encoder.weight, self.decoder.bias
        return {"components": weight.detach(), "mean": mean.detach()}
