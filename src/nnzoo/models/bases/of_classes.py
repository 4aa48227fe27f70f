"""Base of models that learn classes and nothing else."""

from typing import Any

from nnzoo.errors import InputError
from nnzoo.models.bases.supervised import Supervised
from nnzoo.models.parts.targets import require_targets


class OfClasses(Supervised):
    """A model whose only task is a classification, and which has no argument ``task``."""

    tasks = ("classification",)

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        _require_classes(data)
        found = super().sizes(data)
        del found["task"]
        return found

    def check(self, data: Any) -> None:
        _require_classes(data)
        super().check(data)


def _require_classes(data: Any) -> None:
    """Raise an InputError if the targets of a data module are not classes."""
    require_targets(data)
    if data.n_classes is None:
        raise InputError(
            "this model learns classes, but the targets of the data are numbers or several labels; "
            "model=mlp learns these"
        )
