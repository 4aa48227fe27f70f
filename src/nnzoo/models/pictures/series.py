"""Figures of a model of sequences, each from a ``Drawing``."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from nnzoo import figures
from nnzoo.errors import counted
from nnzoo.models.pictures.drawing import Drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BEFORE = (0.3, 0.3), (-0.4, -0.4), (1.2, 1.5)
"""Outputs before the first step, as shares of the ranges of the true ones."""


def series(d: Drawing) -> "Figure":
    """The true and predicted values of a sequence, of the validation part if there is one."""
    y, predicted, part = _true_and_predicted(d)
    what = _first(y, part)
    inputs = y[0].numpy(), predicted[0].numpy()
    return _by(d, figures.predicted_series, "predicted and true values", inputs, what)


def errors_by_step(d: Drawing) -> "Figure":
    """The error at each step, over the sequences of the validation part if there is one."""
    y, predicted, part = _true_and_predicted(d)
    errors = (predicted - y).square().mean(0).sqrt()
    note = f"{part}, {counted(len(y), 'sequence')}"
    return _by(d, figures.errors_by_step, "error by step", (errors.numpy(),), note)


def paths(d: Drawing) -> "Figure | None":
    """The paths of two outputs for a sequence, from other outputs before its first step."""
    if d.model.units != 2:
        return None
    x, y, part = _part(d)
    low, high = y[0].amin(0), y[0].amax(0)
    before = low + (high - low) * torch.tensor(BEFORE, dtype=torch.float64)
    found = d.model.predict_from(x[:1].expand(len(BEFORE), -1, -1), before)
    inputs = y[0].numpy(), before.numpy(), found.numpy()
    options = {"target_names": d.data.target_names, "note": _first(y, part)}
    return d.by(figures.paths, "paths of the outputs", *inputs, **options)


def free_run(d: Drawing) -> "Figure | None":
    """The true values of the second half of a sequence, and the predictions of a model that gets
    its own outputs back as inputs after the first half."""
    x, y, part = _part(d)
    steps = x.shape[1]
    given = max(d.model.washout, steps // 2)
    if not d.model.predicts_next or not 0 < given < steps:
        return None
    found = d.model.free_run(x[0, :given], steps - given + 1)
    note = f"{_first(y, part)}, after {counted(given, 'step')}"
    inputs = y[0, given - 1 :].numpy(), found.double().numpy()
    options = {"target_names": d.data.feature_names, "note": note}
    return d.by(figures.predicted_series, "free run", *inputs, **options)


def _part(d: Drawing) -> tuple[Tensor, Tensor, str]:
    """Return x and y (sequences, time, targets), in raw units, and the words for the part."""
    train, val = d.data.raw
    x, y = train if val is None else val
    return x, y.double(), d.part if val is None else "validation part"


def _true_and_predicted(d: Drawing) -> tuple[Tensor, Tensor, str]:
    """Return (sequences, time, targets) twice, in raw units, and the words for the part."""
    x, y, part = _part(d)
    return y, d.model.predict(x).double(), part


def _first(y: Tensor, part: str) -> str:
    """Return the words for the first sequence of a part."""
    return f"{part}, the first of {len(y)} sequences" if len(y) > 1 else part


def _by(d: Drawing, draw: Any, what: str, inputs: tuple[Any, ...], note: str) -> "Figure":
    names = d.data.target_names
    return d.by(draw, what, *inputs, target_names=names, start=d.model.washout, note=note)


SERIES = (series, errors_by_step, free_run, paths)
