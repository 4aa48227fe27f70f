"""Figures of a trained model for a notebook or a page."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from nnzoo.errors import InputError, check_choice
from nnzoo.figures.style import ONE_PANEL, TWO_PANELS, Picture
from nnzoo.figures.text import no_font_warnings
from nnzoo.runs.pictures import PICTURES, WIDE, Drawing, subsampled

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@torch.no_grad()
@no_font_warnings()
def plot(drawing: Drawing, kind: str | None, ax: "Axes | None") -> Any:
    """Draw one figure of a model, or all of them beside each other.

    Args:
        drawing: inputs of the figures.
        kind: one of the model's ``figures``; None: all that suit its data.
        ax: axes that the figure replaces, in a grid such as that of ``plt.subplots``.

    Returns:
        The matplotlib Figure, or the one that the axes are in.

    Raises:
        InputError: if there is no figure, or the axes are not in a grid.
    """
    names = drawing.model.figures
    if kind is not None:
        names = (check_choice("kind of figure", kind, names),)
    drawing = subsampled(drawing)
    drawn = {name: figure for name in names if (figure := PICTURES[name](drawing)) is not None}
    if not drawn:
        raise InputError(f"{drawing.title} has no figure{f' of the kind {kind}' if kind else ''}")
    if ax is None and len(drawn) == 1:
        return next(iter(drawn.values()))
    widths = [TWO_PANELS[0] if name in WIDE else ONE_PANEL[0] for name in drawn]
    if ax is None:
        whole: Any = Picture(figsize=(sum(widths), ONE_PANEL[1]), layout="constrained")
        place = whole
    else:
        whole, cell = ax.get_figure(), ax.get_subplotspec()
        if whole is None or cell is None:
            raise InputError("ax must be in a grid, such as the axes of plt.subplots()")
        ax.remove()
        place = whole.add_subfigure(cell)
    parts = place.subfigures(1, len(drawn), width_ratios=widths, squeeze=False)[0]
    for name, part in zip(drawn, parts, strict=True):
        PICTURES[name](replace(drawing, figure=part))
    return whole
