"""Base of associative memories that store the patterns themselves."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from nnzoo.batch import Batch
from nnzoo.errors import InputError, check_int
from nnzoo.models.bases.memory import Memory


class StoredPatterns(Memory):
    """A memory that stores the patterns themselves.

    Args:
        in_features: number of components of a pattern.
        patterns: number of patterns that it can hold.
        noise: see ``Memory``.

    Attributes:
        stored: (patterns, in_features), in scaled units, in the order of training; zeros after the
            last one.
        count: number of patterns stored, a 0-d tensor.
    """

    count: Tensor

    def __init__(self, in_features: int, patterns: int, noise: float) -> None:
        super().__init__(in_features, noise)
        check_int("model.patterns", patterns)
        self.stored = nn.Parameter(torch.zeros(patterns, in_features), requires_grad=False)
        self.register_buffer("count", torch.zeros(()))

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        return super().sizes(data) | {"patterns": len(data.raw[0].x)}

    @property
    def memory(self) -> dict[str, Tensor]:
        return {"stored": self.stored, "count": self.count}

    def held(self, memory: Mapping[str, Tensor]) -> Tensor:
        """Return whether each row of ``stored`` holds a pattern, (patterns,)."""
        return torch.arange(self.stored.shape[0], device=self.stored.device) < memory["count"]

    def store(self, batch: Batch) -> dict[str, Tensor]:
        stored = self.stored + self.rows_of(batch) @ batch.x
        return {"stored": stored, "count": self.count + len(batch.x)}

    def rows_of(self, batch: Batch) -> Tensor:
        """Return 1 where a row of ``stored`` is that of a point of a batch, (patterns, points)."""
        rows = torch.arange(len(self.stored), device=batch.x.device)
        places = self.count + torch.arange(len(batch.x), device=batch.x.device)
        return (rows[:, None] == places).to(batch.x)

    def check(self, data: Any) -> None:
        super().check(data)
        if self.training:  # a trained model may be applied to more points
            self._require_room(len(data.raw[0].x))

    def initialize(self, x: Tensor) -> None:
        super().initialize(x)
        self._require_room(len(x))

    def _start(self, batch: Batch) -> None:
        self._require_room(int(self.count) + len(batch.x))

    def _require_room(self, patterns: int) -> None:
        if patterns > len(self.stored):
            raise InputError(
                f"model.patterns={len(self.stored)} is too few for {patterns} patterns; leave it "
                "null to take it from the data"
            )
