"""A data set in raw units."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from nnzoo.errors import counted


@dataclass(frozen=True)
class Points:
    """A data set in raw units.

    Attributes:
        x: (points, features), float32 or float64; or (points, time, features): each point is a
            sequence.
        y: (points,) class indices from 0; or (points, targets) numbers of either type, for
            sequences (points, time, targets); or None.
        feature_names: one per feature; by default x1, x2, ...
        class_names: one per class; by default its index; empty without classes.
        target_names: one per number to learn; by default y, or y1, y2, ...; empty without such.
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

    def __post_init__(self) -> None:
        features, classes, targets = self.x.shape[-1], 0, 0
        if self.y is not None and self.y.is_floating_point():
            targets = self.y.shape[-1]
        elif self.y is not None:
            classes = len(self.class_names) or int(self.y.max()) + 1
        default = {
            "feature_names": [f"x{i + 1}" for i in range(features)],
            "class_names": [str(i) for i in range(classes)],
            "target_names": [f"y{i + 1}" if targets > 1 else "y" for i in range(targets)],
        }
        for name, names in default.items():
            given = list(getattr(self, name)) if names else []
            object.__setattr__(self, name, given or names)

    @property
    def n_steps(self) -> int | None:
        """Number of steps of each point, if the points are sequences; otherwise None."""
        return self.x.shape[1] if self.x.ndim == 3 else None


def counted_points(x: Tensor) -> str:
    """Return the number of points, or of sequences and their steps, in words."""
    if x.ndim == 2:
        return counted(len(x), "point")
    return f"{counted(len(x), 'sequence')} of {counted(x.shape[1], 'step')}"
