"""Class weights in a loss, for classes of unequal size."""

import torch
from torch import Tensor, nn

from nnzoo.errors import InputError, check_choice

CLASS_WEIGHTS = ("balanced",)
"""Values of ``model.class_weight``, besides null."""


class ClassWeights(nn.Module):
    """Weights that make all classes count equally in a loss, whatever their numbers of points.

    Args:
        classes: number of classes.

    Attributes:
        weight: (classes,), saved with the model; ones until ``balance``.
    """

    weight: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.ones(classes))

    def balance(self, labels: Tensor) -> None:
        """Set the weights to ``balanced_weights`` of the training labels (points,)."""
        if labels.max() < len(self.weight):  # otherwise the model's ``check`` reports it
            self.weight.copy_(balanced_weights(labels, len(self.weight)))

    def forward(self, losses: Tensor, labels: Tensor) -> Tensor:
        """Return losses (points, ...) times the weights of the points' classes (points,)."""
        return losses * self.weight[labels].reshape(-1, *[1] * (losses.ndim - 1))


def class_weights(option: str | None, task: str, classes: int) -> ClassWeights | None:
    """Return the weights for ``model.class_weight``; None: each point counts the same.

    Raises:
        InputError: if the option is unknown, or the task has no classes.
    """
    if option is None:
        return None
    check_choice("model.class_weight", option, CLASS_WEIGHTS)
    if task != "classification":
        raise InputError(
            f"model.class_weight={option} is for classes and this is a {task}; leave it out"
        )
    return ClassWeights(classes)


def balanced_weights(labels: Tensor, classes: int) -> Tensor:
    """Return class weights (classes,): points / (classes that occur * points of the class).

    Their mean over the points is 1. A class that does not occur has the weight 1. This is
    ``class_weight="balanced"`` of scikit-learn, from G. King, L. Zeng, 2001, "Logistic regression
    in rare events data".

    Args:
        labels: (points,) class indices below ``classes``.
    """
    points = torch.bincount(labels.long(), minlength=classes).double()
    weights = len(labels) / ((points > 0).sum() * points)
    return torch.where(points > 0, weights, 1.0)
