"""A data set in raw units."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Points:
    """A data set in raw units.

    Attributes:
        x: (points, features), float32 or float64.
        y: (points,) class indices from 0; or (points, targets) numbers of either type; or None.
        feature_names, class_names, target_names: one per column or class, or empty.
        centroids: (clusters, features), the true ones of generated clusters, for evaluation only.
        image_shape: (height, width) if the features are pixels.
    """

    x: Tensor
    y: Tensor | None = None
    feature_names: Sequence[str] = ()
    class_names: Sequence[str] = ()
    target_names: Sequence[str] = ()
    centroids: Tensor | None = None
    image_shape: tuple[int, int] | None = None
