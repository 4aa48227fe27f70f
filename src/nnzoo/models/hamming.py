"""The Hamming network: the stored pattern with the most equal components wins."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nnzoo.batch import Batch
from nnzoo.models.bases.stored_patterns import StoredPatterns
from nnzoo.nn.hamming import matching_scores, maxnet
from nnzoo.nn.hopfield import bipolar


class Hamming(StoredPatterns):
    """A Hamming network: it recalls the stored pattern nearest to a state, and its class.

    The winner is the unit that stays active in MAXNET, see ``nnzoo.nn.hamming.maxnet``; of units
    with equal largest scores, which MAXNET cannot separate, it is the one stored first. ``loss`` is
    the share of wrong components in the recalls from the stored patterns.

    Source: R. P. Lippmann, 1987, "An introduction to computing with neural nets".

    Args:
        in_features: number of components of a pattern.
        patterns: number of patterns that it can hold; from data: the training points.
        noise: share of the components that are wrong in the patterns of the figure and of the
            metrics ``recalled`` and ``noisy_error``.

    Attributes:
        stored, count: see ``StoredPatterns``.
        labels: class index of each pattern plus 1, (patterns,); 0 without classes.
    """

    labels: Tensor

    def __init__(self, in_features: int, patterns: int, noise: float = 0.1) -> None:
        super().__init__(in_features, patterns, noise)
        self.save_hyperparameters()
        self.register_buffer("labels", torch.zeros(patterns))

    @property
    def memory(self) -> dict[str, Tensor]:
        return {"stored": self.stored, "count": self.count, "labels": self.labels}

    def store(self, batch: Batch) -> dict[str, Tensor]:
        labels = self.labels
        if batch.y is not None and batch.y.ndim == 1:
            labels = labels + self.rows_of(batch) @ (batch.y + 1).to(batch.x)
        return super().store(batch) | {"labels": labels}

    def scores(self, x: Tensor, memory: Mapping[str, Tensor] | None = None) -> Tensor:
        """Return the matching scores, (..., in_features) scaled -> (..., patterns); -1 for rows
        without a pattern."""
        memory = self.memory if memory is None else memory
        scores = matching_scores(memory["stored"], bipolar(x))
        return scores.masked_fill(~self.held(memory), -1)

    def recall(self, x: Tensor, memory: Mapping[str, Tensor], steps: int | None = None) -> Tensor:
        return memory["stored"][self.scores(x, memory).argmax(-1)]

    def competition(self, x: Any) -> Tensor:
        """Return the activations of MAXNET by iteration for raw states, (..., in_features) ->
        (iterations + 1, ..., patterns)."""
        return maxnet(self.scores(self.scaled(x)).clamp(min=0))

    @torch.no_grad()
    def winners(self, x: Any) -> Tensor:
        """Return the index of the nearest pattern for raw states, (..., in_features) -> (...)."""
        return self.scores(self.scaled(x)).argmax(-1)

    def predict_labels(self, x: Any) -> list[str]:
        """Return the class of the nearest pattern, otherwise its index, for each raw state."""
        winners = self.winners(x).reshape(-1)
        labels = self.labels[winners].int().tolist()
        names = [f"pattern {k}" for k in winners.tolist()]
        return [
            self.class_names[label - 1] if 0 < label <= len(self.class_names) else name
            for name, label in zip(names, labels, strict=True)
        ]
