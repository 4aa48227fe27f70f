"""Figures of an associative memory: its recall step by step, and its capacity."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from nnzoo import figures
from nnzoo.errors import counted
from nnzoo.figures.recall import MAX_PATTERNS
from nnzoo.models.pictures.drawing import Drawing
from nnzoo.nn.hopfield import RULES, store
from nnzoo.nn.noise import wrong_components

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOADS = 20
"""Number of loads of the figure ``capacity``."""

MAX_RECALLED = 200
"""Maximum number of patterns that are recalled at each load."""


def recall(d: Drawing) -> "Figure":
    """Some patterns, noisy ones, and what the memory recalls from these step by step."""
    part = d.data.train.like(d.model.prototype)
    x = part.x[:MAX_PATTERNS]
    states = d.model.states(d.model.noisy(x))
    energy = d.model.energy(states)
    names, raw = d.class_names, d.model.scaling.inverse
    labels = [] if names is None or part.y is None else [names[k] for k in part.y[: len(x)]]
    n = d.model.in_features
    wrong = int(wrong_components(1, n, float(d.model.noise)).sum())
    is_are = "is" if wrong == 1 else "are"
    notes = [f"in each noisy pattern {wrong} of {counted(n, 'component')} {is_are} wrong"]
    if getattr(d.model, "recall_by", "") == "asynchronous":
        notes.append("a step turns one unit")
    return d.by(
        figures.recall,
        "recall",
        raw(x).numpy(),
        raw(states).numpy(),
        None if energy is None else energy.numpy(),
        labels,
        image_shape=d.data.points.image_shape,
        note=", ".join(notes),
    )


def capacity(d: Drawing) -> "Figure | None":
    """The recall error of each rule over the number of patterns stored, of the training points."""
    x = d.data.train.like(d.model.prototype).x
    if len(x) < LOADS:
        return None
    sizes = np.linspace(0, len(x), LOADS + 1).astype(int)[1:]
    errors = {rule: _errors(d.model, x, sizes, rule) for rule in RULES}
    loads = sizes / d.model.in_features
    what = f"recall of stored patterns, {counted(d.model.in_features, 'unit')}"
    return d.by(figures.capacity, what, loads, errors, note="recall starts at the stored patterns")


def _errors(model: Any, x: torch.Tensor, sizes: Any, rule: str) -> Any:
    weight, errors = torch.zeros_like(model.weight), []
    for first, last in zip([0, *sizes], sizes, strict=False):
        weight = store(weight, x[first:last], rule)
        known = x[:last][-MAX_RECALLED:]
        recalled = model.recall(known, {"weight": weight})
        errors.append(float(model.wrong(known, recalled).mean()))
    return np.array(errors)


MEMORIES = (capacity, recall)
