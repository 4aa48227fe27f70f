"""An encoder, a competitive layer and a linear head: one network, trained in stages."""

import math
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Optimizer

from nnzoo import nn
from nnzoo.batch import Batch
from nnzoo.errors import InputError, number, whole
from nnzoo.models.counting import ENDLESS, steps_per_epoch, total_steps
from nnzoo.models.mlp import LOSSES
from nnzoo.models.optimizers import build_optimizer
from nnzoo.models.supervised import Supervised
from nnzoo.models.winner import Rates, require_points, training_points
from nnzoo.nn.competitive import online_rule

CLUSTERS = 50
"""Competitive units where nobody says how many, and the points are not fewer."""


class Counterpropagation(Supervised):
    """A competitive layer inside a bigger network, which learns stage by stage.

    ``net(x) = head(winner(encoder(x)))``: the encoder's code of x makes one competitive unit fire,
    and the head has a row of weights for each of them. The output is ``softmax(net(x))`` for
    several classes, ``sigmoid(net(x))`` for two and for several labels, ``net(x)`` for numbers.

    The winner has no gradient, so each part learns by itself, the others standing still:

    1. the encoder, as the first half of an autoencoder: gradient steps on the mean over points and
       features of ``(decoder(encoder(x)) - x)^2``, scaled;
    2. the competitive layer, on the codes: starts from codes of random training points, and learns
       by ``nnzoo.nn.online_rule`` with a conscience;
    3. the head, from zero: gradient steps on ``loss``. It comes to give the shares of the classes
       (for numbers: the mean) among the points that each unit wins.

    ``loss``, in all stages that of the whole network, is the cross-entropy, for numbers the mean
    squared error, in the scale trained on. It stands still until stage 3, since the outputs of all
    points are equal till then.

    Source: R. Hecht-Nielsen, 1987, "Counterpropagation networks", whose network is the competitive
    layer and the head, on the input itself.

    Args:
        in_features: number of inputs.
        units: number of output units; see ``Supervised``.
        task: classification, multilabel or regression.
        clusters: number of competitive units; from data: 50, or as many as the training points.
        hidden, latent, activation: of the encoder; see ``nnzoo.nn.Autoencoder``.
        stages: the stages' shares of the training. Without the first the encoder stays at random.
        lr, lr_end, conscience_until: of the competitive layer in its stage; see ``Competitive``.
        optimizer: of the autoencoder and of the head; see ``Learner``; None: Adam as torch has it.
        head_lr: the head's rate, which can be large since each point meets one row of weights;
            None: the optimizer's.

    Attributes:
        net: the ``torch.nn.Sequential``: (..., in_features) scaled -> (..., units), before softmax
            or sigmoid.
        decoder: (..., latent) -> (..., in_features) scaled; for training alone.

    Raises:
        InputError: if a size, a share or a rate is not possible, or a name is unknown; in training,
            if its length is not known, or early stopping would end it before stage 3.
    """

    tasks = ("classification", "multilabel", "regression")
    figures = ("curve", "points", "boundary", "fit", "latent")
    manual = True
    unstackable = "it is trained in stages"

    state: Tensor

    def __init__(
        self,
        in_features: int,
        units: int = 1,
        task: str = "classification",
        clusters: int = CLUSTERS,
        hidden: Sequence[int] = (64,),
        latent: int = 16,
        activation: str = "tanh",
        stages: Sequence[float] = (0.4, 0.2, 0.4),
        lr: float = 0.5,
        lr_end: float | None = 0.0005,
        conscience_until: float = 0.1,
        optimizer: dict[str, Any] | None = None,
        head_lr: float | None = 0.05,
    ) -> None:
        super().__init__(in_features, units, task, optimizer=optimizer or {"name": "adam"})
        self.save_hyperparameters()
        self.curve_label = f"loss: {LOSSES['mse' if task == 'regression' else 'cross_entropy']}"
        self.stages = _shares(stages)
        self.ends = list(accumulate(self.stages[:2]))
        self.rates = Rates(lr, lr_end, conscience_until)
        self.head_lr = None if head_lr is None else number("model.head_lr", head_lr, above=0)
        clusters = whole("model.clusters", clusters)
        autoencoder = nn.Autoencoder(in_features, hidden, latent, activation)
        self.net = torch.nn.Sequential(
            autoencoder.encoder,
            nn.CompetitiveLayer(latent, clusters),
            torch.nn.Linear(clusters, units),
        )
        self.decoder = autoencoder.decoder
        self.output = nn.ACTIVATIONS[self.natural_output]()
        self.register_buffer("state", torch.zeros(clusters))  # all zero: not yet started
        self._points: Tensor | None = None
        self._clear()

    @property
    def encoder(self) -> nn.MLP:
        """(..., in_features) scaled -> (..., latent)."""
        return cast(nn.MLP, self.net[0])

    @property
    def layer(self) -> nn.CompetitiveLayer:
        """(..., latent) -> (..., clusters): one for the winner, zero for the others."""
        return cast(nn.CompetitiveLayer, self.net[1])

    @property
    def head(self) -> torch.nn.Linear:
        """(..., clusters) -> (..., units)."""
        return cast(torch.nn.Linear, self.net[2])

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        return super().sizes(data) | {"clusters": min(CLUSTERS, len(data.raw[0].x))}

    def check(self, data: Any) -> None:
        super().check(data)
        if self.training:  # fewer points can be decided on
            require_points("model.clusters", len(self.state), len(data.raw[0].x))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units): probabilities, or numbers."""
        return self.output(self.net(x))

    def scores(self, x: Tensor) -> Tensor:
        return self.net(x)

    def winners(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (...): indices of the competitive units that fire."""
        return self.layer.winners(self.encoder(x))

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        output, target = self.net(batch.x), self.targets(batch)
        if self.task == "regression":
            return F.mse_loss(output, target)
        if self.natural_output == "softmax":
            return F.cross_entropy(output, target)
        return self.binary_cross_entropy(output, target)

    def metrics(self, batch: Batch) -> dict[str, Tensor]:
        """Those of ``Supervised``; ``reconstruction_mse``, the autoencoder's mean squared error in
        the scale trained on; and ``quantization_error``, the mean distance of a code to the
        winner, in units of the codes, which change while the encoder learns."""
        distances = self.layer.distances(self.encoder(batch.x))
        return super().metrics(batch) | {
            "reconstruction_mse": self._reconstruction_error(batch),
            "quantization_error": distances.amin(-1).mean(),
        }

    def score(self, data: Any) -> dict[str, float]:
        """The metrics, and ``dead_units``: competitive units that win no training point."""
        winners = self.winners(self.scaling(data.raw[0].x.to(self.layer.weight)))
        return super().score(data) | {"dead_units": len(self.state) - len(winners.unique())}

    def parts(self) -> Sequence[torch.nn.Module]:
        return [torch.nn.Sequential(self.encoder, self.decoder), self.head]

    def build_optimizers(self) -> list[Optimizer]:
        assert self.optimizer_config is not None
        rate = {} if self.head_lr is None else {"lr": self.head_lr}
        configs = self.optimizer_config, self.optimizer_config | rate
        return [
            build_optimizer(part.parameters(), config)
            for part, config in zip(self.parts(), configs, strict=True)
        ]

    def on_fit_start(self) -> None:
        if self.trainer.ckpt_path is None:
            self._clear()
        self._points = None
        if not self.state.any():
            self._points = training_points(self.trainer)
            require_points("model.clusters", len(self.state), len(self._points))

    def on_train_start(self) -> None:
        super().on_train_start()
        if (total := total_steps(self.trainer)) >= ENDLESS:
            raise InputError(
                "the stages are shares of a training whose length is not known: set "
                "trainer.max_steps, or use a loader that has a length"
            )
        per_epoch = steps_per_epoch(self.trainer)
        done = self.trainer.current_epoch * per_epoch / total
        if self.state.any() and done < self.ends[0]:
            raise InputError(
                "the competitive layer has learnt already, and the encoder would learn again: "
                "resume with the trainer.max_epochs that the run began with"
            )
        still = self.ends[1] * total / per_epoch
        for callback in self.trainer.early_stopping_callbacks:
            if callback.monitor in ("loss", "val_loss") and callback.patience <= still:
                raise InputError(
                    f"the loss stands still for {still:g} epochs, until the head learns, and early "
                    f"stopping waits for {callback.patience}: raise its patience above that"
                )

    def learn(self, batch: Batch) -> Tensor:
        # The middle of the batch, since sums of shares are not exact at its edges.
        middle = self.progress + self.progress_step / 2
        if middle >= self.ends[0] and self._points is not None:
            self._start(self._points)
            self._points = None
        if middle >= self.ends[1]:
            return self._descend(1, lambda: self.loss(batch))
        with torch.no_grad():
            loss = self.loss(batch)
        if middle < self.ends[0]:
            self._descend(0, lambda: self._reconstruction_error(batch))
        else:
            self._compete(batch.x)
        return loss

    def _descend(self, part: int, error: Callable[[], Tensor]) -> Tensor:
        """A step of one part's optimizer; the error before it, detached."""
        optimizers = cast(list[Optimizer], self.optimizers(use_pl_optimizer=False))
        return self.descend(optimizers[part], error)

    @torch.no_grad()
    def _start(self, x: Tensor) -> None:
        """Start the competitive layer from codes of random points (points, in_features)."""
        chosen = torch.randperm(len(x), generator=self.random())[: len(self.state)]
        self.layer.weight.copy_(self.encoder(x[chosen.to(x.device)].to(self.state)))
        self.state.fill_(1 / len(self.state))

    @torch.no_grad()
    def _compete(self, x: Tensor) -> None:
        """Let the competitive layer learn the points (points, in_features), one by one."""
        share = self.stages[1]
        begun = (self.progress - self.ends[0]) / share
        rates = self.rates.at(begun, self.progress_step / share, len(x))
        codes = self.encoder(x).to(self.state)  # which autocast makes less precise
        weight, state = online_rule(self.layer.weight, self.state, codes, *rates)
        self.layer.weight.copy_(weight)
        self.state.copy_(state)

    @torch.no_grad()
    def _clear(self) -> None:
        """Forget the competitive layer and the head, which belong to each other."""
        for values in (self.layer.weight, self.state, *self.head.parameters()):
            values.zero_()

    def _reconstruction_error(self, batch: Batch) -> Tensor:
        return F.mse_loss(self.decoder(self.encoder(batch.x)), batch.x)


def _shares(stages: Any) -> list[float]:
    """The stages' shares of the training, if they are three numbers that add up to 1."""
    if not isinstance(stages, list | tuple) or len(stages) != 3:
        raise InputError(
            "model.stages must be three shares of the training, of the encoder, the competitive "
            f"layer and the head, such as [0.4, 0.2, 0.4]; got {stages!r}"
        )
    shares = [number("each of model.stages", share, low=0, high=1) for share in stages]
    if not math.isclose(sum(shares), 1):
        raise InputError(f"model.stages must add up to 1; {shares} add up to {sum(shares):g}")
    if shares[2] == 0:
        raise InputError("the last of model.stages must be above 0: the head must learn")
    return shares
