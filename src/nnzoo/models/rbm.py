"""A restricted Boltzmann machine, which learns a distribution of points by sampling from it."""

from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo import nn
from nnzoo.batch import Batch
from nnzoo.errors import check_int
from nnzoo.models.bases.visible_units import VisibleUnits
from nnzoo.models.training.steps import Clock, Descend, Rule


class RBM(VisibleUnits):
    """A restricted Boltzmann machine: visible and hidden units that learn a distribution of points.

    ``loss`` is the mean free energy of the points minus that of samples of the model; its gradient
    is that of contrastive divergence. For layer, energy and units see ``nnzoo.nn.RBM``.

    - Contrastive divergence (CD-k): the samples start at the points of the batch and take k steps
      of Gibbs sampling.
    - Persistent contrastive divergence (PCD-k): the samples are chains that go on between batches.

    ``mse`` is the mean squared error of the reconstruction by mean values, in scaled units;
    ``pseudo_nll`` the negative pseudo-log-likelihood of bernoulli units, in nats.

    Sources: P. Smolensky, 1986, "Information processing in dynamical systems: foundations of
    harmony theory"; CD: G. E. Hinton, 2002, "Training products of experts by minimizing contrastive
    divergence"; PCD: T. Tieleman, 2008, "Training restricted Boltzmann machines using
    approximations to the likelihood gradient".

    Args:
        in_features: number of visible units.
        hidden: number of hidden units.
        visible: ``bernoulli`` for values between 0 and 1, or ``gaussian``; if set from data:
            bernoulli if they are scaled to [0, 1].
        gibbs_steps: number k of steps of Gibbs sampling.
        chains: number of persistent chains; 0: contrastive divergence.
        anomaly_quantile: see ``Reconstructor``.
        optimizer, scheduler: see ``Model``.

    Attributes:
        rbm: the ``nnzoo.nn.RBM``.
        chains: states of the visible units of the chains, (chains, in_features), scaled.
    """

    default_optimizer: ClassVar = {"name": "adam", "lr": 0.02}
    chain: ClassVar = {"rbm": "hidden units"}

    chains: Tensor

    def __init__(
        self,
        in_features: int,
        hidden: int = 64,
        visible: str = "bernoulli",
        gibbs_steps: int = 1,
        chains: int = 0,
        anomaly_quantile: float = 0.99,
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(in_features, anomaly_quantile, optimizer=optimizer, scheduler=scheduler)
        self.save_hyperparameters()
        self.rbm = nn.RBM(in_features, check_int("model.hidden", hidden), visible)
        self.add_visible(visible, gibbs_steps)
        n = check_int("model.chains", chains, low=0)
        self.register_buffer("chains", torch.zeros(n, in_features))
        # The reconstruction is often best after a few epochs, long before the likelihood is high.
        self.compared_from = 0.9 if visible == "gaussian" else 0.0
        self.automatic_optimization = n == 0  # without chains a step is one gradient step

    @property
    def monitor(self) -> str:  # type: ignore[override]
        return "pseudo_nll" if self.visible == "bernoulli" else "mse"

    @property
    def monitor_label(self) -> str:  # type: ignore[override]
        if self.visible == "bernoulli":
            return "negative pseudo-log-likelihood, in nats"
        return "mean squared error of the reconstruction, scaled data"

    @property
    def rbms(self) -> list[nn.RBM]:
        return [self.rbm]

    # Predictions

    def encoder(self, x: Tensor) -> Tensor:
        """Return probabilities of the hidden units, (..., in_features) scaled -> (..., hidden)."""
        return self.rbm(x)

    def decoder(self, h: Tensor) -> Tensor:
        """Return the means of the visible units, (..., hidden) -> (..., in_features) scaled."""
        return self.rbm.visible_mean(h)

    def free_energy(self, x: Tensor) -> Tensor:
        """Return the free energies of scaled points, (..., in_features) -> (...)."""
        return self.rbm.free_energy(x)

    @torch.no_grad()
    def diagnostics(self, data: Any) -> dict[str, float]:
        """Return the mean ``log_likelihood`` of the training points in nats, if the smaller layer
        has few enough units."""
        if not self.rbm.is_enumerable:
            return {}
        n, total = len(data.raw[0].x), 0.0
        for part in data.scaled_slices(data.raw[0]):
            total += float(self.rbm.log_likelihood(part.like(self.prototype).x).double().sum())
        return {"log_likelihood": total / n}

    # Learning

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        """Set the visible biases to the solution without hidden units; the chains start there."""
        self.start_biases(self.rbm, x)
        self.chains.copy_(x.mean(0).expand_as(self.chains))

    def steps(self, clock: Clock) -> tuple[Descend | Rule, ...]:
        rules = (Rule("advance", timed=False, noisy=True),) if len(self.chains) else ()
        return (*rules, Descend())

    def sample_noise(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Return the random numbers of the k steps, (chains or points, k, hidden + visible)."""
        n = len(self.chains) or len(batch.x)
        return self.rbm.noise(n, self.gibbs_steps, generator=generator).to(batch.x)

    def advance(self, batch: Batch, clock: Clock | None, noise: Tensor) -> dict[str, Tensor]:
        """Return the persistent chains after k steps."""
        return {"chains": self.rbm.walk(self.chains, noise)}

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """Return the difference of free energies; without noise, contrastive divergence takes the
        reconstruction for a sample."""
        if len(self.chains):
            return self.rbm.energy_gap(batch.x, self.chains)
        return self.rbm.contrastive_loss(batch.x, noise)

    def means(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss, the error of the reconstruction and the negative pseudo-likelihood."""
        found = {"loss": self.loss(batch), "mse": F.mse_loss(self(batch.x), batch.x)}
        if self.visible == "bernoulli":
            found["pseudo_nll"] = -self.rbm.pseudo_log_likelihood(batch.x).mean()
        return found
