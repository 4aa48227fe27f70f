"""One figure of a sweep: the monitored metric over the epochs, averaged over seeds."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nnzoo.entries import title_of
from nnzoo.errors import InputError, counted
from nnzoo.figures.curves import Curve, Group, Panel, average, sweep_overview
from nnzoo.figures.style import Picture, wrapped
from nnzoo.figures.text import no_font_warnings
from nnzoo.runs.figure_options import FigureOptions, figure_options
from nnzoo.runs.reading import read_yaml
from nnzoo.sweeps.results import JobResult
from nnzoo.sweeps.summary import Combination, combinations

MAX_PANELS = 4
MAX_LENGTH = 24
"""Maximum number of characters of an override's value in a label."""
MAX_ROWS = 2000
"""Maximum number of values read from a ``metrics.csv``, equally spaced."""


class Overview(NamedTuple):
    """The panels of a sweep, the names of those left out, and the numbers of completed jobs of its
    combinations."""

    panels: list[Panel]
    left_out: list[str]
    sizes: set[int]


def read_panels(jobs: Sequence[JobResult]) -> Overview:
    """Read the monitored metric of a sweep's jobs over the epochs.

    There is a panel for each monitored metric, up to MAX_PANELS, with a group for each combination
    of overrides other than seeds, best first.
    """
    panels: list[Panel] = []
    left_out: list[str] = []
    sizes: set[int] = set()
    for (metric, label), members in by_monitor(jobs).items():
        curves, shown = _read_curves(members, metric)
        if not curves:
            continue
        if len(panels) == MAX_PANELS:
            left_out.append(f"{metric} ({names_of(members)})")
            continue
        ranked = combinations(members)
        keys = short_keys(key for combination in ranked for key in combination.overrides)
        groups = [group for c in ranked if (group := _group(c, curves, keys))]
        if shown == metric and groups and groups[0].completed:
            groups[0] = groups[0]._replace(best=_best(ranked[0].completed))
        sizes |= {len(combination.completed) for combination in ranked}
        label = label if shown == metric else shown
        panels.append(Panel(groups, label, title=names_of(members)))
    if len(panels) == 1:
        panels[0] = panels[0]._replace(title="")
    return Overview(panels, left_out, sizes)


def draw_overview(jobs: Sequence[JobResult], path: Path) -> list[Path]:
    """Draw the monitored metric of a sweep's jobs over the epochs.

    There is a line for each combination of overrides other than seeds: the mean over its completed
    jobs, with a band of one standard deviation. Failed jobs are drawn until they fail. Each
    monitored metric has its own panel, up to MAX_PANELS.

    Args:
        jobs: of the sweep; format, dpi, size and style are those of the first one's ``figures``.
        path: of the file, without its ending.

    Returns:
        The files; none if there was nothing to draw.
    """
    panels, left_out, sizes = read_panels(jobs)
    if not panels:
        return []
    failed = sum(not job.completed for job in jobs)
    notes = [names_of(jobs, in_words=False), f"{failed} failed" if failed else ""]
    if max(sizes) > 1:
        count = " to ".join(map(str, sorted({min(sizes - {0}), max(sizes)})))
        notes.append(f"mean ± standard deviation of {count} seeds")
    if left_out:
        notes.append(f"not shown: {', '.join(left_out)}")
    options = _options(jobs)
    names, what = names_of(jobs), f"sweep of {counted(len(jobs), 'job')}"
    title = f"{names}: {what}" if names else what.capitalize()
    with no_font_warnings(), options.context():
        size: Any = options.size
        figure = None if size is None else Picture(figsize=size)
        note = " · ".join(filter(None, notes))
        return options.write(sweep_overview(panels, title=title, note=note, figure=figure), path)


def _options(jobs: Sequence[JobResult]) -> FigureOptions:
    """Return the options of figures in the first config of the jobs; without one, the defaults."""
    for job in jobs:
        try:
            config = read_yaml(job.folder / "config.yaml")
        except InputError:  # the job failed before it wrote one
            continue
        return FigureOptions(**figure_options(config.get("figures") or {}))
    return FigureOptions()


def read_curve(file: Path, metric: str) -> Curve | None:
    """Read a metric's finite values from a ``metrics.csv``; None: there are none."""
    try:
        header, *lines = file.read_text(encoding="utf-8").splitlines()
        names = next(csv.reader([header]))
        epoch, value = names.index("epoch"), names.index(metric)
        measured = [line for line in lines if line.split(",", value + 1)[value]]
        kept = np.linspace(0, len(measured) - 1, min(len(measured), MAX_ROWS)).astype(int)
        rows = [measured[k].split(",") for k in kept]
        numbers = np.array([(float(row[epoch]), float(row[value])) for row in rows])
    except (OSError, ValueError, IndexError):  # no file, no such column, a damaged file
        return None
    numbers = numbers.reshape(-1, 2)
    epochs, values = numbers[np.isfinite(numbers).all(axis=1)].T
    return (epochs, values) if len(epochs) else None


def short_keys(keys: Iterable[str]) -> dict[str, str]:
    """Return the last part of each key, or the whole key if another key has the same last part."""
    last = {key: key.rpartition(".")[2] for key in keys}
    count = Counter(last.values())
    return {key: short if count[short] == 1 else key for key, short in last.items()}


def shortened(value: str) -> str:
    """Return a value in at most MAX_LENGTH characters, without its middle if it is longer."""
    return value if len(value) <= MAX_LENGTH else f"{value[:8]}...{value[11 - MAX_LENGTH :]}"


def by_monitor(jobs: Sequence[JobResult]) -> dict[tuple[str, str], list[JobResult]]:
    """Return the jobs by the metric that they monitor and its label.

    Jobs that failed before they named a metric join the others if all of these monitor one metric.
    """
    monitors = list(dict.fromkeys(job.monitor for job in jobs if job.monitor))
    only = monitors[0] if len(monitors) == 1 else None if monitors else ("loss", "loss")
    found: dict[tuple[str, str], list[JobResult]] = {}
    for job in jobs:
        if monitor := job.monitor or only:
            found.setdefault(monitor, []).append(job)
    return found


def _read_curves(jobs: Sequence[JobResult], metric: str) -> tuple[dict[Path, Curve], str]:
    """Return the curves of jobs by folder, and their metric: the given one, otherwise the loss."""
    for column in (metric, "loss"):
        read = [(job.folder, read_curve(job.folder / "metrics.csv", column)) for job in jobs]
        if curves := {folder: curve for folder, curve in read if curve}:
            return curves, column
    return {}, metric


def _group(
    combination: Combination, curves: dict[Path, Curve], keys: dict[str, str]
) -> Group | None:
    """Return the averages over a combination's jobs; None: there are none."""
    values = {keys[key]: value for key, value in combination.overrides.items()}
    label = wrapped(", ".join(f"{key}={shortened(value)}" for key, value in values.items()), 32)
    known = [job for job in combination.jobs if job.folder in curves]
    completed = average([curves[job.folder] for job in known if job.completed])
    failed = average([curves[job.folder] for job in known if not job.completed])
    return Group(label, completed, failed) if completed or failed else None


def _best(jobs: Sequence[JobResult]) -> tuple[float, float] | None:
    """Return the mean epoch and the mean value of the jobs' best epochs; None: there are none."""
    best = [(job.content["best"]["epoch"], job.value) for job in jobs if np.isfinite(job.value)]
    if not best:
        return None
    epoch, value = np.mean(best, axis=0)
    return float(epoch), float(value)


def names_of(jobs: Sequence[JobResult], in_words: bool = True) -> str:
    """Return the names of the jobs' models and data, as a title in words or as in the catalogue; of
    many, their number."""
    both = []
    for key, plural in (("model", "models"), ("data", "data sets")):
        names = list(dict.fromkeys(job.content[key] for job in jobs if key in job.content))
        shown = [title_of(key, name) if in_words else name for name in names]
        both.append(", ".join(shown) if len(names) <= 3 else f"{len(names)} {plural}")
    text = (" on " if in_words else " · ").join(filter(None, both))
    return f"{text[:1].upper()}{text[1:]}" if in_words else text
