"""A competitive layer trained by a competitive rule."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.errors import check_choice
from nnzoo.models.bases.centroids import Centroids
from nnzoo.models.bases.online import UPDATES
from nnzoo.models.bases.winner_take_all import Conscious
from nnzoo.models.parts.initial import as_lists, number_of_units
from nnzoo.models.training.steps import Clock
from nnzoo.nn import batch_rule, batch_step, online_rule, rates
from nnzoo.nn.competitive import RULES
from nnzoo.nn.kmeans import STARTS, start_weights

ROUGH_STARTS = ("midpoint", "sample")
"""Starts that do not yet spread the units over the clusters."""


class Competitive(Centroids, Conscious):
    """A winner-take-all layer that finds the centers of clusters.

    ``loss`` is the mean squared distance to the winner, in scaled units; ``quantization_error`` is
    the mean distance to the winner, in raw units. During the training the learning rate falls
    exponentially from ``lr`` to ``lr_end``, and the conscience, if any, falls linearly to 0.
    Rules: see ``nnzoo.nn.online_rule``.

    Source: D. E. Rumelhart, D. Zipser, 1985, "Feature discovery by competitive learning"; the
    conscience: D. DeSieno, 1988, "Adding a conscience to competitive learning".

    Args:
        in_features: number of inputs.
        units: number of units; None: that of the rows of ``initial_weight``.
        rule: conscience, wta, or cwta, neurolab's distance-scaled rule.
        start: initial weights: ``refined``, by k-means++, k-means and LBG-U, see
            ``nnzoo.nn.kmeans.refined``; ``kmeans++``; ``sample``, random training points; or
            ``midpoint`` of each feature's range. Large data are subsampled at random.
        update: ``online``, one point at a time within a step, or ``batch``, all its points at once.
        lr: learning rate at the start. None: 0.5 from a ``midpoint`` or a ``sample``; 0.02 from the
            other starts, whose units are spread over the clusters and must not leave them for far
            points.
        lr_end: learning rate at the end; None: as at the start; ``auto``: one over the mean number
            of points that a unit wins in the training, as if it computed their mean.
        conscience_until: share of the training after which the conscience is 0. If it ends early,
            while the rate is large, units can adapt to clusters of unequal size. None: 0.1 from a
            ``midpoint`` or a ``sample``; 0, no conscience, from the other starts.
        initial_weight: given centroids, (units, in_features) in raw units, instead of ``start``.
    """

    figures = ("curve", "points", "clusters")

    def __init__(
        self,
        in_features: int,
        units: int | None = None,
        rule: str = "conscience",
        start: str = "refined",
        update: str = "online",
        lr: float | None = None,
        lr_end: float | Literal["auto"] | None = 0.0005,
        conscience_until: float | None = None,
        initial_weight: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(in_features)
        initial_weight = as_lists(initial_weight)
        units = number_of_units(units, initial_weight)
        self.save_hyperparameters()
        self.rule = check_choice("model.rule", rule, RULES)
        self.start = check_choice("model.start", start, STARTS)
        self.update_by = check_choice("model.update", update, UPDATES)
        self.auto = lr_end == "auto"
        end = None if lr_end == "auto" else lr_end
        is_rough = self.start in ROUGH_STARTS
        if lr is None:
            lr = 0.5 if is_rough else 0.02
        if conscience_until is None:
            conscience_until = 0.1 if is_rough else 0.0
        self.add_layer(in_features, units, lr, end)
        self.add_conscience(conscience_until)
        self.set_given(initial_weight)

    @classmethod
    def sizes(cls, data: Any) -> dict[str, int]:
        units = {} if data.n_clusters is None else {"units": data.n_clusters}
        return super().sizes(data) | units

    # Metrics

    def diagnostics(self, data: Any) -> dict[str, float]:
        """Return ``dead_units``, the number of units that win no training point, and, if the true
        centroids are known, ``centroid_distance``: the mean distance in raw units between learned
        and true centroids, matched one to one."""
        found = super().diagnostics(data)
        if known := self.known_weights(data):
            distances = torch.linalg.vector_norm(self.centroids() - known["centroids"], dim=-1)
            found["centroid_distance"] = float(distances.nanmean())
        return found

    def known_weights(self, data: Any) -> dict[str, Tensor]:
        """Return for each unit the true centroid that is matched to its own, NaN for none."""
        if data.points.centroids is None:
            return {}
        from scipy.optimize import linear_sum_assignment

        learned, true = self.centroids().double(), data.points.centroids.double()
        units, rows = map(torch.from_numpy, linear_sum_assignment(torch.cdist(learned, true)))
        known = torch.full_like(learned, torch.nan)
        known[units] = true[rows]
        return {"centroids": known}

    # Learning

    def start_weights(self, x: Tensor) -> Tensor:
        # Equal units would win all points of a batch together and never separate.
        spread = 0.01 if self.update_by == "batch" else 0.0
        return start_weights(x, self.units, self.start, spread)

    def update(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        """Return weights and state after the batch, and the loss before it."""
        points = max(len(batch.x), 1)  # a batch may be empty
        n = len(batch.x) if self.update_by == "online" else 1
        end = self.lr.clamp(max=self.units * clock.share / points) if self.auto else self.lr_end
        coefficients = self.lr, end, self.conscience_until
        lr, conscience = rates(clock.progress, clock.share, n, *coefficients)
        weight: Tensor = self.layer.weight
        state = self.state
        if self.rule == "cwta" and clock.starts_epoch:
            state = torch.ones_like(state)
        if self.update_by == "batch" and self.rule == "wta":
            distances, winners = self.layer.nearest(batch.x, approximate=True)
            weight = batch_step(weight, batch.x, winners, lr[0])
            return {"layer.weight": weight, "loss": distances.square().mean()}
        loss = self.layer.distances(batch.x).amin(-1).square().mean()
        if self.update_by == "online":
            weight, state = online_rule(weight, state, batch.x, lr, conscience, rule=self.rule)
        else:
            weight, state = batch_rule(weight, state, batch.x, lr[0], conscience[0], rule=self.rule)
        return {"layer.weight": weight, "state": state, "loss": loss}
