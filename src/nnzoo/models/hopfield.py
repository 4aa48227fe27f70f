"""The Hopfield network: patterns are stable states of symmetrically connected units."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from nnzoo.batch import Batch
from nnzoo.errors import check_choice, check_int, counted
from nnzoo.models.bases.memory import Memory
from nnzoo.nn.hopfield import (
    RECALLS,
    RULES,
    bipolar,
    energy,
    recall,
    store,
    turns,
    without_diagonal,
)


class Hopfield(Memory):
    """A Hopfield network: units of -1 and 1, for which stored patterns are stable states.

    ``loss`` is the share of components in which a pattern differs from what the network recalls
    from it. Rules and recall: see ``nnzoo.nn.hopfield.store`` and ``nnzoo.nn.hopfield.recall``.

    Source: J. J. Hopfield, 1982, "Neural networks and physical systems with emergent collective
    computational abilities".

    Args:
        in_features: number of units.
        rule: hebb, storkey or pseudo_inverse.
        recall: asynchronous or synchronous.
        max_steps: maximum number of steps of a recall, each of which updates all units once.
        noise: share of the components that are wrong in the patterns of the figure and of the
            metrics ``recalled`` and ``noisy_error``.

    Attributes:
        weight: (units, units).
    """

    figures = ("recall", "capacity")

    def __init__(
        self,
        in_features: int,
        rule: str = "hebb",
        recall: str = "asynchronous",
        max_steps: int = 50,
        noise: float = 0.1,
    ) -> None:
        super().__init__(in_features, noise)
        self.save_hyperparameters()
        self.rule = check_choice("model.rule", rule, RULES)
        self.recall_by = check_choice("model.recall", recall, RECALLS)
        self.max_steps = check_int("model.max_steps", max_steps)
        self.weight = nn.Parameter(torch.zeros(in_features, in_features), requires_grad=False)

    @property
    def memory(self) -> dict[str, Tensor]:
        return {"weight": self.weight}

    @property
    def capacity(self) -> float:
        """Number of random patterns above which recall fails, for n units: 0.138 n for ``hebb``
        (D. J. Amit, H. Gutfreund & H. Sompolinsky, 1985), n / sqrt(2 ln n) for ``storkey``
        (A. Storkey, 1997), and n for ``pseudo_inverse``."""
        n = self.in_features
        bounds = {"hebb": 0.138 * n, "storkey": n / math.sqrt(2 * math.log(max(n, 2)))}
        return min(bounds.get(self.rule, n), n)

    def notes(self, data: Any) -> list[str]:
        patterns = len(data.raw[0].x)
        if patterns <= round(self.capacity):
            return []
        return [
            f"{counted(patterns, 'pattern')} exceed what model.rule={self.rule} can recall: about "
            f"{counted(round(self.capacity), 'random pattern')} with "
            f"{counted(self.in_features, 'unit')}"
        ]

    def recall(self, x: Tensor, memory: Mapping[str, Tensor], steps: int | None = None) -> Tensor:
        steps = self.max_steps if steps is None else steps
        return recall(memory["weight"], x, steps, self.recall_by)

    def states(self, x: Tensor) -> Tensor:
        """Return the states of a recall, (steps + 1, points, in_features), from scaled x: for an
        asynchronous one after each change of a unit, otherwise after each step; errors as in
        ``Memory.states``."""
        if self.recall_by == "synchronous":
            return super().states(bipolar(x))
        found = [turns(self.weight, state, self.max_steps) for state in self._checked_states(x)]
        most = max(map(len, found))
        rows = [torch.cat([s, s[-1:].expand(most - len(s), -1)]) for s in found]
        return torch.stack(rows, 1)

    def energy(self, x: Tensor) -> Tensor:
        """Return the energy of scaled states; see ``nnzoo.nn.hopfield.energy``."""
        return energy(self.weight, x)

    def store(self, batch: Batch) -> dict[str, Tensor]:
        return {"weight": store(self.weight, batch.x, self.rule)}

    def weights(self) -> dict[str, Tensor]:
        """Return the ``weight`` (units, units), without connections of units to themselves."""
        return {"weight": without_diagonal(self.weight.detach())}
