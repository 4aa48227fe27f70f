"""Cascade correlation: a network that adds its hidden units one at a time."""

from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo.batch import Batch
from nnzoo.errors import check_int
from nnzoo.models.bases.model import Model
from nnzoo.models.bases.supervised import Supervised
from nnzoo.models.training.steps import Clock, Rule
from nnzoo.nn import ACTIVATIONS
from nnzoo.nn.cascade_correlation import (
    LARGEST,
    Cascade,
    CascadeRates,
    CascadeState,
    cascade_rule,
)

CLASS_TOLERANCE = 0.4
"""The default ``tolerance`` for classes and labels."""


class CascadeCorrelation(Supervised):
    """A network that adds hidden units, each trained to correlate with the error that is left.

    Each epoch is one step, on all training points, of the outputs or of the candidates for the next
    unit; see ``nnzoo.nn.cascade_correlation.cascade_rule``. The loss is constant while candidates
    learn. It is the cross-entropy for classes and labels, and the mean of ``(o - t)^2`` for
    numbers; in both cases the error that candidates correlate with is ``o - t``.

    Source: S. E. Fahlman & C. Lebiere, 1990, "The cascade-correlation learning architecture".

    Args:
        in_features: number of inputs.
        units, task: see ``Supervised``; the task may also be regression.
        max_units: maximum number of hidden units.
        candidates: number of candidates for each hidden unit, which learn at the same time.
        tolerance: the training ends once no output of a training point is further than this from
            its target, in scaled units; None: 0.4, or 0 for a regression.
        lr: rate of quickprop for the outputs, per point.
        lr_candidates: the same for the candidates.
        mu: largest growth of a change of quickprop.
        weight_decay: output weights times this are added to their slopes.
        patience: epochs with hardly any change that end a phase of outputs or candidates.
        phase_epochs: maximum number of epochs of a phase of outputs or candidates.
        min_change: relative change of the loss that resets the patience.
        min_change_candidates: the same for the highest correlation.
        class_weight: ``balanced`` or None; see ``Supervised``.

    Attributes:
        net: the weights, a ``nnzoo.nn.Cascade``.
        hidden_units: number of hidden units added so far.
        finished: 1 after the end of the algorithm, from which on nothing changes.

    Raises:
        InputError: if an argument is not valid.
    """

    tasks = ("classification", "multilabel", "regression")
    figures = (*Supervised.figures, "fit", "residuals")
    chain: ClassVar = {"": "bias, inputs and units", "net": "output layer", "output": ""}
    learns_at_once = True

    pool: Tensor
    tolerance: Tensor
    hidden_units: Tensor
    finished: Tensor

    def __init__(
        self,
        in_features: int,
        units: int = 1,
        task: str = "classification",
        max_units: int = 20,
        candidates: int = 8,
        tolerance: float | None = None,
        lr: float = 0.35,
        lr_candidates: float = 100.0,
        mu: float = 2.0,
        weight_decay: float = 1e-4,
        patience: int = 8,
        phase_epochs: int = 100,
        min_change: float = 0.01,
        min_change_candidates: float = 0.03,
        class_weight: str | None = None,
    ) -> None:
        super().__init__(in_features, units, task, class_weight)
        self.save_hyperparameters()
        if tolerance is None:
            tolerance = 0.0 if task == "regression" else CLASS_TOLERANCE
        self.add_coefficient("tolerance", tolerance, low=0)
        self.add_coefficient("lr", lr, above=0)
        self.add_coefficient("lr_candidates", lr_candidates, above=0)
        self.add_coefficient("mu", mu, above=0)
        self.add_coefficient("weight_decay", weight_decay, low=0)
        self.add_coefficient("patience", check_int("model.patience", patience))
        self.add_coefficient("phase_epochs", check_int("model.phase_epochs", phase_epochs))
        self.add_coefficient("min_change", min_change, low=0, below=1)
        self.add_coefficient("min_change_candidates", min_change_candidates, low=0)
        self.net = Cascade(in_features, units, max_units)
        self.output = ACTIVATIONS[self.natural_output]()
        loss = "mean squared error" if task == "regression" else "cross-entropy"
        self.monitor_label = f"loss: {loss}{self.weighting}"
        pool = torch.zeros(check_int("model.candidates", candidates), self.net.output.shape[1])
        for name in ("output_slope", "output_change"):
            self.register_buffer(name, torch.zeros_like(self.net.output))
        for name in ("pool", "pool_slope", "pool_change"):
            self.register_buffer(name, pool.clone())
        for name in ("hidden_units", "adding", "waited", "spent", "finished"):
            self.register_buffer(name, torch.tensor(0.0))
        self.register_buffer("reference", torch.tensor(LARGEST))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) scaled -> (..., units)."""
        return self.output(self.net(x))

    def scores(self, x: Tensor) -> Tensor:
        return self.net(x)  # saturated outputs are rounded to equal values; net inputs are not

    def loss(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        return self._loss(self.net(batch.x), batch)

    def _loss(self, net: Tensor, batch: Batch) -> Tensor:
        if self.task == "regression":
            return F.mse_loss(net, self.targets(batch))
        return self.cross_entropy(net, batch, self.natural_output)

    def diagnostics(self, data: Any) -> dict[str, float]:
        """Return ``hidden_units``, the number of hidden units."""
        return {"hidden_units": int(self.hidden_units)}

    # Learning

    def start_of(self, kind: type[Model]) -> Model:
        found = super().start_of(kind)
        self.finished.zero_()  # a new training learns, on other data or with other options
        return found

    def steps(self, clock: Clock) -> tuple[Any, ...]:
        return (Rule(timed=False, noisy=True),)

    def sample_noise(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Return the weights that candidates start from if this step ends the outputs' learning."""
        return (2 * torch.rand(self.pool.shape, generator=generator) - 1).to(batch.x)

    def update(self, batch: Batch, clock: Clock | None, noise: Tensor) -> dict[str, Tensor]:
        """Return the weights and the state after an epoch, and the loss before it."""
        if len(batch.x) == 0:
            return {}
        columns = self.net.columns(batch.x)
        net = columns @ self.net.output.T
        errors = self.output(net) - self.targets(batch)
        solved = errors.abs().amax() <= self.tolerance
        loss = self._loss(net, batch)
        own = {"hidden": self.net.hidden, "output": self.net.output}
        names = CascadeState._fields
        state = CascadeState(*(own[name] if name in own else getattr(self, name) for name in names))
        rates = CascadeRates(*(getattr(self, name).to(net) for name in CascadeRates._fields))
        importance = self.weighted(errors.new_ones(len(errors)), batch)
        weighted = errors * importance[:, None]
        new = cascade_rule(state, columns, weighted, loss, solved, noise, rates)._asdict()
        changed = {f"net.{name}" if name in own else name: value for name, value in new.items()}
        return changed | {"loss": loss}
