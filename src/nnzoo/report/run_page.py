"""The page of a run."""

import shlex
from ast import literal_eval
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from nnzoo.entries import typed_folders
from nnzoo.errors import InputError, counted, printable
from nnzoo.figures.words import metric_words, split
from nnzoo.models.pictures.drawing import Drawing
from nnzoo.models.pictures.kinds import WIDE
from nnzoo.models.pictures.plot import kinds_of
from nnzoo.report.charts import curve, heat_map, spaced
from nnzoo.report.page import Block, Chart, Code, Page, Picture, Section, Table, number
from nnzoo.report.points import point_clouds
from nnzoo.runs.job import FEW
from nnzoo.runs.pictures import draw, in_words, read_png
from nnzoo.runs.text import capitalized, short_path
from nnzoo.runs.trained import Run

KEY_METRICS = (
    *("accuracy", "balanced_accuracy", "r2", "rmse", "mse", "centroid_distance"),
    *("quantization_error", "within_3sd"),
)
"""Metrics that a page names above the others, the first ones first."""

MAX_HISTORY = 200
"""Maximum number of epochs in the table of the history."""

MAX_WEIGHTS = 12
"""Maximum number of weights with a heat map."""


def run_page(run: Run) -> Page:
    """Return the page of a run: figures, metrics, history, weights, config and command.

    Without its data, which may have been given from Python or no longer exist, the page has what
    the run's folder has; it states why.
    """
    result = run.result
    about = (type(run.model).__doc__ or "").partition("\n")[0]
    drawing, problem = None, ""
    try:
        drawing = run.drawing()
    except InputError as error:
        problem = f" Some figures are missing: {printable(error)}."
    points = f" ({printable(drawing.data.summary)})" if drawing else ""
    best, last = result["best"], result["last"]["epoch"]
    epochs = f" for {counted(result['epochs'], 'epoch')}" if result["epochs"] else ""
    lead = (
        f"{about} {'Trained' if epochs else 'Not trained,'} on {printable(result['data'])}{points}"
        f"{epochs}, {result['device']}, seed {result['seed']}.{problem}"
    )
    sections = [
        Section("Figures", figures(run, drawing)),
        Section("In three dimensions", point_clouds(drawing) if drawing else []),
        Section("Training", curves(run) if epochs else []),
        Section("Metrics of the best epoch" if epochs else "Metrics", metric_tables(run)),
        Section("Weights", weights(run)),
        Section("Reproduce", reproduce(run)),
        Section("History", [history(run)] if epochs else [], closed=True),
        Section("Config", [Code(config_text(run.folder))], closed=True),
    ]
    return Page(
        title=printable(
            drawing.title if drawing else in_words(result, (run.config["data"] or {}).get("path"))
        ),
        lead=lead,
        tiles=[
            (capitalized(metric_words(result["monitor"]["metric"])), number(best["value"])),
            *[(capitalized(metric_words(name)), number(value)) for name, value in key_metrics(run)],
            *([("Best epoch", f"{best['epoch']} (last: {last})")] if epochs else []),
            ("Parameters", str(result["parameters"])),
            ("Training time", f"{result['fit_seconds']:.3g} s"),
        ],
        sections=[section for section in sections if section.blocks],
    )


def key_metrics(run: Run, at_most: int = 2) -> list[tuple[str, float]]:
    """Return the first metrics of ``KEY_METRICS``, in validation where they were measured there,
    except those that only repeat the monitored one."""
    found = []
    for base in KEY_METRICS:
        name = f"val_{base}" if f"val_{base}" in run.metrics else base
        value = run.metrics.get(name)
        if value is not None and value != run.result["best"]["value"]:
            found.append((name, value))
    return found[:at_most]


def figures(run: Run, drawing: Drawing | None) -> list[Block]:
    """Return the figures that the run has drawn, otherwise new ones."""
    drawn = _pictures(run, run.folder / "figures")
    if drawn or drawing is None:
        return drawn
    kinds = (run.config.get("figures") or {}).get("kinds")
    with TemporaryDirectory() as folder:
        draw(drawing, Path(folder), options={"kinds": kinds})
        return _pictures(run, Path(folder))


def _pictures(run: Run, folder: Path) -> list[Block]:
    files = {name: read_png(folder / f"{name}.png") for name in kinds_of(run.model)}
    found = [Picture(png, name, name in WIDE) for name, png in files.items() if png is not None]
    return [*sorted(found, key=lambda picture: picture.wide)]


def curves(run: Run) -> list[Block]:
    """Return a chart of each metric over the epochs; the monitored one comes first."""
    first = split(run.result["monitor"]["metric"])[1]
    parts: dict[str, dict[str, Any]] = {first: {}}
    for name in run.history.columns.drop(["epoch", "step"]):
        part, base = split(str(name))
        parts.setdefault(base, {})[part] = run.history[name].to_numpy(float)
    epochs, best = run.history["epoch"].to_numpy(float), run.result["best"]["epoch"]
    labels = {base: metric_words(base) for base in parts} | {first: run.model.monitor_label}
    return [
        curve(capitalized(labels[base]), epochs, values, best)
        for base, values in parts.items()
        if any(np.isfinite(column).any() for column in values.values())
    ]


def metric_tables(run: Run) -> list[Block]:
    """Return a table of the metrics in each part of the data, that of the recalls, and that of the
    outputs if they are few."""
    parts: dict[str, dict[str, float | None]] = {}
    for name, value in run.metrics.items():
        part, base = split(name)
        parts.setdefault(base, {})[part] = value
    known = dict.fromkeys(part for values in parts.values() for part in values)
    rows = [
        [capitalized(metric_words(base)), *(values.get(part) for part in known), base]
        for base, values in parts.items()
    ]
    tables: list[Block] = [Table(["metric", *known, "name in result.json"], rows)]
    for key, note in (("recalls", "Recall of each class."), ("outputs", "Outputs of the model.")):
        if found := run.result[key]:
            columns = list(found[0])
            cells = [[_plain(row[column]) for column in columns] for row in found]
            tables.append(Table(columns, cells, note))
    return tables


def _plain(value: Any) -> Any:
    """Return a value of ``result.json`` as a cell: a list as text, or as its only item."""
    if not isinstance(value, list):
        return value
    texts = [f"{item:.6g}" if isinstance(item, float) else str(item) for item in value]
    return value[0] if len(value) == 1 else f"({', '.join(texts)})"


def weights(run: Run) -> list[Block]:
    """Return a table of the weights, before and after the training, if they are few; otherwise a
    heat map of each weight with two dimensions."""
    if few := run.result["weights"]:
        rows = []
        for name, after in few["after"].items():
            pairs = zip(map(_plain, few["before"][name]), map(_plain, after), strict=True)
            several = len(after) > 1
            rows += [[f"{name}[{i}]" if several else name, *pair] for i, pair in enumerate(pairs)]
        return [Table(["weight", "before", "after"], rows, "Of each unit.")]
    found: list[Chart] = []
    matrices = {n: w.cpu().numpy() for n, w in run.model.weights().items() if w.ndim == 2}
    for name, matrix in list(matrices.items())[:MAX_WEIGHTS]:
        names = run.model.feature_names
        is_first = name == next(iter(matrices)) and matrix.shape[1] == len(names) <= FEW
        found.append(heat_map(name, matrix, names if is_first else None))
    if len(matrices) > MAX_WEIGHTS:
        more = f"The first {MAX_WEIGHTS} of {len(matrices)} weights are shown."
        found[-1] = found[-1]._replace(note=f"{found[-1].note}. {more}")
    return list(found)


def history(run: Run) -> Table:
    """Return the table of the history, with at most ``MAX_HISTORY`` epochs."""
    kept = spaced(len(run.history), MAX_HISTORY)
    frame = run.history.iloc[kept]
    integers = ("epoch", "step")
    rows = [
        [int(v) if n in integers else v if np.isfinite(v) else None for n, v in row.items()]
        for row in frame.to_dict("records")
    ]
    n = len(run.history)
    note = f"{len(kept)} of {n} epochs, equally spaced." if len(kept) < n else ""
    return Table([str(name) for name in frame.columns], rows, note)


def config_text(folder: Path) -> str:
    """Return the text of the run's config, which ``load_run`` has read before."""
    return (folder / "config.yaml").read_text(encoding="utf-8")


def reproduce(run: Run) -> list[Block]:
    """Return the command, or the line of Python, that trains the run again, and how to load it."""
    overrides, versions = run.result["overrides"], run.result["versions"]
    if any(text.startswith(("model=", "experiment=")) for text in overrides):
        flags = [
            word for folder in typed_folders() for word in ("--config-dir", short_path(folder))
        ]
        train = Code(shlex.join(["nnzoo", "train", *flags, *overrides]), "In a shell:")
    else:
        note = "In Python:"
        if run.config["data"] is None:
            note = "In Python, with the points X and the targets y, if any, which are not saved:"
        train = Code(f"import nnzoo\n\nrun = {python_line(run)}", note)
    known = ", ".join(f"{name} {version}" for name, version in versions.items())
    made = Code(known, "It was made with:")
    if run.is_temporary:
        return [train, made]
    load = f"import nnzoo\n\nrun = nnzoo.load_run({short_path(run.folder)!r})"
    return [train, Code(load, "Load this run in Python:"), made]


def python_line(run: Run) -> str:
    """Return the call of ``nnzoo.train`` that made a run."""
    config, result = run.config, run.result
    given = [repr(result["model"])]
    if config["data"] is not None:
        given.append(repr(result["data"]))
    else:
        given += ["X", "y"] if run.model.target_names or run.model.class_names else ["X"]
    options: dict[str, Any] = {}
    for text in result["overrides"]:
        key, _, value = text.partition("=")
        try:
            read = literal_eval(value)
        except (ValueError, SyntaxError):
            read = value
        if key.isidentifier():
            given.append(f"{key}={read!r}")
        else:
            options[key] = read
    if options:
        given.append(f"options={options!r}")
    return f"nnzoo.train({', '.join(given)})"
