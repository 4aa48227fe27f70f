"""Points that a trained model makes."""

from typing import Any

import torch

from nnzoo.data.base import DataModule, Points
from nnzoo.errors import InputError, whole


class Samples(DataModule):
    """Unlabelled points drawn from a trained model that can sample.

    Args:
        run: folder of the model's run, or a checkpoint; see ``nnzoo.load_model``.
        n: number of points.
        options: see ``DataModule``; ``seed`` draws the points.

    Raises:
        InputError: if an argument is not possible, no model can be loaded, or it makes no samples.
    """

    def __init__(self, run: str | None, n: int = 1000, **options: Any) -> None:
        super().__init__(**options)
        if run is None:
            raise InputError(
                "data.run is null: name the run of a model that can sample, "
                "data=samples data.run=outputs/gan/DATE_TIME"
            )
        self.run = str(run)
        self.n = whole("data.n", n)

    def load(self) -> Points:
        from nnzoo.zoo import load_model  # which stands above the data

        with torch.random.fork_rng(devices=[]):  # building it draws weights, before it reads them
            model = load_model(self.run)
        return Points(model.sample(self.n, self.seed).float(), feature_names=model.feature_names)
