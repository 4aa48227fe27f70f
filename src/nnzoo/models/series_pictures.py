"""Figures of a model of sequences, each from a ``Drawing``."""

from typing import TYPE_CHECKING, Any

from torch import Tensor

from nnzoo import figures
from nnzoo.errors import counted
from nnzoo.models.drawing import Drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def series(d: Drawing) -> "Figure":
    """The true and predicted values of a sequence, of the validation part if there is one."""
    y, predicted, part = _true_and_predicted(d)
    what = f"{part}, the first of {len(y)} sequences" if len(y) > 1 else part
    inputs = y[0].numpy(), predicted[0].numpy()
    return _by(d, figures.predicted_series, "predicted and true values", inputs, what)


def errors_by_step(d: Drawing) -> "Figure":
    """The error at each step, over the sequences of the validation part if there is one."""
    y, predicted, part = _true_and_predicted(d)
    errors = (predicted - y).square().mean(0).sqrt()
    note = f"{part}, {counted(len(y), 'sequence')}"
    return _by(d, figures.errors_by_step, "error by step", (errors.numpy(),), note)


def _true_and_predicted(d: Drawing) -> tuple[Tensor, Tensor, str]:
    """Return (sequences, time, targets) twice, in raw units, and the words for the part."""
    train, val = d.data.raw
    x, y = train if val is None else val
    return y.double(), d.model.predict(x).double(), d.part if val is None else "validation part"


def _by(d: Drawing, draw: Any, what: str, inputs: tuple[Any, ...], note: str) -> "Figure":
    names = d.data.target_names
    return d.by(draw, what, *inputs, target_names=names, start=d.model.washout, note=note)


SERIES = (series, errors_by_step)
