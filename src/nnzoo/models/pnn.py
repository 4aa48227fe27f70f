"""Probabilistic neural networks: classes by the densities of their training points."""

from nnzoo.models.bases.supervised import Supervised
from nnzoo.models.grnn import GRNN


class PNN(GRNN):
    """A probabilistic neural network: the most probable class by Bayes' rule.

    The density of a class is the Parzen estimate, the mean of Gaussians around its training points;
    the prior probability of a class is its share of them, or with ``class_weight=balanced`` the
    same for all. So the posterior probabilities are the outputs of a ``GRNN`` with the targets 0
    and 1.

    Source: D. F. Specht, 1990, "Probabilistic neural networks".

    Args:
        in_features, points, spread: see ``GRNN``.
        units, task: see ``Supervised``.
        class_weight: ``balanced`` or None.
    """

    tasks = Supervised.tasks
    for_numbers = "grnn"
