"""A drawing of a network and of its activation functions."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from nnzoo.figures.legends import add_legend
from nnzoo.figures.style import COLORS, Array, Floats, canvas, cut, heading, wrapped
from nnzoo.figures.text import literal

MAX_UNITS = 12
"""Maximum number of units drawn per layer; of more, the first and the last ones are drawn."""

MAX_NAMED = 12
"""Maximum number of units of an input or output layer whose names are drawn."""


class Layer(NamedTuple):
    """A layer of a network.

    Attributes:
        title: text below the layer.
        units: number of units.
        activation: name of its activation function; empty: none.
        weight: (units, units of the layer before); None: the layer is not connected to it by
            weights, and an arrow is drawn.
        names: of the units; empty: they are not drawn.
    """

    title: str
    units: int
    activation: str = ""
    weight: Array | None = None
    names: Sequence[str] = ()


@literal
def network(
    layers: Sequence[Layer], *, title: str, note: str = "", figure: Figure | None = None
) -> Figure:
    """Draw the units of each layer and their connections.

    A line's color is the sign of its weight, its width the size relative to the layer's largest
    weight.

    Raises:
        ValueError: if a weight does not have the shape (units, units before).
    """
    shown = [_shown(layer.units) for layer in layers]
    tallest = max(map(len, shown))
    width = max(6.4, 1.7 * len(layers) + 1.0)
    figure = canvas(figure, (width, max(3.4, 0.36 * tallest + 1.7)))
    subset = any(len(own) < layer.units for own, layer in zip(shown, layers, strict=True))
    heading(figure, title, note, "dots stand for units that are not drawn" if subset else "")
    axes = figure.add_subplot()
    axes.set_axis_off()
    places = [
        _heights(len(own), tallest, len(own) < layer.units)
        for own, layer in zip(shown, layers, strict=True)
    ]
    for k in range(1, len(layers)):
        _connect(axes, k, layers[k], (shown[k - 1], places[k - 1]), (shown[k], places[k]))
    for k, (layer, units, heights) in enumerate(zip(layers, shown, places, strict=True)):
        color = COLORS[7] if not k else COLORS[0]
        size = 160 if tallest <= MAX_UNITS else 80
        axes.scatter([k] * len(units), heights, s=size, color=color, edgecolors="white", zorder=3)
        if len(units) < layer.units:
            gap = np.mean(heights[len(units) // 2 - 1 : len(units) // 2 + 1])
            axes.scatter([k] * 3, gap + np.array([-0.25, 0, 0.25]), s=5, color="black", zorder=3)
        style: dict[str, Any] = {"ha": "center", "fontsize": "small"}
        text = f"{wrapped(layer.title, 16)}\n{layer.units} unit{'s' * (layer.units != 1)}"
        axes.text(k, -tallest / 2 - 0.6, text, va="top", **style)
        if layer.activation:
            name = layer.activation.replace("_", " ")
            axes.text(k, tallest / 2 + 0.2, name, va="bottom", style="italic", **style)
        if layer.names and layer.units <= MAX_NAMED:
            side, pad = ("right", -0.13) if not k else ("left", 0.13)
            for name, height in zip(layer.names, heights, strict=False):
                axes.text(k + pad, height, cut(name), ha=side, va="center", fontsize="x-small")
    if any(layer.weight is not None for layer in layers[1:]):
        for label, color in (("positive", COLORS[0]), ("negative", COLORS[5])):
            axes.plot([], [], color=color, label=label)
        figure.legend(
            title="weight", fontsize="small", title_fontsize="small", loc="outside right center"
        )
    axes.set_xlim(-0.4, len(layers) - 0.6)  # the layout keeps room for names beside it
    axes.set_ylim(-tallest / 2 - 1.9, tallest / 2 + 0.8)
    return figure


@literal
def activations(
    functions: Mapping[str, tuple[Array, Array, Array]],
    *,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw activation functions with their slopes, a panel for each.

    Args:
        functions: by name: net inputs, outputs and slopes, (n,) each.
    """
    if not functions:
        raise ValueError("functions is empty; nothing to draw")
    columns = min(3, len(functions))
    rows = math.ceil(len(functions) / columns)
    figure = canvas(figure, (max(5.2, 3.2 * columns + 1.2), 2.6 * rows + 0.9))
    heading(figure, title, note)
    for k, (name, (x, y, slope)) in enumerate(functions.items(), start=1):
        axes = figure.add_subplot(rows, columns, k)
        axes.plot(x, y, color=COLORS[0], linewidth=2, label="output")
        axes.plot(x, slope, color=COLORS[5], linestyle="--", label="slope")
        axes.set(title=name.replace("_", " "), xlabel="net input")
        axes.grid(alpha=0.3)
    add_legend(figure, axes)
    return figure


def _shown(units: int) -> list[int]:
    """Return the indices of the units to draw."""
    if units <= MAX_UNITS:
        return list(range(units))
    half = MAX_UNITS // 2
    return [*range(half), *range(units - half, units)]


def _heights(n: int, tallest: int, has_gap: bool) -> Floats:
    """Return the heights of n units from top to bottom, with a gap in the middle for dots."""
    heights = (n - 1) / 2 - np.arange(n, dtype=float)
    if has_gap:
        heights += np.where(np.arange(n) < n / 2, 0.5, -0.5) * 0.8
    return heights


def _connect(axes: Axes, k: int, layer: Layer, before: Any, after: Any) -> None:
    """Draw the connections from layer k - 1 to layer k, or an arrow where there are no weights."""
    (columns, starts), (rows, ends) = before, after
    if layer.weight is None:
        arrow = {"arrowstyle": "->", "color": "black"}
        axes.annotate("", (k - 0.25, 0), (k - 0.75, 0), arrowprops=arrow)
        return
    weight = np.asarray(layer.weight, dtype=float)
    if weight.ndim != 2 or weight.shape[0] != layer.units:
        raise ValueError(f"weight must have the shape ({layer.units}, inputs), got {weight.shape}")
    largest = np.abs(weight).max() or 1.0
    values = weight[np.ix_(rows, columns)] / largest
    lines = [[(k - 1, a), (k, b)] for b in ends for a in starts]
    flat = values.ravel()
    colors = [COLORS[0] if value >= 0 else COLORS[5] for value in flat]
    widths = 0.2 + 2.2 * np.abs(flat)
    axes.add_collection(
        LineCollection(lines, colors=colors, linewidths=widths, alpha=0.55, zorder=1)
    )
