"""Figures of a trained model for a notebook or a page."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from nnzoo.errors import InputError, check_choice
from nnzoo.figures.style import ONE_PANEL, TWO_PANELS, Picture, place_of
from nnzoo.figures.text import no_font_warnings
from nnzoo.models.pictures.drawing import Drawing, subsampled
from nnzoo.models.pictures.kinds import FOR_ALL, PICTURES, WIDE, WITHOUT_DATA


def kinds_of(model: Any) -> list[str]:
    """Return the names of all figures of a model."""
    return list(dict.fromkeys([*model.figures, *FOR_ALL]))


class _Suits(Drawing):
    """Draws nothing; what draws with it returns True, or None if it does not suit."""

    def by(self, draw: Any, what: str, *inputs: Any, **names: Any) -> Any:
        return True


@torch.no_grad()
def kinds_that_suit(model: Any, data: Any) -> list[str]:
    """Return the names of the figures of a model that suit its data, after a training."""
    row = {"epoch": 0.0} | dict.fromkeys([model.monitor, *model.losses.values()], 0)
    first = _Suits(model, None, subsampled(Drawing(model, None, data, [], "")).data, [row], "")
    was_training = model.training
    model.eval()
    try:
        names = WITHOUT_DATA if data is None else kinds_of(model)
        return [name for name in names if PICTURES[name](first)]
    finally:
        model.train(was_training)


@torch.no_grad()
@no_font_warnings()
def plot(drawing: Drawing, kind: str | None, ax: Any) -> Any:
    """Draw one figure of a model, or all of them beside each other.

    Args:
        drawing: inputs of the figures.
        kind: one of the model's ``figures``, or ``points``, ``network`` or ``activations``; None:
            all of the model's that suit its data; without data, the network.
        ax: axes that the figure replaces, in a grid such as that of ``plt.subplots``, or a
            SubFigure.

    Returns:
        The matplotlib Figure, or the one that the axes are in.

    Raises:
        InputError: if there is no figure, it needs data, or the axes are not in a grid.
    """
    names: Sequence[str] = drawing.model.figures if drawing.data is not None else ("network",)
    if kind is not None:
        names = (check_choice("kind of figure", kind, kinds_of(drawing.model)),)
    if drawing.data is None and not {*names} <= {*WITHOUT_DATA}:
        raise InputError(f"the figure {kind} needs data, a data module")
    drawing = subsampled(drawing)
    drawn = {name: figure for name in names if (figure := PICTURES[name](drawing)) is not None}
    if not drawn:
        suitable = kinds_that_suit(drawing.model, drawing.data)
        raise InputError(
            f"{drawing.title} has no figure{f' of the kind {kind}' if kind else ''}; there are: "
            f"{', '.join(other for other in suitable if other != kind)}"
        )
    if ax is None and len(drawn) == 1:
        return next(iter(drawn.values()))
    widths = [TWO_PANELS[0] if name in WIDE else ONE_PANEL[0] for name in drawn]
    place: Any = Picture(figsize=(sum(widths), ONE_PANEL[1]), layout="constrained")
    if ax is not None:
        try:
            place = place_of(ax)
        except ValueError as error:
            raise InputError(str(error)) from error
    parts = place.subfigures(1, len(drawn), width_ratios=widths, squeeze=False)[0]
    for name, part in zip(drawn, parts, strict=True):
        PICTURES[name](replace(drawing, figure=part))
    return place if ax is None else place.figure
