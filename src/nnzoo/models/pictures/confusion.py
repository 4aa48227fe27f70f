"""Confusion matrix of a classification."""

from typing import Any

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.models.bases.model import Model
from nnzoo.models.bases.supervised import Supervised

MAX_CLASSES = 20
"""Maximum number of classes for which recalls and a confusion matrix are reported."""


@torch.no_grad()
def confusion(model: Model, data: Any) -> Tensor | None:
    """Return the confusion matrix of the validation part, otherwise of the training part: the
    numbers of points, (true classes, predicted classes). None: there are no classes, or more than
    ``MAX_CLASSES``.

    Args:
        model: in eval mode.
        data: a data module with the model's scaling.
    """
    if not isinstance(model, Supervised) or model.task != "classification":
        return None
    if model.classes > MAX_CLASSES:
        return None
    counts = torch.zeros(model.classes**2, dtype=torch.long)
    for part in data.scaled_slices(data.raw[1] or data.raw[0]):
        x, y = part.like(model.prototype)
        pairs = model.y(Batch(x, y)).reshape(-1).long() * model.classes + model.decide(x)
        counts += torch.bincount(pairs.cpu(), minlength=len(counts))
    return counts.reshape(model.classes, model.classes)
