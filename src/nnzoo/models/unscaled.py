"""A note about features that gradient steps learn badly from."""

from collections.abc import Sequence

from lightning.fabric.utilities.rank_zero import rank_zero_warn  # type: ignore[attr-defined]
from lightning.fabric.utilities.warnings import PossibleUserWarning
from torch import Tensor

LARGE = 10
"""The mean absolute value of a feature above which there is a note; a scaled one has at most 1."""


def note_unscaled(x: Tensor, names: Sequence[str]) -> None:
    """Warn in one line, on the first process, if a feature is far from scaled.

    Args:
        x: (..., features), a batch.
        names: of the features.
    """
    sizes = x.detach().reshape(-1, x.shape[-1]).double().abs().mean(0)
    largest, feature = sizes.max(0)
    if largest > LARGE:
        rank_zero_warn(
            f"The features are not scaled: {names[int(feature)]} is {float(largest):.2g} on "
            "average, without its sign. Networks learn badly from large numbers: standardize the "
            "features, or train on nnzoo.create_data(x, y), which does",
            category=PossibleUserWarning,
        )
