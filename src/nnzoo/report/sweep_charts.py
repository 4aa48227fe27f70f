"""Interactive charts of a sweep, as plain data of plotly.js."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nnzoo.errors import printable
from nnzoo.figures.curves import COLORS, LOG_RANGE, Group, Panel
from nnzoo.figures.words import metric_words
from nnzoo.report.charts import epoch_axis, layout, literal, numbers, y_axis
from nnzoo.report.page import Block, Chart, number
from nnzoo.runs.text import capitalized
from nnzoo.sweeps.overview import by_monitor, names_of, short_keys, shortened
from nnzoo.sweeps.results import JobResult
from nnzoo.sweeps.summary import SEEDS

MAX_GROUPS = 100
"""Maximum number of lines."""

MAX_VALUES = 30
"""Maximum number of different texts on an axis of the parallel coordinates."""

GRAY = "#BBBBBB"


def bands(panel: Panel) -> Block:
    """Return the mean of each group of runs over the epochs, with a band of one standard deviation.

    As in ``sweep.png``, the first groups have colors and bands, and the others are gray. Failed
    runs are dotted.
    """
    groups = panel.groups[:MAX_GROUPS]
    known = [average for group in groups if (average := group.completed or group.failed)]
    least = min(average.least.min() for average in known)
    is_log = bool(max(average.mean.max() for average in known) > LOG_RANGE * least > 0)
    data: list[dict[str, Any]] = []
    for k, group in reversed([*enumerate(groups)]):  # the best ones are drawn last
        data += _lines(group, k, is_log)
    several = any(average.runs.max() > 1 for average in known)
    what = "Means over seeds with one standard deviation" if several else "A line for each job"
    notes = [f"{what}; click on a name to hide it." if len(groups) > 1 else ""]
    if len(groups) > len(COLORS):
        notes.append(f"The best {len(COLORS)} combinations are in color.")
    if any(group.failed for group in groups):
        notes.append("Failed runs are dotted.")
    if len(panel.groups) > MAX_GROUPS:
        notes.append(f"{MAX_GROUPS} of {len(panel.groups)} combinations are shown.")
    heading = f"{panel.title}: {panel.label}" if panel.title else capitalized(panel.label)
    heading = f"{heading} (log scale)" if is_log else heading
    axes: dict[str, Any] = {
        "xaxis": epoch_axis(max(float(np.ptp(average.epochs)) for average in known)),
        "yaxis": y_axis(is_log),
        "legend": {"traceorder": "reversed"},
        "showlegend": len(groups) > 1,
    }
    return Chart(
        {"data": data, "layout": layout(heading, 480, **axes)}, " ".join(notes).strip(), True
    )


def _lines(group: Group, k: int, is_log: bool) -> list[dict[str, Any]]:
    """Return the band and the line of the completed runs of the k-th group, and that of the failed
    ones; all are shown and hidden together."""
    is_colored = k < len(COLORS)
    color = COLORS[k] if is_colored else GRAY
    name = literal(group.label.replace("\n", " ")) or "all jobs"
    both: dict[str, Any] = {"type": "scatter", "mode": "lines", "legendgroup": str(k), "name": name}
    found: list[dict[str, Any]] = []
    if group.completed and is_colored and np.isfinite(group.completed.deviation).any():
        average = group.completed.subsampled()
        low, high = average.edges(is_log)
        x = numbers(average.epochs)
        edges: dict[str, Any] = {"line": {"width": 0}, "hoverinfo": "skip"}
        red, green, blue = bytes.fromhex(color[1:])
        fill = {"fill": "tonexty", "fillcolor": f"rgba({red}, {green}, {blue}, 0.15)"}
        lower, upper = (np.where(np.isfinite(v), v, average.mean) for v in (low, high))
        found.append(both | edges | {"x": x, "y": numbers(lower), "showlegend": False})
        found.append(both | edges | fill | {"x": x, "y": numbers(upper), "showlegend": False})
    parts = {"solid": group.completed, "dot": group.failed}
    drawn = {dash: mean.subsampled() for dash, mean in parts.items() if mean is not None}
    for i, (dash, mean) in enumerate(drawn.items()):
        line = {"color": color, "width": 2 if is_colored else 1, "dash": dash}
        line_of = {"x": numbers(mean.epochs), "y": numbers(mean.mean), "line": line}
        found.append(both | line_of | {"showlegend": is_colored and i == 0})
    return found


def parallel(jobs: Sequence[JobResult]) -> list[Block]:
    """Return parallel coordinates of the completed jobs, for each metric that jobs monitor: an axis
    for each option that differs and one for the metric, which also gives the color; none if only
    seeds differ."""
    found: list[Block] = []
    monitors = by_monitor(jobs)
    for (metric, _), members in monitors.items():
        done = [job for job in members if job.completed and math.isfinite(job.value)]
        keys = dict.fromkeys(key for job in done for key in job.overrides)
        texts = {key: [job.overrides.get(key, "") for job in done] for key in keys}
        texts = {key: values for key, values in texts.items() if len({*values}) > 1}
        if not {*texts} - {*SEEDS}:
            continue
        short = short_keys(texts)
        axes = [_axis(short[key], values) for key, values in texts.items()]
        colors = _axis(metric_words(metric), [repr(job.value) for job in done])
        bar = {key: colors[key] for key in ("tickvals", "ticktext") if key in colors}
        line = {"color": colors["values"], "colorscale": "Viridis", "showscale": True}
        line |= {"colorbar": bar | {"title": {"text": colors["label"]}}}
        trace = {"type": "parcoords", "dimensions": [*axes, colors], "line": line}
        note = (
            f"{len(done)} completed jobs. Drag along an axis to select jobs, or a name to move it."
        )
        heading = names_of(members) if len(monitors) > 1 else ""
        top = 90 if heading else 60
        options = layout(heading, 360 + top, margin={"l": 90, "r": 40, "t": top, "b": 30})
        found.append(Chart({"data": [trace], "layout": options}, note, True))
    return found


def _axis(label: str, texts: Sequence[str]) -> dict[str, Any]:
    """Return an axis of parallel coordinates: of numbers, on a log scale if they span much, or of
    texts, which are numbered."""
    axis: dict[str, Any] = {"label": literal(label)}
    try:
        values = np.array([float(text) for text in texts])
    except ValueError:
        known = list(dict.fromkeys(texts))
        axis["values"] = [known.index(text) for text in texts]
        if len(known) <= MAX_VALUES:
            axis["tickvals"] = list(range(len(known)))
            axis["ticktext"] = [printable(shortened(text) or "default") for text in known]
        return axis
    different = np.unique(values)
    if different.min() > 0 and different.max() > LOG_RANGE * different.min():
        ticks = np.log10(different)
        if len(different) > 8:
            low, high = np.floor(ticks[0]), np.ceil(ticks[-1])
            ticks = np.arange(low, high + 1, max(1, (high - low) // 8))
            axis["range"] = [float(low), float(max(high, ticks[-1]))]
        axis["label"] += " (log)"
        axis |= {"tickvals": numbers(ticks), "ticktext": [number(10**tick) for tick in ticks]}
        values = np.log10(values)
    elif len(different) <= 8:
        axis |= {"tickvals": numbers(different), "ticktext": [number(v) for v in different]}
    return axis | {"values": numbers(values)}
