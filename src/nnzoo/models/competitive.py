"""A competitive layer trained by its own update."""

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.errors import one_of
from nnzoo.models.base import SLICE, Model, averaged
from nnzoo.models.winner import Rates, require_points
from nnzoo.nn import CompetitiveLayer
from nnzoo.nn.competitive import RULES, batch_rule, batch_step, online_rule
from nnzoo.nn.start import refined

STARTS = ("kmeans++", "midpoint", "refined", "sample")
UPDATES = ("batch", "online")
FEW_POINTS, POINTS_A_UNIT = 4096, 10
"""How many points a refined start looks at: the larger of the two."""


class Competitive(Model):
    """A winner-take-all layer that finds the centres of clusters.

    ``loss`` is the mean squared distance to the winner, in the scale trained on;
    ``quantization_error`` the mean distance to the winner in raw units.

    Rules and sources: see ``nnzoo.nn.online_rule``. The rate falls exponentially from ``lr`` to
    ``lr_end`` over the training; the conscience falls from full strength to none. Each fit draws
    its start anew, unless it resumes one.

    Args:
        in_features: number of inputs.
        units: number of units.
        rule: conscience, wta, or cwta, neurolab's distance-scaled rule.
        start: ``midpoint`` of each feature's range, ``sample`` (random training rows),
            ``kmeans++``, or ``refined``: k-means++ and LBG-U on a sample, see
            ``nnzoo.nn.start.refined``. Of many points all of them take a random part.
        update: ``online``, point by point within a step, or ``batch``, all its points at once.
        lr: learning rate at the start.
        lr_end: learning rate at the end; None: as at the start; ``auto``: one over the number of
            points that a unit wins in the training on average, as if it took their mean.
        conscience_until: share of the training after which the conscience is gone. Released early,
            while the rate is large, it leaves clusters of unequal size their own shares.

    Raises:
        InputError: if a size or a rate is not positive, or a name is unknown.
    """

    metrics_are_means = True
    curve = "quantization_error"
    curve_label = "quantization error, in units of the data"
    figures = ("curve", "clusters")
    varying: ClassVar = {
        "conscience_until": "rates.conscience_until",
        "lr": "rates.lr",
        "lr_end": "rates.lr_end",
        "start": None,
    }

    state: Tensor

    def __init__(
        self,
        in_features: int,
        units: int,
        rule: str = "conscience",
        start: str = "sample",
        update: str = "online",
        lr: float = 0.5,
        lr_end: float | Literal["auto"] | None = 0.0005,
        conscience_until: float = 0.1,
    ) -> None:
        super().__init__(in_features)
        self.save_hyperparameters()
        self.rule = one_of("model.rule", rule, RULES)
        self.start = one_of("model.start", start, STARTS)
        self.update_by = one_of("model.update", update, UPDATES)
        self.auto = lr_end == "auto"
        self.rates = Rates(lr, None if lr_end == "auto" else lr_end, conscience_until)
        self.layer = CompetitiveLayer(in_features, units)
        self.register_buffer("state", torch.zeros(units))

    @property
    def units(self) -> int:
        """Number of units."""
        return self.layer.weight.shape[0]

    @classmethod
    def sizes(cls, data: Any) -> dict[str, int]:
        units = {} if data.n_clusters is None else {"units": data.n_clusters}
        return super().sizes(data) | units

    def check(self, data: Any) -> None:
        super().check(data)
        if self.training:  # fewer points can be decided on
            require_points("model.units", self.units, len(data.raw[0].x))

    @property
    def output_names(self) -> list[str]:
        return [f"unit {i}" for i in range(self.units)]

    @torch.no_grad()
    def decisions(self, x: Any) -> list[str]:
        """The unit that wins each of the raw values (points, in_features)."""
        return [self.output_names[k] for k in self.winners(self.scaled(x)).tolist()]

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units): one for the winner, zero for the others."""
        return self.layer(x)

    def winners(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (...): indices of the nearest units."""
        return self.layer.winners(x)

    decide = winners

    def centroids(self) -> Tensor:
        """(units, in_features): the weights in raw units."""
        return self.scaling.inverse(self.layer.weight.detach())

    def weights(self) -> dict[str, Tensor]:
        return {"centroids": self.centroids()}

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        return self.layer.distances(batch.x).amin(-1).square().mean()

    def metrics(self, batch: Batch) -> dict[str, Tensor]:
        """The loss and the quantization error."""
        return self._measured(batch)[0]

    def _measured(self, batch: Batch, raw: bool = False) -> tuple[dict[str, Tensor], Tensor]:
        """The metrics, and the winners (points,); ``raw``: the scale trained on is that of the
        data, which takes half the time."""
        distances, winners = self.layer.nearest(batch.x, loose=True)
        errors = distances
        if not raw:
            differences = (batch.x - self.layer.weight[winners]) * self.scaling.divisor
            errors = torch.linalg.vector_norm(differences, dim=-1)
        metrics = {"loss": distances.square().mean(), "quantization_error": errors.mean()}
        return metrics, winners

    def score(self, data: Any) -> dict[str, float]:
        """The metrics, ``dead_units`` (those that win no training point) and, where the true
        centroids are known, ``centroid_distance``: the mean distance in raw units of the learned
        to the true ones, matched one to one."""
        wins = torch.zeros_like(self.state, dtype=torch.bool)
        raw = self.scaling.is_identity

        def parts() -> Iterator[tuple[int, dict[str, Tensor]]]:
            for part in data.raw[0].split(SLICE):
                batch = part.like(self.layer.weight) if raw else self._scaled_batch(part)
                metrics, winners = self._measured(batch, raw)
                wins[winners] = True
                yield len(winners), metrics

        # One by one: the C library cannot use memory again between tensors that are kept.
        measured = averaged(parts())
        measured["dead_units"] = self.units - int(wins.sum())
        if data.points.centroids is not None:
            from scipy.optimize import linear_sum_assignment

            distances = torch.cdist(self.centroids().double().cpu(), data.points.centroids.double())
            measured["centroid_distance"] = float(
                distances[linear_sum_assignment(distances)].mean()
            )
        return measured

    @torch.no_grad()
    def begin(self, x: Tensor) -> None:
        self.layer.weight.copy_(self._started(x.to(self.layer.weight)))
        self.state.fill_(1 / self.units)

    def _started(self, x: Tensor) -> Tensor:
        """(points, in_features) -> (units, in_features): the weights to start from."""
        require_points("model.units", self.units, len(x))
        if self.start == "sample":
            return x[torch.randperm(len(x))[: self.units]]
        if self.start == "kmeans++":
            from sklearn.cluster import kmeans_plusplus

            seed = int(torch.randint(2**31, ()))
            chosen = kmeans_plusplus(x.cpu().numpy(), self.units, random_state=seed)[0]
            return torch.from_numpy(chosen).to(x)
        if self.start == "refined":
            points = max(FEW_POINTS, POINTS_A_UNIT * self.units)
            chosen = torch.randperm(len(x))[:points]
            return refined(x[chosen].cpu(), self.units).to(x)
        low, high = x.amin(0), x.amax(0)
        middle = ((low + high) / 2).expand(self.units, -1)
        if self.update_by == "batch":
            # Equal units would win all points together and never part.
            middle = middle + 0.01 * (high - low) * torch.randn(middle.shape).to(x)
        return middle

    def begin_pass(self) -> dict[str, Tensor]:
        return {"state": torch.ones_like(self.state)} if self.rule == "cwta" else {}

    def update(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        points = len(batch.x)
        n = points if self.update_by == "online" else 1
        end = self.units * self.progress_step / points if self.auto else None
        lr, conscience = self.rates.at(self.progress, self.progress_step, n, end)
        if self.update_by == "batch" and self.rule == "wta":
            distances, winners = self.layer.nearest(batch.x, loose=True)
            weight = batch_step(self.layer.weight, batch.x, winners, lr[0])
            return {"layer.weight": weight}, distances.square().mean()
        old = self.layer.weight, self.state
        if self.update_by == "online":
            weight, state = online_rule(*old, batch.x, lr, conscience, rule=self.rule)
        else:
            weight, state = batch_rule(*old, batch.x, lr[0], conscience[0], rule=self.rule)
        return {"layer.weight": weight, "state": state}, self.loss(batch)
