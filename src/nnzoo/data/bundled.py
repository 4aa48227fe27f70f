"""The data sets that scikit-learn carries."""

from typing import Any

import torch

from nnzoo.data.base import DataModule, Points
from nnzoo.errors import one_of

NAMES = ("breast_cancer", "digits", "iris", "wine")


class Bundled(DataModule):
    """One of scikit-learn's bundled, labelled data sets.

    Args:
        name: breast_cancer, digits, iris or wine.
        options: see ``DataModule``.

    Raises:
        InputError: if the name is unknown.
    """

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(**options)
        self.name = one_of("data.name", name, NAMES)

    def load(self) -> Points:
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{self.name}")()
        return Points(
            torch.tensor(bunch.data, dtype=torch.float32),
            torch.tensor(bunch.target, dtype=torch.int64),
            feature_names=[str(name) for name in bunch.feature_names],
            class_names=[str(name) for name in bunch.target_names],
            image_shape=bunch.images.shape[1:] if "images" in bunch else None,
        )
