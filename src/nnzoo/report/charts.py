"""Interactive charts of a run, as plain data of plotly.js."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnzoo.errors import printable
from nnzoo.figures.curves import COLORS
from nnzoo.figures.style import Array, Floats
from nnzoo.report.page import Chart

MAX_EPOCHS = 1000
"""Maximum number of epochs of a curve."""

MAX_CELLS = 64
"""Maximum number of rows and of columns of a heat map."""

LOG_RANGE = 100
"""The scale is logarithmic if the largest / smallest value exceeds this."""

MARGIN = {"l": 60, "r": 20, "t": 48, "b": 48}


def literal(text: object) -> str:
    """Return a text that plotly.js shows unchanged; it would read some HTML in it."""
    return html.escape(printable(text), quote=False)


def numbers(values: Any) -> list[float | None]:
    """Return numbers as a list for JSON; those that are not finite become None."""
    return [float(value) if np.isfinite(value) else None for value in values]


def spaced(n: int, at_most: int) -> list[int]:
    """Return the indices of at most so many of n items, equally spaced, with first and last."""
    return np.linspace(0, n - 1, min(n, at_most)).round().astype(int).tolist()


def is_wide_ranged(values: Floats) -> bool:
    """Return whether finite values are positive and span more than ``LOG_RANGE``."""
    finite = values[np.isfinite(values)]
    return bool(finite.size and 0 < LOG_RANGE * finite.min() < finite.max())


def layout(title: str, height: int = 360, **more: Any) -> dict[str, Any]:
    """Return what the layouts of all charts have in common."""
    font = {"family": "system-ui, sans-serif", "size": 13, "color": "#1c2026"}
    heading = {"text": literal(title), "x": 0.02, "xanchor": "left", "font": {"size": 15}}
    return {"title": heading, "height": height, "margin": MARGIN, "font": font, **more}


def epoch_axis(epochs: float) -> dict[str, Any]:
    """Return an axis of so many epochs with ticks at whole numbers."""
    ticks = {"dtick": 1} if epochs <= 10 else {}
    return {"title": {"text": "epoch"}, **ticks}


def y_axis(is_log: bool) -> dict[str, Any]:
    """Return a linear axis, or a logarithmic one with ticks at powers of ten."""
    kind = {"type": "log", "dtick": 1} if is_log else {"type": "linear", "exponentformat": "e"}
    return kind | {"automargin": True}


def curve(name: str, epochs: Array, parts: Mapping[str, Array], best: int) -> Chart:
    """Return a chart of a metric over the epochs, in each part of the data.

    Args:
        name: the metric in words.
        epochs: (n,).
        parts: the metric by the name of the part, (n,) each; NaN: not measured.
        best: the best epoch, which a line marks.
    """
    data = []
    for k, (part, values) in enumerate(parts.items()):
        (measured,) = np.isfinite(values).nonzero()
        kept = measured[spaced(len(measured), MAX_EPOCHS)] if len(measured) else measured
        mode = "lines+markers" if len(kept) <= 30 else "lines"
        line = {"color": COLORS[k], "width": 2}
        x, y = numbers(epochs[kept]), numbers(values[kept])
        data.append({"type": "scatter", "mode": mode, "name": part, "x": x, "y": y, "line": line})
    is_log = is_wide_ranged(np.concatenate([np.asarray(v, float) for v in parts.values()]))
    mark = {"type": "line", "x0": best, "x1": best, "y0": 0, "y1": 1, "yref": "paper"}
    style = {"line": {"color": "#888", "dash": "dot", "width": 1}}
    note = {"x": best, "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False}
    text = {"text": "best epoch", "font": {"size": 11, "color": "#5b6470"}}
    name = f"{name} (log scale)" if is_log else name
    bottom = MARGIN | {"b": 72 if len(data) > 1 else 48}
    axes: dict[str, Any] = {
        "xaxis": epoch_axis(float(np.ptp(epochs))),
        "yaxis": y_axis(is_log),
        "hovermode": "x unified",
        "showlegend": len(data) > 1,
        "legend": {"orientation": "h", "x": 1, "xanchor": "right"},
        "shapes": [mark | style],
        "annotations": [note | text],
    }
    axes["legend"] |= {"y": 0, "yanchor": "bottom", "yref": "container"}
    return Chart({"data": data, "layout": layout(name, margin=bottom, **axes)})


def scatter_3d(
    title: str,
    labels: Sequence[str],
    groups: Sequence[tuple[str, Floats, dict[str, Any]]],
    note: str,
) -> Chart:
    """Return a scatter plot in 3-D, which the mouse turns.

    Args:
        title: of the chart.
        labels: of the three axes.
        groups: names, points (n, 3) and styles of their markers.
        note: a line below the chart.
    """
    data = []
    for name, points, marker in groups:
        x, y, z = map(numbers, points.T)
        named: dict[str, Any] = {"type": "scatter3d", "mode": "markers", "name": literal(name)}
        data.append(named | {"x": x, "y": y, "z": z, "marker": marker})
    axis = {"backgroundcolor": "#f7f8fa", "gridcolor": "#d8dce2", "showbackground": True}
    axis |= {"nticks": 6, "tickfont": {"size": 10}}
    # WebGL reads tags, but no entities: a character without width keeps "<" from starting a tag.
    shown = [printable(label).replace("<", "<\u200b") for label in labels]
    scene: dict[str, Any] = {
        f"{letter}axis": axis | {"title": {"text": label, "font": {"size": 12}}}
        for letter, label in zip("xyz", shown, strict=True)
    }
    camera = {"eye": {"x": 1.6, "y": 1.6, "z": 0.8}, "center": {"x": 0, "y": 0, "z": -0.08}}
    scene |= {"aspectmode": "cube", "dragmode": "turntable", "camera": camera}
    legend = {"orientation": "h", "x": 0, "y": 1, "itemsizing": "constant"}
    more: dict[str, Any] = {"scene": scene, "showlegend": len(data) > 1, "legend": legend}
    margin = {"margin": {"l": 0, "r": 0, "t": 48, "b": 0}}
    return Chart({"data": data, "layout": layout(title, 540, **more) | margin}, note)


def heat_map(name: str, weight: Array, columns: Sequence[str] | None = None) -> Chart:
    """Return a heat map of weights (units, inputs), of at most ``MAX_CELLS`` of each.

    ``columns`` are the names of the inputs; None: their numbers.
    """
    rows, width = weight.shape
    shown = np.asarray(weight, float)[:MAX_CELLS, :MAX_CELLS]
    largest = float(np.abs(shown[np.isfinite(shown)]).max(initial=0.0)) or 1.0
    trace: dict[str, Any] = {"type": "heatmap", "z": [numbers(row) for row in shown]}
    trace |= {"colorscale": "RdBu", "reversescale": True, "zmin": -largest, "zmax": largest}
    trace["hovertemplate"] = "unit %{y}, input %{x}: %{z:.4g}<extra></extra>"
    names = map(str, range(width)) if columns is None else map(literal, columns)
    trace |= {"x": list(names)[:MAX_CELLS], "y": list(map(str, range(len(shown))))}
    height = int(np.clip(140 + 16 * len(shown), 200, 420))
    axes: dict[str, Any] = {
        "xaxis": {"type": "category", "nticks": 12, "automargin": True},
        "yaxis": {"title": {"text": "unit"}, "type": "category", "nticks": 12},
    }
    axes["yaxis"]["autorange"] = "reversed"
    if columns is None:
        axes["xaxis"]["title"] = {"text": "input"}
    note = f"{rows} x {width}"
    if (rows, width) != shown.shape:
        note += f"; the first {shown.shape[0]} x {shown.shape[1]} are shown"
    return Chart({"data": [trace], "layout": layout(name, height, **axes)}, note)
