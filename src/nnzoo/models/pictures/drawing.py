"""What a figure of a model needs: the model, its data, and the words of the title."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_POINTS = 2**17
"""Maximum number of training points in a figure; figures copy them several times."""


@dataclass
class Drawing:
    """The inputs of a figure.

    Attributes:
        model: after training, on the CPU.
        untrained: the same model before training; None: it is not drawn.
        data: its data module; None: only the network itself can be drawn.
        rows: rows of ``metrics.csv``; empty: no curve is drawn.
        title: model and data in words.
        figure: an empty figure to draw on; None: a new one.
        note: the names of model and data in the catalogue.
        own: whether the model was trained on the data.
        epochs: length of the training, of which the stages are shares; None: of ``rows``.
    """

    model: Any
    untrained: Any
    data: Any
    rows: list[dict[str, float]]
    title: str
    figure: "Figure | None" = None
    note: str = ""
    own: bool = True
    epochs: int | None = None

    @property
    def part(self) -> str:
        """The words for the points of the training part."""
        return "training points" if self.own else "points"

    @property
    def scaling(self) -> str:
        """A note on the scaling trained on; empty: none."""
        return f"{self.data.scale}-scaled" if self.data.scale != "none" else ""

    @property
    def shown_scaling(self) -> str:
        """A note on the scaling of ``shown``; empty: raw units."""
        return self.scaling if self.data.n_features > 3 else ""

    @property
    def has_labels(self) -> bool:
        """Whether the labels are so few that each combination can have a color."""
        return self.model.task == "multilabel" and self.data.n_targets <= 3

    @property
    def class_names(self) -> list[str] | None:
        """Names of the classes or of the combinations of labels."""
        names = self.data.target_names
        if self.has_labels:
            values = product((0, 1), repeat=len(names))
            return [", ".join(f"{n}={k}" for n, k in zip(names, v, strict=True)) for v in values]
        names = self.data.class_names
        more = range(len(names), max(2, getattr(self.model, "units", 0)))  # classes without points
        return [*names, *map(str, more)] if names else None

    def classes(self, y: Tensor | None) -> Any:
        """Return class indices of targets or predictions; a combination of labels is a class."""
        if y is None or (self.data.n_classes is None and not self.has_labels):
            return None
        if y.ndim == 2:
            y = (y.long() * 2 ** torch.arange(y.shape[1]).flip(0)).sum(-1)
        return y.numpy()

    def shown(self, raw: Tensor) -> Any:
        """Return points as they are drawn: in raw units, or scaled for principal components, which
        a feature of large numbers would otherwise dominate."""
        return (self.data.scaling(raw) if self.data.n_features > 3 else raw).numpy()

    def by(
        self, draw: Callable[..., "Figure"], what: str, *inputs: Any, note: str = "", **names: Any
    ) -> "Figure":
        """Draw with a function of ``nnzoo.figures``; ``what`` completes the title."""
        parameters = inspect.signature(draw).parameters
        if "feature_names" in parameters:
            names["feature_names"] = self.data.feature_names
        if "class_names" in parameters and "class_names" not in names:
            names["class_names"] = self.class_names
        notes = " · ".join(filter(None, (self.note, note)))
        return draw(*inputs, title=f"{self.title}: {what}", note=notes, figure=self.figure, **names)


def subsampled(drawing: Drawing) -> Drawing:
    """Return a drawing with at most ``MAX_POINTS`` random training points; its note states it."""
    if drawing.data is None:
        return replace(drawing)
    train, val = drawing.data.raw
    n = len(train.x)
    if n <= MAX_POINTS:
        return replace(drawing)
    chosen = torch.randperm(n, generator=torch.Generator().manual_seed(0))[:MAX_POINTS]
    scalings = {name: getattr(drawing.data, name) for name in ("scaling", "target_scaling")}
    raw = train.map(lambda values: values[chosen]), val
    fewer = drawing.data.renewed(raw=raw, **scalings)
    note = " · ".join(filter(None, (drawing.note, f"{MAX_POINTS} of {n} points")))
    return replace(drawing, data=fewer, note=note)
