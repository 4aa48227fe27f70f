"""A warning about features that are too large for gradient steps."""

from collections.abc import Sequence

from lightning.fabric.utilities.rank_zero import rank_zero_warn  # type: ignore[attr-defined]
from lightning.fabric.utilities.warnings import PossibleUserWarning
from torch import Tensor

LARGE = 10
"""Mean absolute value of a feature above which to warn; that of a scaled one is at most 1."""


def warn_unscaled(x: Tensor, names: Sequence[str]) -> None:
    """Warn in one line, on the first process, if a feature is far from scaled.

    Args:
        x: (..., features), a batch.
        names: names of the features.
    """
    sizes = x.detach().reshape(-1, x.shape[-1]).double().abs().mean(0)
    largest, feature = sizes.max(0)
    if largest > LARGE:
        rank_zero_warn(
            f"The features are not scaled: {names[int(feature)]} has a mean absolute value of "
            f"{float(largest):.2g}. Networks learn poorly from large values: standardize the "
            "features, or train on nnzoo.create_data(x, y), which does",
            category=PossibleUserWarning,
        )
