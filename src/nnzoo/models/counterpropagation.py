"""An encoder, a competitive layer and a linear head: one network, trained in stages."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnzoo.batch import Batch
from nnzoo.errors import check_float
from nnzoo.models.autoencoder import encoder_and_decoder
from nnzoo.models.bases.supervised import Supervised
from nnzoo.models.bases.winner_take_all import Conscious
from nnzoo.models.mlp import LOSSES
from nnzoo.models.training.stages import check_stages, stage_of
from nnzoo.models.training.steps import Clock, Descend, Rule
from nnzoo.nn import ACTIVATIONS, MLP, online_rule, rates

CLUSTERS = 50
"""Default number of competitive units, unless there are fewer training points."""


class Counterpropagation(Conscious, Supervised):
    """A competitive layer between an encoder and a linear head, trained in stages.

    ``net(x) = head(winner(encoder(x)))``: one competitive unit wins the code of x, and the head has
    a row of weights for each unit. The output is ``softmax(net(x))`` for several classes,
    ``sigmoid(net(x))`` for two and for several labels, ``net(x)`` for numbers. The winner has no
    gradient, so the parts learn one after the other:

    1. the encoder: gradient steps on the mean of ``(decoder(encoder(x)) - x)^2``, scaled;
    2. the competitive layer, from codes of random training points, by ``nnzoo.nn.online_rule`` with
       a conscience;
    3. the head, from zero: gradient steps on ``loss``. For each unit it approaches the shares of
       the classes (for numbers: the mean) among the points that the unit wins.

    ``loss`` is the cross-entropy of the whole network, for numbers the scaled mean squared error.
    It is constant until stage 3. The training loss of an epoch is that of its stage. Source:
    R. Hecht-Nielsen, 1987, "Counterpropagation networks", which have no encoder.

    Args:
        in_features, units: see ``Supervised``.
        task: classification, multilabel or regression.
        clusters: number of competitive units; from data: 50, or the number of training points.
        hidden, latent, activation: of the encoder; see ``Autoencoder``.
        stages: shares of the training; if the first is 0 the encoder stays random.
        lr, lr_end: rates of the competitive layer at the ends of its stage; None: as at the start.
        conscience_until: share of this stage after which the conscience is 0.
        class_weight: ``balanced`` or None, of the head; see ``Supervised``.
        optimizer: of the autoencoder and of the head; see ``Model``; the default is Adam.
        head_lr: learning rate of the head, large as each point uses one row; None: the optimizer's.

    Attributes:
        autoencoder: the encoder and its decoder, which is used only in training.
        layer, head: (..., latent) -> (..., clusters) -> (..., units).
        first_points: training points whose codes are the layer's first weights.

    Raises:
        InputError: if an argument is not valid, or if the length of a training is not known.
    """

    tasks = ("classification", "multilabel", "regression")
    default_optimizer: ClassVar = {"name": "adam"}
    parts = ("autoencoder", "head")
    figures = (*Supervised.figures, "fit", "residuals", "latent", "prototypes")
    chain: ClassVar = {"encoder": "code", "layer": "units", "head": "output layer", "output": ""}
    units_option = "model.clusters"
    stage_names = ("encoder", "competitive layer", "head")

    first_points: Tensor

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
        class_weight: str | None = None,
        optimizer: dict[str, Any] | None = None,
        head_lr: float | None = 0.05,
    ) -> None:
        super().__init__(in_features, units, task, class_weight, optimizer=optimizer)
        self.save_hyperparameters()
        name = LOSSES["mse" if task == "regression" else "cross_entropy"]
        self.monitor_label = f"loss: {name}{self.weighting}"
        self.stages = check_stages(stages)
        self.compared_from = sum(self.stages[:2])
        own = {} if head_lr is None else {"lr": check_float("model.head_lr", head_lr, above=0)}
        self._head_options = own
        coders = encoder_and_decoder(in_features, hidden, latent, activation)
        self.autoencoder = nn.Sequential(*coders)
        self.add_layer(latent, clusters, lr, lr_end)
        self.add_conscience(conscience_until)
        self.head = nn.Linear(clusters, units)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.output = ACTIVATIONS[self.natural_output]()
        self.register_buffer("first_points", torch.zeros(clusters, in_features))

    @property
    def encoder(self) -> MLP:
        """(..., in_features) scaled -> (..., latent)."""
        return cast(MLP, self.autoencoder[0])

    @property
    def net(self) -> nn.Sequential:
        """(..., in_features) scaled -> (..., units), before softmax or sigmoid."""
        return nn.Sequential(self.encoder, self.layer, self.head)

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        return super().sizes(data) | {"clusters": min(CLUSTERS, len(data.raw[0].x))}

    def optimizer_options(self, part: str) -> dict[str, Any]:
        return super().optimizer_options(part) | (self._head_options if part == "head" else {})

    def scores(self, x: Tensor) -> Tensor:
        return self.head(self.layer(self.encoder(x)))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units): probabilities, or numbers."""
        return self.output(self.scores(x))

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        super().initialize(x)
        chosen = torch.randperm(len(x))[: len(self.state)]
        self.first_points.copy_(x[chosen.to(x.device)])
        for parameter in self.head.parameters():
            nn.init.zeros_(parameter)

    def steps(self, clock: Clock) -> tuple[Descend | Rule, ...]:
        before, stage = stage_of(self.stages, clock)
        if stage == 0:
            return (Descend("reconstruction_loss", "autoencoder"),)
        action = Rule("compete") if stage == 1 else Descend("loss", "head")
        return (Rule("start_layer", timed=False), action) if before == 0 else (action,)

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        scores = self.scores(batch.x)
        if self.task == "regression":
            return F.mse_loss(scores, self.targets(batch))
        return self.cross_entropy(scores, batch, self.natural_output)

    def reconstruction_loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """Return the autoencoder's mean squared error."""
        return F.mse_loss(self.autoencoder(batch.x), batch.x)

    def start_layer(self, batch: Batch, clock: Clock | None) -> dict[str, Tensor]:
        """Return the competitive layer's first weights."""
        return {"layer.weight": self.encoder(self.first_points)}

    def compete(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        """Return the competitive layer after learning the codes of a batch one by one."""
        codes = self.encoder(batch.x).to(self.state)  # more precise than under autocast
        before, length, _ = self.stages
        start = (clock.progress - before) / length
        coefficients = self.lr, self.lr_end, self.conscience_until
        lr, conscience = rates(start, clock.share / length, len(codes), *coefficients)
        weight, state = online_rule(self.layer.weight, self.state, codes, lr, conscience)
        loss = self.layer.distances(codes).amin(-1).square().mean()
        return {"layer.weight": weight, "state": state, "loss": loss}

    def means(self, batch: Batch) -> dict[str, Tensor]:
        """Return the loss; ``reconstruction_mse``, the autoencoder's error in scaled units; and
        ``quantization_error``, the mean distance of a code to the winner, in units of the codes,
        which change as the encoder learns."""
        return super().means(batch) | {
            "reconstruction_mse": self.reconstruction_loss(batch),
            "quantization_error": self.layer.distances(self.encoder(batch.x)).amin(-1).mean(),
        }
