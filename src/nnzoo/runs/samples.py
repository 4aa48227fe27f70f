"""Data that a trained model generates."""

from typing import Any

from nnzoo.data import DataModule, Points
from nnzoo.errors import InputError, check_int
from nnzoo.limits import check_memory
from nnzoo.runs.checkpoint import load_model


class Samples(DataModule):
    """Unlabeled points sampled from a trained model.

    Args:
        run: folder of a run, or a checkpoint; see ``nnzoo.load_model``.
        n: number of points.
        options: see ``DataModule``; ``seed`` is also that of the samples.

    Raises:
        InputError: if an argument is not valid, no model can be loaded, or it cannot sample.
    """

    def __init__(self, run: str | None, n: int = 1000, **options: Any) -> None:
        super().__init__(**options)
        if run is None:
            raise InputError(
                "data.run is null: name the run of a model that can sample, "
                "data=samples data.run=outputs/gan/DATE_TIME"
            )
        self.run = str(run)
        self.n = check_int("data.n", n)

    def load(self) -> Points:
        model = load_model(self.run)
        check_memory("data.n", self.n, model.in_features)
        return Points(model.sample(self.n, self.seed).float(), feature_names=model.feature_names)
