"""The modern Hopfield network: continuous patterns, which an update of softmax recalls."""

from collections.abc import Mapping

from torch import Tensor

from nnzoo.errors import check_int
from nnzoo.models.bases.stored_patterns import StoredPatterns
from nnzoo.nn.modern_hopfield import modern_energy, modern_recall


class ModernHopfield(StoredPatterns):
    """A modern Hopfield network: it recalls continuous patterns by attention to all of them.

    ``loss`` is the mean absolute error of a component in the recalls from the stored patterns, in
    scaled units. Recall: see ``nnzoo.nn.modern_hopfield.modern_recall``.

    Source: H. Ramsauer et al., 2020, "Hopfield networks is all you need".

    Args:
        in_features: number of components of a pattern.
        patterns: number of patterns that it can hold; from data: the training points.
        beta: inverse temperature; the larger it is, the fewer patterns mix.
        max_steps: number of updates of a recall.
        noise: share of the components that are wrong, with the other sign, in the patterns of the
            figure and of the metrics ``recalled`` and ``noisy_error``.

    Attributes:
        stored, count: see ``StoredPatterns``.
    """

    bipolar = False
    monitor_label = "loss: mean absolute error of a component"

    beta: Tensor

    def __init__(
        self,
        in_features: int,
        patterns: int,
        beta: float = 1.0,
        max_steps: int = 3,
        noise: float = 0.1,
    ) -> None:
        super().__init__(in_features, patterns, noise)
        self.save_hyperparameters()
        self.add_coefficient("beta", beta, above=0)
        self.max_steps = check_int("model.max_steps", max_steps)

    def recall(self, x: Tensor, memory: Mapping[str, Tensor], steps: int | None = None) -> Tensor:
        steps = self.max_steps if steps is None else steps
        return modern_recall(memory["stored"], self.held(memory), x, self.beta, steps)

    def energy(self, x: Tensor) -> Tensor:
        """Return the energy of scaled states; see ``nnzoo.nn.modern_hopfield.modern_energy``."""
        return modern_energy(self.stored, self.held(self.memory), x, self.beta)

    def wrong(self, x: Tensor, recalled: Tensor) -> Tensor:
        return (x - recalled).abs()
