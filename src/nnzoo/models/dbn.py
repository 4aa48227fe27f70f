"""A deep belief net: a stack of restricted Boltzmann machines, trained one after the other."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar, cast

import torch
from torch import Tensor
from torch.nn import Linear, Sequential
from torch.nn import functional as F

from nnzoo import nn
from nnzoo.batch import Batch
from nnzoo.errors import InputError, check_ints
from nnzoo.models.autoencoder import Autoencoder
from nnzoo.models.bases.model import Model
from nnzoo.models.bases.visible_units import VisibleUnits
from nnzoo.models.parts.saving import NAMES
from nnzoo.models.training.stages import stage_of
from nnzoo.models.training.steps import Clock, Descend, Rule


class DBN(VisibleUnits):
    """A stack of restricted Boltzmann machines that learn one after the other, from the data up.

    The training has a stage for each machine, of equal length. The first machine learns the points;
    each further one the probabilities of the hidden units below it, which no longer change. Each
    learns by contrastive divergence, see ``nnzoo.nn.RBM``; its visible biases start at the solution
    without hidden units. ``loss`` is the sum of the machines' losses; a step follows its gradient
    with respect to the weights of its stage's machine, on which no other machine's loss depends.

    ``mse`` is the mean squared error of the reconstruction by mean values, up through all layers
    and down again, in scaled units. The best epoch is one of the last stage, since the machines of
    later stages have learned nothing before.

    Sources: G. E. Hinton, S. Osindero, Y.-W. Teh, 2006, "A fast learning algorithm for deep belief
    nets"; the autoencoder that it starts: G. E. Hinton, R. R. Salakhutdinov, 2006, "Reducing the
    dimensionality of data with neural networks".

    Args:
        in_features: number of visible units.
        hidden: units of each layer, from the data upwards; those of the last one are the code.
        visible: ``bernoulli`` for values between 0 and 1, or ``gaussian``; if set from data:
            bernoulli if they are scaled to [0, 1]. The other layers are bernoulli.
        gibbs_steps: number k of steps of Gibbs sampling.
        anomaly_quantile: see ``Reconstructor``.
        optimizer, scheduler: see ``Model``; each machine has an optimizer of its own.

    Attributes:
        encoder: the machines; each maps its visible units to the probabilities of its hidden ones.
        stages: shares of the training, one for each machine.
    """

    monitor = "mse"
    monitor_label = "mean squared error of the reconstruction, scaled data"
    default_optimizer: ClassVar = {"name": "adam", "lr": 0.02}
    follows_length = True
    chain: ClassVar = {"encoder": "code"}

    encoder: Sequential

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int] = (64, 32),
        visible: str = "bernoulli",
        gibbs_steps: int = 1,
        anomaly_quantile: float = 0.99,
        optimizer: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(in_features, anomaly_quantile, optimizer=optimizer, scheduler=scheduler)
        self.save_hyperparameters()
        self.add_visible(visible, gibbs_steps)
        if not check_ints("model.hidden", hidden):
            raise InputError("model.hidden is empty: give the units of at least one layer")
        widths = [in_features, *hidden]
        kinds = [visible, *["bernoulli"] * len(widths)]
        self.encoder = Sequential(
            *(nn.RBM(*sizes, kind) for sizes, kind in zip(pairwise(widths), kinds, strict=False))
        )
        n = len(self.encoder)
        self.parts = tuple(f"encoder.{k}" for k in range(n))
        self.stages, self.stage_names = [1 / n] * n, tuple(f"layer {k + 1}" for k in range(n))
        self.compared_from = sum(self.stages[:-1])

    @property
    def rbms(self) -> list[nn.RBM]:
        """The machines, from the data upwards."""
        return [cast(nn.RBM, rbm) for rbm in self.encoder]

    @property
    def rbm(self) -> nn.RBM:
        """The machine of the data."""
        return self.rbms[0]

    # Predictions

    def decoder(self, h: Tensor) -> Tensor:
        """Return the means of the visible units, (..., hidden[-1]) -> (..., in_features) scaled."""
        for rbm in reversed(self.rbms):
            h = rbm.visible_mean(h)
        return h

    @torch.no_grad()
    def unrolled(self) -> Autoencoder:
        """Return an autoencoder with the same weights, codes and reconstructions.

        Its encoder has the machines' weights, its decoder their transposes; further training
        changes both independently.
        """
        *hidden, latent = (rbm.layer.out_features for rbm in self.rbms)
        output = "sigmoid" if self.visible == "bernoulli" else "identity"
        layers = self.in_features, hidden, latent, "sigmoid", "sigmoid", output
        model = Autoencoder(*layers, anomaly_quantile=self.hparams["anomaly_quantile"])
        model.to(self.prototype)
        up = [layer for layer in model.encoder if isinstance(layer, Linear)]
        down = [layer for layer in model.decoder if isinstance(layer, Linear)]
        for rbm, encoding, decoding in zip(self.rbms, up, reversed(down), strict=True):
            weight, bias = rbm.layer.weight, rbm.layer.bias
            variance = 1 if rbm.log_variance is None else rbm.log_variance.exp()
            encoding.weight.copy_(weight / variance)
            encoding.bias.copy_(bias)
            decoding.weight.copy_(weight.T)
            decoding.bias.copy_(rbm.visible_bias)
        model.scaling.load_state_dict(self.scaling.state_dict())
        model.threshold.copy_(self.threshold)
        for name in NAMES:
            setattr(model, name, list(getattr(self, name)))
        return model.eval()

    def start_of(self, kind: type[Model]) -> Model:
        return self.unrolled() if kind is Autoencoder else super().start_of(kind)

    # Learning

    def initialize(self, x: Tensor) -> None:
        """Set the visible biases of the data to the solution without hidden units."""
        self.start_biases(self.rbm, x)

    def steps(self, clock: Clock) -> tuple[Descend | Rule, ...]:
        before, layer = stage_of(self.stages, clock)
        learn = Descend("loss", self.parts[layer])
        return (learn,) if before == layer else (Rule("start_machine"), learn)

    def start_machine(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        """Return the visible biases of a stage's machine, as in ``initialize``, from the codes of
        the first batch."""
        _, layer = stage_of(self.stages, clock)
        codes = self.encoder[:layer](batch.x)
        return {f"{self.parts[layer]}.visible_bias": codes.mean(0).clamp(0.01, 0.99).logit()}

    def sample_noise(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Return the random numbers of the machines beside each other, each (points, k, hidden +
        visible)."""
        sizes = len(batch.x), self.gibbs_steps
        noise = [rbm.noise(*sizes, generator=generator) for rbm in self.rbms]
        return torch.cat(noise, -1).to(batch.x)

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        widths = [sum(rbm.layer.weight.shape) for rbm in self.rbms]
        own = [None] * len(widths) if noise is None else noise.split(widths, -1)
        v, losses = batch.x, []
        for rbm, numbers in zip(self.rbms, own, strict=True):
            losses.append(rbm.contrastive_loss(v, numbers))
            v = rbm(v).detach()
        return torch.stack(losses).sum()

    def means(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss and the error of the reconstruction."""
        return {"loss": self.loss(batch), "mse": F.mse_loss(self(batch.x), batch.x)}
